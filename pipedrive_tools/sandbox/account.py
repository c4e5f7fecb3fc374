"""The account: users, activity types, lead labels and sources, currencies, filters, and field definitions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import Answer, Record, data, general, missing
from pipedrive_tools.sandbox.data import COMPANY_ID
from pipedrive_tools.sandbox.lists import MOST_PER_PAGE, offset_page
from pipedrive_tools.sandbox.money import CURRENCIES
from pipedrive_tools.sandbox.offsets import OFFSET, offset_answer
from pipedrive_tools.sandbox.query import PAGE, parsed, parsed_v1, some_of
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Handler, World

COMPANY: Mapping[str, Any] = MappingProxyType(
    {
        "company_id": COMPANY_ID,
        "company_name": "Sandbox",
        "company_domain": "sandbox",
        "company_country": "EE",
        "company_industry": "Software",
        "language": {"language_code": "en", "country_code": "US"},
    }
)
"""What rides along with the calling user."""

LEAD_SOURCES = (
    "Manually created",
    "Deal",
    "Web forms",
    "Prospector",
    "Leadbooster",
    "Live chat",
    "Import",
    "Website visitors",
    "Workflow automation",
    "API",
)

_VISIBILITY = {"ui_visibility": {"add_visible_flag": True, "details_visible_flag": True}}
_CONTACT_EXTRAS = {
    **_VISIBILITY,
    "important_fields": {"enabled": False, "stage_ids": []},
    "required_fields": {"enabled": False},
}

FIELD_EXTRAS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "deal_fields": {
            **_CONTACT_EXTRAS,
            "required_fields": {"enabled": False, "stage_ids": [], "statuses": {}},
        },
        "person_fields": _CONTACT_EXTRAS,
        "organization_fields": _CONTACT_EXTRAS,
        "activity_fields": _VISIBILITY,
    }
)
"""What `include_fields` adds to a field definition, and what it is where the definition does not say."""


def _current_user(world: World, _request: Request) -> Answer:
    return data({**world.me, **COMPANY})


def _user(world: World, request: Request) -> Answer:
    record = world.store["users"].get(request.number(0, "user"))
    if record is None:
        raise general(404, "User not found or not accessible.", with_data=False)
    return data(dict(record))


def _find_users(world: World, request: Request) -> Answer:
    term = request.query.get("term", "").lower()
    if not term:
        raise general(400, "Search term is required")
    field = "email" if request.query.get("search_by_email") == "1" else "name"
    return data([dict(each) for each in world.store["users"].records() if term in each[field].lower()])


def _whole(table: str) -> Handler:
    """A v1 list that is not paged."""

    def handle(world: World, _request: Request) -> Answer:
        return data([dict(each) for each in world.store[table].records()])

    return handle


def _sources(_world: World, _request: Request) -> Answer:
    return data([{"name": each} for each in LEAD_SOURCES])


def _currencies(_world: World, request: Request) -> Answer:
    term = request.query.get("term", "").lower()
    return data([each for each in CURRENCIES if term in f"{each['code']} {each['name']}".lower()])


def _filters(_world: World, _request: Request) -> Answer:
    return data([])


def _list_fields(table: str) -> Handler:
    known = {**PAGE, "include_fields": some_of(*sorted(FIELD_EXTRAS[table]))}

    def handle(world: World, request: Request) -> Answer:
        asked = parsed(world, request, known)
        definitions = list(world.store[table].records())
        found, additional = offset_page(world, request, asked, definitions, most=MOST_PER_PAGE)
        shown = [_definition(table, each, asked.get("include_fields", frozenset())) for each in found]
        return data(shown, additional=additional)

    return handle


def _get_field(table: str) -> Handler:
    known = {"include_fields": some_of(*sorted(FIELD_EXTRAS[table]))}

    def handle(world: World, request: Request) -> Answer:
        asked = parsed(world, request, known)
        record = world.store[table].get(request.arguments[0])
        if record is None:
            raise missing("Field")
        return data(_definition(table, record, asked.get("include_fields", frozenset())))

    return handle


def _definition(table: str, record: Record, extras: frozenset[str]) -> dict[str, Any]:
    known = FIELD_EXTRAS[table]
    plain = {name: value for name, value in record.items() if name not in known}
    return {**plain, **{name: record.get(name, known[name]) for name in known if name in extras}}


def _lead_fields(world: World, request: Request) -> Answer:
    asked = parsed_v1(world, request, OFFSET)
    return offset_answer(world, asked, [dict(each) for each in world.store["lead_fields"].records()])


HANDLERS: dict[str, Handler] = {
    "list_users": _whole("users"),
    "get_user": _user,
    "get_current_user": _current_user,
    "find_users": _find_users,
    "list_activity_types": _whole("activity_types"),
    "list_lead_labels": _whole("lead_labels"),
    "list_lead_sources": _sources,
    "list_lead_fields": _lead_fields,
    "list_currencies": _currencies,
    "list_filters": _filters,
    **{
        name: handler
        for noun in ("deal", "person", "organization", "activity")
        for name, handler in (
            (f"list_{noun}_fields", _list_fields(f"{noun}_fields")),
            (f"get_{noun}_field", _get_field(f"{noun}_fields")),
        )
    },
}
