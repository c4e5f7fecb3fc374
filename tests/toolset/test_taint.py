"""Once a run has read foreign text, what reaches far needs a person."""

from typing import Any, Final

import pytest

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from tests.calls import NOT_THERE, calls
from tests.toolset.conftest import EVERYTHING, Open, record, writes

FAR: Final = (
    "delete_deal",
    "delete_person",
    "delete_organization",
    "delete_activity",
    "delete_lead",
    "delete_note",
    "convert_lead_to_deal",
    "convert_deal_to_lead",
    "create_person",
    "update_person",
    "create_organization",
    "update_organization",
    "create_webhook",
    "delete_webhook",
)
BY_LEVEL: Final = frozenset({"create_person", "update_person", "create_organization", "update_organization"})
NAMED: Final = "\n".join(f'{name} = "allow"' for name in (*FAR, "list_webhooks") if name not in BY_LEVEL)
RIGHTS: Final = f"{EVERYTHING}\n[.actions]\n{NAMED}\n"
NEAR: Final = ("create_deal", "update_deal", "create_lead", "update_lead", "create_note", "update_note")


@pytest.mark.parametrize("name", FAR)
def test_what_reaches_far(name: str, connect: Open, sandbox: Sandbox) -> None:
    """Deletes, conversions and changes of contacts need a person after a read, and none before."""
    arguments = calls(sandbox)[name]
    toolset = connect(RIGHTS)
    assert toolset.call("get_note", {"note_id": 1}).ok
    result = toolset.call(name, arguments)

    assert result.status == "needs_approval", result.text
    assert writes(sandbox) == []
    assert connect(RIGHTS).call(name, arguments).ok


@pytest.mark.parametrize("name", NEAR)
def test_what_does_not(name: str, connect: Open, sandbox: Sandbox) -> None:
    """Changes of the run's own kind go on after a read."""
    toolset = connect(RIGHTS)
    toolset.call("get_note", {"note_id": 1})

    assert toolset.call(name, calls(sandbox)[name]).ok


@pytest.mark.parametrize("name", ["create_activity", "update_activity"])
def test_attendees(name: str, connect: Open, sandbox: Sandbox) -> None:
    """An invitation needs a person after a read; the same activity without one does not."""
    arguments = calls(sandbox)[name] | {"attendees": ["ann@example.com"]}
    toolset = connect(RIGHTS)
    toolset.call("get_note", {"note_id": 1})

    assert toolset.call(name, arguments).status == "needs_approval"
    assert writes(sandbox) == []
    assert toolset.call(name, {**arguments, "attendees": None}).ok


@pytest.mark.parametrize(
    "name", [name for name, entry in catalogue.items() if not entry.effect.writes and name not in NOT_THERE]
)
def test_every_read_counts(name: str, connect: Open, sandbox: Sandbox) -> None:
    """Every read taints, field names and labels included; and a tainted run reads on as before."""
    toolset = connect(RIGHTS)
    assert toolset.call(name, calls(sandbox)[name]).ok
    assert toolset.call("delete_note", {"note_id": 1}).status == "needs_approval"
    assert toolset.call(name, calls(sandbox)[name]).ok


SHOWN: Final[dict[str, dict[str, Any]]] = {
    "a refusal that shows the field": {"title": "X"},
    "a rehearsal": {"title": "X", "overwrite": ["title"], "dry_run": True},
    "the answer to a change": {"title": "X", "overwrite": ["title"]},
}


@pytest.mark.parametrize("case", SHOWN)
def test_a_record_that_is_shown_by_a_write(case: str, connect: Open, sandbox: Sandbox) -> None:
    """A write that shows the record it is about is a read of it."""
    deal = record(sandbox, "deals", status="open")
    toolset = connect(RIGHTS)
    toolset.call("update_deal", {"deal_id": deal["id"], **SHOWN[case]})

    assert toolset.call("delete_note", {"note_id": 1}).status == "needs_approval"


def test_a_question_that_shows_the_record(connect: Open, sandbox: Sandbox) -> None:
    """So is a question to a person, whose text the model sees."""
    toolset = connect(f'{RIGHTS}update_deal = "ask"\n')
    deal = record(sandbox, "deals", status="open")["id"]
    asked = toolset.call("update_deal", {"deal_id": deal, "title": "X", "overwrite": ["title"]})

    assert asked.status == "needs_approval"
    assert toolset.call("delete_note", {"note_id": 1}).status == "needs_approval"


