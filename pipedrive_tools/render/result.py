"""What a call gave: a record line by line, a list in rows, and what was left out of either."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final, cast

from pipedrive_tools.endpoint import Call, Effect, Paging
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.fields import Labels
from pipedrive_tools.fields.choice import folded
from pipedrive_tools.gate import taint
from pipedrive_tools.render.cells import NOTHING, cell, cut, field_text, money, text
from pipedrive_tools.render.nothing import nothing_found
from pipedrive_tools.render.shape import CONCISE, Shape
from pipedrive_tools.state.budget import Today
from pipedrive_tools.wire import Answer

CHARACTERS_PER_TOKEN: Final = 3
"""Rows of names and numbers hold fewer characters a token than prose."""
CELL_CHARACTERS: Final = 80
"""Longest text in a row of a list; a single record shows more."""
TEXT_CHARACTERS: Final = 4000
SHARED_FROM: Final = 5
"""From so many rows on, what all of them share is said once."""
NAMES_SHOWN: Final = 12
LISTED_ONCE: Final = frozenset({"owner_id", "user_id", "creator_user_id", "stage_id", "pipeline_id"})
"""Ids whose names stand alone in long tables: which id a name has is said once, above."""
SECTION: Final = "custom_fields"
UNROWED: Final = frozenset(
    {
        "add_time",
        "attendees",
        "busy",
        "custom_fields",
        "default_currency",
        "first_name",
        "items",
        "last_name",
        "lost_time",
        "location",
        "marked_as_done_time",
        "participants",
        "probability",
        "stage_change_time",
        "subfields",
        "update_time",
        "visible_to",
        "was_seen",
        "won_time",
    }
)
"""Fields that rows leave out unless they are asked for, or the list is sorted by them."""


@dataclass(frozen=True)
class Left:
    """What is left of a run's budget."""

    tokens: int
    of: int


def shown_fields(call: Call[Any]) -> tuple[str, ...]:
    """Names of the fields that the entry's result type declares, in its order."""
    return _declared(cast("Hashable", call.endpoint.returns))


@cache
def _declared(returns: Any) -> tuple[str, ...]:
    record = next(iter(getattr(returns, "__args__", (returns,))))
    return tuple(getattr(record, "model_fields", ()))


def result(
    call: Call[Any],
    answer: Answer,
    *,
    tag: str,
    limit_tokens: int,
    today: Today | None = None,
    labels: Labels | None = None,
    shape: Shape = CONCISE,
    left: Left | None = None,
) -> str:
    """What a call gave, for the model."""
    records = _records(answer.data)
    view = View(call, shape, labels or Labels(), limit_tokens * CHARACTERS_PER_TOKEN)
    if records is None:
        body, note = _one(view, answer.data)
    else:
        body, note = _many(view, answer, records)
    # The run that reads may have written before: a tag in a text is one that the model was made to copy.
    lines = [taint.fence(body.replace(tag, "…"), tag)] if body else []
    return "\n".join([*([note] if note else []), *lines, cost_line(answer.tokens, today, left)])


@dataclass(frozen=True)
class View:
    """Through what an answer is looked at."""

    call: Call[Any]
    shape: Shape
    labels: Labels
    budget: int
    """Characters that may be shown."""

    @property
    def resource(self) -> str:
        """Kind of the records."""
        return self.call.endpoint.resource

    @cached_property
    def asked(self) -> frozenset[str]:
        """Fields that the call itself asks for, by name or by sorting."""
        extra = self.call.values.get("include_fields")
        sorted_by = str(self.call.values.get("sort_by") or self.call.values.get("sort") or "").split(" ")
        return frozenset([*(map(str, extra) if isinstance(extra, list) else ()), *sorted_by])


def cost_line(tokens: int, today: Today | None, left: Left | None) -> str:
    """What a result cost, and what is left."""
    line = f"cost: {tokens} Pipedrive tokens"
    if left is not None:
        line += f"; {left.tokens:,} of {left.of:,} left for this run"
    if today is None:
        return line
    warning = f" ({today.warning})" if today.warning else ""
    return f"{line}; {today.used:,} of {today.limit:,} used today{warning}"


