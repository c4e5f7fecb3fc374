"""Search over several kinds at once, and the search of one field for autocompletion."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import Answer, Record, data, validation
from pipedrive_tools.sandbox.lists import offset_page
from pipedrive_tools.sandbox.matching import Hit
from pipedrive_tools.sandbox.query import PAGE, one_of, parsed, some_of, string, truth
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.search import MOST_PER_PAGE, hits, shown, term_of
from pipedrive_tools.sandbox.searchitems import KINDS
from pipedrive_tools.sandbox.world import Handler, World

MOST_BY_FIELD = 500

_EVERYTHING = {
    **PAGE,
    "term": string,
    "item_types": some_of(
        "deal", "person", "organization", "product", "lead", "file", "mail_attachment", "project"
    ),
    "fields": some_of(
        "address", "code", "custom_fields", "email", "name", "notes", "phone", "title", "description"
    ),
    "search_for_related_items": truth,
    "exact_match": truth,
    "include_fields": some_of("deal.cc_email", "person.picture", "product.price"),
}

_ONE_FIELD = {
    **PAGE,
    "term": string,
    "entity_type": one_of("deal", "lead", "person", "organization", "product", "project"),
    "match": one_of("exact", "beginning", "middle"),
    "field": string,
}

ALL_FIELDS = frozenset({"title", "name", "email", "phone", "address", "custom_fields", "notes"})

FITS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {
        "exact": lambda text, term: text == term,
        "beginning": lambda text, term: text.startswith(term),
        "middle": lambda text, term: term in text,
    }
)


def _everything(world: World, request: Request) -> Answer:
    asked = parsed(world, request, _EVERYTHING)
    term, types = term_of(asked), asked.get("item_types", frozenset(KINDS))
    fields, exact = asked.get("fields", ALL_FIELDS), asked.get("exact_match", False)
    found = [
        shown(world, kind, each)
        for name, kind in KINDS.items()
        if name in types
        for each in hits(world, kind, term, fields, exact=exact)
    ]
    found.sort(key=lambda each: -each["result_score"])
    page, additional = offset_page(world, request, asked, found, most=MOST_PER_PAGE)
    related = _related(world, page) if asked.get("search_for_related_items") else []
    return data({"items": page, "related_items": related}, additional=additional)


def _related(world: World, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Deals of the persons and organizations among the items."""
    links = {"person": "person_id", "organization": "org_id"}
    named = {each["item"]["id"] for each in items if each["item"]["type"] == "deal"}
    deals = {
        deal["id"]: deal
        for each in items
        if each["item"]["type"] in links
        for deal in world.store.linked("deals", links[each["item"]["type"]], each["item"]["id"])
        if not deal["is_deleted"] and deal["id"] not in named
    }
    return [{**shown(world, KINDS["deal"], Hit(deal, 0.0)), "result_score": 0} for deal in deals.values()]


def _by_field(world: World, request: Request) -> Answer:
    asked = parsed(world, request, _ONE_FIELD)
    if missing := [name for name in ("term", "entity_type", "field") if not asked.get(name)]:
        raise validation([f"{name}: Parameter '{name}' is required" for name in missing])
    kind, fits = KINDS.get(asked["entity_type"]), FITS[asked.get("match", "exact")]
    records = list(world.store[kind.resource].records()) if kind else []
    found = [
        {"result_score": 1, "item": {"id": each["id"], "name": text}}
        for each in records
        if not each.get("is_deleted") and (text := _text(each, asked["field"])) and fits(text, asked["term"])
    ]
    page, additional = offset_page(world, request, asked, found, most=MOST_BY_FIELD)
    return data(page, additional=additional)


def _text(record: Record, field: str) -> str:
    value = record.get(field, (record.get("custom_fields") or {}).get(field))
    if isinstance(value, dict):
        value = value.get("value")
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


HANDLERS: dict[str, Handler] = {"search_items": _everything, "search_items_by_field": _by_field}
