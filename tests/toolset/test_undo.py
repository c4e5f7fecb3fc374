from typing import Any, Final

import httpx
import pytest

from pipedrive_tools.endpoint import Effect
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import AgentPolicy, Policy
from pipedrive_tools.sandbox import Sandbox
from tests.calls import calls
from tests.toolset.conftest import EVERYTHING, Found, Open, read, record, writes

FULL: Final = Policy.full("a")
CREATES: Final = {name: entry.resource for name, entry in catalogue.items() if entry.effect is Effect.CREATE}
DELETES: Final = [name for name, entry in catalogue.items() if entry.effect is Effect.DELETE]
MOVING: Final = frozenset(
    {
        "update_time",
        "stage_change_time",
        "local_stage_change_date",
        "label_ids",  # what was added is taken away, in the order that was
        "last_update_user_id",
    }
)
"""What a change leaves behind though it was taken back."""


def is_gone(each: Found) -> bool:
    return bool(each.get("is_deleted") or each.get("active_flag") is False or each.get("status") == "deleted")


@pytest.mark.parametrize("name", CREATES)
def test_a_create(name: str, connect: Open, sandbox: Sandbox) -> None:
    """What was created is deleted again, once."""
    toolset = connect(FULL)
    made = toolset.call(name, calls(sandbox)[name])
    assert made.audit_id is not None
    shown = toolset.undo(made.audit_id, dry_run=True)
    assert shown.text.startswith("rehearsal, nothing was sent. It would: Delete ")
    assert len(writes(sandbox)) == 1

    assert toolset.undo(made.audit_id).ok
    left = [each for each in sandbox.records(CREATES[name]) if each["id"] == made.data["id"]]
    assert left == [] or is_gone(left[0])
    again = toolset.undo(made.audit_id)
    assert again.status == "invalid"
    assert "taken back already" in again.text
    assert len(writes(sandbox)) == 2


UNDONE: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "a deal": ("update_deal", "deals", {"title": "X", "value": 7}),
    "a deal's stage": ("update_deal", "deals", {"stage_id": 2}),
    "a deal that was won": ("update_deal", "deals", {"status": "won"}),
    "a person": ("update_person", "persons", {"name": "X", "emails": ["new@example.com"]}),
    "a person's phones": ("update_person", "persons", {"phones": ["1", "2"]}),
    "an organization": ("update_organization", "organizations", {"name": "X"}),
    "an activity": ("update_activity", "activities", {"subject": "X", "due_date": "2030-01-02"}),
    "an activity that was done": ("update_activity", "activities", {"done": True}),
    "attendees": ("update_activity", "activities", {"attendees": ["a@example.com"]}),
    "a main person": ("update_activity", "activities", {"person_id": 3}),
    "a lead": ("update_lead", "leads", {"title": "X", "value": 7, "currency": "USD"}),
    "an archived lead": ("update_lead", "leads", {"is_archived": True}),
    "a note": ("update_note", "notes", {"content": "X & <b>"}),
}


def free(sandbox: Sandbox, table: str) -> Found:
    """A live record whose fields are filled, so that they can be given back."""
    return next(
        each
        for each in sandbox.records(table)
        if not is_gone(each)
        and not each.get("is_archived")
        and each.get("status", "open") == "open"
        and (table != "activities" or (each["due_date"] and not each["done"] and each["participants"]))
        and (table != "leads" or each["value"])
        and (table != "deals" or each["stage_id"] != 2)
    )


@pytest.mark.parametrize("case", UNDONE)
def test_an_update(case: str, connect: Open, sandbox: Sandbox) -> None:
    """Every field that was changed gets back what it held, lists in full."""
    tool, table, values = UNDONE[case]
    before = free(sandbox, table)
    path = catalogue[tool].path_arguments[0]
    toolset = connect(FULL)
    changed = toolset.call(tool, {path: before["id"], **values, "overwrite": list(values)})
    assert changed.ok, changed.text
    assert changed.audit_id is not None
    assert read(sandbox, table, before["id"]) != before

    undone = toolset.undo(changed.audit_id)
    assert undone.ok, undone.text
    after = read(sandbox, table, before["id"])
    for name in values.keys() - {"currency"}:
        assert after[name] == before[name], name


def test_a_list(connect: Open, sandbox: Sandbox) -> None:
    """A list that was added to is as it was, and so is the primary one."""
    person = next(each for each in sandbox.records("persons") if each["emails"] and not each["is_deleted"])
    toolset = connect(FULL)
    arguments = {"person_id": person["id"], "emails": [{"value": "new@example.com", "primary": True}]}
    done = toolset.call("update_person", arguments)
    assert len(read(sandbox, "persons", person["id"])["emails"]) == len(person["emails"]) + 1

    assert toolset.undo(str(done.audit_id)).ok
    assert read(sandbox, "persons", person["id"])["emails"] == person["emails"]