@pytest.mark.parametrize("action", ["off", "ask", "allow"])
def test_the_policy_may_say_otherwise(action: str, connect: Open, sandbox: Sandbox) -> None:
    """`tainted` says what a tool may do after a read; it takes no part before one."""
    rights = f'{RIGHTS}[.tainted]\ndelete_note = "{action}"\ncreate_note = "{action}"\n'
    expected = {"off": "denied", "ask": "needs_approval", "allow": "ok"}[action]
    toolset = connect(rights)
    deal = record(sandbox, "deals", status="open")["id"]
    assert toolset.call("create_note", {"deal_id": deal, "content": "before"}).ok
    toolset.call("get_note", {"note_id": 1})

    assert toolset.call("create_note", {"deal_id": deal, "content": "after"}).status == expected
    assert toolset.call("delete_note", {"note_id": 1}).status == expected


@pytest.mark.parametrize("tool", ["delete_deal", "update_person"])
def test_it_grants_nothing(tool: str, connect: Open, sandbox: Sandbox) -> None:
    """`tainted = allow` lifts no refusal and no question of the policy."""
    off = f'{EVERYTHING}\n[.actions]\nupdate_person = "off"\n[.tainted]\n{tool} = "allow"'
    asked = f'{EVERYTHING}\n[.actions]\n{tool} = "ask"\n[.tainted]\n{tool} = "allow"'
    for rights, expected in ((off, "denied"), (asked, "needs_approval")):
        toolset = connect(rights)
        toolset.call("get_note", {"note_id": 1})
        assert toolset.call(tool, calls(sandbox)[tool]).status == expected


def test_what_the_run_was_started_for(connect: Open, sandbox: Sandbox) -> None:
    """After a read, only records that the run was started for are changed without a person, and what hangs on them."""
    deals = [
        each["id"]
        for each in sandbox.records("deals")
        if each["status"] == "open" and not each["is_archived"]
    ]
    ours, other = deals[:2]
    activities = {
        each["deal_id"]: each["id"] for each in sandbox.records("activities") if not each["is_deleted"]
    }
    toolset = connect(RIGHTS, about=[("deals", ours)])
    free = connect(RIGHTS, about=[("deals", ours)])
    assert free.call("create_note", {"deal_id": other, "content": "before any read"}).ok
    toolset.call("get_deal", {"deal_id": ours})

    def told(tool: str, **arguments: Any) -> str:
        return toolset.call(tool, arguments).status

    assert told("update_deal", deal_id=ours, title="X", overwrite=["title"]) == "ok"
    assert told("update_deal", deal_id=other, title="X", overwrite=["title"]) == "needs_approval"
    assert told("create_note", deal_id=ours, content="x") == "ok"
    assert told("create_note", deal_id=other, content="x") == "needs_approval"
    assert told("create_note", person_id=1, content="x") == "needs_approval"
    assert told("create_activity", deal_id=ours, subject="x", type="call") == "ok"
    assert told("create_deal", title="x") == "needs_approval"
    if ours in activities:
        held = activities[ours]
        assert told("update_activity", activity_id=held, subject="y", overwrite=["subject"]) == "ok"
        assert (
            told("update_activity", activity_id=held, deal_id=other, overwrite=["deal_id"])
            == "needs_approval"
        )


def test_a_run_that_goes_on(connect: Open, sandbox: Sandbox) -> None:
    """A run that goes on in another process has read what it read before, whether or not the first one lives."""
    first = connect(RIGHTS, run="r")
    first.call("get_note", {"note_id": 1})

    assert connect(RIGHTS, run="r").call("delete_note", {"note_id": 1}).status == "needs_approval"
    assert connect(RIGHTS, run="s").call("delete_note", {"note_id": 1}).ok


def test_a_person_at_a_prompt(connect: Open, sandbox: Sandbox) -> None:
    """Under `Policy.full` a person does everything, also after a read."""
    toolset = connect(Policy.full("a"))
    toolset.call("get_note", {"note_id": 1})

    for name in ("delete_note", "update_person", "create_organization", "convert_lead_to_deal"):
        assert toolset.call(name, calls(sandbox)[name]).ok, name
