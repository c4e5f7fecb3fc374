"""What a search term finds in a record: which texts it looks at, and how well they fit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.derived import LINK
from pipedrive_tools.sandbox.world import World

SEARCHABLE = frozenset({"address", "varchar", "text", "varchar_auto", "double", "monetary", "phone"})
"""Kinds of custom fields that a search looks at."""

WEIGHT: Mapping[str, float] = MappingProxyType(
    {
        "title": 1.0,
        "name": 1.0,
        "email": 0.7,
        "phone": 0.7,
        "address": 0.5,
        "custom_fields": 0.4,
        "notes": 0.3,
    }
)
"""How much a hit in each field counts."""


@dataclass
class Hit:
    """One record that a term was found in."""

    record: Record
    score: float
    custom_fields: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fit(text: str, term: str, *, exact: bool) -> float:
    """How well a text fits a term, from 0 to 1; both in lower case."""
    if text == term:
        return 1.0
    if exact:
        return 0.0
    if term in text:
        return 0.5 + 0.4 * len(term) / len(text) + (0.1 if text.startswith(term) else 0.0)
    words = term.split()
    return 0.3 if len(words) > 1 and all(word in text for word in words) else 0.0


def hit(
    world: World, resource: str, record: Record, term: str, fields: Iterable[str], *, exact: bool
) -> Hit | None:
    """What the term finds in the record; None where it finds nothing."""
    found = Hit(record, 0.0)
    for name in fields:
        for text in texts(world, resource, record, name):
            score = fit(text.lower(), term, exact=exact) * WEIGHT[name]
            if score and name == "custom_fields":
                found.custom_fields.append(text)
            elif score and name == "notes":
                found.notes.append(text)
            found.score = max(found.score, score)
    return found if found.score else None


def texts(world: World, resource: str, record: Record, name: str) -> list[str]:
    """The texts of a record that a search field stands for."""
    if name in {"email", "phone"}:
        return [each["value"] for each in record[f"{name}s"]]
    if name == "address":
        return [record["address"]["value"]] if record["address"] else []
    if name == "notes":
        linked = world.store.linked("notes", LINK[resource], record["id"])
        return [note["content"] for note in linked if note["active_flag"]]
    if name == "custom_fields":
        return _custom_texts(world, resource, record)
    return [record[name]]


def _custom_texts(world: World, resource: str, record: Record) -> list[str]:
    values = record if resource == "leads" else record["custom_fields"]
    found = []
    for code, definition in world.custom_fields(resource).items():
        value: Any = values.get(code)
        if isinstance(value, dict):
            value = value["value"]
        if value is not None and definition["field_type"] in SEARCHABLE:
            found.append(str(value))
    return found
