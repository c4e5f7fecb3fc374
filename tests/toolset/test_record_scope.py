"""Record scope against what Pipedrive holds. The API user is user 1; others own most of the records."""

from typing import Any, Final

import pytest

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from tests.toolset.conftest import EVERYTHING, Found, Open, policy, record, writes

ME: Final = 1
ALLOWED: Final = """
[.actions]
delete_deal = "allow"
delete_note = "allow"
delete_activity = "allow"
convert_lead_to_deal = "allow"
convert_deal_to_lead = "allow"
[.tainted]
delete_deal = "allow"
delete_note = "allow"
delete_activity = "allow"
convert_lead_to_deal = "allow"
convert_deal_to_lead = "allow"
create_person = "allow"
update_person = "allow"
[.records]
"""


def scoped(records: str) -> Policy:
    return policy(EVERYTHING + ALLOWED + records)


def deals(sandbox: Sandbox) -> list[Found]:
    return [each for each in sandbox.records("deals") if each["status"] == "open" and not each["is_archived"]]


def in_pipeline(sandbox: Sandbox, pipeline: int) -> Found:
    return next(each for each in deals(sandbox) if each["pipeline_id"] == pipeline)


def elsewhere(sandbox: Sandbox, pipeline: int) -> Found:
    return next(each for each in deals(sandbox) if each["pipeline_id"] != pipeline)


def changes(deal: Found) -> list[tuple[str, dict[str, Any]]]:
    """Calls that change a deal, or something that hangs on it."""
    number = deal["id"]
    return [
        ("update_deal", {"deal_id": number, "title": "X", "overwrite": ["title"]}),
        ("delete_deal", {"deal_id": number}),
        ("convert_deal_to_lead", {"deal_id": number}),
        ("create_note", {"deal_id": number, "content": "x"}),
        ("create_activity", {"deal_id": number, "subject": "x", "type": "call"}),
    ]


PLACES: Final = range(5)


@pytest.mark.parametrize("place", PLACES)
def test_a_deal_outside(place: int, connect: Open, sandbox: Sandbox) -> None:
    """A deal of another pipeline, and whatever would hang on it, is out of reach."""
    tool, arguments = changes(elsewhere(sandbox, 1))[place]
    result = connect(scoped("pipelines = [1]")).call(tool, arguments)

    assert result.status == "denied", result.text
    assert "agents.a.records" in result.text
    assert writes(sandbox) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_deal_inside(place: int, connect: Open, sandbox: Sandbox) -> None:
    """The same calls on a deal inside go through."""
    tool, arguments = changes(in_pipeline(sandbox, 1))[place]
    result = connect(scoped("pipelines = [1]")).call(tool, arguments)

    assert result.ok, result.text


def refused(connect: Open, sandbox: Sandbox, records: str, tool: str, arguments: dict[str, Any]) -> None:
    """The call is refused under these records, and goes through without them."""
    result = connect(scoped(records)).call(tool, arguments)
    assert result.status == "denied", result.text
    assert "agents.a.records" in result.text
    assert writes(sandbox) == []
    free = connect(policy(EVERYTHING + ALLOWED)).call(tool, arguments)
    assert free.ok, free.text


def stage_of(sandbox: Sandbox, pipeline: int) -> int:
    return int(next(each["id"] for each in sandbox.records("stages") if each["pipeline_id"] == pipeline))


@pytest.mark.parametrize("way", ["by pipeline", "by stage"])
def test_a_move_out(way: str, connect: Open, sandbox: Sandbox) -> None:
    """A deal inside cannot be moved to another pipeline, neither by its number nor by one of its stages."""
    move = {"pipeline_id": 2} if way == "by pipeline" else {"stage_id": stage_of(sandbox, 2)}
    arguments = {"deal_id": in_pipeline(sandbox, 1)["id"], **move, "overwrite": ["stage_id", "pipeline_id"]}

    refused(connect, sandbox, "pipelines = [1]", "update_deal", arguments)


def test_a_move_within(connect: Open, sandbox: Sandbox) -> None:
    """A deal inside moves freely between stages inside."""
    deal = in_pipeline(sandbox, 1)
    stages = [
        each["id"]
        for each in sandbox.records("stages")
        if each["pipeline_id"] == 1 and each["id"] != deal["stage_id"]
    ]
    move = {"deal_id": deal["id"], "stage_id": stages[0], "overwrite": ["stage_id"]}

    assert connect(scoped("pipelines = [1]")).call("update_deal", move).ok


