"""What a call gave, for the model: a record or a list inside its fence, and what it cost."""

from collections.abc import Mapping
from typing import Any, Final

from pipedrive_tools.endpoint import Call
from pipedrive_tools.fields import Labels
from pipedrive_tools.gate import taint
from pipedrive_tools.render.cost import Left, cost_line
from pipedrive_tools.render.record import one_record
from pipedrive_tools.render.rows import many_records
from pipedrive_tools.render.shape import CONCISE, Shape
from pipedrive_tools.render.view import View
from pipedrive_tools.state.budget import Today
from pipedrive_tools.wire import Answer

CHARACTERS_PER_TOKEN: Final = 3
"""Rows of names and numbers hold fewer characters a token than prose."""


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
        body, note = one_record(view, answer.data)
    else:
        body, note = many_records(view, answer, records)
    # The run that reads may have written before: a tag in a text is one that the model was made to copy.
    lines = [taint.fence(body.replace(tag, "…"), tag)] if body else []
    return "\n".join([*([note] if note else []), *lines, cost_line(answer.tokens, today, left)])


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
