"""Records as rows under a header: which columns, and what all rows share."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.gate import taint
from pipedrive_tools.gate.taint import cut
from pipedrive_tools.render.cells import cell, is_filled, money
from pipedrive_tools.render.view import SECTION, View, custom_in, picked, shown_fields

CELL_CHARACTERS: Final = 80
"""Longest text in a row of a list; a single record shows more."""

SHARED_FROM: Final = 5
"""From so many rows on, what all of them share is said once."""

NAMES_SHOWN: Final = 12

LISTED_ONCE: Final = frozenset({"owner_id", "user_id", "creator_user_id", "stage_id", "pipeline_id"})
"""Ids whose names stand alone in long tables: which id a name has is said once, above."""

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
class Table:
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


def table(view: View, records: list[Mapping[str, Any]]) -> tuple[Table, list[str]]:
    """The columns that are filled somewhere, and what is not among them."""
    notes: list[str] = []
    custom: list[dict[str, str]] = []
    customs: list[str] = []
    if view.shape.fields or view.shape.detail == "full":
        custom = [view.labels.custom(view.resource, custom_in(record)) for record in records]
        customs = list(dict.fromkeys(name for each in custom for name in each))
    if view.shape.fields:
        names, customs, unknown = picked(view, records, customs)
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
        return Table(columns, {}, {}), notes
    ids = _listed_once(view, records, rest) if len(records) >= SHARED_FROM else {}
    return Table(rest, shared, ids), notes


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


def _columns(view: View, records: list[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Names of the columns, and of those that are filled and left out."""
    declared = shown_fields(view.call)
    found = dict.fromkeys(name for record in records for name in record)
    filled = {name for name in found if any(is_filled(record.get(name)) for record in records)}
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


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(taint.one_line(name) for name in names[:NAMES_SHOWN]) + more
