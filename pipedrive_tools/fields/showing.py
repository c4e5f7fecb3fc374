"""From what the API shows to a text: the shapes of v2, of v1 leads and of webhooks (FACTS.md, section 12)."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pipedrive_tools.fields.definition import Field, Fields

_TO_THE_SECOND: Final = re.compile(r"\d\d:\d\d:00")
NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
_BESIDE: Final = ("currency", "until")
"""Parts that a v1 lead keeps under keys of their own and that are shown."""
Linked = Callable[[str, Any], str | None]
"""The name of a linked record by the kind of field and its id, where it is known."""


def as_text(
    each: Field, value: Any, record: Mapping[str, Any] | None = None, linked: Linked | None = None
) -> str:
    """What a value says, in words; `record` holds the parts that a v1 lead keeps under keys of their own."""
    if isinstance(value, dict) and "type" in value:
        value = _untyped(value)
    if value in NOTHING:
        return ""
    if each.kind in {"enum", "set"}:
        return _labels(each, value)
    if each.kind in {"user", "org", "people"}:
        return _link(each, value, linked)
    if each.kind in {"time", "timerange"}:
        value = _to_the_minute(value)
    if isinstance(value, dict):
        return _object(value)
    if record and not isinstance(value, list):
        parts = {"value": value, **{name: record.get(f"{each.key}_{name}") for name in _BESIDE}}
        return _object(_to_the_minute(parts) if each.kind == "timerange" else parts)
    return ", ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)


def strangers(own: Fields, values: Mapping[str, Any]) -> frozenset[str]:
    """Keys of fields and ids of options among custom values that no definition tells, in words of ours."""
    found: set[str] = set()
    for key, value in values.items():
        if value in NOTHING:
            continue
        each = own.of(key)
        if each is None:
            found.add(key)
        elif each.kind in {"enum", "set"}:
            found |= {f"{key} {number}" for number in _numbers(each, value) if number not in each.labels}
    return frozenset(found)


def _labels(each: Field, value: Any) -> str:
    return ", ".join(each.labels.get(number, f"option {number}") for number in _numbers(each, value))


def _numbers(each: Field, value: Any) -> list[str]:
    """Ids of the options that a value holds, as texts."""
    parts = value if isinstance(value, list) else str(value).split(",") if each.kind == "set" else [value]
    return [str(part.get("id") if isinstance(part, dict) else part).strip() for part in parts]


def _link(each: Field, value: Any, linked: Linked | None) -> str:
    number = value.get("id", value.get("value")) if isinstance(value, dict) else value
    name = linked(each.kind, number) if linked else None
    return f"{name} ({number})" if name else _plain(number)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _untyped(value: Mapping[str, Any]) -> Any:
    """A webhook's typed value in the shape of v2."""
    if "values" in value:
        return [part.get("id") if isinstance(part, dict) else part for part in value["values"] or ()]
    if "from" in value:
        ends = {"value": value["from"], "until": value.get("until")}
        return {**ends, "timezone_name": value.get("timezone_name")}
    if set(value) <= {"type", "id"}:
        return value.get("id")
    if set(value) <= {"type", "value"}:
        return value.get("value")
    return {name: part for name, part in value.items() if name != "type"}


def _to_the_minute(value: Any) -> Any:
    """A time as people write it: its seconds are told where there are some."""
    if isinstance(value, dict):
        return {name: _to_the_minute(part) for name, part in value.items()}
    return value.removesuffix(":00") if isinstance(value, str) and _TO_THE_SECOND.fullmatch(value) else value


def _object(value: Mapping[str, Any]) -> str:
    """A value with its currency, its end, its time zone; of an address the line that holds all of it."""
    main = value.get("value")
    if main in NOTHING:
        rest = {name: part for name, part in value.items() if part not in NOTHING and name != "currency"}
        return ", ".join(f"{name}={_plain(part)}" for name, part in rest.items() if name != "timezone_name")
    until = f" to {value['until']}" if value.get("until") else ""
    after = value.get("currency") or value.get("timezone_name")
    return f"{_plain(main)}{until}{f' {after}' if after else ''}"