def _records(data: Any) -> list[Mapping[str, Any]] | None:
    """The records of a list or a search; None for a single record."""
    if isinstance(data, list):
        return [item if isinstance(item, dict) else {"value": item} for item in data]
    if isinstance(data, dict) and isinstance(data.get("items"), list):
        return [_hit(hit) for hit in data["items"]]
    return None


def _hit(hit: Any) -> Mapping[str, Any]:
    item = hit.get("item") if isinstance(hit, dict) else None
    return {"score": hit.get("result_score"), **item} if isinstance(item, dict) else {"value": hit}


def _one(view: View, data: Any) -> tuple[str, str]:
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
    custom = view.labels.custom(view.resource, _custom_in(data))
    if view.shape.fields:
        names, customs, unknown = _picked(view, [data], custom)
        if unknown:
            notes.append(f"no field here is called {', '.join(map(repr, unknown))}")
        custom = {name: custom.get(name, "") for name in customs}
    else:
        names = _named(view, data)
        told = {SECTION, *names}
        hidden = sum(name not in told and _is_shown(name, value) for name, value in data.items())
        if hidden and view.call.endpoint.effect is Effect.READ:
            notes.append(f"{hidden} further fields with detail='full'")
    lines = _field_lines(view, data, names, longest)
    notes += [
        f"{name} is cut: it has {len(data[name]):,} characters; for more pass fields=[{name!r}]"
        for name in names
        if isinstance(data[name], str) and len(data[name]) > longest
    ]
    if custom:
        lines += [f"{SECTION}:", *(f"  {_line(name, value, longest)}" for name, value in custom.items())]
    return lines, notes


def _field_lines(view: View, data: Mapping[str, Any], names: list[str], longest: int) -> list[str]:
    """A line for each field that is filled, or that was asked for."""
    asked = bool(view.shape.fields)
    has_value = "value" in names
    lines = []
    for name in names:
        if (name == "currency" and has_value) or (name == "is_deleted" and data[name] is False and not asked):
            continue
        value = field_text(name, data, view.resource, view.labels, longest)
        if value or asked:
            lines.append(f"{name if name.isidentifier() else taint.one_line(name)}: {value or '(empty)'}")
    return lines


def _line(name: str, value: str, longest: int) -> str:
    return f"{taint.one_line(name)}: {cut(taint.one_line(value), longest) or '(empty)'}"