def test_a_stage_outside(connect: Open, sandbox: Sandbox) -> None:
    """A stage that is not named is out of reach, as a place to be and as a place to go."""
    deal = in_pipeline(sandbox, 1)
    others = [
        each["id"]
        for each in sandbox.records("stages")
        if each["pipeline_id"] == 1 and each["id"] != deal["stage_id"]
    ]
    here = f"stages = [{deal['stage_id']}]"
    move = {"deal_id": deal["id"], "stage_id": others[0], "overwrite": ["stage_id"]}
    title = {"deal_id": deal["id"], "title": "X", "overwrite": ["title"]}

    refused(connect, sandbox, here, "update_deal", move)
    sandbox.reset()
    refused(connect, sandbox, f"stages = [{others[0]}]", "update_deal", title)


def test_a_pipeline_whose_stage_is_not_said(connect: Open, sandbox: Sandbox) -> None:
    """A move to a pipeline ends in a stage that nobody named, so it is out where stages are restricted."""
    deal = in_pipeline(sandbox, 2)
    arguments = {"deal_id": deal["id"], "pipeline_id": 1, "overwrite": ["pipeline_id"]}

    refused(connect, sandbox, f"stages = [{deal['stage_id']}]", "update_deal", arguments)


@pytest.mark.parametrize("where", [{}, {"pipeline_id": 2}, {"stage_id": 0}])
def test_a_new_deal_outside(where: dict[str, int], connect: Open, sandbox: Sandbox) -> None:
    """A new deal must say that it goes inside; where it goes by default is not known."""
    if "stage_id" in where:
        where = {"stage_id": stage_of(sandbox, 2)}

    refused(connect, sandbox, "pipelines = [1]", "create_deal", {"title": "X", **where})


def test_a_new_deal_inside(connect: Open, sandbox: Sandbox) -> None:
    """A new deal that says so goes inside."""
    toolset = connect(scoped("pipelines = [1]"))

    assert toolset.call("create_deal", {"title": "X", "pipeline_id": 1}).ok
    assert toolset.call("create_deal", {"title": "Y", "stage_id": stage_of(sandbox, 1)}).ok


@pytest.mark.parametrize("where", [{}, {"pipeline_id": 2}, {"stage_id": 0}])
def test_a_converted_lead(where: dict[str, int], connect: Open, sandbox: Sandbox) -> None:
    """A lead is not converted into a deal outside."""
    if "stage_id" in where:
        where = {"stage_id": stage_of(sandbox, 2)}
    lead = record(sandbox, "leads")["id"]

    refused(connect, sandbox, "pipelines = [1]", "convert_lead_to_deal", {"lead_id": lead, **where})


def test_what_hangs_on_a_deal_outside(connect: Open, sandbox: Sandbox) -> None:
    """Notes and activities of a deal outside are not changed, deleted, or moved inside."""
    outside = {each["id"] for each in sandbox.records("deals") if each["pipeline_id"] != 1}
    inside = in_pipeline(sandbox, 1)["id"]
    note = next(each["id"] for each in sandbox.records("notes") if each["deal_id"] in outside)
    activity = next(
        each["id"]
        for each in sandbox.records("activities")
        if each["deal_id"] in outside and not each["is_deleted"]
    )
    toolset = connect(scoped("pipelines = [1]"))
    for tool, arguments in (
        ("update_note", {"note_id": note, "content": "x", "overwrite": ["content"]}),
        ("update_note", {"note_id": note, "deal_id": inside, "overwrite": ["deal_id"]}),
        ("delete_note", {"note_id": note}),
        ("update_activity", {"activity_id": activity, "subject": "x", "overwrite": ["subject"]}),
        ("update_activity", {"activity_id": activity, "deal_id": inside, "overwrite": ["deal_id"]}),
        ("delete_activity", {"activity_id": activity}),
    ):
        result = toolset.call(tool, arguments)
        assert result.status == "denied", (tool, result.text)
    assert writes(sandbox) == []


def test_moved_to_a_deal_outside(connect: Open, sandbox: Sandbox) -> None:
    """What hangs on a deal inside is not moved to one outside."""
    inside = {each["id"] for each in deals(sandbox) if each["pipeline_id"] == 1}
    activity = next(
        each["id"]
        for each in sandbox.records("activities")
        if each["deal_id"] in inside and not each["is_deleted"]
    )
    arguments = {"activity_id": activity, "deal_id": elsewhere(sandbox, 1)["id"], "overwrite": ["deal_id"]}

    refused(connect, sandbox, "pipelines = [1]", "update_activity", arguments)


OWNED: Final = {
    "deals": ("update_deal", "deal_id", "title"),
    "persons": ("update_person", "person_id", "name"),
    "organizations": ("update_organization", "org_id", "name"),
    "activities": ("update_activity", "activity_id", "subject"),
    "leads": ("update_lead", "lead_id", "title"),
}


