"""Custom-field values of v2: what each kind of field takes (FACTS.md, section 12)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.checks import Check, day, existing, is_time, listed, number, structure, text
from pipedrive_tools.sandbox.contacts import ADDRESS
from pipedrive_tools.sandbox.money import currency
from pipedrive_tools.sandbox.world import World


def time_of_day(value: Any, _world: World) -> str | None:
    """A time of day with seconds."""
    fits = isinstance(value, str) and len(value) == len("09:30:00") and is_time(value)
    return None if fits else "must be in HH:MM:SS format"


def time_zone(value: Any, _world: World) -> str | None:
    """The name of a time zone, as IANA has it."""
    fits = isinstance(value, str) and value in available_timezones()
    return None if fits else "must be an IANA time zone name"


_TIME = structure({"value": time_of_day, "timezone_name": time_zone}, required=("value",))


def _time(value: Any, world: World) -> str | None:
    if isinstance(value, str) and world.switches.time_field_input == "string":
        return time_of_day(value, world)
    return _TIME(value, world)


_BY_KIND: Mapping[str, Check] = MappingProxyType(
    {
        "varchar": text(255),
        "varchar_auto": text(255),
        "phone": text(255),
        "text": text(),
        "double": number,
        "monetary": structure({"value": number, "currency": currency}, required=("value", "currency")),
        "date": day,
        "daterange": structure({"value": day, "until": day}, required=("value", "until")),
        "time": _time,
        "timerange": structure(
            {"value": time_of_day, "until": time_of_day, "timezone_name": time_zone},
            required=("value", "until"),
        ),
        "user": existing("users", "user"),
        "org": existing("organizations", "organization"),
        "people": existing("persons", "person"),
        "address": ADDRESS,
    }
)


def _option(definition: Record) -> Callable[[Any, World], str | None]:
    known = [each["id"] for each in definition.get("options") or ()]

    def check(value: Any, _world: World) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and value in known
        return None if fits else f"must be one of the option ids {known}"

    return check


def problem(definition: Record, value: Any, world: World) -> str | None:
    """What is wrong with the value of a custom field; null empties any of them."""
    if value is None:
        return None
    kind = definition["field_type"]
    if kind == "enum":
        return _option(definition)(value, world)
    if kind == "set":
        if value == []:
            return "must contain at least 1 item; send null to empty it"
        return listed(_option(definition))(value, world)
    return _BY_KIND[kind](value, world)


def stored(definition: Record, value: Any, world: World) -> Any:
    """The value as the server keeps it: parts that were left out are filled in."""
    kind = definition["field_type"]
    if value is None:
        return None
    if kind in {"time", "timerange"}:
        whole = {"value": value} if isinstance(value, str) else value
        return {"timezone_name": world.me["timezone_name"], **whole}
    if kind == "address":
        return dict(value)
    return value


def merged(world: World, resource: str, before: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """All custom fields of a record after a write."""
    known = world.custom_fields(resource)
    kept = {code: before.get(code) for code in known}
    return kept | {code: stored(known[code], value, world) for code, value in sent.items()}
