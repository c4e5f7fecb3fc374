"""Leads, which live in v1: UUIDs, a person or an organization always, flat custom fields, offset paging."""

from types import MappingProxyType
from typing import Any
from uuid import uuid4

from pipedrive_tools.sandbox import leadfields
from pipedrive_tools.sandbox.answers import Answer, Record, data, general
from pipedrive_tools.sandbox.bodies import CHECK_THE_DOCS, checked_v1
from pipedrive_tools.sandbox.checks import is_uuid
from pipedrive_tools.sandbox.clock import later_than, lead_stamp
from pipedrive_tools.sandbox.derived import activities_of, next_activity_id
from pipedrive_tools.sandbox.entities import equal
from pipedrive_tools.sandbox.forms import CHANGED_LEAD, NEW_LEAD, Form
from pipedrive_tools.sandbox.offsets import OFFSET, offset_answer, sort_keys, sorted_by
from pipedrive_tools.sandbox.query import instant, parsed_v1, whole
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Handler, Values, World

SECONDS = len("2026-01-01T00:00:00")
"""How much of a moment is compared."""

_FILTERS = MappingProxyType(
    {
        **OFFSET,
        "owner_id": whole,
        "person_id": whole,
        "organization_id": whole,
        "filter_id": whole,
        "updated_since": instant,
        "sort": sort_keys(
            "id",
            "title",
            "owner_id",
            "creator_id",
            "was_seen",
            "expected_close_date",
            "next_activity_id",
            "add_time",
            "update_time",
        ),
    }
)


def shown(world: World, lead: Record) -> dict[str, Any]:
    """A lead as an answer has it."""
    view = {name: value for name, value in lead.items() if name != "is_deleted"}
    return {**view, "next_activity_id": next_activity_id(activities_of(world, "leads", lead["id"]))}


def find(world: World, key: str) -> Record | None:
    """A lead that is not deleted."""
    lead = world.store["leads"].get(key)
    return None if lead is None or lead.get("is_deleted") else lead


def blank(world: World, title: str) -> dict[str, Any]:
    """A new lead with nothing but its title."""
    now, key = lead_stamp(world.clock.now()), str(uuid4())
    return {
        "id": key,
        "title": title,
        "owner_id": world.my_id,
        "creator_id": world.my_id,
        "label_ids": [],
        "person_id": None,
        "organization_id": None,
        "source_name": "API",
        "origin": "API",
        "origin_id": None,
        "channel": None,
        "channel_id": None,
        "source_deal_id": None,
        "is_archived": False,
        "was_seen": False,
        "value": None,
        "expected_close_date": None,
        "next_activity_id": None,
        "add_time": now,
        "update_time": now,
        "visible_to": "3",
        "cc_email": f"sandbox+1+lead{key[:8]}@pipedrivemail.com",
    }


def _list(*, archived: bool) -> Handler:
    def handle(world: World, request: Request) -> Answer:
        asked = parsed_v1(world, request, _FILTERS)
        if "filter_id" in asked:
            raise general(404, "Filter not found", "Object was not found.")
        found = [shown(world, lead) for lead in _candidates(world, asked, archived=archived)]
        return offset_answer(world, asked, sorted_by(found, asked.get("sort", ())))

    return handle


def _candidates(world: World, asked: Values, *, archived: bool) -> list[Record]:
    since = asked.get("updated_since", "")[:SECONDS]
    return [
        lead
        for lead in world.store["leads"].seen(world.switches.list_lag)
        if lead["is_archived"] == archived
        and not lead.get("is_deleted")
        and lead["update_time"][:SECONDS] >= since
        and equal(lead, asked, "owner_id", "person_id", "organization_id")
    ]


def living(world: World, request: Request) -> Record:
    """The lead that the path names."""
    key = request.arguments[0]
    if not is_uuid(key):
        raise general(400, '"id" must be a valid GUID', CHECK_THE_DOCS)
    lead = find(world, key.lower())
    if lead is None:
        raise general(404, "requested lead not found", "Object was not found.")
    return lead


def _get(world: World, request: Request) -> Answer:
    return data(shown(world, living(world, request)))


def _create(world: World, request: Request) -> Answer:
    body = _checked(world, request, NEW_LEAD)
    lead = {**blank(world, body["title"]), **body}
    _linked(lead)
    return data(shown(world, world.store["leads"].put(lead)), status=201)


def _update(world: World, request: Request) -> Answer:
    before = living(world, request)
    body = _checked(world, request, CHANGED_LEAD)
    if (
        before["is_archived"]
        and world.switches.edit_archived == "400"
        and body.get("is_archived") is not False
    ):
        raise general(400, "An archived lead cannot be changed; unarchive it first", CHECK_THE_DOCS)
    emptied = {name for name, value in (request.content or {}).items() if value is None} - body.keys()
    kept = {name: value for name, value in before.items() if name not in emptied}
    moved = lead_stamp(later_than(before["update_time"], world.clock.now()))
    lead = {**kept, **body, "update_time": moved}
    _linked(lead)
    return data(shown(world, world.store["leads"].put(lead)))


def _delete(world: World, request: Request) -> Answer:
    lead = living(world, request)
    world.store["leads"].put({**lead, "is_deleted": True})
    return data({"id": lead["id"]})


def _checked(world: World, request: Request, form: Form) -> Values:
    flat = leadfields.checks(world)
    body = checked_v1(world, request, form.also(flat.items()))
    own = {name: value for name, value in body.items() if name not in flat}
    if own.get("title", "") is None:
        del own["title"]
    return own | leadfields.stored(world, {name: body[name] for name in flat if name in body})


def _linked(lead: Record) -> None:
    if lead["person_id"] is None and lead["organization_id"] is None:
        raise general(400, "A lead must be linked to a person or an organization.", CHECK_THE_DOCS)


HANDLERS: dict[str, Handler] = {
    "list_leads": _list(archived=False),
    "list_archived_leads": _list(archived=True),
    "get_lead": _get,
    "create_lead": _create,
    "update_lead": _update,
    "delete_lead": _delete,
}
