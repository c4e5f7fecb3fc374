"""The query of a v2 call, parsed by a table of parameters; what the table does not name is refused."""

from collections.abc import Callable, Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import general, validation
from pipedrive_tools.sandbox.checks import day, is_uuid, whole_seconds
from pipedrive_tools.sandbox.clock import read_stamp, stamp
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Values, World

MOST_IDS = 100
MOST_CUSTOM_FIELDS = 15
DEFAULT_LIMIT = 100
LIMIT_DIGITS = 18

Parser = Callable[[str, World], Any]
"""Text to value; a ValueError tells what is wrong."""


def whole(value: str, _world: World) -> int:
    """An integer."""
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LIMIT_DIGITS):
        raise ValueError("must be an integer")
    return int(value)


def string(value: str, _world: World) -> str:
    """Any text."""
    return value


def truth(value: str, _world: World) -> bool:
    """`true` or `false`."""
    if value not in {"true", "false"}:
        raise ValueError("must be a boolean")
    return value == "true"


def flag(value: str, _world: World) -> bool:
    """`0` or `1`, as v1 has it."""
    if value not in {"0", "1"}:
        raise ValueError("must be 0 or 1")
    return value == "1"


def guid(value: str, _world: World) -> str:
    """A UUID."""
    if not is_uuid(value):
        raise ValueError("must be a valid GUID")
    return value.lower()


def instant(value: str, world: World) -> str:
    """A moment without fractions, as v2 writes it."""
    if why := whole_seconds(value.replace(" ", "+"), world):
        raise ValueError(why)
    return stamp(read_stamp(value.replace(" ", "+")).astimezone(UTC))


def calendar_day(value: str, world: World) -> str:
    """A day."""
    if why := day(value, world):
        raise ValueError(why)
    return value


def one_of(*allowed: str) -> Parser:
    """One of a closed set."""

    def parse(value: str, _world: World) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of [{', '.join(allowed)}]")
        return value

    return parse


def some_of(*allowed: str) -> Parser:
    """A comma list out of a closed set."""

    def parse(value: str, _world: World) -> frozenset[str]:
        found = value.split(",")
        if strange := [each for each in found if each not in allowed]:
            raise ValueError(f"must hold only [{', '.join(allowed)}], not {strange[0]!r}")
        return frozenset(found)

    return parse


def id_list(value: str, world: World) -> frozenset[int]:
    """A comma list of at most 100 ids."""
    found = value.split(",")
    if len(found) > MOST_IDS:
        raise ValueError(f"must contain at most {MOST_IDS} ids")
    return frozenset(whole(each, world) for each in found)


def key_list(value: str, _world: World) -> tuple[str, ...]:
    """A comma list of at most 15 custom-field keys."""
    found = tuple(value.split(","))
    if len(found) > MOST_CUSTOM_FIELDS:
        raise ValueError(f"must contain at most {MOST_CUSTOM_FIELDS} keys")
    return found


DIRECTION = one_of("asc", "desc")
PAGE: Mapping[str, Parser] = MappingProxyType({"limit": whole, "cursor": string})


def parsed(world: World, request: Request, known: Mapping[str, Parser]) -> Values:
    """The query as values; every problem is told at once, in shape 2."""
    values, problems = {}, []
    for name, value in request.query.items():
        if name == "api_token":
            continue
        if name not in known:
            problems.append(f"{name}: Parameter '{name}' is not allowed for this request")
            continue
        try:
            values[name] = known[name](value, world)
        except ValueError as why:
            problems.append(f"{name}: Parameter '{name}' {why}")
    if problems:
        raise validation(problems)
    return values


def parsed_v1(world: World, request: Request, known: Mapping[str, Parser]) -> Values:
    """The query of a v1 call: unknown keys are passed over, wrong values refused in shape 1."""
    values = {}
    for name, value in request.query.items():
        if name not in known:
            continue
        try:
            values[name] = known[name](value, world)
        except ValueError as why:
            raise general(400, f'"{name}" {why}') from None
    return values


def page_size(world: World, asked: Values, most: int) -> int:
    """The page size, which the maximum bounds."""
    limit = int(asked.get("limit", DEFAULT_LIMIT))
    if limit > most and world.switches.limit_over_max == "clamped":
        return most
    if not 1 <= limit <= most:
        raise validation([f"limit: Parameter 'limit' must be between 1 and {most}"])
    return limit