@pytest.mark.parametrize("table", OWNED)
def test_another_owner(table: str, connect: Open, sandbox: Sandbox) -> None:
    """A record of another owner is out of reach, and one of an allowed owner is not handed on to another."""
    tool, path, field = OWNED[table]
    free = [
        each
        for each in sandbox.records(table)
        if not (each.get("is_deleted") or each.get("is_archived")) and each.get("status", "open") == "open"
    ]
    owner = free[0]["owner_id"]
    mine, theirs = free[0]["id"], next(each["id"] for each in free if each["owner_id"] != owner)
    other = next(each["id"] for each in sandbox.records("users") if each["id"] != owner)
    toolset = connect(scoped(f"owners = [{owner}]"))

    assert toolset.call(tool, {path: theirs, field: "X", "overwrite": [field]}).status == "denied"
    assert writes(sandbox) == []
    assert toolset.call(tool, {path: mine, field: "X", "overwrite": [field]}).ok
    assert toolset.call(tool, {path: mine, "owner_id": other, "overwrite": ["owner_id"]}).status == "denied"


def test_me(connect: Open, sandbox: Sandbox) -> None:
    """The word `me` stands for the API user, whom Pipedrive names."""
    free = [each for each in deals(sandbox) if not each["is_archived"]]
    mine = next(each["id"] for each in free if each["owner_id"] == ME)
    theirs = next(each["id"] for each in free if each["owner_id"] != ME)
    toolset = connect(scoped('owners = ["me"]'))
    found = [
        toolset.call("update_deal", {"deal_id": number, "title": "X", "overwrite": ["title"]}).status
        for number in (mine, theirs)
    ]

    assert found == ["ok", "denied"]


NEW: Final = {
    "create_deal": {"title": "X"},
    "create_person": {"name": "X"},
    "create_organization": {"name": "X"},
    "create_activity": {"subject": "X", "type": "call"},
}


@pytest.mark.parametrize("tool", NEW)
def test_an_owner_by_default(tool: str, connect: Open, sandbox: Sandbox) -> None:
    """A new record without an owner will be the API user's: outside where others are named, inside for "me"."""
    allowed = 'create_organization = "allow"\n[.records]\n'
    others = policy(EVERYTHING + ALLOWED.replace("[.records]\n", allowed) + "owners = [3]")
    mine = policy(EVERYTHING + ALLOWED.replace("[.records]\n", allowed) + 'owners = ["me"]')

    assert connect(others).call(tool, NEW[tool]).status == "denied"
    assert connect(others).call(tool, NEW[tool] | {"owner_id": ME}).status == "denied"
    assert writes(sandbox) == []
    assert connect(others).call(tool, NEW[tool] | {"owner_id": 3}).ok
    assert connect(mine).call(tool, NEW[tool]).ok


def test_a_contact_of_somebody_else(connect: Open, sandbox: Sandbox) -> None:
    """A note on somebody else's contact is outside, except where the contact is the one of a deal inside."""
    persons = {each["id"]: each for each in sandbox.records("persons") if not each["is_deleted"]}
    deal = next(
        each
        for each in deals(sandbox)
        if each["owner_id"] == ME and persons.get(each["person_id"], {"owner_id": ME})["owner_id"] != ME
    )
    stranger = next(
        number for number, each in persons.items() if each["owner_id"] != ME and number != deal["person_id"]
    )
    toolset = connect(scoped('owners = ["me"]'))
    on_deal = {"deal_id": deal["id"], "content": "x"}

    assert toolset.call("create_note", {"person_id": stranger, "content": "x"}).status == "denied"
    assert toolset.call("create_note", {**on_deal, "person_id": stranger}).status == "denied"
    assert writes(sandbox) == []
    assert toolset.call("create_note", {**on_deal, "person_id": deal["person_id"]}).ok


@pytest.mark.parametrize("tool", ["create_note", "create_activity"])
def test_a_deal_that_cannot_be_read(tool: str, connect: Open, sandbox: Sandbox) -> None:
    """What hangs on a deal that is not there, or cannot be seen, is not written."""
    more = {"content": "x"} if tool == "create_note" else {"subject": "x", "type": "call"}
    result = connect(scoped("pipelines = [1]")).call(tool, {"deal_id": 999999, **more})

    assert result.status == "failed"
    assert "Nothing was changed" in result.text
    assert writes(sandbox) == []


@pytest.mark.parametrize("records", ["pipelines = []", "owners = []", "stages = []"])
def test_an_empty_list(records: str, connect: Open, sandbox: Sandbox) -> None:
    """An empty list lets no deal be changed."""
    deal = in_pipeline(sandbox, 1)["id"]
    result = connect(scoped(records)).call(
        "update_deal", {"deal_id": deal, "title": "X", "overwrite": ["title"]}
    )

    assert result.status == "denied"
    assert writes(sandbox) == []


def test_reads_are_free(connect: Open, sandbox: Sandbox) -> None:
    """Record scope is about changes: whatever may be read is read."""
    assert connect(scoped("pipelines = [1]")).call("get_deal", {"deal_id": elsewhere(sandbox, 1)["id"]}).ok
