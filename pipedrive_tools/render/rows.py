"""A list as rows, as many as the ceiling allows, and a line that says what is missing."""

from collections.abc import Mapping
from typing import Any, Final

from pipedrive_tools.endpoint import Paging
from pipedrive_tools.render.cells import plural
from pipedrive_tools.render.nothing import nothing_found
from pipedrive_tools.render.table import table
from pipedrive_tools.render.view import View
from pipedrive_tools.wire import Answer


def many_records(view: View, answer: Answer, records: list[Mapping[str, Any]]) -> tuple[str, str]:
    """Rows under a header, as many as the ceiling allows, and a line that says what is missing."""
    if not records and answer.next_page is None:
        return "", nothing_found(view.call)
    if not records:
        return "", _completeness(view, answer, 0, 0)
    found, notes = table(view, records)
    head, rows = found.head(), found.rows()
    lines, size = list(head), sum(len(line) + 1 for line in head) - 1
    shown = 0
    for line in rows:
        if size + 1 + len(line) > view.budget:
            break
        lines.append(line)
        size += len(line) + 1
        shown += 1
    return "\n".join(lines), "; ".join([_completeness(view, answer, shown, len(records)), *notes])


def _completeness(view: View, answer: Answer, shown: int, read: int) -> str:
    """Nothing is left out in silence."""
    entry = view.call.endpoint
    if shown < read:
        more = "" if answer.next_page is None else ", and there are more to read"
        return f"showing {shown} of {read} read{more}; {_ways_on(view, shown)}"
    if answer.next_page is not None:
        return f"{plural(read, 'record')}; more: pass {entry.paging.value}={answer.next_page!r}"
    return f"{plural(read, 'record')}; the list is complete"


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
