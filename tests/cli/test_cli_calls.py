import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.state.store import Store
from tests.cli.conftest import Ran, Run

ACTIVITY = json.dumps({"subject": "Call back", "type": "call", "due_date": "2026-03-09"})


def writes(sandbox: Sandbox) -> list[str]:
    """Methods of the requests that changed something."""
    return [request["method"] for request in sandbox.log() if request["method"] != "GET"]


def created(run: Run) -> str:
    """The audit number of an activity that was just created."""
    number: str = json.loads(run("call", "create_activity", "--args", ACTIVITY, "--json").out)["audit_id"]
    return number


@contextmanager
def stored(url: str) -> Iterator[Connection]:
    """The store of the commands, opened to tamper with it."""
    store = Store(url)
    with store.transaction(durable=True) as connection:
        yield connection
    store.close()


def delete(run: Run, deal: int) -> Ran:
    """Try to delete a deal, which a person must approve."""
    return run("call", "delete_deal", "--args", json.dumps({"deal_id": deal}))


def waiting(run: Run, deal: int) -> str:
    """The number of a question that was just asked."""
    assert delete(run, deal).code == 3
    (question,) = json.loads(run("approvals", "list", "--json").out)
    ticket: str = question["id"]
    return ticket


def test_a_read_prints_what_the_agent_reads(run: Run) -> None:
    """The text is fenced, and its cost is told."""
    ran = run("call", "list_deals", "--args", '{"limit": 2}')

    assert (ran.code, ran.err) == (0, "")
    assert "<crm-data " in ran.out
    assert "cost: 10 Pipedrive tokens" in ran.out


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "status"),
    [
        ("get_deal", '{"deal_id": 1}', 0, "ok"),
        ("get_deal", "{}", 2, "invalid"),
        ("get_deal", '{"deal_id": 987654}', 1, "failed"),
        ("delete_note", '{"note_id": 1}', 3, "denied"),
        ("delete_deal", '{"deal_id": 5}', 3, "needs_approval"),
    ],
)
def test_json_has_the_same_keys_however_it_ended(
    tool: str, arguments: str, code: int, status: str, run: Run
) -> None:
    """Programs read `status`; stderr stays empty."""
    ran = run("call", tool, "--args", arguments, "--json")
    answer = json.loads(ran.out)

    assert (ran.code, ran.err, answer["status"]) == (code, "", status)
    assert set(answer) == {"text", "status", "data", "next_page", "cost", "audit_id", "undo"}


def test_a_write_tells_how_to_take_it_back(run: Run, sandbox: Sandbox) -> None:
    """A create is sent once; `undo` shows what it does and deletes what was created."""
    number = created(run)
    rehearsed = run("undo", number, "--dry-run")
    assert "rehearsal, nothing was sent" in rehearsed.out
    assert writes(sandbox) == ["POST"]

    undone = run("undo", number)
    assert undone.code == 0
    assert undone.out.startswith("rehearsal, nothing was sent. It would: Delete activity")
    assert writes(sandbox) == ["POST", "DELETE"]

    again = run("undo", number)
    assert again.code == 2
    assert "taken back already" in again.err


def test_undo_as_json_is_one_document(run: Run) -> None:
    """The rehearsal is for people; programs get the result alone."""
    ran = run("undo", created(run), "--json")

    assert (ran.code, json.loads(ran.out)["status"]) == (0, "ok")


def test_a_dry_run_sends_no_write(run: Run, sandbox: Sandbox) -> None:
    """`--dry-run` shows the effect."""
    ran = run("call", "create_activity", "--args", ACTIVITY, "--dry-run")

    assert (ran.code, writes(sandbox)) == (0, [])
    assert "It would: Create activity" in ran.out


