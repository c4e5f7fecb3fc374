"""Several answers as one text, under headings of ours."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipedrive_tools.endpoint import Call, Endpoint
from pipedrive_tools.fields import Labels
from pipedrive_tools.gate import taint
from pipedrive_tools.gate.taint import cut
from pipedrive_tools.render.cells import NOTHING, cell
from pipedrive_tools.render.cost import Left, cost_line
from pipedrive_tools.render.record import record_lines
from pipedrive_tools.render.result import CHARACTERS_PER_TOKEN
from pipedrive_tools.render.shape import CONCISE
from pipedrive_tools.render.table import row
from pipedrive_tools.render.view import View


def lines(
    entry: Endpoint[..., Any], data: Mapping[str, Any], labels: Labels, *, longest: int = 500
) -> list[str]:
    """A record line by line."""
    call = Call(entry, entry.model.model_construct(), {})
    return record_lines(View(call, CONCISE, labels, longest), data, longest)[0]


def rows(
    entry: Endpoint[..., Any],
    records: Sequence[Mapping[str, Any]],
    labels: Labels,
    wanted: Sequence[str],
    *,
    longest: int,
) -> list[str]:
    """Rows under a header, of the wanted columns that are filled somewhere."""
    names = [name for name in ("id", *wanted) if any(each.get(name) not in NOTHING for each in records)]
    makers = [cell(name, entry.resource, labels, longest) for name in names]
    return [row(names), *(row([make(each) for make in makers]) for each in records)] if records else []


def together(
    sections: Sequence[tuple[str, list[str]]],
    missing: Sequence[str],
    *,
    tag: str,
    limit_tokens: int,
    cost: int,
    left: Left | None = None,
) -> str:
    """The sections in one fence, cut where they are too long, and what could not be read."""
    body = "\n".join(
        line for heading, told in sections for line in (f"{heading}:", *(f"  {each}" for each in told))
    )
    budget, notes = limit_tokens * CHARACTERS_PER_TOKEN, [taint.one_line(each) for each in missing]
    if len(body) > budget:
        notes.append(f"showing {budget:,} of {len(body):,} characters; the rest is in the data")
        body = cut(body, budget)
    return "\n".join([*notes, taint.fence(body.replace(tag, "…"), tag), cost_line(cost, None, left)])
