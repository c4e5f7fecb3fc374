"""One value as a text on one line: money with its currency, names beside ids, HTML as what a person sees."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pipedrive_tools.fields import KINDS, Labels
from pipedrive_tools.gate import taint
from pipedrive_tools.gate.taint import cut

HTML_FIELDS: Final = frozenset({"content", "note", "notes", "public_description"})
PLACES: Final = frozenset({"address", "location"})
"""Fields whose first part is the whole of it on one line."""
NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
OPTIONS_CHARACTERS: Final = 400
"""Longest list of a dropdown's options in a row."""

Cell = Callable[[Mapping[str, Any]], str]
"""Makes the text of one field out of a record."""


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def cell(name: str, resource: str, labels: Labels, limit: int) -> Cell:
    """What makes one column's texts."""
    known = labels.known(resource, name)
    told: dict[int | str, str] = {}

    def make(record: Mapping[str, Any]) -> str:
        value = record.get(name)
        if not known or not isinstance(value, int | str):
            return field_text(name, record, resource, labels, limit)
        if value not in told:
            told[value] = field_text(name, record, resource, labels, limit)
        return told[value]

    return make


def field_text(name: str, record: Mapping[str, Any], resource: str, labels: Labels, limit: int) -> str:
    """One field of one record."""
    value = record.get(name)
    if value is None:  # most fields of most records
        return ""
    if name == "value":
        value = money(record)
    elif name in KINDS or name == "industry":
        value = labels.beside(resource, name, value) or value
    elif name in _OF_HITS and isinstance(value, dict) and "id" in value:
        value = _linked(name, value, labels)
    return text(name, value, limit)


def money(record: Mapping[str, Any]) -> Any:
    """An amount with its currency, which deals keep beside it and leads inside."""
    value, currency = record.get("value"), record.get("currency")
    if isinstance(value, dict) and "amount" in value:
        currency, value = value.get("currency"), value.get("amount")
    if not isinstance(value, int | float) or isinstance(value, bool) or not isinstance(currency, str):
        return value
    return f"{text('value', value, 40)} {currency}"


def text(name: str, value: Any, limit: int) -> str:
    """One value on one line."""
    if isinstance(value, str):
        shown = taint.readable(value) if name in HTML_FIELDS else value
        return cut(taint.one_line(shown), limit)
    if value in NOTHING:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | list):
        return _nested(name, value, limit)
    return str(value)


def _nested(name: str, value: Any, limit: int) -> str:
    if name == "options" and isinstance(value, list):
        told = "; ".join(_option(each) for each in value)
        return cut(taint.one_line(told), max(limit, OPTIONS_CHARACTERS))
    if name in PLACES and isinstance(value, dict) and isinstance(value.get("value"), str):
        return cut(taint.one_line(value["value"]), limit)
    if name in HTML_FIELDS and isinstance(value, list):
        value = [taint.readable(each) if isinstance(each, str) else each for each in value]
    return cut(taint.one_line(_compact(value)), limit)


def _option(option: Any) -> str:
    if isinstance(option, dict) and "id" in option and "label" in option:
        return (
            str(option["label"]) if option["label"] == option["id"] else f"{option['label']} ({option['id']})"
        )
    return _compact(option)


_OF_HITS: Final = {"owner": "owner_id", "stage": "stage_id", "person": "person_id", "organization": "org_id"}


def _linked(name: str, value: Mapping[str, Any], labels: Labels) -> Any:
    """A linked record of a search hit, in the way in which a record names it."""
    if isinstance(value.get("name"), str) and value["name"]:
        return f"{value['name']} ({value['id']})"
    field = _OF_HITS.get(name)
    known = labels.beside("deals", field, value["id"]) if field and set(value) == {"id"} else None
    return known or value


def _compact(value: Any) -> str:
    """A nested value without its nulls."""
    if isinstance(value, dict):
        filled = {name: part for name, part in value.items() if part not in NOTHING}
        if set(filled) <= {"value", "primary", "label"} and isinstance(filled.get("value"), str):
            return str(filled["value"])
        return ", ".join(f"{name}={_compact(part)}" for name, part in filled.items())
    if isinstance(value, list):
        return "; ".join(_compact(part) for part in value)
    return "yes" if value is True else "no" if value is False else str(value)


def is_filled(value: Any) -> bool:
    """Whether there is something to show: custom fields that are all empty are nothing, and so is not deleted."""
    if isinstance(value, dict):
        return any(part not in NOTHING for part in value.values())
    return value not in NOTHING
