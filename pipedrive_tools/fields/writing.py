"""From what a model writes to what the API takes: one small function for each kind of field (FACTS.md, section 12)."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Literal

from pipedrive_tools.errors import ArgumentsError, UnknownNameError
from pipedrive_tools.fields.choice import choose, quoted, same
from pipedrive_tools.fields.definition import Field

Shape = Literal["v2", "v1"]
"""v2 keeps one value under one key; v1 leads spread some kinds over several keys at the root."""

TEXTS: Final = ("varchar", "varchar_auto", "text", "phone")
LINKS: Final = ("user", "org", "people")
WRITTEN_CHARACTERS: Final = 100
"""Numbers, amounts and ranges are shorter; nothing longer is taken apart."""

_ADDRESS_PARTS: Final = (
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
)
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "monetary": ("currency",),
    "daterange": ("until",),
    "timerange": ("until",),
    "address": _ADDRESS_PARTS,
}
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_MONEY: Final = re.compile(r"(?:([A-Za-z]{3}) ?)?(-?\d[\d ,.']*?) ?([A-Za-z]{3})?")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_BETWEEN: Final = re.compile(r" to | ?\.\. ?| ?/ ?| [-\u2013] ", re.IGNORECASE)


def keys(each: Field, shape: Shape = "v2") -> tuple[str, ...]:
    """The keys that a field's value lies under."""
    parts = _PARTS.get(each.kind, ()) if shape == "v1" else ()
    return (each.key, *(f"{each.key}_{part}" for part in parts))


def to_wire(each: Field, value: Any, shape: Shape = "v2") -> dict[str, Any]:
    """What the API takes for a value: one key, or several where a v1 lead spreads it."""
    if value is None or value in ("", [], {}):
        raise ArgumentsError(f"{quoted(each.name)}: a value is due; to blank the field name it in clear")
    writer = _WRITERS.get(each.kind)
    if writer is None:
        return {each.key: value}
    taken = writer(each, value)
    return {each.key: taken} if shape == "v2" else _spread(each, taken)


def _due(each: Field, what: str, value: Any = None) -> ArgumentsError:
    told = f", not {quoted(value)}" if isinstance(value, str) else ""
    return ArgumentsError(f"{quoted(each.name)}: {what} is due{told}")


def _line(each: Field, value: Any, what: str) -> str:
    """A short text with single blanks."""
    text = " ".join(str(value).split()) if isinstance(value, str | int | float) else ""
    if isinstance(value, bool) or not text or len(text) > WRITTEN_CHARACTERS:
        raise _due(each, what, value)
    return text


def _plain(value: float) -> int | float:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(each: Field, value: Any) -> str:
    if isinstance(value, dict | list | bool):
        raise _due(each, "a text")
    return str(_plain(value) if isinstance(value, float) else value)


