"""The thin items of a search: emails as plain strings, links with their names, values beside their currency."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.matching import Hit
from pipedrive_tools.sandbox.search import Searched, handler
from pipedrive_tools.sandbox.world import Handler, World


def _named(world: World, table: str, key: Any, *names: str) -> dict[str, Any] | None:
    record = world.store[table].get(key)
    return None if record is None else {name: record[name] for name in ("id", *names)}


def _organization(world: World, key: Any) -> dict[str, Any] | None:
    found = _named(world, "organizations", key, "name", "address")
    return found and {**found, "address": (found["address"] or {}).get("value")}


def _without_nulls(world: World, item: dict[str, Any], *names: str) -> dict[str, Any]:
    if world.switches.null_fields == "sent":
        return item
    return {name: value for name, value in item.items() if not (value is None and name in names)}


def _shared(found: Hit) -> dict[str, Any]:
    return {"custom_fields": found.custom_fields, "notes": found.notes}


def _deal(world: World, found: Hit) -> dict[str, Any]:
    deal = found.record
    return {
        "id": deal["id"],
        "type": "deal",
        "title": deal["title"],
        "value": int(deal["value"]),
        "currency": deal["currency"],
        "status": deal["status"],
        "visible_to": deal["visible_to"],
        "owner": {"id": deal["owner_id"]},
        "stage": _named(world, "stages", deal["stage_id"], "name"),
        "person": _named(world, "persons", deal["person_id"], "name"),
        "organization": _organization(world, deal["org_id"]),
        **_shared(found),
        "is_archived": deal["is_archived"],
    }


def _person(world: World, found: Hit) -> dict[str, Any]:
    person = found.record
    item = {
        "id": person["id"],
        "type": "person",
        "name": person["name"],
        "phones": [each["value"] for each in person["phones"]],
        "emails": [each["value"] for each in person["emails"]],
        "visible_to": person["visible_to"],
        "owner": {"id": person["owner_id"]},
        "organization": _organization(world, person["org_id"]),
        **_shared(found),
    }
    return _without_nulls(world, item, "organization")


def _organization_item(world: World, found: Hit) -> dict[str, Any]:
    organization = found.record
    item = {
        "id": organization["id"],
        "type": "organization",
        "name": organization["name"],
        "address": (organization["address"] or {}).get("value"),
        "visible_to": organization["visible_to"],
        "owner": {"id": organization["owner_id"]},
        **_shared(found),
    }
    return _without_nulls(world, item, "address")


def _lead(world: World, found: Hit) -> dict[str, Any]:
    lead = found.record
    person = world.store["persons"].get(lead["person_id"]) or {"phones": (), "emails": ()}
    value = lead["value"] or {"amount": None, "currency": None}
    item = {
        "id": lead["id"],
        "type": "lead",
        "title": lead["title"],
        "owner": {"id": lead["owner_id"]},
        "person": _named(world, "persons", lead["person_id"], "name"),
        "organization": _organization(world, lead["organization_id"]),
        "phones": [each["value"] for each in person["phones"]],
        "emails": [each["value"] for each in person["emails"]],
        **_shared(found),
        "value": None if value["amount"] is None else int(value["amount"]),
        "currency": value["currency"],
        "visible_to": int(lead["visible_to"]),
        "is_archived": lead["is_archived"],
    }
    return _without_nulls(world, item, "person", "organization", "value", "currency")


KINDS: Mapping[str, Searched] = MappingProxyType(
    {
        "deal": Searched(
            "deals",
            "deal",
            ("title", "custom_fields", "notes"),
            _deal,
            MappingProxyType({"person_id": "person_id", "organization_id": "org_id", "status": "status"}),
            "deal.cc_email",
            lambda record: f"sandbox+deal{record['id']}@pipedrivemail.com",
        ),
        "person": Searched(
            "persons",
            "person",
            ("name", "email", "phone", "custom_fields", "notes"),
            _person,
            MappingProxyType({"organization_id": "org_id"}),
            "person.picture",
        ),
        "organization": Searched(
            "organizations", "organization", ("name", "address", "custom_fields", "notes"), _organization_item
        ),
        "lead": Searched(
            "leads",
            "lead",
            ("title", "custom_fields", "notes"),
            _lead,
            MappingProxyType({"person_id": "person_id", "organization_id": "organization_id"}),
            "lead.was_seen",
            lambda record: record["was_seen"],
        ),
    }
)
"""What can be searched, by the type of its items."""

HANDLERS: dict[str, Handler] = {f"search_{kind.resource}": handler(kind) for kind in KINDS.values()}
