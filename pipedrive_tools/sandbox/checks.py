"""What a value must be: each check tells what is wrong with a value, or nothing. No type is ever coerced."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from pipedrive_tools.sandbox.clock import read_stamp
from pipedrive_tools.sandbox.world import World

Check = Callable[[Any, World], str | None]
"""What is wrong with a value, as the end of a sentence; None where nothing is."""

LARGEST = 2**53
"""Ids beyond this are refused: JSON readers elsewhere could not keep them."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
PLAIN_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def integer(value: Any, _world: World) -> str | None:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        return "must be an integer"
    return None


def number(value: Any, _world: World) -> str | None:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST:
        return "must be a number"
    return None


def boolean(value: Any, _world: World) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "must be a boolean"


def flag(value: Any, _world: World) -> str | None:
    """0 or 1, as v1 has it."""
    return None if value in (0, 1) and not isinstance(value, bool) else "must be 0 or 1"


def text(most: int = 65_000, least: int = 0) -> Check:
    """A string within these lengths."""

    def check(value: Any, _world: World) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        if len(value.strip()) < least:
            return "is not allowed to be empty"
        return None if len(value) <= most else f"length must be at most {most} characters long"

    return check


def choice(*allowed: str | int) -> Check:
    """One of a closed set."""

    def check(value: Any, _world: World) -> str | None:
        fits = not isinstance(value, bool) and value in allowed
        return None if fits else f"must be one of [{', '.join(map(str, allowed))}]"

    return check


def nullable(inner: Check) -> Check:
    """Null, or what the inner check wants."""
    return lambda value, world: None if value is None else inner(value, world)


def percent(value: Any, world: World) -> str | None:
    """A number from 0 to 100."""
    wrong = number(value, world)
    return wrong or (None if 0 <= value <= 100 else "must be between 0 and 100")  # noqa: PLR2004 - percent


def day(value: Any, _world: World) -> str | None:
    """A calendar day."""
    try:
        fits = len(value) == len("2026-01-01") and date.fromisoformat(value).isoformat() == value
    except (TypeError, ValueError):
        fits = False
    return None if fits else "must be a date in YYYY-MM-DD format"


def day_or_blank(value: Any, world: World) -> str | None:
    """A calendar day, or the empty text that the service takes for one."""
    return None if value == "" else day(value, world)


def moment(value: Any, _world: World) -> str | None:
    """An instant with its zone."""
    return None if _is_moment(value, MOMENT) else "must be a date-time in RFC 3339 format"


def plain_moment(value: Any, _world: World) -> str | None:
    """An instant in UTC without a zone."""
    return None if _is_moment(value, PLAIN_MOMENT) else "must be in YYYY-MM-DD HH:MM:SS format"


def whole_seconds(value: Any, world: World) -> str | None:
    """An instant with its zone and no fraction."""
    if wrong := moment(value, world):
        return wrong
    return "must not have fractions of a second" if "." in value else None


def clock_time(value: Any, world: World) -> str | None:
    """A time of day or a duration, to the minute."""
    forms = ("HH:MM", "HH:MM:SS") if world.switches.time_format == "both" else ("HH:MM",)
    fits = isinstance(value, str) and len(value) in map(len, forms) and is_time(value)
    return None if fits else f"must be in {' or '.join(forms)} format"


def is_time(value: str) -> bool:
    """Whether a string is a time of day with colons."""
    if not re.fullmatch(r"\d\d:\d\d(:\d\d)?", value):
        return False
    try:
        time.fromisoformat(value)
    except ValueError:
        return False
    return True


def uuid(value: Any, _world: World) -> str | None:
    """A UUID in its written form."""
    return None if is_uuid(value) else "must be a valid GUID"


def is_uuid(value: Any) -> bool:
    """Whether this is a UUID in its written form."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def listed(inner: Check, most: int = 1000) -> Check:
    """A list whose items all pass."""

    def check(value: Any, world: World) -> str | None:
        if not isinstance(value, list):
            return "must be an array"
        if len(value) > most:
            return f"must contain at most {most} items"
        wrong = next((problem for each in value if (problem := inner(each, world))), None)
        return f"items {wrong}" if wrong else None

    return check


def structure(parts: Mapping[str, Check], required: tuple[str, ...] = ()) -> Check:
    """An object with these keys and no others."""

    def check(value: Any, world: World) -> str | None:
        if not isinstance(value, dict):
            return "must be an object"
        for name in required:
            if value.get(name) is None:
                return f"needs {name!r}"
        for name, each in value.items():
            if name not in parts:
                return f"has the key {name!r}, which is not allowed"
            if wrong := parts[name](each, world):
                return f"has {name!r}, which {wrong}"
        return None

    return check


def existing(table: str, noun: str, kind: Check = integer) -> Check:
    """The key of a record that is there."""

    def check(value: Any, world: World) -> str | None:
        if wrong := kind(value, world):
            return wrong
        record = world.store[table].get(value)
        gone = record is None or record.get("is_deleted") or record.get("active_flag") is False
        return f"refers to a {noun} that was not found" if gone else None

    return check


def _is_moment(value: Any, form: re.Pattern[str]) -> bool:
    if not isinstance(value, str) or not form.fullmatch(value):
        return False
    try:
        read = read_stamp(value)
    except (ValueError, OverflowError):
        return False
    return isinstance(read, datetime)
