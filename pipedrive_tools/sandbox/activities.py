"""Activities: participants in place of a person, types by their key, and the moment one was done."""

from types import MappingProxyType

from pipedrive_tools.sandbox.answers import Record, validation
from pipedrive_tools.sandbox.contacts import filled_address
from pipedrive_tools.sandbox.entities import Kind, equal, handlers
from pipedrive_tools.sandbox.forms import CHANGED_ACTIVITY, NEW_ACTIVITY
from pipedrive_tools.sandbox.query import guid, truth, whole
from pipedrive_tools.sandbox.world import Handler, Values, World

BLANK = (
    "deal_id",
    "lead_id",
    "person_id",
    "org_id",
    "project_id",
    "due_date",
    "due_time",
    "duration",
    "marked_as_done_time",
    "location",
    "conference_meeting_client",
    "conference_meeting_url",
    "conference_meeting_id",
    "public_description",
    "priority",
    "note",
)


def _complete(world: World, body: Values) -> Record:
    now = world.now()
    blank = {
        "id": world.store["activities"].fresh_id(),
        "subject": body["subject"],
        "type": body["type"],
        "owner_id": world.my_id,
        "creator_user_id": world.my_id,
        "is_deleted": False,
        "add_time": now,
        "update_time": now,
        **dict.fromkeys(BLANK),
        "busy": False,
        "done": False,
        "participants": [],
        "attendees": [],
    }
    return _with(world, blank, body, now)


def _amend(world: World, before: Record, body: Values) -> Record:
    now = world.moved(before)
    return {**_with(world, dict(before), body, now), "update_time": now}


def _with(world: World, record: Values, body: Values, now: str) -> Values:
    _type_exists(world, body)
    after = {**record, **body}
    if "location" in body:
        after["location"] = filled_address(body["location"])
    if "participants" in body:
        after["participants"] = participants = _one_primary(body["participants"])
        after["person_id"] = next((each["person_id"] for each in participants if each["primary"]), None)
    if after["done"] != record["done"]:
        after["marked_as_done_time"] = now if after["done"] else None
    return after


def _one_primary(sent: list[Values]) -> list[Values]:
    primary = next((place for place, each in enumerate(sent) if each.get("primary")), 0)
    return [{"person_id": each["person_id"], "primary": place == primary} for place, each in enumerate(sent)]


def _type_exists(world: World, body: Values) -> None:
    known = [each["key_string"] for each in world.store["activity_types"].records() if each["active_flag"]]
    if "type" in body and body["type"] not in known:
        raise validation([f"type: Parameter 'type' must be one of [{', '.join(known)}]"])


def _matches(_world: World, record: Record, asked: Values) -> bool:
    names = ("owner_id", "deal_id", "lead_id", "person_id", "org_id", "done")
    return not record["is_deleted"] and equal(record, asked, *names)


ACTIVITIES = Kind(
    resource="activities",
    noun="Activity",
    new=NEW_ACTIVITY,
    changed=CHANGED_ACTIVITY,
    complete=_complete,
    amend=_amend,
    filters=MappingProxyType(
        {
            "owner_id": whole,
            "deal_id": whole,
            "lead_id": guid,
            "person_id": whole,
            "org_id": whole,
            "done": truth,
        }
    ),
    matches=_matches,
    sorts=("id", "update_time", "add_time", "due_date"),
    has_custom_fields=False,
)

HANDLERS: dict[str, Handler] = handlers(ACTIVITIES, "activity")
