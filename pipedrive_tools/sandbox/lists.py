"""Lists of v2: sorted, filtered, and cut into pages by an opaque cursor."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.cursor import Place, binding, read, write
from pipedrive_tools.sandbox.query import page_size
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Values, World

MOST_PER_PAGE = 500


def place_of(world: World, request: Request, asked: Values) -> Place | None:
    """Where the page begins; None at the start."""
    if "cursor" not in asked:
        return None
    bound_to = binding(request.path, request.query)
    now = world.clock.monotonic()
    return read(asked["cursor"], bound_to, now=now, life_minutes=world.switches.cursor_minutes)


def cursor_to(world: World, request: Request, place: Place) -> str:
    """The cursor of a page that begins here."""
    return write(place, binding(request.path, request.query), world.clock.monotonic())


def page(
    world: World, request: Request, asked: Values, records: Iterable[Record], *, most: int = MOST_PER_PAGE
) -> tuple[list[Record], dict[str, Any]]:
    """One page of records, and what `additional_data` says of the next."""
    limit = page_size(world, asked, most)
    start = place_of(world, request, asked)
    field = asked.get("sort_by", "id")
    found = list(islice(_after(_sorted(records, asked, field), start, asked, field), limit + 1))
    if len(found) <= limit:
        return found, _end(world)
    last = found[limit - 1]
    return found[:limit], {"next_cursor": cursor_to(world, request, Place(last.get(field), last["id"]))}


def offset_page(
    world: World, request: Request, asked: Values, items: list[Any], *, most: int
) -> tuple[list[Any], dict[str, Any]]:
    """One page of items that have no order of their own, such as search hits."""
    limit = page_size(world, asked, most)
    start = place_of(world, request, asked)
    first = int(start.key) if start else 0
    after = first + limit
    if after >= len(items):
        return items[first:], _end(world)
    return items[first:after], {"next_cursor": cursor_to(world, request, Place(None, after))}


def _end(world: World) -> dict[str, Any]:
    """What the last page says of the next."""
    return {"next_cursor": None} if world.switches.last_cursor == "null" else {}


def _sorted(records: Iterable[Record], asked: Values, field: str) -> Iterable[Record]:
    descending = asked.get("sort_direction") == "desc"
    if field == "id" and not descending:
        return records  # tables keep the order in which records were made
    return sorted(records, key=lambda record: _rank(record, field), reverse=descending)


def _rank(record: Record, field: str) -> tuple[Any, Any]:
    value = record.get(field)
    return ("" if value is None else value), record["id"]


def _after(records: Iterable[Record], start: Place | None, asked: Values, field: str) -> Iterator[Record]:
    if start is None:
        return iter(records)
    edge = ("" if start.value is None else start.value, start.key)
    if asked.get("sort_direction") == "desc":
        return (record for record in records if _rank(record, field) < edge)
    return (record for record in records if _rank(record, field) > edge)
