"""What a write tells the world: an event in the words of either version (FACTS.md, section 15)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from pipedrive_tools.sandbox import leadfields
from pipedrive_tools.sandbox.account import COMPANY
from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.clock import lead_stamp, read_stamp
from pipedrive_tools.sandbox.store import Change
from pipedrive_tools.sandbox.views import ONLY_WHEN_ASKED
from pipedrive_tools.sandbox.world import FIELDS_OF, World

ENTITIES: Mapping[str, str] = MappingProxyType(
    {
        "activities": "activity",
        "deals": "deal",
        "leads": "lead",
        "notes": "note",
        "organizations": "organization",
        "persons": "person",
        "pipelines": "pipeline",
        "stages": "stage",
        "users": "user",
    }
)
"""Kinds of records whose changes are told, by their tables."""

OLD_WORDS: Mapping[str, str] = MappingProxyType({"create": "added", "change": "updated", "delete": "deleted"})
"""What version 1 calls an action."""

_KEY_LENGTH = 40
_UNTOLD = frozenset({"is_deleted", "update_time"})
"""Fields whose change alone is no event."""
_TIMEZONE_ID = 322


@dataclass(frozen=True)
class Event:
    """One thing that happened; each webhook tells it under a number of its own."""

    action: str
    entity: str
    key: int | str
    user_id: int
    source: str
    """`app` or `api`."""
    moment: str
    data: Mapping[str, Any] | None
    previous: Mapping[str, Any] | None
    permitted: tuple[int, ...] | None
    """Users who may see it; None for users themselves."""
    correlation: str = field(default_factory=lambda: str(uuid4()))


def event_of(world: World, change: Change) -> Event | None:
    """The event of a write; None where it changed nothing that is told."""
    entity = ENTITIES.get(change.resource)
    before, after = _told(world, change.resource, change.before), _told(world, change.resource, change.after)
    if entity is None or (before is None and after is None):
        return None
    if before is None or after is None:
        action, previous = ("create", None) if before is None else ("delete", before)
    else:
        action, previous = "change", _changed(before, after)
        if not previous:
            return None
    record = change.after or change.before or {}
    everybody = tuple(
        int(each["id"]) for each in world.store["users"].records() if each.get("active_flag", True)
    )
    return Event(
        action=action,
        entity=entity,
        key=record["id"],
        user_id=world.actor or world.my_id,
        source="app" if world.actor else "api",
        moment=lead_stamp(world.clock.now()),
        data=after,
        previous=previous,
        permitted=None if entity == "user" else everybody,
    )


def payload(event: Event, hook: Record, number: str, attempt: int, *, in_digits: bool) -> dict[str, Any]:
    """The body of one delivery."""
    return (_version_1 if hook["version"] == "1.0" else _version_2)(event, hook, number, attempt, in_digits)


def _version_2(event: Event, hook: Record, number: str, attempt: int, in_digits: bool) -> dict[str, Any]:
    written = (lambda value: value) if in_digits else str
    permitted = (
        {} if event.permitted is None else {"permitted_user_ids": [written(each) for each in event.permitted]}
    )
    return {
        "meta": {
            "action": event.action,
            "entity": event.entity,
            "entity_id": written(event.key),
            "company_id": written(COMPANY["company_id"]),
            "user_id": written(event.user_id),
            "id": number,
            "correlation_id": event.correlation,
            "webhook_id": written(hook["id"]),
            "webhook_owner_id": written(hook["owner_id"]),
            "type": hook["type"],
            "version": "2.0",
            "attempt": attempt,
            "change_source": event.source,
            "is_bulk_edit": False,
            "timestamp": _seconds(event) if in_digits else event.moment,
            "host": f"{COMPANY['company_domain']}.pipedrive.com",
            **permitted,
        },
        "data": event.data,
        "previous": event.previous,
    }


def _version_1(event: Event, hook: Record, _number: str, attempt: int, _in_digits: bool) -> dict[str, Any]:
    action = OLD_WORDS[event.action]
    before = {**(event.data or {}), **(event.previous or {})} if event.action == "change" else event.previous
    return {
        "v": 1,
        "matches_filters": {"current": [], "previous": []},
        "meta": {
            "v": 1,
            "action": action,
            "object": event.entity,
            "id": event.key,
            "company_id": COMPANY["company_id"],
            "user_id": event.user_id,
            "host": f"{COMPANY['company_domain']}.pipedrive.com",
            "timestamp": _seconds(event),
            "timestamp_micro": _seconds(event) * 1_000_000,
            "permitted_user_ids": list(event.permitted or ()),
            "trans_pending": False,
            "is_bulk_update": False,
            "change_source": event.source,
            "webhook_id": str(hook["id"]),
        },
        "retry": attempt - 1,
        "current": event.data,
        "previous": before,
        "event": f"{action}.{event.entity}",
    }


def _seconds(event: Event) -> int:
    return int(read_stamp(event.moment).timestamp())


def _told(world: World, resource: str, record: Record | None) -> dict[str, Any] | None:
    """A record as events show it; one in the bin is none."""
    if record is None or record.get("is_deleted") or record.get("active_flag") is False:
        return None
    hidden = ONLY_WHEN_ASKED | {"is_deleted"}
    shown = {name: value for name, value in record.items() if name not in hidden and len(name) < _KEY_LENGTH}
    if shown.get("visible_to") is not None:
        shown["visible_to"] = str(shown["visible_to"])
    if resource in FIELDS_OF and resource != "activities":
        values = leadfields.nested(world, record) if resource == "leads" else record["custom_fields"]
        kinds = world.custom_fields(resource)
        shown["custom_fields"] = {
            code: typed(kinds[code]["field_type"], value) for code, value in values.items() if code in kinds
        }
    return shown


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What the changed fields held before."""
    previous = {
        name: value for name, value in before.items() if value != after.get(name) and name not in _UNTOLD
    }
    if "custom_fields" in previous:
        now = after["custom_fields"]
        previous["custom_fields"] = {
            code: value for code, value in previous["custom_fields"].items() if value != now.get(code)
        }
    return previous


def typed(kind: str, value: Any) -> dict[str, Any] | None:
    """A custom field as events show it (FACTS.md, section 12, last column)."""
    if value is None:
        return None
    if kind in {"enum", "user", "org", "people"}:
        return {"type": kind, "id": value}
    if kind == "set":
        return {"type": kind, "values": [{"id": each} for each in value]}
    if not isinstance(value, Mapping):
        return {"type": kind, "value": value}
    shown = {"type": kind, **value}
    if kind in {"daterange", "timerange"}:
        shown["from"] = shown.pop("value")
    if kind in {"time", "timerange"}:
        shown["timezone_id"] = _TIMEZONE_ID
    return shown
