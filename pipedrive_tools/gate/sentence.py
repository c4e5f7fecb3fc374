"""A call and its outcome as one sentence in plain English, made from fields and never by a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipedrive_tools.endpoint import Call, Effect, Resource
from pipedrive_tools.fields import Labels
from pipedrive_tools.gate.redact import HIDDEN
from pipedrive_tools.gate.taint import cut, one_line

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
TOLD_ANYWAY: Final = frozenset({*NAME_FIELDS, "value", "currency"})
"""Fields of a record that its sentence may tell though the call leaves them alone."""
QUOTED_CHARACTERS: Final = 60
VALUES_SHOWN: Final = 12


def effect(call: Call[Any], before: Mapping[str, Any] | None = None, *, labels: Labels | None = None) -> str:
    """What a call would do, with before and after side by side where the record is known."""
    endpoint, labels = call.endpoint, labels or Labels()
    fields = {name: value for name, value in call.values.items() if name not in endpoint.path_arguments}
    if endpoint.effect is Effect.READ:
        asked = ", ".join(f"{name} {quoted(value)}" for name, value in call.values.items())
        return f"Read with {endpoint.name}" + (f" ({asked})" if asked else "")
    noun = NOUNS[endpoint.target.resource if endpoint.target else endpoint.resource]
    where = f" {label(before, call.target_id)}" if call.target_id is not None else ""
    told = Told(endpoint.resource, labels)
    changes = told.changes(fields, before or {})
    if len(changes) > VALUES_SHOWN:
        changes[VALUES_SHOWN:] = [f"and {len(changes) - VALUES_SHOWN} more fields"]
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
        return cut(one_line(_plain(value)), QUOTED_CHARACTERS)
    return f'"{cut(_unquoted(value), QUOTED_CHARACTERS)}"'


def _unquoted(text: str) -> str:
    return one_line(text).replace('"', "'")


def _plain(value: Any) -> str:
    """A list or an object in words; texts in it are in quotes, so that none of them can pass for another part."""
    match value:
        case str():
            return f'"{_unquoted(value)}"'
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return (
                ", ".join(f"{one_line(str(name))} {_plain(part)}" for name, part in value.items())
                or "nothing"
            )
        case list() | tuple():
            return "; ".join(map(_plain, value)) or "nothing"
    return str(value)


@dataclass(frozen=True)
class Told:
    """Values of one kind of record in words: names beside ids, custom fields by name."""

    resource: Resource
    labels: Labels

    def changes(self, fields: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
        """Every field with what it holds now and what it would hold; custom fields one by one."""
        said = []
        for name, value in fields.items():
            if name == "custom_fields" and isinstance(value, Mapping) and self._knows_all(value):
                held = before.get(name)
                said += self.changes(value, held if isinstance(held, Mapping) else {})
            else:
                said.append(f"{self.name(name)} {self._change(name, value, before)}")
        return said

    def name(self, name: str) -> str:
        """A field as people call it; built-in ones go by the name of their argument."""
        called = self.labels.called(self.resource, name)
        return name if called == name else quoted(called)

    def value(self, name: str, value: Any, record: Mapping[str, Any] | None = None) -> str:
        """A value, with the name of what its number stands for."""
        if name != self.labels.called(self.resource, name) and value != HIDDEN:
            beside = self.labels.custom(self.resource, {**(record or {}), name: value})
            text = beside.get(self.labels.called(self.resource, name))
            return quoted(text if text is not None else value)
        known = self.labels.known(self.resource, name)
        if isinstance(value, int | str) and not isinstance(value, bool) and known.get(value, value) != value:
            return f"{quoted(known[value])} ({value})"
        return quoted(value)

    def _change(self, name: str, value: Any, before: Mapping[str, Any]) -> str:
        after = "blank" if value is None else self.value(name, value)
        if before.get(name) in (None, "", [], {}):
            return after
        return f"from {self.value(name, before[name], before)} to {after}"

    def _knows_all(self, custom: Mapping[str, Any]) -> bool:
        return all(self.labels.called(self.resource, key) != key for key in custom)


def recorded(agent: str, said: str, *, decision: str, rule: str, outcome: str) -> str:
    """The sentence of an audit row."""
    who = f"Agent {quoted(agent)}"
    act = said[:1].lower() + said[1:]
    if decision == "deny":
        return f"{who} was refused to {act} (rule {rule}); nothing was changed."
    return f"{who}: {act}; {outcome} (rule {rule})."
