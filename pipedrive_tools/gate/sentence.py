"""A call and its outcome as one sentence in plain English, made from fields and never by a model."""

from collections.abc import Mapping
from typing import Any, Final

from pipedrive_tools.endpoint import Call, Effect
from pipedrive_tools.gate.taint import one_line

NOUNS: Final = {
    "deals": "deal",
    "persons": "person",
    "organizations": "organization",
    "activities": "activity",
    "leads": "lead",
    "notes": "note",
    "pipelines": "pipeline",
    "account": "account",
    "webhooks": "webhook",
}
VERBS: Final = {
    Effect.READ: "Read",
    Effect.CREATE: "Create",
    Effect.UPDATE: "Change",
    Effect.DELETE: "Delete",
    Effect.CONVERT: "Convert",
}
NAME_FIELDS: Final = ("title", "name", "subject")
QUOTED_CHARACTERS: Final = 60
VALUES_SHOWN: Final = 12


def effect(
    call: Call[Any], before: Mapping[str, Any] | None = None, *, stages: Mapping[int, str] | None = None
) -> str:
    """What a call would do, with before and after side by side where the record is known."""
    endpoint = call.endpoint
    fields = {name: value for name, value in call.values.items() if name not in endpoint.path_arguments}
    if endpoint.effect is Effect.READ:
        asked = ", ".join(f"{name} {quoted(value)}" for name, value in call.values.items())
        return f"Read with {endpoint.name}" + (f" ({asked})" if asked else "")
    noun = NOUNS[endpoint.target.resource if endpoint.target else endpoint.resource]
    where = f" {label(before, call.target_id)}" if call.target_id is not None else ""
    changes = [
        f"{name} {_change(value, before, name, stages)}"
        for name, value in list(fields.items())[:VALUES_SHOWN]
    ]
    if len(fields) > VALUES_SHOWN:
        changes.append(f"and {len(fields) - VALUES_SHOWN} more fields")
    verb = (
        "Move" if set(fields) == {"stage_id"} and endpoint.effect is Effect.UPDATE else VERBS[endpoint.effect]
    )
    said = f"{verb} {noun}{where}" + (f": {', '.join(changes)}" if changes else "")
    return f"{said}; value {_money(before)}" if noun == "deal" and before and before.get("value") else said


def _money(record: Mapping[str, Any]) -> str:
    value = record["value"]
    amount = f"{value:,.2f}".removesuffix(".00") if isinstance(value, int | float) else quoted(value)
    return f"{amount} {one_line(str(record.get('currency') or ''))}".strip()


def label(record: Mapping[str, Any] | None, number: Any) -> str:
    """A record by name and number."""
    name = next((record[field] for field in NAME_FIELDS if record.get(field)), None) if record else None
    return f"{quoted(name)} ({number})" if name else str(number)


def quoted(value: Any) -> str:
    """A value, cleaned, on one line, cut, in quotes where it is text."""
    if not isinstance(value, str):
        value = one_line(str(value))
        return value if len(value) <= QUOTED_CHARACTERS else f"{value[: QUOTED_CHARACTERS - 1]}…"
    text = one_line(value).replace('"', "'")
    return f'"{text}"' if len(text) <= QUOTED_CHARACTERS else f'"{text[: QUOTED_CHARACTERS - 1]}…"'


def _change(value: Any, before: Mapping[str, Any] | None, name: str, stages: Mapping[int, str] | None) -> str:
    after = "blank" if value is None else _named(value, name, stages)
    if before is None or before.get(name) in (None, "", [], {}):
        return after
    return f"from {_named(before[name], name, stages)} to {after}"


def _named(value: Any, name: str, stages: Mapping[int, str] | None) -> str:
    """A value, by name where it is the number of a stage that is known."""
    if name == "stage_id" and stages and value in stages:
        return f"{quoted(stages[value])} ({value})"
    return quoted(value)


def recorded(agent: str, said: str, *, decision: str, rule: str, outcome: str) -> str:
    """The sentence of an audit row."""
    who = f"Agent {quoted(agent)}"
    act = said[:1].lower() + said[1:]
    if decision == "deny":
        return f"{who} was refused to {act} (rule {rule}); nothing was changed."
    return f"{who}: {act}; {outcome} (rule {rule})."
