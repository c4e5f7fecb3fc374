"""The v1 shapes of records that v2 has now, approximately: links unfolded, plain times, flat custom fields."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox import leadfields
from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.clock import plain_stamp, read_stamp
from pipedrive_tools.sandbox.derived import activities_of, next_activity_id
from pipedrive_tools.sandbox.world import World

TIMES = (
    "add_time",
    "update_time",
    "stage_change_time",
    "close_time",
    "won_time",
    "lost_time",
    "archive_time",
    "marked_as_done_time",
)

CONTACT_LABELS = ("emails", "phones")


def _plain(record: Record) -> dict[str, Any]:
    return {
        name: plain_stamp(read_stamp(value)) if name in TIMES and value else value
        for name, value in record.items()
        if name not in {"custom_fields", "label_ids", "visible_to", "is_deleted"}
    }


def _shared(world: World, record: Record) -> dict[str, Any]:
    labels = record.get("label_ids") or []
    return {
        **_plain(record),
        "label": labels[0] if labels else None,
        "label_ids": labels,
        "visible_to": str(record.get("visible_to", 3)),
        "active_flag": not record["is_deleted"],
        **(leadfields.flat(world, record) if "custom_fields" in record else {}),
    }


def _user(world: World, key: Any) -> dict[str, Any] | None:
    user = world.store["users"].get(key)
    if user is None:
        return None
    return {**{name: user[name] for name in ("id", "name", "email", "active_flag")}, "value": key}


def _person(world: World, key: Any) -> dict[str, Any] | None:
    person = world.store["persons"].get(key)
    if person is None:
        return None
    return {
        "name": person["name"],
        "email": person["emails"],
        "phone": person["phones"],
        "owner_id": person["owner_id"],
        "value": key,
    }


def _organization(world: World, key: Any) -> dict[str, Any] | None:
    organization = world.store["organizations"].get(key)
    if organization is None:
        return None
    return {
        "name": organization["name"],
        "address": (organization["address"] or {}).get("value"),
        "owner_id": organization["owner_id"],
        "value": key,
    }


def _name(linked: Mapping[str, Any] | None) -> str | None:
    return linked["name"] if linked else None


def _deal(world: World, deal: Record) -> dict[str, Any]:
    user, person = _user(world, deal["owner_id"]), _person(world, deal["person_id"])
    organization = _organization(world, deal["org_id"])
    return {
        **_shared(world, deal),
        "user_id": user,
        "creator_user_id": _user(world, deal["creator_user_id"]),
        "person_id": person,
        "org_id": organization,
        "owner_name": _name(user),
        "person_name": _name(person),
        "org_name": _name(organization),
        "active": deal["status"] == "open",
        "deleted": deal["is_deleted"],
        "next_activity_id": next_activity_id(activities_of(world, "deals", deal["id"])),
    }


def _contact(world: World, record: Record) -> dict[str, Any]:
    owner = _user(world, record["owner_id"])
    return {**_shared(world, record), "owner_id": owner, "owner_name": _name(owner)}


def _person_record(world: World, person: Record) -> dict[str, Any]:
    organization = _organization(world, person["org_id"])
    links = {"org_id": organization, "org_name": _name(organization)}
    lists = {"email": person["emails"], "phone": person["phones"]}
    return {**_contact(world, person), **links, **lists}


def _organization_record(world: World, organization: Record) -> dict[str, Any]:
    address = organization["address"] or {}
    parts = {f"address_{part}": value for part, value in address.items() if part != "value"}
    return {**_contact(world, organization), "address": address.get("value"), **parts}


def _activity(world: World, activity: Record) -> dict[str, Any]:
    linked = {
        "person_name": _name(_person(world, activity["person_id"])),
        "org_name": _name(_organization(world, activity["org_id"])),
        "owner_name": _name(_user(world, activity["owner_id"])),
    }
    return {**_shared(world, activity), **linked, "user_id": activity["owner_id"]}


def _bare(_world: World, record: Record) -> dict[str, Any]:
    return {**_plain(record), "active": not record["is_deleted"], "active_flag": not record["is_deleted"]}


SHAPES: Mapping[str, Callable[[World, Record], dict[str, Any]]] = MappingProxyType(
    {
        "deals": _deal,
        "persons": _person_record,
        "organizations": _organization_record,
        "activities": _activity,
        "pipelines": _bare,
        "stages": _bare,
    }
)
"""A record in its v1 shape, by its resource."""

RENAMED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "deals": MappingProxyType({"user_id": "owner_id"}),
        "persons": MappingProxyType({"email": "emails", "phone": "phones"}),
        "organizations": MappingProxyType({}),
        "activities": MappingProxyType({"user_id": "owner_id"}),
    }
)
"""Names of v1 bodies, with what v2 calls them."""


def v2_body(world: World, resource: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """A v1 body as v2 wants it: names as they are now, numbers as numbers, custom fields in their own object."""
    known = world.custom_fields(resource) if resource != "activities" else {}
    names = RENAMED[resource]
    body: dict[str, Any] = {}
    for name, value in sent.items():
        if name in known:
            body.setdefault("custom_fields", {})[name] = value
        elif name == "label":
            body["label_ids"] = [] if value is None else [_number(value)]
        elif name == "person_id" and resource == "activities":
            body["participants"] = [{"person_id": _number(value), "primary": True}]
        elif value is not None:
            body[names.get(name, name)] = _converted(names.get(name, name), value)
    return body


def _converted(name: str, value: Any) -> Any:
    if name in CONTACT_LABELS:
        items = value if isinstance(value, list) else [value]
        return [each if isinstance(each, dict) else {"value": each} for each in items]
    if name in {"done", "busy"}:
        return value in (1, "1", True, "true")
    if name == "address" and isinstance(value, str):
        return {"value": value}
    return _number(value) if name.endswith("_id") or name in {"value", "visible_to"} else value


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        try:
            return float(value)
        except ValueError:
            return value
