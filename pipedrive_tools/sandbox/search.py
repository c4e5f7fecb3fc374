"""Search of one kind of record: a term of some length, fields to look at, filters, and thin items by score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipedrive_tools.sandbox.answers import Answer, Record, data, validation
from pipedrive_tools.sandbox.lists import offset_page
from pipedrive_tools.sandbox.matching import Hit, hit
from pipedrive_tools.sandbox.query import PAGE, Parser, one_of, parsed, some_of, string, truth, whole
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Handler, Values, World

MOST_PER_PAGE = 100
"""The reference says 500, but pages above 100 were refused (FACTS.md, section 13)."""

MOST_FILTERED = 2000
"""Filters look at this many hits only."""

LEAST_LENGTH = 2


@dataclass(frozen=True)
class Searched:
    """One kind of record that can be searched."""

    resource: str
    item_type: str
    fields: tuple[str, ...]
    item: Callable[[World, Hit], dict[str, Any]]
    """The thin item of a hit."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Filters, with the field of the record that each looks at."""
    extra: str = ""
    """What `include_fields` takes."""
    extra_value: Callable[[Record], Any] = lambda _: None

    def known(self) -> dict[str, Parser]:
        """Every parameter of the search."""
        own: dict[str, Parser] = {name: whole for name in self.links if name != "status"}
        if "status" in self.links:
            own["status"] = one_of("open", "won", "lost")
        if self.extra:
            own["include_fields"] = one_of(self.extra)
        return {**PAGE, "term": string, "fields": some_of(*self.fields), "exact_match": truth, **own}


def term_of(asked: Values) -> str:
    """The term, in lower case; one that is too short is refused."""
    term: str = asked.get("term", "").strip().lower()
    least = 1 if asked.get("exact_match") else LEAST_LENGTH
    if len(term) < least:
        raise validation([f"term: Parameter 'term' must have at least {least} characters"])
    return term


def hits(world: World, kind: Searched, term: str, fields: frozenset[str], *, exact: bool) -> list[Hit]:
    """Every record that the term finds, the best first."""
    chosen = [name for name in kind.fields if name in fields]
    records = world.store[kind.resource].seen(world.switches.search_lag)
    living = (record for record in records if not record.get("is_deleted"))
    found = [hit(world, kind.resource, each, term, chosen, exact=exact) for each in living]
    return sorted((each for each in found if each), key=lambda each: (-each.score, str(each.record["id"])))


def shown(world: World, kind: Searched, found: Hit) -> dict[str, Any]:
    """A hit as an answer has it."""
    return {"result_score": round(found.score, 5), "item": kind.item(world, found)}


def handler(kind: Searched) -> Handler:
    """The search endpoint of a kind."""
    known = kind.known()

    def handle(world: World, request: Request) -> Answer:
        asked = parsed(world, request, known)
        term, fields = term_of(asked), asked.get("fields", frozenset(kind.fields))
        found = hits(world, kind, term, fields, exact=asked.get("exact_match", False))
        kept = _filtered(found, kind, asked)
        page, additional = offset_page(world, request, asked, kept, most=MOST_PER_PAGE)
        items = [shown(world, kind, each) for each in page]
        if "include_fields" in asked:
            for each, item in zip(page, items, strict=True):
                item["item"][kind.extra.partition(".")[2]] = kind.extra_value(each.record)
        return data({"items": items}, additional=additional)

    return handle


def _filtered(found: list[Hit], kind: Searched, asked: Values) -> list[Hit]:
    wanted = {field: asked[name] for name, field in kind.links.items() if name in asked}
    if not wanted:
        return found
    return [
        each
        for each in found[:MOST_FILTERED]
        if all(each.record.get(field) == value for field, value in wanted.items())
    ]
