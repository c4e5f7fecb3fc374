import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipedrive_tools.cli import application, failure
from pipedrive_tools.errors import SettingsError
from pipedrive_tools.sandbox import Sandbox
from tests.cli.conftest import CANARY, Run


@dataclass(frozen=True)
class Case:
    words: tuple[str, ...]
    code: int
    says: str


WRONG = [
    Case(("nope",), 2, "No such command 'nope'"),
    Case(("audit",), 2, "Missing command"),
    Case(("call",), 2, "Missing argument"),
    Case(("call", "get_deal", "--args", "x"), 2, "--args is not JSON"),
    Case(("call", "get_deal", "--args", "[]"), 2, "--args must be a JSON object"),
    Case(("call", "get_deal", "--args", '{"deal_id": "x"}'), 2, "deal_id"),
    Case(("call", "get_deal", "--args", '{"deal_id": 1, "colour": "red"}'), 2, "colour"),
    Case(("call", "get_deal", "--args", '{"deal_id": 987654}'), 1, "404"),
    Case(("call", "get_deal", "--policy", "absent.toml"), 1, "'absent.toml' cannot be read"),
    Case(("call", "get_deal", "--agent", "stranger"), 3, "does not name the agent 'stranger'"),
    Case(("call", "no_such_tool"), 3, "'no_such_tool' is not allowed here"),
    Case(("call", "delete_person", "--args", '{"person_id": 1}'), 3, "'delete_person' is not allowed here"),
    Case(("call", "delete_deal", "--args", '{"deal_id": 1}'), 3, "needs approval"),
    Case(("tools", "--agent", "stranger"), 1, "does not name the agent 'stranger'"),
    Case(("tools", "--dialect", "klingon"), 2, "'klingon' is none of plain, openai, anthropic, gemini"),
    Case(("policy", "check", "absent.toml"), 1, "cannot be read"),
    Case(("policy", "explain", "absent.toml"), 1, "cannot be read"),
    Case(("sandbox", "--data", "real"), 2, "'real' is none of demo, empty"),
    Case(("sandbox", "--plan", "gold"), 2, "'gold' is none of"),
    Case(("sandbox", "--today", "tomorrow"), 2, "--today"),
    Case(("sandbox", "--port", "70000"), 2, "65535"),
    Case(("sandbox", "--port", "0", "--token", "short"), 1, "40 characters"),
    Case(("sandbox", "--port", "0", "--faults", "absent.toml"), 1, "absent.toml"),
    Case(("approvals", "approve", "nope"), 1, "there is no such question"),
    Case(("journal", "list", "--state", "LOST"), 2, "'LOST' is none of"),
    Case(("undo", "nope"), 2, "no write 'nope'"),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: " ".join(case.words))
def test_an_error_is_one_line_and_its_number(case: Case, run: Run, sandbox: Sandbox) -> None:
    """What is wrong stands on one line of stderr, and nothing was changed."""
    ran = run(*case.words)

    assert (ran.code, ran.out) == (case.code, "")
    assert case.says in ran.err
    assert ran.err.count("\n") == 1
    assert all(request["method"] == "GET" for request in sandbox.log())


