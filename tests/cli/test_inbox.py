"""`webhooks serve`, and what a person does about events that were tried for the last time."""

import json
import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import httpx
import pytest

from pipedrive_tools.cli import main
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import inbox
from pipedrive_tools.state.hooks import Hooks
from pipedrive_tools.state.inbox import Arrival
from pipedrive_tools.state.store import Store
from tests.logins import STATE_KEY

ADDRESS = "http://127.0.0.1:8765"
EVENT = {
    "meta": {"action": "change", "entity": "deal", "entity_id": "7", "version": "2.0"},
    "data": {"id": 7},
    "previous": {},
}


@pytest.fixture
def state(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "PIPEDRIVE_STATE": database_url,
        "PIPEDRIVE_STATE_KEY": STATE_KEY,
        "PIPEDRIVE_BASE_URL": ADDRESS,
        "PIPEDRIVE_API_TOKEN": "a" * 40,
    }.items():
        monkeypatch.setenv(name, value)
    return database_url


@pytest.fixture
def parked(state: str) -> list[int]:
    """Numbers of two events that are parked."""
    store = Store(inbox.beside(state, "inbox"))
    with store.transaction(durable=True) as connection:
        arrivals = [
            Arrival(content=str(each), number=None, record=f"deal:{each}", body=b"{}") for each in (1, 2)
        ]
        inbox.keep(connection, ADDRESS, arrivals)
        numbers = [item.id for item in inbox.fresh(connection, ADDRESS)]
        for number in numbers:
            inbox.park(connection, number, "Pipedrive did not answer")
    store.close()
    return numbers


def test_serve(state: str) -> None:
    """It tells where it listens, takes what shows a credential of ours, and ends with Ctrl-C."""
    store = Store(state)
    hooks = Hooks(store, ADDRESS, keys=Settings.from_env().state_key)
    hook = hooks.plan("deals", url="https://example.com", action="*", object="deal")
    assert hook is not None
    secret = b64encode(f"{hook.key}:{hooks.password(hook)}".encode()).decode()
    store.close()
    command = [
        sys.executable,
        "-c",
        "from pipedrive_tools.cli import main; main(['webhooks', 'serve', '--port', '0'])",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = server.stdout.readline().split(" at ")[1].split(";")[0]

        def post(credential: str) -> int:
            headers = {"authorization": f"Basic {credential}", "content-type": "application/json"}
            content = json.dumps(EVENT).encode()
            return httpx.post(url, content=content, headers=headers, timeout=30).status_code

        assert [post("eDp5"), post(secret), post(secret)] == [401, 204, 204]
        server.send_signal(signal.SIGINT)
        assert server.wait(30) in {0, 130}
        assert server.stderr.read() == ""
    kept = Store(inbox.beside(state, "inbox"))
    with kept.transaction(durable=False) as connection:
        assert [item.record for item in inbox.fresh(connection, ADDRESS)] == ["deal:7"]
    kept.close()


def test_serve_and_ensure(
    state: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It makes the webhooks that a file declares once it listens, says so, and goes on where that fails."""
    file = tmp_path / "hooks.toml"
    file.write_text('url = "https://hooks.example.com/"\n[[webhooks]]\nname = "Deals"\nevent = "*.deal"\n')
    monkeypatch.setenv("PIPEDRIVE_API_TOKEN", sandbox.token)
    for address, told in ((ADDRESS, "trying again in an hour"), (sandbox.url, "webhook 'Deals': made")):
        monkeypatch.setenv("PIPEDRIVE_BASE_URL", address)
        words = f"['webhooks', 'serve', '--port', '0', '--ensure', {str(file)!r}]"
        command = [sys.executable, "-c", f"from pipedrive_tools.cli import main; main({words})"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert "taken at" in server.stdout.readline()
            assert told in server.stdout.readline()
            server.send_signal(signal.SIGINT)
            assert server.wait(30) in {0, 130}

    assert [each["name"] for each in sandbox.records("webhooks")][-1:] == ["Deals"]
    file.write_text("nonsense")
    assert main(["webhooks", "serve", "--ensure", str(file)]) != 0


def test_parked(parked: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    """Parked events are shown with the reason, and for programs without what they say."""
    assert main(["webhooks", "list", "--parked"]) == 0
    assert "Pipedrive did not answer" in capsys.readouterr().out
    assert main(["webhooks", "list", "--parked", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in shown] == sorted(parked, reverse=True)
    assert "body" not in shown[0]


def test_retry_and_discard(parked: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    """A parked event is sent again or given up, once; one that is not parked is told of."""
    first, second = map(str, parked)
    assert main(["webhooks", "retry", first]) == 0
    assert main(["webhooks", "discard", second]) == 0
    assert main(["webhooks", "retry", second, "99"]) == 1
    assert f"no such event is parked: {second}, 99" in capsys.readouterr().err
    assert main(["webhooks", "list", "--parked"]) == 0
    assert "no event is parked" in capsys.readouterr().out
