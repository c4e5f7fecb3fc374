"""A result or an error as the text a model reads. Pure; this is the only place where such text is made.

Concise by default: the fields that an entry's result type names, no nulls, lists as rows. Text from the
CRM is cleaned and fenced. Whatever is left out is said, and `ToolResult.data` always holds everything.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic_core import to_json

from pipedrive_tools.endpoint import Call, Effect, Paging
from pipedrive_tools.errors import PipedriveToolsError, StatusError
from pipedrive_tools.gate import taint
from pipedrive_tools.wire import Answer

CHARACTERS_PER_TOKEN: Final = 4
CELL_CHARACTERS: Final = 80
"""Longest text in a row of a list; a single record shows more."""
TEXT_CHARACTERS: Final = 4000
HTML_FIELDS: Final = frozenset({"content", "note", "public_description"})
NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


def shown_fields(call: Call[Any]) -> tuple[str, ...]:
    """Names of the fields that the entry's result type declares, in its order."""
    returns = call.endpoint.returns
    record = next(iter(getattr(returns, "__args__", (returns,))))
    return tuple(getattr(record, "model_fields", ()))


def result(call: Call[Any], answer: Answer, *, tag: str, limit_tokens: int) -> str:
    """What a call gave, for the model."""
    records = _records(answer.data)
    budget = limit_tokens * CHARACTERS_PER_TOKEN
    if records is None:
        body, note = _one(call, answer.data)[:budget], ""
    else:
        body, note = _many(call, answer, records, budget)
    lines = [taint.fence(body, tag)] if body else []
    return "\n".join([*([note] if note else []), *lines, f"cost: {answer.tokens} Pipedrive tokens"])


def _records(data: Any) -> list[Mapping[str, Any]] | None:
    """The records of a list or a search; None for a single record."""
    if isinstance(data, list):
        return [item if isinstance(item, dict) else {"value": item} for item in data]
    if isinstance(data, dict) and isinstance(data.get("items"), list):
        return [{"score": hit.get("result_score"), **hit.get("item", {})} for hit in data["items"]]
    return None


def _one(call: Call[Any], data: Any) -> str:
    if not isinstance(data, dict):
        return _text("value", data, TEXT_CHARACTERS)
    wanted = shown_fields(call)
    names = [name for name in wanted if name in data] + [
        name for name in data if name not in wanted and call.endpoint.effect is Effect.CONVERT
    ]
    rows = [
        f"{name}: {_text(name, data[name], TEXT_CHARACTERS)}"
        for name in (names or list(data))
        if data[name] not in NOTHING
    ]
    return "\n".join(rows)


def _many(call: Call[Any], answer: Answer, records: list[Mapping[str, Any]], budget: int) -> tuple[str, str]:
    """Rows under a header, as many as the ceiling allows, and a line that says what is missing."""
    if not records:
        return "", f"{call.endpoint.name}: nothing found for {to_json(dict(call.values)).decode()}"
    columns = _columns(call, records)
    lines = [" | ".join(columns)]
    size = len(lines[0])
    for record in records:
        line = " | ".join(_text(name, record.get(name), CELL_CHARACTERS) for name in columns)
        if size + len(line) > budget:
            break
        lines.append(line)
        size += len(line) + 1
    shown = len(lines) - 1
    return "\n".join(lines), _completeness(call, answer, shown, len(records))


def _columns(call: Call[Any], records: list[Mapping[str, Any]]) -> list[str]:
    """Columns that are filled somewhere; custom fields need a single read."""
    wanted = [name for name in shown_fields(call) if name not in {"custom_fields", "items"}]
    found = dict.fromkeys(name for record in records for name in record)
    names: Iterable[str] = [name for name in wanted if name in found] or found
    return [name for name in names if any(record.get(name) not in NOTHING for record in records)]


def _completeness(call: Call[Any], answer: Answer, shown: int, read: int) -> str:
    """Nothing is left out in silence."""
    if shown < read:
        narrower = (
            "narrow the filters or pass a smaller limit" if call.endpoint.paging is not Paging.NONE else ""
        )
        return f"showing {shown} of {read} read; {narrower or 'the rest is in the data'}"
    if answer.next_page is not None:
        return f"{read} records; more: pass {call.endpoint.paging.value}={answer.next_page!r}"
    return f"{read} records; the list is complete"


def _text(name: str, value: Any, limit: int) -> str:
    """One value on one line."""
    if value in NOTHING:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str):
        text = taint.readable(value) if name in HTML_FIELDS else value
        return _cut(taint.one_line(text).replace(" | ", " / "), limit)
    if isinstance(value, dict | list):
        return _cut(taint.one_line(_compact(value)), limit)
    return str(value)


def _compact(value: Any) -> str:
    """A nested value without its nulls."""
    if isinstance(value, dict):
        filled = {name: part for name, part in value.items() if part not in NOTHING}
        if set(filled) <= {"value", "primary", "label"} and isinstance(filled.get("value"), str):
            return str(filled["value"])
        return ", ".join(f"{name}={_compact(part)}" for name, part in filled.items())
    if isinstance(value, list):
        return "; ".join(_compact(part) for part in value)
    return str(value)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def failure(error: PipedriveToolsError, *, wrote: bool) -> str:
    """What went wrong, for the model: what happened, what to do, and what became of the change."""
    lines = [taint.one_line(str(error))]
    if isinstance(error, StatusError) and error.wait_seconds:
        lines.append(f"Try again in {error.wait_seconds:g} seconds.")
    if error.outcome == "unknown" and wrote:
        lines.append("The change may have happened. Do not send it again; look for it first.")
    elif wrote:
        lines.append("Nothing was changed.")
    return "\n".join(lines)


def refusal(tool: str, rule: str, reason: str) -> str:
    """A refusal: what, by which rule, who can change it."""
    return (
        f"refused: {tool!r} is not allowed here ({reason}; rule {rule}). "
        "Whoever keeps the policy file can change it. Nothing was changed."
    )


def invalid(error: PipedriveToolsError) -> str:
    """Arguments that do not fit: which, and what was expected."""
    return f"{taint.one_line(str(error))}\nNothing was sent. Correct the arguments and call again."


def unapproved(said: str, ticket: str, *, waiting: bool, by: str) -> str:
    """A call that nobody has agreed to."""
    if not waiting:
        return f"rejected by {by or 'a person'}: {said}. Nothing was changed; do not try again."
    where = f"It waits as approval {ticket}." if ticket else "There is nobody here who could approve it."
    return f"needs approval: {said}. {where} Nothing was changed; go on with something else."


def rehearsal(said: str, decision: str, cost: int, looked: int) -> str:
    """What a write would do."""
    asks = " A person would be asked first." if decision == "ask" else ""
    return (
        f"rehearsal, nothing was sent. It would: {said}.{asks}\n"
        f"cost: {looked} Pipedrive tokens; sending it costs {cost}"
    )
