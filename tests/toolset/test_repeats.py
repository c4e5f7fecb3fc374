import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from tests.calls import calls
from tests.toolset.conftest import EVERYTHING, Open, read, record, writes

WRITES: Final = [name for name, entry in catalogue.items() if entry.effect.writes]
FULL: Final = Policy.full("a")
THREADS: Final = 8


@pytest.mark.parametrize("name", WRITES)
def test_the_same_call(name: str, connect: Open, sandbox: Sandbox) -> None:
    """The same call in the same run gives the first result again and says so; nothing is sent, not even a read."""
    arguments = calls(sandbox)[name]
    toolset = connect(FULL)
    first = toolset.call(name, arguments)
    assert first.ok, first.text
    before = len(sandbox.log())

    second = toolset.call(name, arguments)
    assert second.ok, second.text
    assert second.text.startswith("Already done in this run")
    assert (second.data, second.audit_id, second.cost) == (first.data, first.audit_id, 0)
    assert len(sandbox.log()) == before
    assert toolset.trail()[-1].sentence.count(f"repeats {first.audit_id}; nothing was sent") == 1


@pytest.mark.parametrize("name", ["create_deal", "create_note", "create_activity"])
def test_another_run(name: str, connect: Open, sandbox: Sandbox) -> None:
    """The counter-test: another run means it anew."""
    arguments = calls(sandbox)[name]

    assert [connect(FULL).call(name, arguments).ok for _ in range(2)] == [True, True]
    assert len(writes(sandbox)) == 2


def test_a_run_that_goes_on(connect: Open, sandbox: Sandbox) -> None:
    """A run that goes on after a restart knows what it has done."""
    arguments = {"title": "Once"}
    first = connect(FULL, run="r")
    made = first.call("create_deal", arguments)
    first.close()

    assert connect(FULL, run="r").call("create_deal", arguments).data == made.data
    assert len(writes(sandbox)) == 1


def test_there_and_back(connect: Open, sandbox: Sandbox) -> None:
    """A, B, A are three changes."""
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(FULL)
    for title in ("A", "B", "A", "A"):
        assert toolset.call("update_deal", {"deal_id": deal, "title": title, "overwrite": ["title"]}).ok

    assert [body["title"] for _, _, body in writes(sandbox)] == ["A", "B", "A"]
    assert read(sandbox, "deals", deal)["title"] == "A"


def test_made_once_more(connect: Open, sandbox: Sandbox) -> None:
    """What was deleted again in the same run may be made once more."""
    toolset = connect(FULL)
    first = toolset.call("create_deal", {"title": "A"})
    assert toolset.call("delete_deal", {"deal_id": first.data["id"]}).ok
    second = toolset.call("create_deal", {"title": "A"})

    assert second.ok
    assert second.data["id"] != first.data["id"]


def test_steering_is_no_difference(connect: Open, sandbox: Sandbox) -> None:
    """Leave to overwrite makes no other call; another value does."""
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(FULL)
    toolset.call("update_deal", {"deal_id": deal, "title": "A", "overwrite": ["title"]})
    toolset.call("update_deal", {"title": "A", "deal_id": deal, "overwrite": ["title", "value"]})

    assert len(writes(sandbox)) == 1


def test_a_rehearsal_counts_for_nothing(connect: Open, sandbox: Sandbox) -> None:
    """A rehearsal before does not keep the call from being sent, and one after it shows the effect."""
    toolset = connect(FULL)
    for dry_run in (True, False, True):
        assert toolset.call("create_deal", {"title": "A", "dry_run": dry_run}).ok

    assert len(writes(sandbox)) == 1


def test_a_refusal_by_pipedrive(connect: Open, sandbox: Sandbox) -> None:
    """What Pipedrive refused may be tried again."""
    toolset = connect(FULL)
    arguments: dict[str, Any] = {"title": "A", "stage_id": 987654}

    assert [toolset.call("create_deal", arguments).status for _ in range(2)] == ["failed", "failed"]
    assert len(writes(sandbox)) == 2


def test_parallel_creates(connect: Open, sandbox: Sandbox) -> None:
    """Equal creates at the same moment, from many threads, make one record."""
    toolset = connect(EVERYTHING)
    together = threading.Barrier(THREADS)

    def create(_: int) -> str:
        together.wait(10)
        return toolset.call("create_deal", {"title": "Once"}).status

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(create, range(THREADS)))

    assert len(writes(sandbox)) == 1
    assert set(found) <= {"ok", "unknown"}  # those that came while it was under way are told to wait
    assert "ok" in found
    assert toolset.call("create_deal", {"title": "Once"}).ok
    assert len(writes(sandbox)) == 1


def test_what_is_no_longer_allowed(connect: Open, sandbox: Sandbox) -> None:
    """A repeat asks the policy, too."""
    toolset = connect(FULL, run="r")
    toolset.call("create_deal", {"title": "A"})

    assert connect('deals = "read"', run="r").call("create_deal", {"title": "A"}).status == "denied"
