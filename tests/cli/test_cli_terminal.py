import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pipedrive_tools.sandbox import Sandbox
from tests.cli.conftest import CANARY

COMMAND = [sys.executable, "-c", "import sys; from pipedrive_tools.cli import main; sys.exit(main())"]
PATIENCE_SECONDS = 60


def at_a_terminal(*words: str, says: str = "") -> tuple[int, str]:
    """Run a command line with a terminal on all three ends; gives its exit status and what was shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    shown, answered = b"", not says
    while select.select([ours], [], [], PATIENCE_SECONDS)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        shown += part
        if not answered and b"[y/N]" in shown:
            os.write(ours, says.encode())
            answered = True
    code = process.wait(PATIENCE_SECONDS)
    os.close(ours)
    assert CANARY.encode() not in shown
    return code, shown.decode()


@pytest.mark.sqlite_only("nothing is kept")
def test_a_terminal_gets_colours(environment: None, policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions are coloured on a terminal; nothing is on a terminal that asked for none."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    code, shown = at_a_terminal("policy", "explain", str(policy), "--tool", "get_deal")

    assert (code, "\x1b[32mallow" in shown) == (0, True)


@pytest.mark.parametrize(
    ("says", "code", "methods"),
    [
        ("y\n", 0, ["DELETE"]),
        ("n\n", 3, []),
        pytest.param("\n", 3, [], marks=pytest.mark.sqlite_only("it is kept as a no is")),
    ],
)
def test_a_person_at_the_terminal_is_asked(
    says: str, code: int, methods: list[str], environment: None, sandbox: Sandbox, deal: int
) -> None:
    """Where the policy says ask, the terminal shows the effect and waits; only a yes is a yes."""
    found, shown = at_a_terminal("call", "delete_deal", "--args", json.dumps({"deal_id": deal}), says=says)

    assert "clerk asks to: Delete deal" in shown
    assert found == code
    assert [each["method"] for each in sandbox.log() if each["method"] != "GET"] == methods


@pytest.mark.sqlite_only("nothing is kept")
def test_the_sandbox_serves_until_it_is_told_to_stop(environment: None) -> None:
    """It prints its address and how to use it, answers, and ends in order on Ctrl-C."""
    process = subprocess.Popen(
        [*COMMAND, "sandbox", "--port", "0", "--deals", "5", "--today", "2026-03-02"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(6)]
    exports = dict(
        line.split("#")[0].strip().removeprefix("export ").split("=", 1) for line in said if "export" in line
    )
    request = urllib.request.Request(  # noqa: S310  # our own sandbox
        f"{exports['PIPEDRIVE_BASE_URL']}/api/v2/deals?limit=1",
        headers={"x-api-token": exports["PIPEDRIVE_API_TOKEN"]},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  # the same
        assert len(json.load(answer)["data"]) == 1
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)

    assert set(exports) == {"PIPEDRIVE_BASE_URL", "PIPEDRIVE_API_TOKEN", "PIPEDRIVE_STATE"}
    assert (process.returncode, errors) == (0, "")


def test_a_port_in_use_is_one_line() -> None:
    """The sandbox says that the port is taken and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = subprocess.run(
            [*COMMAND, "sandbox", "--port", str(port)], capture_output=True, text=True, check=False
        )

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert f"cannot listen on 127.0.0.1:{port}" in ran.stderr
    assert "choose another port" in ran.stderr
