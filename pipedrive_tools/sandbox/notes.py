"""Notes, which live in v1: HTML that the server cleans, one parent at least, pins that need their parent."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import Answer, Record, data, general
from pipedrive_tools.sandbox.bodies import CHECK_THE_DOCS, checked_v1
from pipedrive_tools.sandbox.clock import later_than, plain_stamp, read_stamp
from pipedrive_tools.sandbox.forms import CHANGED_NOTE, NEW_NOTE
from pipedrive_tools.sandbox.offsets import OFFSET, offset_answer, sort_keys, sorted_by
from pipedrive_tools.sandbox.query import calendar_day, flag, guid, instant, parsed_v1, whole
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Handler, Values, World

PARENTS = ("lead_id", "deal_id", "person_id", "org_id", "project_id", "task_id")

PINS: Mapping[str, str] = MappingProxyType(
    {
        "pinned_to_lead_flag": "lead_id",
        "pinned_to_deal_flag": "deal_id",
        "pinned_to_organization_flag": "org_id",
        "pinned_to_person_flag": "person_id",
        "pinned_to_project_flag": "project_id",
        "pinned_to_task_flag": "task_id",
    }
)
"""Each pin with the parent that it needs."""

NAMES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "deal": ("deals", "deal_id", "title"),
        "organization": ("organizations", "org_id", "name"),
        "person": ("persons", "person_id", "name"),
    }
)
"""What an answer tells of a parent: where it is kept, what points at it, and what is told."""

SCRIPT = re.compile(r"<(script|style|iframe|object)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
HANDLER = re.compile(r"\s+on\w+\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)

_FILTERS = MappingProxyType(
    {
        **OFFSET,
        "user_id": whole,
        "lead_id": guid,
        **dict.fromkeys(PARENTS[1:], whole),
        "sort": sort_keys(
            "id", "user_id", "deal_id", "person_id", "org_id", "content", "add_time", "update_time"
        ),
        "start_date": calendar_day,
        "end_date": calendar_day,
        "updated_since": instant,
        **dict.fromkeys(PINS, flag),
    }
)


def cleaned(content: str) -> str:
    """HTML without what runs."""
    return HANDLER.sub("", SCRIPT.sub("", content))


def shown(world: World, note: Record) -> dict[str, Any]:
    """A note as an answer has it: with the names of its parents and its author."""
    view = {**note, "user": _author(world, note["user_id"])}
    for name, (table, link, told) in NAMES.items():
        parent = world.store[table].get(note[link])
        view[name] = {told: parent[told]} if parent else None
    if world.switches.null_fields == "sent":
        return view
    return {name: value for name, value in view.items() if value is not None}


def _author(world: World, user_id: int) -> dict[str, Any]:
    user = world.store["users"].get(user_id) or world.me
    told = {name: user[name] for name in ("email", "icon_url", "is_you", "name")}
    return told if world.switches.null_fields == "sent" else {k: v for k, v in told.items() if v is not None}


def _list(world: World, request: Request) -> Answer:
    asked = parsed_v1(world, request, _FILTERS)
    found = [
        dict(note)
        for note in world.store["notes"].seen(world.switches.list_lag)
        if note["active_flag"] and _matches(note, asked)
    ]
    notes = [shown(world, note) for note in sorted_by(found, asked.get("sort", ()))]
    return offset_answer(world, asked, notes, nested=True)


def _matches(note: Record, asked: Values) -> bool:
    if any(note.get(name) != asked[name] for name in ("user_id", *PARENTS, *PINS) if name in asked):
        return False
    since = asked.get("updated_since")
    if since and note["update_time"] < plain_stamp(read_stamp(since)):
        return False
    day = note["add_time"][:10]
    return bool(asked.get("start_date", "") <= day <= asked.get("end_date", "9999"))


def _find(world: World, request: Request) -> Record:
    note = world.store["notes"].get(request.number(0, "note"))
    if note is None:
        raise general(404, "Note not found", "Object was not found.")
    return note


def _living(world: World, request: Request) -> Record:
    note = _find(world, request)
    if not note["active_flag"]:
        raise general(404, "Note not found", "Object was not found.")
    return note


def _get(world: World, request: Request) -> Answer:
    note = _living(world, request) if world.switches.get_deleted == "404" else _find(world, request)
    return data(shown(world, note))


def _create(world: World, request: Request) -> Answer:
    body = checked_v1(world, request, NEW_NOTE)
    now = plain_stamp(world.clock.now())
    blank = {
        "id": world.store["notes"].fresh_id(),
        "active_flag": True,
        "add_time": now,
        "content": "",
        **dict.fromkeys(PARENTS),
        **dict.fromkeys(PINS, False),
        "last_update_user_id": None,
        "update_time": now,
        "user_id": world.my_id,
    }
    return data(shown(world, world.store["notes"].put(_with(blank, body))))


def _update(world: World, request: Request) -> Answer:
    before = _living(world, request)
    body = checked_v1(world, request, CHANGED_NOTE)
    moved = plain_stamp(later_than(before["update_time"], world.clock.now()))
    after = {**_with(dict(before), body), "update_time": moved, "last_update_user_id": world.my_id}
    return data(shown(world, world.store["notes"].put(after)))


def _with(note: Values, body: Values) -> Values:
    after = {**note, **body, **{pin: bool(body[pin]) for pin in PINS if pin in body}}
    after["content"] = cleaned(after["content"])
    if all(after[parent] is None for parent in PARENTS):
        raise general(400, f"One of {', '.join(PARENTS)} must be set.", CHECK_THE_DOCS)
    loose = [pin for pin, parent in PINS.items() if after[pin] and after[parent] is None]
    if loose:
        raise general(400, f"{loose[0]} needs {PINS[loose[0]]}.", CHECK_THE_DOCS)
    return after


def _delete(world: World, request: Request) -> Answer:
    note = _living(world, request)
    moved = plain_stamp(later_than(note["update_time"], world.clock.now()))
    world.store["notes"].put({**note, "active_flag": False, "update_time": moved})
    return data(content=True)


HANDLERS: dict[str, Handler] = {
    "list_notes": _list,
    "get_note": _get,
    "create_note": _create,
    "update_note": _update,
    "delete_note": _delete,
}
