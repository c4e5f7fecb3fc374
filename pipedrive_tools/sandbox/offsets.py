"""Lists of v1: cut into pages by `start` and `limit`, and the shapes in which they tell how they go on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import Answer, data, general
from pipedrive_tools.sandbox.query import DEFAULT_LIMIT, Parser, whole
from pipedrive_tools.sandbox.world import Values, World

MOST_PER_PAGE = 500

OFFSET: Mapping[str, Parser] = MappingProxyType({"start": whole, "limit": whole})


def offset_answer(world: World, asked: Values, items: list[Any], *, nested: bool = False) -> Answer:
    """One page of a v1 list; notes always tell of the next in an object of its own."""
    start, limit = _window(world, asked)
    found = items[start : start + limit]
    more = start + limit < len(items)
    flat = {"start": start, "limit": limit, "more_items_in_collection": more}
    if nested or world.switches.v1_paging == "pagination":
        pagination = {**flat, "next_start": start + limit} if more else flat
        return data(found, additional={"pagination": pagination})
    if world.switches.v1_paging == "none":
        return data(found)
    empty = not found and world.switches.v1_paging == "null"
    return data(None if empty else found, additional=flat)


def _window(world: World, asked: Values) -> tuple[int, int]:
    start, limit = int(asked.get("start", 0)), int(asked.get("limit", DEFAULT_LIMIT))
    if start < 0:
        raise general(400, '"start" must be greater than or equal to 0')
    if limit > MOST_PER_PAGE and world.switches.limit_over_max == "clamped":
        limit = MOST_PER_PAGE
    if not 1 <= limit <= MOST_PER_PAGE:
        raise general(400, f'"limit" must be between 1 and {MOST_PER_PAGE}')
    return start, limit


def sort_keys(*allowed: str) -> Parser:
    """`field ASC, field DESC`, as v1 sorts; pairs of a field and whether it descends."""

    def parse(value: str, _world: World) -> tuple[tuple[str, bool], ...]:
        found = []
        for part in value.split(","):
            field, _, direction = part.strip().partition(" ")
            if field not in allowed or direction.upper() not in {"", "ASC", "DESC"}:
                raise ValueError(f"must hold fields out of [{', '.join(allowed)}], each with ASC or DESC")
            found.append((field, direction.upper() == "DESC"))
        return tuple(found)

    return parse


def sorted_by(items: list[dict[str, Any]], keys: tuple[tuple[str, bool], ...]) -> list[dict[str, Any]]:
    """The items in the order of these keys; without any, as they are."""
    for field, descending in reversed(keys):
        items = sorted(items, key=lambda item: _rank(item.get(field)), reverse=descending)
    return items


def _rank(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)
