"""The log that judges read, the control routes, and what starts and stops a sandbox."""

import json
import socket
import threading
from datetime import date
from pathlib import Path

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox, SandboxError, Switches, serve

PLAN = "growth"


def test_an_entry_tells_the_whole_request(sandbox: Sandbox, client: httpx.Client) -> None:
    """Method, path, query, body, status, price and who called; never the token."""
    client.get("/api/v2/deals", params={"limit": "1", "api_token": "secret"})
    client.post("/api/v2/deals", json={"title": "x"})
    client.get("/v1/users/me")

    listed, created, me = sandbox.log()

    assert (listed["method"], listed["path"], listed["query"]) == ("GET", "/api/v2/deals", {"limit": "1"})
    assert (listed["status"], listed["cost"], listed["body"], listed["tool"]) == (200, 10, None, "list_deals")
    assert (created["body"], created["cost"]) == ({"title": "x"}, 5)
    assert me["path"] == "/v1/users/me"
    assert listed["credential"] == me["credential"] != ""
    assert sandbox.token not in json.dumps(sandbox.log())
    assert "secret" not in json.dumps(sandbox.log())


def test_the_log_over_http(sandbox: Sandbox, client: httpx.Client) -> None:
    """The control route shows the same log, and needs no token."""
    client.get("/api/v2/stages/1")

    assert httpx.get(f"{sandbox.url}/_sandbox/log").json() == sandbox.log()


def test_a_reset_goes_back(sandbox: Sandbox, client: httpx.Client) -> None:
    """A reset brings back the records, empties the log, and undoes faults and switches."""
    before = sandbox.records("deals")
    client.post("/api/v2/deals", json={"title": "x"})
    client.delete(f"/api/v2/deals/{before[0]['id']}")
    client.post("/_sandbox/switches", json={"v1_twins": 410})
    client.post("/_sandbox/faults", json=[{"kind": "status"}])
    assert client.get("/v1/deals").status_code == 500

    assert client.post("/_sandbox/reset").status_code == 200

    assert sandbox.records("deals") == before
    assert sandbox.log() == []
    assert client.get("/v1/deals").status_code == 200
    assert client.post("/api/v2/deals", json={"title": "x"}).json()["data"]["id"] == len(before) + 1


def test_raw_records_over_http(sandbox: Sandbox, client: httpx.Client) -> None:
    """The control route gives the records as the server holds them."""
    assert client.get("/_sandbox/records/deals").json() == sandbox.records("deals")
    assert client.get("/_sandbox/records/nothing").status_code == 404
    with pytest.raises(SandboxError, match="no records are called 'nothing'"):
        sandbox.records("nothing")


def test_switches_over_http(sandbox: Sandbox, client: httpx.Client) -> None:
    """Switches are shown, and set by name; a wrong one is an error that changes nothing."""
    assert client.get("/_sandbox/switches").json()["v1_twins"] == 200
    assert client.post("/_sandbox/switches", json={"v1_twins": 410}).json()["v1_twins"] == 410
    wrongs: list[object] = [{"nothing": 1}, {"v1_twins": 5}, {"search_lag": -1}, {"burst_limits": 1}, []]
    for wrong in wrongs:
        assert client.post("/_sandbox/switches", json=wrong).status_code == 400
    assert client.get("/_sandbox/switches").json()["v1_twins"] == 410


def test_the_log_as_a_file(tmp_path: Path) -> None:
    """Each request is one line of JSON in the file."""
    path = tmp_path / "requests.jsonl"
    with Sandbox.start(data="empty", request_log=path) as box:
        httpx.get(f"{box.url}/api/v2/stages/1", headers={"x-api-token": box.token})
        entries = box.log()

    assert [json.loads(line) for line in path.read_text().splitlines()] == entries


def test_an_empty_account(client: httpx.Client) -> None:
    """An empty account has its set-up and no records."""
    with Sandbox.start(data="empty") as box:
        kinds = {
            name: len(box.records(name))
            for name in ("users", "stages", "deal_fields", "deals", "leads", "notes")
        }

    assert all(kinds[name] > 0 for name in ("users", "stages", "deal_fields"))
    assert [kinds[name] for name in ("deals", "leads", "notes")] == [0, 0, 0]


def test_the_day_is_the_one_that_was_given(sandbox: Sandbox, client: httpx.Client) -> None:
    """What is written today carries the sandbox's day."""
    deal = client.post("/api/v2/deals", json={"title": "x"}).json()["data"]

    assert deal["add_time"].startswith("2026-03-0")


def test_a_port_in_use() -> None:
    """A port that is taken is one clear error."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"cannot listen on 127.0.0.1:{port}: .*choose another port"):
            Sandbox.start(port, data="empty")
        with pytest.raises(SandboxError, match=f"cannot listen on 127.0.0.1:{port}"):
            serve(port)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"plan": "gold"}, "no plan is called 'gold'"),
        ({"token": "short"}, "must have 40 characters, not 5"),
        ({"seats": 0}, "at least one seat"),
        ({"data": "old"}, "begins with one of demo, empty"),
        ({"faults": "/nowhere/faults.toml"}, "cannot read the fault file"),
        ({"request_log": "/nowhere/log.jsonl"}, "cannot write the request log"),
        ({"host": "host.invalid"}, "cannot listen on host.invalid"),
        ({"port": 99_999}, "cannot listen on"),
    ],
)
def test_wrong_settings(setting: dict[str, object], words: str) -> None:
    """A wrong setting is one clear error."""
    with pytest.raises(SandboxError, match=words):
        Sandbox.start(**{"data": "empty", **setting})  # type: ignore[arg-type]


def test_stopping_twice() -> None:
    """A sandbox that was stopped is gone, its log can still be read, and a second stop does nothing."""
    box = Sandbox.start(data="empty")
    httpx.get(f"{box.url}/api/v2/stages/1", headers={"x-api-token": box.token})
    box.stop()
    box.stop()

    assert len(box.log()) == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(box.url)


def test_serving_in_the_foreground() -> None:
    """`serve` says where it listens before it does, and serves until it is told to end."""
    heard: list[tuple[str, str]] = []
    ready = threading.Event()

    def hear(url: str, token: str) -> None:
        heard.append((url, token))
        ready.set()

    thread = threading.Thread(
        target=lambda: serve(0, data="empty", ready=hear, today=date(2026, 3, 2)), daemon=True
    )
    thread.start()
    assert ready.wait(10)
    (url, token), path = heard[0], "/api/v1/users/me"

    with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as client:
        assert client.get(url + path, headers={"x-api-token": token}).status_code == 200


def test_defaults_are_the_first_values() -> None:
    """A sandbox that is told nothing behaves by the defaults."""
    assert Switches() == Switches(v1_twins=200, conversion="completes", time_format="HH:MM")
