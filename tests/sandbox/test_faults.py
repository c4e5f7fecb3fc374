"""Faults on the wire: what the caller sees, and whether the write happened."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox, SandboxError
from pipedrive_tools.sandbox.faults import Fault, Faults, from_file, from_values
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.switches import Switches

DEALS = "/api/v2/deals"


def written(sandbox: Sandbox) -> int:
    """How many deals there are that the tests make."""
    return sum(each["title"] == "faulty" for each in sandbox.records("deals"))


def struck(sandbox: Sandbox, **fault: Any) -> None:
    """Put one fault on creates of deals in force."""
    httpx.post(f"{sandbox.url}/_sandbox/faults", json=[{"method": "POST", "path": "deals$", **fault}])


def await_arrival(sandbox: Sandbox) -> None:
    """Whatever was sent before this is answered has been read by the sandbox, which serves in turn."""
    httpx.get(f"{sandbox.url}/_sandbox/switches").raise_for_status()


def create(client: httpx.Client) -> httpx.Response:
    """Make a deal."""
    return client.post(DEALS, json={"title": "faulty"}, timeout=5)


@dataclass(frozen=True)
class Broken:
    """A fault, what the caller sees of it, and what became of the write."""

    kind: str
    sees: int | type[Exception]
    written: int
    settings: dict[str, Any] = field(default_factory=dict)


CASES = [
    Broken("status", 500, 0),
    Broken("status", 503, 0, {"status": 503, "shape": "html"}),
    Broken("reset_before", httpx.ReadError, 0),
    Broken("reset_after", httpx.ReadError, 1),
    Broken("commit_then_502", 502, 1),
    Broken("commit_then_502", 504, 1, {"status": 504, "shape": "empty"}),
    Broken("cut_json", 200, 1),
    Broken("cut_connection", httpx.RemoteProtocolError, 1),
    Broken("html_403", 403, 0),
    Broken("redirect", 302, 0),
    Broken("redirect", 307, 0, {"status": 307}),
    Broken("not_json", 200, 0),
    Broken("delay_seconds", 200, 1, {"seconds": 0.01}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.sees}")
def test_a_fault_strikes_once(case: Broken, sandbox: Sandbox, client: httpx.Client) -> None:
    """The struck call fails as it should, the write happened or not, and the next call is whole."""
    struck(sandbox, kind=case.kind, nth=1, **case.settings)

    if isinstance(case.sees, int):
        assert create(client).status_code == case.sees
        seen = case.sees
    else:
        with pytest.raises(case.sees):
            create(client)
        seen = 0

    assert written(sandbox) == case.written
    entry = sandbox.log()[-1]
    assert (entry["status"], entry["fault"], entry["tool"]) == (seen, case.kind, "create_deal")
    assert create(client).status_code == 200
    assert written(sandbox) == case.written + 1


def test_a_reset_is_a_reset(sandbox: Sandbox, client: httpx.Client) -> None:
    """The other side sees RST, not an orderly end."""
    struck(sandbox, kind="reset_before")

    with pytest.raises(httpx.ReadError, match=r"reset by peer"):
        create(client)


def test_a_late_commit_lands_later(sandbox: Sandbox, client: httpx.Client) -> None:
    """The caller sees a reset, and the write happens after a while."""
    struck(sandbox, kind="late_commit", seconds=0.2)

    with pytest.raises(httpx.ReadError):
        create(client)

    assert written(sandbox) == 0
    patience = time.monotonic() + 5
    while written(sandbox) == 0 and time.monotonic() < patience:
        time.sleep(0.01)
    assert written(sandbox) == 1


def test_a_reset_comes_before_a_late_commit(sandbox: Sandbox, client: httpx.Client) -> None:
    """A write that was still to land is gone with everything else, and does not reach the next test."""
    struck(sandbox, kind="late_commit", seconds=0.1)
    with pytest.raises(httpx.ReadError):
        create(client)

    sandbox.reset()
    time.sleep(0.3)

    assert written(sandbox) == 0


def test_a_reset_comes_before_what_is_on_its_way(sandbox: Sandbox, client: httpx.Client) -> None:
    """So is a write that was still travelling; it does not reach the log of the next test either."""
    sandbox.switch(latency=0.4)
    with pytest.raises(httpx.ReadTimeout):
        client.post(DEALS, json={"title": "faulty"}, timeout=0.1)
    await_arrival(sandbox)
    sandbox.reset()
    struck(sandbox, kind="delay_seconds", seconds=0.2)
    with pytest.raises(httpx.ReadTimeout):
        client.post(DEALS, json={"title": "faulty"}, timeout=0.1)
    await_arrival(sandbox)
    sandbox.reset()

    time.sleep(0.5)

    assert written(sandbox) == 0
    assert sandbox.log() == []


def test_cut_json_cannot_be_read(sandbox: Sandbox, client: httpx.Client) -> None:
    """A cut body is half of the JSON, in an answer that is whole as HTTP."""
    struck(sandbox, kind="cut_json")

    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        create(client).json()


def test_a_huge_answer(sandbox: Sandbox, client: httpx.Client) -> None:
    """A huge answer is over 32 MB unless a size was set."""
    struck(sandbox, kind="huge")

    assert len(create(client).content) > 32 * 2**20


def test_a_stalled_call(sandbox: Sandbox, client: httpx.Client) -> None:
    """A stalled call never answers, and the write does not happen."""
    struck(sandbox, kind="stall")

    with pytest.raises(httpx.ReadTimeout):
        client.post(DEALS, json={"title": "faulty"}, timeout=0.2)

    assert written(sandbox) == 0
    assert sandbox.log()[-1]["status"] == 0


def test_a_redirect_points_elsewhere(sandbox: Sandbox, client: httpx.Client) -> None:
    """A redirect names where it wants the caller to go."""
    struck(sandbox, kind="redirect", location="https://stranger.example/")

    assert create(client).headers["location"] == "https://stranger.example/"


def test_a_status_has_its_words(sandbox: Sandbox, client: httpx.Client) -> None:
    """An error has the shape, the words and the wait that were set."""
    struck(sandbox, kind="status", status=429, shape="gateway", error="slow down", retry_after=7)

    answer = create(client)

    assert answer.json() == {"success": False, "error": "slow down", "errorCode": 429}
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["x-ratelimit-limit"]


@pytest.mark.parametrize(
    ("setting", "sees"), [("502", 502), ("504", 504), ("reset", 0), ("cut_json", 200), ("off", 200)]
)
def test_every_create_can_fail_after_its_commit(
    setting: str, sees: int, sandbox: Sandbox, client: httpx.Client
) -> None:
    """With the switch set, creates fail although the record was made."""
    sandbox.switch(commit_then_fail=setting)
    try:
        status = create(client).status_code
    except httpx.ReadError:
        status = 0

    assert (status, written(sandbox)) == (sees, 1)


@pytest.fixture
def calls() -> Callable[..., Request]:
    """A request, by its method and path."""

    def make(method: str = "POST", path: str = DEALS) -> Request:
        return Request(method, path, path, {}, b"", {})

    return make


def hits(faults: Faults, requests: list[Request]) -> list[bool]:
    """Which of the requests are struck."""
    return [faults.strike(each, Switches()) is not None for each in requests]


def test_which_calls_are_struck(calls: Callable[..., Request]) -> None:
    """A fault strikes from its nth match on, as often as it says."""
    five = [calls() for _ in range(5)]

    assert hits(Faults(from_values([{"kind": "stall"}])), five) == [True] * 5
    assert hits(Faults(from_values([{"kind": "stall", "nth": 2}])), five) == [
        False,
        True,
        False,
        False,
        False,
    ]
    assert hits(Faults(from_values([{"kind": "stall", "nth": 2, "times": 2}])), five) == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert hits(Faults(from_values([{"kind": "stall", "times": 1}])), five) == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_only_matching_calls_count(calls: Callable[..., Request]) -> None:
    """Method and path decide what counts as a match."""
    faults = Faults([Fault(kind="stall", method="POST", path="/deals$", nth=2, times=1)])
    sent = [calls(), calls("GET"), calls("POST", "/api/v2/persons"), calls(), calls()]

    assert hits(faults, sent) == [False, False, False, True, False]


def test_chance_is_seeded(calls: Callable[..., Request]) -> None:
    """A fault by chance strikes some calls, and the same ones for the same seed."""
    many = [calls() for _ in range(200)]
    by_chance = Fault(kind="stall", probability=0.3, seed=7)

    first, again = hits(Faults([by_chance]), many), hits(Faults([by_chance]), many)

    assert first == again
    assert 30 < sum(first) < 90


def test_a_fault_file(tmp_path: Path) -> None:
    """Faults are read from TOML."""
    path = tmp_path / "faults.toml"
    path.write_text(
        '[[faults]]\nkind = "status"\nmethod = "POST"\nstatus = 503\n\n[[faults]]\nkind = "stall"\n'
    )

    assert from_file(path) == [Fault(kind="status", method="POST", status=503), Fault(kind="stall")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[faults]]\nkind = "explode"', "fault 1: 'kind' takes one of status, .*not 'explode'"),
        ('[[faults]]\nmethod = "GET"', "fault 1 needs the key 'kind'"),
        ('[[faults]]\nkind = "stall"\nmetod = "GET"', "fault 1 has the key 'metod'"),
        ('[[faults]]\nkind = "stall"\n[[faults]]\nkind = "stall"\nnth = "2"', "fault 2: 'nth' takes a whole"),
        ('[[faults]]\nkind = "stall"\nseconds = -1', "'seconds' takes a number from 0 on"),
        ('[[faults]]\nkind = "stall"\npath = "("', "'path' is no regular expression"),
        ('[[faults]]\nkind = "stall"\npath = 5', "'path' takes a string"),
        ('[fault]\nkind = "stall"', "has the key 'fault'"),
        ("faults = 5", "'faults' must be a list of tables"),
        ("faults = [5]", "fault 1 must be a table"),
        ("[[faults", "is no TOML"),
    ],
)
def test_a_bad_fault_file(text: str, words: str, tmp_path: Path) -> None:
    """A bad fault file is one clear error that names the key."""
    path = tmp_path / "faults.toml"
    path.write_text(text)

    with pytest.raises(SandboxError, match=words):
        from_file(path)


def test_bad_faults_over_http(sandbox: Sandbox, client: httpx.Client) -> None:
    """Bad faults are refused, and those in force stay."""
    struck(sandbox, kind="status")

    answer = client.post("/_sandbox/faults", json=[{"kind": "explode"}])

    assert answer.status_code == 400
    assert "'kind' takes one of" in answer.json()["error"]
    assert create(client).status_code == 500


def test_latency(sandbox: Sandbox, client: httpx.Client) -> None:
    """A call on a slow network is carried out before its answer is there; nobody else waits for it."""
    sandbox.switch(latency=30)
    with pytest.raises(httpx.ReadTimeout):
        client.post(DEALS, json={"title": "faulty"}, timeout=0.05)
    assert written(sandbox) == 0

    sandbox.switch(latency=1)
    with pytest.raises(httpx.ReadTimeout):
        client.post(DEALS, json={"title": "faulty"}, timeout=0.8)
    latest = time.monotonic() + 30
    while not written(sandbox):
        assert time.monotonic() < latest
        time.sleep(0.02)