def _custom_in(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Custom values, which leads keep beside the others."""
    own = data.get(SECTION)
    return own if isinstance(own, dict) else {name: value for name, value in data.items() if is_key(name)}


def _named(view: View, data: Mapping[str, Any]) -> list[str]:
    """The fields that the entry declares, those that were asked for, and all that a job tells."""
    declared = shown_fields(view.call)
    everything = view.shape.detail == "full" or view.call.endpoint.effect is Effect.CONVERT
    further = (data.keys() if everything else data.keys() & view.asked) - set(declared)
    names = [name for name in declared if name in data]
    found = [*names, *(name for name in data if name in further)] or list(data)
    return [name for name in found if not is_key(name) and not (name == SECTION and _is_map(data[name]))]


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) or value is None


def _is_shown(name: str, value: Any) -> bool:
    """Whether a field that is left out would have something to show."""
    return _is_filled(value) and (name, value) != ("is_deleted", False) and not is_key(name)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(taint.one_line(name) for name in names[:NAMES_SHOWN]) + more


def _picked(
    view: View, records: list[Mapping[str, Any]], custom: Iterable[str]
) -> tuple[list[str], list[str], list[str]]:
    """The fields that were asked for: built-in ones, custom ones by name, and what nobody knows."""
    there = dict.fromkeys(name for record in records for name in record)
    customs = {folded(name): name for name in custom}
    own = view.labels.fields.get(view.resource) or view.labels.fields.get("deals")
    known = {folded(own.label(each)): own.label(each) for each in own.customs} if own else {}
    names, picked, unknown = [name for name in ("id",) if name in there], [], []
    for name in view.shape.fields:
        code = name.strip().lower().replace(" ", "_")
        found = (
            customs.get(folded(name)) or known.get(folded(name)) or view.labels.called(view.resource, name)
        )
        if name in there and not is_key(name):
            names.append(name)
        elif found != name or is_key(name) or folded(name) in known or folded(name) in customs:
            picked.append(found)
        elif code in there:
            names.append(code)
        else:
            unknown.append(name)
    return list(dict.fromkeys(names)), list(dict.fromkeys(picked)), unknown


def _many(view: View, answer: Answer, records: list[Mapping[str, Any]]) -> tuple[str, str]:
    """Rows under a header, as many as the ceiling allows, and a line that says what is missing."""
    if not records and answer.next_page is None:
        return "", nothing_found(view.call)
    if not records:
        return "", _completeness(view, answer, 0, 0)
    table, notes = _table(view, records)
    head, rows = table.head(), table.rows()
    lines, size = list(head), sum(len(line) + 1 for line in head) - 1
    shown = 0
    for line in rows:
        if size + 1 + len(line) > view.budget:
            break
        lines.append(line)
        size += len(line) + 1
        shown += 1
    return "\n".join(lines), "; ".join([_completeness(view, answer, shown, len(records)), *notes])


@dataclass(frozen=True)
class _Table:
    """Columns over records; what all records share stands above."""

    columns: Mapping[str, list[str]]
    shared: Mapping[str, str]
    ids: Mapping[str, Mapping[str, Any]]
    """Ids by the names that stand for them in the rows, by column."""

    def head(self) -> list[str]:
        """What all rows share, and the names of the columns."""
        above = "; ".join(f"{name}: {value}" for name, value in self.shared.items())
        ids = "; ".join(
            f"{column}: {', '.join(f'{name}={number}' for name, number in told.items())}"
            for column, told in self.ids.items()
        )
        lines = [f"in all rows: {above}"] if above else []
        return [*lines, *([f"ids: {ids}"] if ids else []), row(self.columns)]

    def rows(self) -> Iterable[str]:
        """The rows."""
        return map(row, zip(*self.columns.values(), strict=True))


def row(cells: Iterable[str]) -> str:
    """Cells side by side; a bar inside one would pass for the border of two."""
    cells = list(cells)
    line = " | ".join(cells)
    if line.count("|") == len(cells) - 1:
        return line
    return " | ".join(each.replace("|", "/") for each in cells)


def _table(view: View, records: list[Mapping[str, Any]]) -> tuple[_Table, list[str]]:
    """The columns that are filled somewhere, and what is not among them."""
    notes: list[str] = []
    custom: list[dict[str, str]] = []
    customs: list[str] = []
    if view.shape.fields or view.shape.detail == "full":
        custom = [view.labels.custom(view.resource, _custom_in(record)) for record in records]
        customs = list(dict.fromkeys(name for each in custom for name in each))
    if view.shape.fields:
        names, customs, unknown = _picked(view, records, customs)
        if unknown:
            notes.append(f"no field here is called {', '.join(map(repr, unknown))}")
    else:
        names, hidden = _columns(view, records)
        if hidden:
            notes.append(f"columns left out: {_some(hidden)}; for these pass fields=[…]")
    columns: dict[str, list[str]] = {}
    for name in names:
        make = cell(name, view.resource, view.labels, CELL_CHARACTERS)
        columns[taint.one_line(name)] = [make(record) for record in records]
    for name in customs:
        told = [cut(taint.one_line(each.get(name, "")), CELL_CHARACTERS) for each in custom]
        columns[taint.one_line(name)] = told
    shared: dict[str, str] = {}
    if len(records) >= SHARED_FROM:
        shared = {
            name: cells[0]
            for name, cells in columns.items()
            if name != "id" and cells[0] and len(set(cells)) == 1
        }
    rest = {name: cells for name, cells in columns.items() if name not in shared}
    if not rest:
        return _Table(columns, {}, {}), notes
    ids = _listed_once(view, records, rest) if len(records) >= SHARED_FROM else {}
    return _Table(rest, shared, ids), notes


def _listed_once(
    view: View, records: list[Mapping[str, Any]], columns: dict[str, list[str]]
) -> dict[str, dict[str, Any]]:
    """Put names alone in the place of names with ids, and give the ids; a name that two ids have keeps its id."""
    ids: dict[str, dict[str, Any]] = {}
    for column in LISTED_ONCE & columns.keys():
        known = view.labels.known(view.resource, column)
        called = Counter(known.values())
        used = {number for record in records if isinstance(number := record.get(column), int)}
        alone: dict[Any, str] = {
            number: taint.one_line(known[number]) for number in used if called[known.get(number, "")] == 1
        }
        if alone:
            ids[column] = {alone[number].replace("|", "/"): number for number in sorted(alone)}
            columns[column] = [
                alone.get(record.get(column), told)
                for record, told in zip(records, columns[column], strict=True)
            ]
    return dict(sorted(ids.items()))


def _is_filled(value: Any) -> bool:
    """Whether there is something to show: custom fields that are all empty are nothing, and so is not deleted."""
    if isinstance(value, dict):
        return any(part not in NOTHING for part in value.values())
    return value not in NOTHING


def _columns(view: View, records: list[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Names of the columns, and of those that are filled and left out."""
    declared = shown_fields(view.call)
    found = dict.fromkeys(name for record in records for name in record)
    filled = {name for name in found if any(_is_filled(record.get(name)) for record in records)}
    filled -= {"currency"} if any(money(record) != record.get("value") for record in records) else set()
    if view.shape.detail == "full":
        return [name for name in found if name in filled and not _is_custom(name, records)], []
    known = [name for name in declared if name in found and name != "items"] or list(found)
    asked = [name for name in found if name in view.asked and name not in known]
    names = [name for name in (*known, *asked) if name in filled]
    stages_are_told = bool(view.labels.known(view.resource, "stage_id")) and "stage_id" in names
    told = {"pipeline_id"} if stages_are_told and "pipeline_id" not in view.asked else set()
    shown = [
        name
        for name in names
        if name not in told
        and (
            name not in UNROWED
            or name in view.asked
            or (name == "add_time" and view.resource == "notes")
            or _is_listed(name, records)
        )
    ]
    return shown, [name for name in names if name not in shown]


def _is_custom(name: str, records: list[Mapping[str, Any]]) -> bool:
    return is_key(name) or (name == SECTION and not _is_listed(name, records))


def _is_listed(name: str, records: list[Mapping[str, Any]]) -> bool:
    """Whether custom fields are those of search hits: a list of the texts that matched."""
    return name == SECTION and any(isinstance(record.get(name), list) for record in records)


def _completeness(view: View, answer: Answer, shown: int, read: int) -> str:
    """Nothing is left out in silence."""
    entry = view.call.endpoint
    if shown < read:
        more = "" if answer.next_page is None else ", and there are more to read"
        return f"showing {shown} of {read} read{more}; {_ways_on(view, shown)}"
    if answer.next_page is not None:
        return f"{read} records; more: pass {entry.paging.value}={answer.next_page!r}"
    return f"{read} records; the list is complete"


_FILTERS: Final = (
    "status",
    "done",
    "deal_id",
    "owner_id",
    "stage_id",
    "pipeline_id",
    "person_id",
    "org_id",
    "updated_since",
)


def _ways_on(view: View, shown: int) -> str:
    """How to see what did not fit."""
    entry = view.call.endpoint
    filters = [name for name in _FILTERS if name in entry.model.model_fields and name not in view.call.values]
    ways = [f"narrow by {', '.join(filters)}"] if filters else []
    if not view.shape.fields and "fields" not in entry.model.model_fields:
        ways.append("pass fields=[…] for fewer columns")
    if entry.paging is Paging.OFFSET:
        start = view.call.values.get("start")
        ways.append(f"pass start={(start if isinstance(start, int) else 0) + shown} for the next")
    elif entry.paging is Paging.CURSOR and shown:
        ways.append(f"pass limit={shown} and go on with the cursor that it gives")
    return ", or ".join(ways) or "the rest is in the data"