def test_a_dry_run_in_the_environment_is_a_floor(
    run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No option turns it off."""
    monkeypatch.setenv("PIPEDRIVE_DRY_RUN", "1")
    run("call", "create_activity", "--args", ACTIVITY)

    assert writes(sandbox) == []


def test_an_approved_call_goes_through_once(run: Run, sandbox: Sandbox, deal: int) -> None:
    """The question waits; approved by a person, the same call goes through, and the next one asks anew."""
    ticket = waiting(run, deal)
    assert ticket in run("approvals", "list").out
    approved = run("approvals", "approve", ticket, "--by", "Ada")
    assert approved.code == 0
    assert "Delete deal" in approved.out
    assert writes(sandbox) == []

    assert delete(run, deal).code == 0
    assert writes(sandbox) == ["DELETE"]
    (used,) = json.loads(run("approvals", "list", "--all", "--json").out)
    assert (used["state"], used["approver"]) == ("used", "Ada")


def test_an_approval_is_for_one_call_only(run: Run, sandbox: Sandbox, deal: int) -> None:
    """Another record needs another question."""
    run("approvals", "approve", waiting(run, deal))
    ran = delete(run, deal + 1)

    assert (ran.code, writes(sandbox)) == (3, [])


def test_a_rejected_call_does_not_run(run: Run, sandbox: Sandbox, deal: int) -> None:
    """After a no the call is denied, and the answer cannot be turned round."""
    ticket = waiting(run, deal)
    assert run("approvals", "reject", ticket).out.startswith("rejected: Delete deal")
    ran = delete(run, deal)
    turned = run("approvals", "approve", ticket)

    assert (ran.code, writes(sandbox)) == (3, [])
    assert "rejected by" in ran.err
    assert (turned.code, "it is rejected" in turned.err) == (1, True)


def test_an_answer_as_json_has_stable_keys(run: Run, deal: int) -> None:
    """Programs find these keys in `list`, `approve` and `reject`."""
    answer = json.loads(run("approvals", "approve", waiting(run, deal), "--json").out)

    assert set(answer) == {
        "id", "account", "digest", "agent", "run", "tool", "effect", "state", "approver", "created", "expires",
        "expired",
    }  # fmt: skip


def test_nothing_waits_at_first(run: Run) -> None:
    """Empty lists say so in words, and are empty in JSON."""
    for command, words in (
        ("approvals list", "nothing waits"),
        ("journal list", "no writes"),
        ("audit show", "no calls"),
    ):
        assert words in run(*command.split()).out
        assert json.loads(run(*command.split(), "--json").out) == []


def test_the_audit_shows_every_call(run: Run) -> None:
    """Allowed or not, each call is a sentence; filters narrow the rows, `--limit` keeps the last."""
    created(run)
    run("call", "delete_note", "--args", '{"note_id": 1}')
    everything = json.loads(run("audit", "show", "--json").out)

    assert [row["status"] for row in everything] == ["sent", "ok", "denied"]
    assert json.loads(run("audit", "show", "--status", "denied", "--json").out) == everything[2:]
    assert json.loads(run("audit", "show", "--limit", "1", "--json").out) == everything[2:]
    assert "no calls are recorded that fit" in run("audit", "show", "--agent", "reader").out
    assert 'Agent "clerk"' in run("audit", "show", "--tool", "create_activity").out


def test_the_audit_is_exported_as_json_lines(run: Run, tmp_path: Path) -> None:
    """Standard output and a file hold the same rows."""
    created(run)
    file = tmp_path / "audit.jsonl"
    lines = run("audit", "export").out
    run("audit", "export", "--output", str(file))

    assert file.read_text() == lines
    assert [json.loads(line)["seq"] for line in lines.splitlines()] == [1, 2]


def test_verify_finds_an_edit_and_a_cut_tail(run: Run, store_url: str) -> None:
    """An intact chain gives its head; an edited row is named; a cut tail is found with the head."""
    created(run)
    intact = json.loads(run("audit", "verify", "--json").out)
    assert intact["intact"]
    assert run("audit", "verify", "--head", intact["head"]).code == 0

    with stored(store_url) as connection:
        connection.exec_driver_sql("DELETE FROM audit WHERE seq = 2")
    assert run("audit", "verify").code == 0
    cut = run("audit", "verify", "--head", intact["head"])
    assert (cut.code, "never meets the saved head" in cut.err) == (1, True)

    with stored(store_url) as connection:
        connection.exec_driver_sql("UPDATE audit SET cost = 7 WHERE seq = 1")
    edited = run("audit", "verify", "--json")
    assert (edited.code, json.loads(edited.out)["intact"]) == (1, False)
    assert "row 1" in edited.err


def test_the_journal_lists_writes(run: Run) -> None:
    """Each write with its state; records and values stay in the store."""
    number = created(run)
    (row,) = json.loads(run("journal", "list", "--json").out)

    assert (row["id"], row["state"], row["tool"]) == (number, "DONE", "create_activity")
    assert "values" not in row
    assert "in state PARKED" in run("journal", "list", "--state", "PARKED").out
    assert number in run("journal", "list").out


def test_recover_settles_what_is_due(run: Run, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write of unknown outcome that did happen is found and adopted, not sent again."""
    # A sandbox on the real day: recovery trusts that Pipedrive's clock and ours agree (toolset/lookup.py).
    with Sandbox.start(data="empty") as today:
        monkeypatch.setenv("PIPEDRIVE_BASE_URL", today.url)
        created(run)
        with stored(store_url) as connection:
            connection.exec_driver_sql("UPDATE journal SET state = 'UNKNOWN', result = NULL, changed = 0")
        ran = run("journal", "recover", "--json")

        assert (ran.code, json.loads(ran.out)[0]["state"]) == (0, "DONE")
        assert writes(today) == ["POST"]
        assert "no write of unknown outcome is due" in run("journal", "recover").out
    assert json.loads(run("audit", "show", "--json").out)[-1]["rule"] == "recovery"


def test_recover_fails_where_a_person_must_look(
    run: Run, store_url: str, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that is not there, under a policy that parks, is named and gives status 1."""
    text = policy.read_text(encoding="utf-8")
    policy.write_text(f'{text}\n[agents.clerk.recovery]\nabsent = "park"\n', encoding="utf-8")
    with Sandbox.start(data="empty") as today:
        monkeypatch.setenv("PIPEDRIVE_BASE_URL", today.url)
        number = created(run)
        today.reset()
        with stored(store_url) as connection:
            connection.exec_driver_sql("UPDATE journal SET state = 'UNKNOWN', result = NULL, changed = 0")
        ran = run("journal", "recover")

    assert (ran.code, "PARKED" in ran.out) == (1, True)
    assert number in ran.err


def test_status_tells_what_is_found(run: Run, sandbox: Sandbox) -> None:
    """Settings, never the credential, and who answers."""
    ran = run("status")

    assert (ran.code, ran.err) == (0, "")
    assert "an API token in PIPEDRIVE_API_TOKEN" in ran.out
    assert sandbox.url in ran.out
    assert "answers" in ran.out
    assert [request["path"] for request in sandbox.log()] == ["/api/v1/users/me"]


def test_status_as_json_has_stable_keys(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs find the same keys whether or not the account answers."""
    good = json.loads(run("status", "--json").out)
    monkeypatch.delenv("PIPEDRIVE_API_TOKEN")
    ran = run("status", "--json")
    bad = json.loads(ran.out)

    assert ran.code == 1
    assert set(good) == set(bad)
    assert (good["problem"], bad["account"], bad["credential"]) == (None, None, "missing")
    assert set(good["account"]) == {"user", "user_id", "company"}


def test_status_tells_what_is_wrong_with_a_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy or a store that does not hold is told beside its name."""
    monkeypatch.setenv("PIPEDRIVE_POLICY", "absent.toml")
    monkeypatch.setenv("PIPEDRIVE_STATE", "mysql://someone:hunter22hunter22@db/x")
    ran = run("status")

    assert "'absent.toml' cannot be read" in ran.out
    assert "hunter22" not in ran.out