def test_without_a_policy_a_call_is_refused(
    run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No policy means no tool; the line says how to name one, and nothing is sent."""
    monkeypatch.delenv("PIPEDRIVE_POLICY")
    ran = run("call", "list_deals")

    assert ran.code == failure.REFUSED
    assert "--policy FILE --agent NAME" in ran.err
    assert sandbox.log() == []


def test_without_an_agent_a_call_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the agents that there are."""
    monkeypatch.delenv("PIPEDRIVE_AGENT")
    ran = run("call", "list_deals")

    assert ran.code == failure.REFUSED
    assert "clerk, reader" in ran.err


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PIPEDRIVE_API_TOKEN", "", "no Pipedrive credential found; set PIPEDRIVE_API_TOKEN"),
        ("PIPEDRIVE_BASE_URL", "https://evil.example", "'evil.example' is not under pipedrive.com"),
        ("PIPEDRIVE_DRY_RUN", "perhaps", "PIPEDRIVE_DRY_RUN is 'perhaps'"),
        ("PIPEDRIVE_STATE", "nowhere", "PIPEDRIVE_STATE is not a database URL"),
        ("PIPEDRIVE_BASE_URL", "http://127.0.0.1:9", "Pipedrive"),
    ],
)
def test_a_wrong_setting_fails_the_call(
    name: str, value: str, says: str, run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing token or a foreign host is one line, and nothing is sent."""
    monkeypatch.setenv(name, value)
    ran = run("call", "get_pipeline", "--args", '{"pipeline_id": 1}')

    assert (ran.code, ran.out, ran.err.count("\n")) == (failure.FAILED, "", 1)
    assert says in ran.err
    assert sandbox.log() == []


def test_debug_shows_where_an_error_comes_from(run: Run) -> None:
    """`--debug` stands anywhere on the line and adds the traceback; the last line stays the same."""
    short, long = run("policy", "check", "absent.toml"), run("policy", "check", "--debug", "absent.toml")

    assert "Traceback" not in short.err
    assert "Traceback" in long.err
    assert long.err.splitlines()[-1] == short.err.strip()


def test_a_credential_is_taken_out_of_whatever_is_said(
    environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even an error that quotes the token shows it to nobody, traceback included."""
    error = SettingsError(f"sent {CANARY} to them")
    failure.say(str(error), error, failure.FAILED)
    said = capsys.readouterr().err

    assert said.count("***") == 2
    assert CANARY not in said


def test_a_line_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters from outside are dropped, and many lines become one."""
    failure.say("one\x1b[2J\n\n two.\n", None, failure.FAILED)

    assert capsys.readouterr().err == "one[2J; two\n"


def test_a_defect_is_one_line_too() -> None:
    """What nobody foresaw names itself a defect and hides its message."""
    assert "defect" in failure.line(KeyError("someone's name"))
    assert "someone" not in failure.line(KeyError("someone's name"))
    assert failure.status(KeyError()) == failure.FAILED


def test_without_a_command_there_is_help(run: Run) -> None:
    """The help lists every command with one line, and is plain in a pipe."""
    ran = run()

    assert ran.code == 0
    assert all(name in ran.out for name in application.COMMANDS)
    assert "..." not in ran.out.partition("Commands:")[2]
    assert ran.out.isascii()


@pytest.mark.sqlite_only("nothing is kept")
@pytest.mark.parametrize("name", application.COMMANDS)
def test_every_command_has_help(name: str, run: Run) -> None:
    """`COMMAND --help` works for each, with the line of the list above."""
    ran = run(name, "--help")

    assert (ran.code, ran.err) == (0, "")
    assert application.COMMANDS[name] in ran.out


@pytest.mark.sqlite_only("nothing is kept")
@pytest.mark.parametrize(
    ("words", "forbidden"),
    [
        (["--help"], {"sqlalchemy", "starlette", "pipedrive_tools.endpoints"}),
        (["tools"], {"sqlalchemy", "starlette", "httpx"}),
        (["policy", "explain", "policy.toml"], {"sqlalchemy", "starlette", "httpx"}),
        (["audit", "show"], {"starlette", "pipedrive_tools.toolset"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_loads_what_it_needs(
    words: list[str], forbidden: set[str], environment: None, policy: Path
) -> None:
    """The database library and the sandbox's server come with the commands that need them, not before."""
    code = (
        "import contextlib, io, json, sys\n"
        "from pipedrive_tools.cli import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()): assert main({words!r}) == 0\n"
        "print(json.dumps(list(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=policy.parent
    )

    assert not forbidden & set(json.loads(ran.stdout))


@pytest.mark.sqlite_only("nothing is kept")
def test_a_reader_that_leaves_early_is_no_error(environment: None) -> None:
    """A pipe that closes ends the command without a word."""
    reads, writes = os.pipe()
    os.close(reads)
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; from pipedrive_tools.cli import main; sys.exit(main(['tools']))"],
        stdout=writes, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writes)

    assert (ran.returncode, ran.stderr) == (failure.FAILED, "")
