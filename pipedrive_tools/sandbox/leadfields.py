"""Custom fields of leads: those of deals, flat at the root of a lead, in v1 style; and both ways between the two."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.checks import Check, day, existing, number, text
from pipedrive_tools.sandbox.contacts import ADDRESS_PARTS
from pipedrive_tools.sandbox.customfields import time_of_day
from pipedrive_tools.sandbox.money import currency
from pipedrive_tools.sandbox.world import Values, World

PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "monetary": ("currency",),
        "daterange": ("until",),
        "timerange": ("until",),
        "address": ADDRESS_PARTS[1:],
    }
)
"""What stands beside the key of a field, after an underscore."""

_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "varchar": text(255),
        "varchar_auto": text(255),
        "phone": text(255),
        "text": text(),
        "double": number,
        "monetary": number,
        "date": day,
        "daterange": day,
        "time": time_of_day,
        "timerange": time_of_day,
        "user": existing("users", "user"),
        "org": existing("organizations", "organization"),
        "people": existing("persons", "person"),
        "address": text(),
    }
)
_PART_CHECKS: Mapping[str, Check] = MappingProxyType(
    {"monetary": currency, "daterange": day, "timerange": time_of_day, "address": text(255)}
)


def _options(definition: Record) -> Check:
    known = {str(each["id"]) for each in definition.get("options") or ()}

    def check(value: Any, _world: World) -> str | None:
        chosen = str(value).split(",") if definition["field_type"] == "set" else [str(value)]
        fits = isinstance(value, str | int) and not isinstance(value, bool) and set(chosen) <= known
        return None if fits else f"must be among the option ids {sorted(known)}"

    return check


def _or_null(inner: Check) -> Check:
    return lambda value, world: None if value is None else inner(value, world)


def checks(world: World) -> dict[str, Check]:
    """What the flat keys of a lead must hold."""
    found = {}
    for code, definition in world.custom_fields("leads").items():
        kind = definition["field_type"]
        found[code] = _or_null(_options(definition) if kind in {"enum", "set"} else _CHECKS[kind])
        found |= {f"{code}_{part}": _or_null(_PART_CHECKS[kind]) for part in PARTS.get(kind, ())}
    return found


def stored(world: World, values: Values) -> Values:
    """Flat values as a lead keeps them: options are strings, what is null is not there."""
    known = world.custom_fields("leads")
    return {
        key: str(value) if known.get(key, {}).get("field_type") in {"enum", "set"} else value
        for key, value in values.items()
        if value is not None
    }


def nested(world: World, lead: Record) -> dict[str, Any]:
    """The flat fields of a lead as the custom fields of a deal."""
    return {
        code: _nested(world, definition, lead) for code, definition in world.custom_fields("deals").items()
    }


def _nested(world: World, definition: Record, lead: Record) -> Any:
    code, kind = definition["field_code"], definition["field_type"]
    value = lead.get(code)
    if value is None:
        return None
    if kind == "enum":
        return int(value)
    if kind == "set":
        return [int(each) for each in str(value).split(",")]
    zone = {"timezone_name": world.me["timezone_name"]} if kind in {"time", "timerange"} else {}
    if kind == "time" or kind in PARTS:
        parts = {part: lead.get(f"{code}_{part}") for part in PARTS.get(kind, ())}
        return {"value": value, **parts, **zone}
    return value


def flat(world: World, deal: Record) -> dict[str, Any]:
    """The custom fields of a deal as the flat fields of a lead."""
    found: dict[str, Any] = {}
    for code, definition in world.custom_fields("deals").items():
        value, kind = deal["custom_fields"].get(code), definition["field_type"]
        if isinstance(value, dict):
            found |= {f"{code}_{part}": value.get(part) for part in PARTS.get(kind, ())}
            value = value["value"]
        elif isinstance(value, list):
            value = ",".join(map(str, value))
        found[code] = value
    return stored(world, found)
