"""The account's own fields: all sixteen kinds on deals, some on persons and organizations, and values for them.

Keys depend on nothing but the field, so a policy file or a recording made with one seed serves the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from random import Random
from typing import Any, Literal

from pipedrive_tools.sandbox.demo.addresses import address
from pipedrive_tools.sandbox.demo.calendar import Calendar, clock
from pipedrive_tools.sandbox.demo.drawing import chance
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.users import USER_IDS
from pipedrive_tools.sandbox.demo.words import COMPANY_STEMS, ITEMS, SENTENCES

Kind = Literal[
    "varchar", "varchar_auto", "text", "double", "monetary", "date", "daterange", "time", "timerange", "set",
    "enum", "address", "phone", "user", "org", "people",
]  # fmt: skip
Entity = Literal["deal", "person", "organization"]


@dataclass(frozen=True, slots=True)
class CustomField:
    """One custom field; options are `(id, label)`, ids unique in the account."""

    entity: Entity
    key: str
    name: str
    kind: Kind
    options: tuple[tuple[int, str], ...] = ()


_SPECIFIED: tuple[tuple[Entity, str, Kind, tuple[str, ...]], ...] = (
    ("deal", "Contract number", "varchar", ()),
    ("deal", "Competitor", "varchar_auto", ()),
    ("deal", "Decision process", "text", ()),
    ("deal", "Discount in percent", "double", ()),
    ("deal", "Budget", "monetary", ()),
    ("deal", "Contract ends", "date", ()),
    ("deal", "Pilot period", "daterange", ()),
    ("deal", "Best time to call", "time", ()),
    ("deal", "Support window", "timerange", ()),
    ("deal", "Products of interest", "set", ("Scanners", "Printers", "Sensors", "Support", "Training")),
    ("deal", "Region", "enum", ("North", "South", "East", "West")),
    ("deal", "Region", "varchar", ()),  # names are not unique: this one is free text
    ("deal", "Delivery address", "address", ()),
    ("deal", "Switchboard", "phone", ()),
    ("deal", "Sales engineer", "user", ()),
    ("deal", "Reseller", "org", ()),
    ("deal", "Signs the contract", "people", ()),
    ("person", "Role in the decision", "enum", ("Decides", "Advises", "Uses", "Pays")),
    ("person", "Newsletters", "set", ("Products", "Events", "Prices")),
    ("person", "Language", "varchar", ()),
    ("person", "Last event visited", "date", ()),
    ("person", "Assistant's phone", "phone", ()),
    ("organization", "Tier", "enum", ("Gold", "Silver", "Bronze")),
    ("organization", "Number of sites", "double", ()),
    ("organization", "Yearly budget", "monetary", ()),
    ("organization", "Service period", "daterange", ()),
    ("organization", "VAT number", "varchar", ()),
    ("organization", "About them", "text", ()),
)
_FIRST_OPTION_ID = 101


def _fields() -> tuple[CustomField, ...]:
    made: list[CustomField] = []
    option_id = _FIRST_OPTION_ID
    for entity, name, kind, labels in _SPECIFIED:
        key = sha1(f"{entity}/{name}/{kind}".encode(), usedforsecurity=False).hexdigest()
        made.append(CustomField(entity, key, name, kind, tuple(enumerate(labels, start=option_id))))
        option_id += len(labels)
    return tuple(made)


CUSTOM_FIELDS = _fields()


def fields_of(entity: Entity) -> tuple[CustomField, ...]:
    """Give the custom fields of one kind of record, in their order."""
    return tuple(field for field in CUSTOM_FIELDS if field.entity == entity)


class CustomValues:
    """Draws values for the custom fields of one kind of record; about a third of the records have none at all."""

    def __init__(
        self, entity: Entity, rng: Random, calendar: Calendar, *, persons: int, organizations: int
    ) -> None:
        self._rng = rng
        self._fields = fields_of(entity)
        self._unset: Record = dict.fromkeys(field.key for field in self._fields)
        self._drawers = _drawers(rng, calendar, persons=persons, organizations=organizations)

    def draw(self) -> Record:
        """Give `custom_fields` as v2 answers it: every key, null where nothing is set."""
        values = self._unset.copy()
        if chance(self._rng, _EMPTY_SHARE):
            return values
        for field in self._fields:
            if chance(self._rng, _SET_SHARE):
                values[field.key] = self._drawers[field.kind](field)
        return values


_EMPTY_SHARE = 0.35
_SET_SHARE = 0.3


def _drawers(
    rng: Random, calendar: Calendar, *, persons: int, organizations: int
) -> dict[Kind, Callable[[CustomField], Any]]:
    def option_ids(field: CustomField) -> list[int]:
        ids = [number for number, _ in field.options]
        return sorted(rng.sample(ids, rng.randrange(1, len(ids))))

    def days(_: CustomField) -> Record:
        start = rng.randrange(-60, 200)
        return {"value": calendar.day(start), "until": calendar.day(start + rng.randrange(1, 90))}

    def window(_: CustomField) -> Record:
        start = rng.randrange(6, 12) * 3600
        return {"value": clock(start), "until": clock(start + 28800), "timezone_name": "Europe/Berlin"}

    return {
        "varchar": lambda _: f"{rng.choice('ABCDEF')}-{rng.randrange(1000, 9999)}",
        "varchar_auto": lambda _: rng.choice(COMPANY_STEMS),
        "text": lambda _: f"{rng.choice(SENTENCES)}\n{rng.choice(ITEMS)}",
        "double": lambda _: rng.randrange(1, 80) / 2,
        "monetary": lambda _: {"value": rng.randrange(1, 200) * 500, "currency": "EUR"},
        "date": lambda _: calendar.day(rng.randrange(-200, 300)),
        "daterange": days,
        "time": lambda _: {"value": clock(rng.randrange(14, 34) * 1800), "timezone_name": "Europe/Berlin"},
        "timerange": window,
        "set": option_ids,
        "enum": lambda field: rng.choice(field.options)[0],
        "address": lambda _: address(rng),
        "phone": lambda _: f"+44 20 7946 0{rng.randrange(1000):03}",
        "user": lambda _: rng.choice(USER_IDS),
        "org": lambda _: rng.randrange(1, organizations + 1),
        "people": lambda _: rng.randrange(1, persons + 1),
    }


def flattened(custom_fields: Record) -> Record:
    """Give the same values as a v1 lead has them at its root: parts under their own keys, unset ones absent."""
    flat: Record = {}
    for field in fields_of("deal"):
        value = custom_fields[field.key]
        if value is not None:
            flat |= _flat(field, value)
    return flat


def _flat(field: CustomField, value: Any) -> Record:
    if field.kind == "set":
        return {field.key: ",".join(str(number) for number in value)}
    if field.kind == "enum":
        return {field.key: str(value)}
    if not isinstance(value, dict):
        return {field.key: value}
    parts = {f"{field.key}_{part}": inner for part, inner in value.items() if part not in _NOT_FLAT}
    return {field.key: value["value"], **parts}


_NOT_FLAT = ("value", "timezone_name")
