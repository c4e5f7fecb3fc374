import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sales_follow_up.command import main
from sales_follow_up.session import PACKAGED_POLICY

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.state import audit
from pipedrive_tools.state.store import Store
from tests.logins import STATE_KEY

Start = Callable[..., Sandbox]
TODAY = "2026-03-02"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, store_url: str) -> None:
    """No account, no policy, a store of our own."""
    for name in [name for name in os.environ if name.startswith("PIPEDRIVE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIPEDRIVE_STATE", store_url)
    monkeypatch.setenv("PIPEDRIVE_STATE_KEY", STATE_KEY)
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def account(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox that the environment names as the account."""
    monkeypatch.setenv("PIPEDRIVE_BASE_URL", box.url)
    monkeypatch.setenv("PIPEDRIVE_API_TOKEN", box.token)
    return box


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--today", TODAY] if "--today" not in arguments else arguments)
    status = ended.value.code
    assert isinstance(status, int)
    return status


def posts(box: Sandbox) -> list[dict[str, Any]]:
    return [entry for entry in box.log() if entry["method"] != "GET"]


def test_looking(account: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Without options the account is looked at and nothing is written; the output says how to go on."""
    assert called() == 0

    told = capsys.readouterr().out
    assert "open deals" in told
    assert "why:" in told
    assert "nothing was written; --apply ask or --apply all" in told
    assert "\x1b" not in told
    assert posts(account) == []


def test_scheduling(account: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Each scheduled activity is told with the command that takes it back."""
    assert called("--apply", "all", "--limit", "3") == 0

    told = capsys.readouterr().out
    assert told.count("undo: pipedrive-tools undo ") == 3 + 1
    assert "3 scheduled" in told
    assert len(posts(account)) == 3


def test_json(account: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json standard output is one JSON object and holds what was found, proposed and done."""
    assert called("--json", "--apply", "all", "--limit", "2") == 0

    report = json.loads(capsys.readouterr().out)
    assert report["today"] == TODAY
    assert report["exit_status"] == 0
    assert set(report["found"]) == {
        "deals",
        "leads",
        "waiting",
        "quiet",
        "needing",
        "snoozed",
        "unchanged",
        "unjudged",
        "signals",
    }
    assert [each["outcome"]["state"] for each in report["proposals"]] == ["scheduled"] * 2
    assert [each["deal_id"] for each in report["proposals"]] == [
        each["body"]["deal_id"] for each in posts(account)
    ]
    assert set(report["proposals"][0]["follow_up"]) == {
        "type",
        "subject",
        "due_date",
        "due_time",
        "note",
        "email_draft",
        "reason",
        "confidence",
    }


def test_report_as_a_page(account: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --report the run is written down as one page of HTML, and told as ever."""
    path = tmp_path / "out.html"

    assert called("--report", str(path), "--limit", "3") == 0

    assert "3 next steps proposed; nothing was written." in path.read_text(encoding="utf-8")
    assert "Proposed next steps" in capsys.readouterr().out


def test_a_page_that_cannot_be_written(account: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that has nowhere to go is told before anything is asked of the account."""
    assert called("--report", "/nowhere/out.html", "--apply", "all") == 2

    assert "cannot be written" in capsys.readouterr().err
    assert account.log() == []


def test_snoozing(account: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A deal that is put off is not proposed until its day; nothing is written into the account."""
    called("--json", "--limit", "1")
    deal_id = json.loads(capsys.readouterr().out)["proposals"][0]["deal_id"]

    with pytest.raises(SystemExit) as ended:
        main(["snooze", str(deal_id), "--until", "2026-03-09"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"deal {deal_id} is left alone until Monday, 09 March 2026\n"
    called("--json", "--limit", "1")
    report = json.loads(capsys.readouterr().out)
    assert report["found"]["snoozed"] == 1
    assert report["proposals"][0]["deal_id"] != deal_id
    assert posts(account) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["snooze", "Acme", "--until", "2026-03-09"], "'Acme' is no id"),
        (["snooze", "5", "--until", "soon"], "'soon' is no day"),
        (["snooze", "5"], "--until"),
        (["--country", "XX"], "no holidays are known for 'XX'"),
        (["--country", "DE-XX"], "no holidays are known for 'DE-XX'"),
    ],
    ids=str,
)
def test_wrong_words(
    account: Sandbox, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A day, an id or a country that is none is told in one line before anything is asked of the account."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    captured = capsys.readouterr()
    assert ended.value.code == 2
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert words in captured.err
    assert account.log() == []


def test_demo(capsys: pytest.CaptureFixture[str], store_url: str) -> None:
    """The demonstration schedules, shows what the gate stops, and leaves an audit trail that holds."""
    assert called("--demo", "--apply", "all") == 0

    told = capsys.readouterr().out
    assert "25 scheduled" in told
    assert "delete_deal" in told
    assert "approved by --apply all" in told
    assert "On your own account" in told
    store = Store(store_url)
    with store.transaction(durable=False) as connection:
        rows = list(audit.rows(connection))
        assert audit.verify(connection) is None
    store.close()
    assert {row.tool for row in rows if row.status == "denied"} == {"delete_deal", "create_activity"}
    assert {row.approver for row in rows if row.step == "outcome"} == {"--apply all"}


def test_demo_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """The demonstration speaks JSON too."""
    assert called("--demo", "--json", "--limit", "1") == 0

    report = json.loads(capsys.readouterr().out)
    assert [attempt["status"] for attempt in report["demo"]["attempts"]] == ["denied", "denied"]


def test_demo_on_the_same_day_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """The same demonstration gives the same output, apart from what is new in every run."""
    called("--demo", "--json")
    first = json.loads(capsys.readouterr().out)
    called("--demo", "--json")
    second = json.loads(capsys.readouterr().out)

    assert first["proposals"] == second["proposals"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--apply", "ask", "--demo"], "needs a terminal"),
        (["--apply", "maybe"], "'maybe' is not one of"),
        (["--limit", "0"], "--limit"),
        (["--today", "tomorrow"], "'tomorrow' is no day"),
        (["--colour"], "--colour"),
        (["--policy", "/nowhere.toml"], "cannot be read"),
        ([], "PIPEDRIVE_API_TOKEN"),
    ],
    ids=str,
)
def test_wrong_use(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong use is one line that says what to do, and exit status 2."""
    assert called(*arguments) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert words in captured.err


def test_foreign_host(account: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is never sent to a host that is not Pipedrive's."""
    monkeypatch.setenv("PIPEDRIVE_BASE_URL", "https://pipedrive.example")

    assert called() == 2


@pytest.mark.parametrize(
    "policy",
    [
        '[agents.somebody-else]\ndeals = "read"\n',
        PACKAGED_POLICY.read_text(encoding="utf-8").replace('deals = "read"', 'deals = "off"'),
        PACKAGED_POLICY.read_text(encoding="utf-8").replace("tokens_per_run = 3000", "tokens_per_run = 40"),
    ],
    ids=["another agent", "no deals", "no tokens"],
)
def test_refused(account: Sandbox, policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the policy stands against it, one line says so, nothing is written, and the exit status is 3."""
    path = tmp_path / "policy.toml"
    path.write_text(policy, encoding="utf-8")

    assert called("--policy", str(path), "--apply", "all") == 3

    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert posts(account) == []


def test_policy_of_the_environment(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A policy that the environment names is the law, also here."""
    path = tmp_path / "policy.toml"
    path.write_text("", encoding="utf-8")
    monkeypatch.setenv("PIPEDRIVE_POLICY", str(path))

    assert called() == 3
    assert "does not name the agent" in capsys.readouterr().err


def test_account_that_fails(start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An account that cannot be read gives exit status 1."""
    faults = tmp_path / "faults.toml"
    faults.write_text("[[faults]]\nkind = 'status'\nstatus = 403\npath = '/deals$'\n", encoding="utf-8")
    box = start(faults=faults)
    monkeypatch.setenv("PIPEDRIVE_BASE_URL", box.url)
    monkeypatch.setenv("PIPEDRIVE_API_TOKEN", box.token)

    assert called() == 1


def test_debug(capsys: pytest.CaptureFixture[str]) -> None:
    """With --debug an error tells where it comes from; the last line stays the same."""
    assert called("--debug") == 2

    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.splitlines()[-1].startswith("sales-follow-up: no Pipedrive credential")


def on_a_terminal(box: Sandbox, keys: str, *arguments: str) -> tuple[int, str]:
    """Run the command at a terminal of its own and type."""
    ours, theirs = pty.openpty()
    environ = os.environ | {
        "PIPEDRIVE_BASE_URL": box.url,
        "PIPEDRIVE_API_TOKEN": box.token,
        "TERM": "xterm-256color",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    process = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-c",
            "from sales_follow_up.command import main; main()",
            *arguments,
            "--today",
            TODAY,
        ],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
    )
    os.close(theirs)
    os.write(ours, keys.encode())
    told = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end was closed
            break
        if not part:
            break
        told += part
    os.close(ours)
    return process.wait(30), told.decode()


def test_asking(box: Sandbox) -> None:
    """At a terminal each proposal is asked about; only a yes writes, and the trail says who said it."""
    status, told = on_a_terminal(box, "y\nn\nwhat\ny\nq\n", "--apply", "ask", "--limit", "5")

    assert status == 0, told
    assert "\x1b[" in told
    assert "2 scheduled" in told
    assert "2 left" in told
    assert len(posts(box)) == 2


def test_end_of_input(box: Sandbox) -> None:
    """The end of input is a quit: nothing is written."""
    status, told = on_a_terminal(box, "\x04", "--apply", "ask")

    assert status == 0, told
    assert "not asked about" in told
    assert posts(box) == []


def test_titles_are_never_markup(start: Start) -> None:
    """A title that holds markup or terminal codes is shown as plain text."""
    box = start(deals=400)

    _, told = on_a_terminal(box, "", "--limit", "400")

    assert "\x1b]8;" not in told
    assert "\x1b[2J" not in told
    assert "\u202e" not in told
