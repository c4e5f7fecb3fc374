"""A record line by line, custom fields in a section of their own, and what was left out."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pipedrive_tools.endpoint import Effect
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.gate import taint
from pipedrive_tools.gate.taint import cut
from pipedrive_tools.render.cells import field_text, is_filled, plural, text
from pipedrive_tools.render.view import SECTION, View, custom_in, picked, shown_fields

TEXT_CHARACTERS: Final = 4000
BESIDE: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "stage_id": (("pipeline_id", "in"), ("stage_change_time", "since")),
    "status": (("won_time", "since"), ("lost_time", "since")),
}
"""Fields that are told on the line of another one, and the word that leads to each."""
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d:\d\d(\.\d+)?Z?")


def one_record(view: View, data: Any) -> tuple[str, str]:
    """A record line by line, and what was left out of it."""
    full = view.shape.detail == "full" or bool(view.shape.fields)
    longest = max(view.budget, 2) if full else TEXT_CHARACTERS
    if not isinstance(data, dict):
        return (body, "") if (body := text("value", data, longest)) else ("", _empty(view))
    lines, notes = record_lines(view, data, longest)
    body = "\n".join(lines)
    if not body:
        return "", "; ".join([_empty(view), *notes])
    if len(body) > view.budget:
        notes.insert(0, f"showing {view.budget:,} of {len(body):,} characters; the rest is in the data")
        body = cut(body, view.budget)
    return body, "; ".join(notes)


def _empty(view: View) -> str:
    return f"{view.call.endpoint.name}: done; the answer holds nothing to show"


def record_lines(view: View, data: Mapping[str, Any], longest: int) -> tuple[list[str], list[str]]:
    """The lines of a record, custom fields in a section of their own, and what is not among them."""
    notes: list[str] = []
    days: dict[str, str] = {}
    custom = view.labels.custom(view.resource, custom_in(data))
    if view.shape.fields:
        names, customs, unknown = picked(view, [data], custom)
        if unknown:
            notes.append(f"no field here is called {', '.join(map(repr, unknown))}")
        custom = {name: custom.get(name, "") for name in customs}
    else:
        names = _named(view, data)
        if view.shape.detail != "full":
            days = _days(data, names)
        left_out = _left_out(data, names, has_times=bool(days))
        if left_out and view.call.endpoint.effect is Effect.READ:
            notes.append(f"{left_out} with detail='full'")
    lines = _field_lines(view, data, names, days, longest)
    notes += [
        f"{name} is cut: it has {len(data[name]):,} characters; for more pass fields=[{name!r}]"
        for name in names
        if isinstance(data[name], str) and len(data[name]) > longest
    ]
    if custom:
        lines += [f"{SECTION}:", *(_line(name, value, longest) for name, value in custom.items())]
    return lines, notes


def _field_lines(
    view: View, data: Mapping[str, Any], names: list[str], days: Mapping[str, str], longest: int
) -> list[str]:
    """A line for each field that is filled, or that was asked for; `days` stand for moments."""
    asked = bool(view.shape.fields)
    told = {
        name: days.get(name) or field_text(name, data, view.resource, view.labels, longest) for name in names
    }
    if not asked:
        _join(told)
    if "value" in told:
        told.pop("currency", None)
    return [
        f"{name if name.isidentifier() else taint.one_line(name)}: {value or '(empty)'}"
        for name, value in told.items()
        if value or asked
    ]


def _join(told: dict[str, str]) -> None:
    """Put fields that say more about another one beside it; a name costs tokens, and so does what is off."""
    for main, parts in BESIDE.items():
        further = [f" {word} {told.pop(name)}" for name, word in parts if told.get(main) and told.get(name)]
        if further:
            told[main] += "".join(further)
    for name in ("is_archived", "is_deleted"):
        if told.get(name) == "no":
            del told[name]


def _days(data: Mapping[str, Any], names: list[str]) -> dict[str, str]:
    """Of each moment at which something happened to a record the day, which costs half as much."""
    days: dict[str, str] = {}
    for name in names:
        if not name.endswith("_time") or not isinstance(text := data[name], str):
            continue
        if moment := _MOMENT.fullmatch(text):
            days[name] = moment[1]
    return days


def _line(name: str, value: str, longest: int) -> str:
    return f"{taint.one_line(name)}: {cut(taint.one_line(value), longest) or '(empty)'}"


def _named(view: View, data: Mapping[str, Any]) -> list[str]:
    """The fields that the entry declares, those that were asked for, and all that a job tells."""
    declared = shown_fields(view.call)
    everything = view.shape.detail == "full" or view.call.endpoint.effect is Effect.CONVERT
    further = (data.keys() if everything else data.keys() & view.asked) - set(declared)
    names = [name for name in declared if name in data]
    found = [*names, *(name for name in data if name in further)] or list(data)
    return [name for name in found if not is_key(name) and not (name == SECTION and _is_map(data[name]))]


def _left_out(data: Mapping[str, Any], names: list[str], *, has_times: bool) -> str:
    """What a concise record does not tell, in words."""
    told = {SECTION, *names}
    hidden = sum(name not in told and _is_shown(name, value) for name, value in data.items())
    return " and ".join(
        [*(["times"] if has_times else ()), *([plural(hidden, "further field")] if hidden else ())]
    )


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) or value is None


def _is_shown(name: str, value: Any) -> bool:
    """Whether a field that is left out would have something to show."""
    return is_filled(value) and (name, value) != ("is_deleted", False) and not is_key(name)