@pytest.mark.parametrize("resource", ["deals", "leads"])
def test_an_empty_custom_field(resource: str, connect: Open, sandbox: Sandbox) -> None:
    """A custom field that was empty is blank again."""
    fields = (each for each in sandbox.records("deal_fields") if each["is_custom_field"])
    key = next(each["field_code"] for each in fields if each["field_type"] == "varchar")
    tool, path = {"deals": ("update_deal", "deal_id"), "leads": ("update_lead", "lead_id")}[resource]

    def held(each: Found) -> Any:
        return (each["custom_fields"] if resource == "deals" else each).get(key)

    target = next(
        each
        for each in sandbox.records(resource)
        if not is_gone(each)
        and not each["is_archived"]
        and not held(each)
        and each.get("status") in {None, "open"}
    )
    toolset = connect(FULL)
    done = toolset.call(tool, {path: target["id"], "custom_fields": [{"name": key, "value": "Gold"}]})
    assert done.ok, done.text
    undone = toolset.undo(str(done.audit_id))

    assert undone.ok, undone.text
    assert not held(read(sandbox, resource, target["id"]))


def test_a_conversion(connect: Open, sandbox: Sandbox) -> None:
    """A converted lead becomes a lead again."""
    lead = record(sandbox, "leads")["id"]
    toolset = connect(FULL)
    done = toolset.call("convert_lead_to_deal", {"lead_id": lead})
    assert done.ok, done.text
    undone = toolset.undo(str(done.audit_id))

    assert undone.ok, undone.text
    assert is_gone(read(sandbox, "deals", done.data["deal_id"]))


@pytest.mark.parametrize("name", [*DELETES, "convert_deal_to_lead"])
def test_what_cannot_be_undone(name: str, connect: Open, sandbox: Sandbox) -> None:
    """What Pipedrive has no call for is refused in one line."""
    toolset = connect(FULL)
    done = toolset.call(name, calls(sandbox)[name])
    assert done.ok, done.text
    count = len(writes(sandbox))
    undone = toolset.undo(str(done.audit_id))

    assert undone.status == "invalid"
    assert "cannot be taken back" in undone.text
    assert len(writes(sandbox)) == count


@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_record_that_moved(kind: str, connect: Open, sandbox: Sandbox) -> None:
    """A record that somebody changed since is left alone."""
    toolset = connect(FULL)
    if kind == "create":
        done = toolset.call("create_deal", {"title": "X"})
    else:
        deal = record(sandbox, "deals", status="open")["id"]
        done = toolset.call("update_deal", {"deal_id": deal, "title": "X", "overwrite": ["title"]})
    number = done.data["id"]
    import time  # noqa: PLC0415  # versions are whole seconds

    time.sleep(1.1)
    httpx.patch(
        f"{sandbox.url}/api/v2/deals/{number}",
        json={"title": "Somebody's"},
        headers={"x-api-token": sandbox.token},
    ).raise_for_status()
    undone = toolset.undo(str(done.audit_id))

    assert undone.status == "invalid"
    assert "moved on" in undone.text
    assert read(sandbox, "deals", number)["title"] == "Somebody's"


@pytest.mark.parametrize("rights", ["delete_deal is off", "the field is never written", "it must be asked"])
def test_it_passes_the_gate(rights: str, connect: Open, sandbox: Sandbox) -> None:
    """Taking back is a call like any other: what the policy does not allow is not done."""
    deal = record(sandbox, "deals", status="open")["id"]
    full = connect(FULL)
    made = full.call("create_deal", {"title": "X"})
    changed = full.call("update_deal", {"deal_id": deal, "value": 5, "overwrite": ["value"]})
    lines, target, status = {
        "delete_deal is off": (EVERYTHING, made, "denied"),
        "the field is never written": (
            f'{EVERYTHING}\n[.fields]\nnever_write = ["deals.value"]',
            changed,
            "denied",
        ),
        "it must be asked": (f'{EVERYTHING}\n[.actions]\ndelete_deal = "ask"', made, "needs_approval"),
    }[rights]
    count = len(writes(sandbox))

    assert connect(lines).undo(str(target.audit_id)).status == status
    assert len(writes(sandbox)) == count


def test_what_was_not_done(connect: Open, sandbox: Sandbox) -> None:
    """Only a write that is done can be taken back: no read, no refusal, nothing that never was."""
    toolset = connect(FULL)
    seen = toolset.call("get_deal", {"deal_id": 1})
    failed = toolset.call("create_deal", {"title": "X", "stage_id": 987654})
    for number, why in (
        (str(seen.audit_id), "no write"),
        (str(failed.audit_id), "FAILED"),
        ("nonsense", "no write"),
    ):
        undone = toolset.undo(number)
        assert undone.status == "invalid"
        assert why in undone.text


def test_one_that_was_empty_for_good(connect: Open, sandbox: Sandbox) -> None:
    """A field that was empty and cannot be blanked through the API is named, and nothing is sent."""
    deal = next(
        each
        for each in sandbox.records("deals")
        if each["status"] == "open" and not each["expected_close_date"] and not each["is_archived"]
    )
    toolset = connect(FULL)
    done = toolset.call("update_deal", {"deal_id": deal["id"], "expected_close_date": "2030-01-02"})
    undone = toolset.undo(str(done.audit_id))

    assert undone.status == "invalid"
    assert "expected_close_date was empty before" in undone.text
    assert len(writes(sandbox)) == 1


def test_rights_are_not_needed_to_be_asked(connect: Open) -> None:
    """An agent without any right takes nothing back."""
    assert connect(Policy(agents={"a": AgentPolicy()})).undo("x").status == "invalid"