def _number(each: Field, value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    plain = _line(each, value, "a number").replace(" ", "").replace("'", "")
    if re.fullmatch(r"-?\d{1,3},\d{3}", plain):
        raise ArgumentsError(
            f"{quoted(each.name)}: {plain!r} can be read in two ways; write it without a comma"
        )
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d+,\d{1,2}", plain):
        plain = plain.replace(".", "").replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise _due(each, "a number", value)
    return float(plain) if "." in plain and not float(plain).is_integer() else int(float(plain))


def _money(each: Field, value: Any) -> dict[str, Any]:
    what = "an amount with its currency, such as '1200 EUR',"
    if isinstance(value, dict) and set(value) <= {"value", "amount", "currency"}:
        amount, currency = value.get("value", value.get("amount")), value.get("currency")
    else:
        match = _MONEY.fullmatch(_line(each, value, what))
        amount, currency = (match[2], match[1] or match[3]) if match else (None, None)
    if not currency or amount is None:
        raise _due(each, what, value)
    return {"value": _number(each, amount), "currency": str(currency).upper()}


def _day(each: Field, value: Any) -> str:
    try:
        return date.fromisoformat(_line(each, value, "a day, written YYYY-MM-DD,")).isoformat()
    except ValueError:
        raise _due(each, "a day, written YYYY-MM-DD,", value) from None


def _clock(each: Field, value: Any) -> str:
    match = _CLOCK.fullmatch(_line(each, value, "a time, written HH:MM,"))
    if not match:
        raise _due(each, "a time, written HH:MM,", value)
    return f"{int(match[1]):02d}:{match[2]}:{match[3] or '00'}"


def _time(each: Field, value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and "value" in value:
        return {**_filled(value), "value": _clock(each, value["value"])}
    return {"value": _clock(each, value)}


def _filled(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if part is not None}


def _range(one: Callable[[Field, Any], str], example: str) -> Callable[[Field, Any], dict[str, Any]]:
    """Two ends, written with `to` or two dots between, or as value and until."""

    def write(each: Field, value: Any) -> dict[str, Any]:
        what = f"a range, such as {example!r},"
        if isinstance(value, dict) and {"value", "until"} <= set(value):
            ends, rest = [value["value"], value["until"]], _filled(value)
        else:
            ends, rest = _BETWEEN.split(_line(each, value, what)), {}
        if len(ends) != 2:  # noqa: PLR2004  # a range has two ends
            raise _due(each, what, value)
        first, last = one(each, ends[0]), one(each, ends[1])
        if one is _day and last < first:
            raise ArgumentsError(f"{quoted(each.name)}: it ends before it begins")
        return {**rest, "value": first, "until": last}

    return write


def _option(each: Field, value: Any) -> int | str:
    """The option of a label or an id; a text that is one option's label and another's id is refused."""
    given = value.get("id") if isinstance(value, dict) else value
    if isinstance(given, bool | list) or given is None:
        raise _due(each, "one of its labels")
    by_id = [option.id for option in each.options if str(option.id) == str(given)]
    if isinstance(given, int) and by_id:
        return by_id[0]
    by_label = [option.id for option in each.options if same(option.label, str(given))]
    if by_id and not set(by_label) - set(by_id):
        return by_id[0]
    if by_id:
        raise ArgumentsError(
            f"{quoted(each.name)}: {quoted(str(given))} is the label of one option and the id of another; "
            "give the id as a number"
        )
    return choose(
        f"option of {quoted(each.name)}", str(given), ((option.id, option.label) for option in each.options)
    )


def _options(each: Field, value: Any) -> list[int | str]:
    """Several labels, as a list or with commas between; a label with a comma of its own is tried whole first."""
    if isinstance(value, list):
        parts = value
    elif isinstance(value, str) and not any(same(option.label, value) for option in each.options):
        parts = [part.strip() for part in value.split(",") if part.strip()]
    else:
        parts = [value]
    found: dict[int | str, None] = {}
    wrong: list[str] = []
    for part in parts:
        try:
            found[_option(each, part)] = None
        except UnknownNameError as error:
            wrong.append(str(error))
    if wrong or not found:
        raise UnknownNameError("; ".join(wrong) or str(_due(each, "one of its labels")))
    return list(found)


def _one_option(each: Field, value: Any) -> int | str:
    if isinstance(value, list):
        raise _due(each, "one label, not a list,")
    return _option(each, value)


def _link(each: Field, value: Any) -> int:
    number = value.get("id", value.get("value")) if isinstance(value, dict) else value
    if isinstance(number, bool) or not str(number).strip().isdecimal():
        raise _due(each, "the id of a record", value)
    return int(str(number))


def _address(each: Field, value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and value.get("value"):
        return _filled(value)
    return {"value": _text(each, value)}


_WRITERS: Final[Mapping[str, Callable[[Field, Any], Any]]] = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(LINKS, _link),
    "double": _number,
    "monetary": _money,
    "enum": _one_option,
    "set": _options,
    "date": _day,
    "daterange": _range(_day, "2026-01-01 to 2026-03-31"),
    "time": _time,
    "timerange": _range(_clock, "09:00 to 17:00"),
    "address": _address,
}


def _spread(each: Field, taken: Any) -> dict[str, Any]:
    """A v2 value as v1 leads take it: flat at the root, options as texts, without a time zone."""
    if each.kind == "set":
        return {each.key: ",".join(str(part) for part in taken)}
    if each.kind == "enum":
        return {each.key: str(taken)}
    if not isinstance(taken, dict):
        return {each.key: taken}
    known = set(_PARTS.get(each.kind, ()))
    rest = {f"{each.key}_{name}": part for name, part in taken.items() if name in known}
    return {each.key: taken["value"], **rest}
