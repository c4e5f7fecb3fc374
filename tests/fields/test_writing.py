"""Every kind of field from what models write to what the API takes, v2 and v1."""

from dataclasses import dataclass
from typing import Any

import pytest

from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.fields import Field, keys, to_wire
from tests.fields.company import BY_KIND


@dataclass(frozen=True)
class Case:
    """A value as it is written, and as v2 takes it."""

    kind: str
    given: Any
    taken: Any


CASES = [
    Case("varchar", "Gold", "Gold"),
    Case("varchar", 5, "5"),
    Case("varchar", 5.0, "5"),
    Case("varchar_auto", "مرحبا 🎉", "مرحبا 🎉"),
    Case("text", "x" * 65_000, "x" * 65_000),
    Case("phone", "+49 1", "+49 1"),
    Case("double", 1.5, 1.5),
    Case("double", "1200", 1200),
    Case("double", "1,200.50", 1200.5),
    Case("double", "1 200,50", 1200.5),
    Case("double", "1.200,50", 1200.5),
    Case("double", "-3", -3),
    Case("double", "1'200", 1200),
    Case("monetary", "1200 EUR", {"value": 1200, "currency": "EUR"}),
    Case("monetary", "eur 1,200.50", {"value": 1200.5, "currency": "EUR"}),
    Case("monetary", {"value": 7, "currency": "usd"}, {"value": 7, "currency": "USD"}),
    Case("monetary", {"amount": "7", "currency": "USD"}, {"value": 7, "currency": "USD"}),
    Case("date", "2026-03-02", "2026-03-02"),
    Case("daterange", "2026-01-01 to 2026-03-31", {"value": "2026-01-01", "until": "2026-03-31"}),
    Case("daterange", "2026-01-01..2026-03-31", {"value": "2026-01-01", "until": "2026-03-31"}),
    Case("daterange", "2026-01-01/2026-03-31", {"value": "2026-01-01", "until": "2026-03-31"}),
    Case(
        "daterange",
        {"value": "2026-01-01", "until": "2026-01-01"},
        {"value": "2026-01-01", "until": "2026-01-01"},
    ),
    Case("time", "9:30", {"value": "09:30:00"}),
    Case("time", {"value": "09:30", "timezone_name": None}, {"value": "09:30:00"}),
    Case("timerange", "22:00 to 06:00", {"value": "22:00:00", "until": "06:00:00"}),
    Case(
        "timerange",
        {"value": "09:00", "until": "10:00", "timezone_name": "Europe/Berlin"},
        {"value": "09:00:00", "until": "10:00:00", "timezone_name": "Europe/Berlin"},
    ),
    Case("enum", "north", 11),
    Case("enum", 14, 14),
    Case("enum", "11", 11),
    Case("enum", {"id": 12, "label": "x"}, 12),
    Case("set", ["North", 14], [11, 14]),
    Case("set", "North, West", [11, 14]),
    Case("set", "South, by the sea", [12]),
    Case("set", "West", [14]),
    Case("set", ["North", "north"], [11]),
    Case("address", "Kiln Yard 1, Leeds", {"value": "Kiln Yard 1, Leeds"}),
    Case("address", {"value": "Leeds", "country": None}, {"value": "Leeds"}),
    Case("user", "5", 5),
    Case("org", {"id": 5}, 5),
    Case("people", 5, 5),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{str(case.given)[:30]}")
def test_v2(case: Case) -> None:
    """A value is taken in the ways in which people and models write it."""
    field = BY_KIND[case.kind]

    assert to_wire(field, case.given) == {field.key: case.taken}
    assert to_wire(field, case.taken) == {field.key: case.taken}


LEADS = [
    ("set", ["North", "West"], {"": "11,14"}),
    ("enum", "North", {"": "11"}),
    ("monetary", "1200 EUR", {"": 1200, "_currency": "EUR"}),
    ("daterange", "2026-01-01 to 2026-03-31", {"": "2026-01-01", "_until": "2026-03-31"}),
    ("time", {"value": "09:30", "timezone_name": "UTC"}, {"": "09:30:00"}),
    ("timerange", "09:00 to 10:00", {"": "09:00:00", "_until": "10:00:00"}),
    ("address", {"value": "Leeds", "country": "UK", "odd": 1}, {"": "Leeds", "_country": "UK"}),
    ("people", 5, {"": 5}),
    ("text", "x", {"": "x"}),
]


@pytest.mark.parametrize(("kind", "given", "taken"), LEADS, ids=[case[0] for case in LEADS])
def test_v1(kind: str, given: Any, taken: dict[str, Any]) -> None:
    """A lead takes it flat: options as texts, parts under keys of their own, all of which are known."""
    field = BY_KIND[kind]
    wire = to_wire(field, given, "v1")

    assert wire == {f"{field.key}{part}": value for part, value in taken.items()}
    assert set(wire) <= set(keys(field, "v1"))
    assert keys(field) == (field.key,)


WRONG = [
    ("varchar", ["x"], "a text is due"),
    ("varchar", True, "a text is due"),
    ("varchar", "", "name it in clear"),
    ("varchar", None, "name it in clear"),
    ("double", "many", "a number is due, not 'many'"),
    ("double", True, "a number is due"),
    ("double", "nan", "a number is due"),
    ("double", float("inf"), "a number is due"),
    ("double", "1,200", "two ways"),
    ("double", "1" * 200, "a number is due"),
    ("monetary", "1200", "such as '1200 EUR'"),
    ("monetary", 1200, "such as '1200 EUR'"),
    ("monetary", {"value": 1}, "such as '1200 EUR'"),
    ("monetary", " " * 50_000 + "x", "such as '1200 EUR'"),
    ("date", "next friday", "YYYY-MM-DD, is due, not 'next friday'"),
    ("date", "2026-02-30", "YYYY-MM-DD"),
    ("date", ["2026-02-01"], "YYYY-MM-DD"),
    ("daterange", "2026-01-01", "a range"),
    ("daterange", "2026-03-01 to 2026-01-01", "ends before"),
    ("time", "25:00", "HH:MM"),
    ("timerange", "9 to 5", "HH:MM"),
    ("enum", "Nort", "no option of 'My enum' 'Nort'; nearest: 'North'"),
    ("enum", ["North"], "one label, not a list"),
    ("enum", True, "one of its labels"),
    ("enum", "14", "the label of one option and the id of another"),
    ("set", ["North", "Easst", "Suth"], "'Easst'.*'Suth'"),
    ("set", ",", "one of its labels"),
    ("user", "Ada", "the id of a record"),
    ("people", True, "the id of a record"),
    ("address", ["Leeds"], "a text is due"),
]


@pytest.mark.parametrize(
    ("kind", "given", "says"), WRONG, ids=[f"{case[0]}-{str(case[1])[:20]}" for case in WRONG]
)
def test_wrong(kind: str, given: Any, says: str) -> None:
    """What does not fit is refused by the field's name, with what is due."""
    with pytest.raises(ArgumentsError, match=says) as caught:
        to_wire(BY_KIND[kind], given)
    assert f"'My {kind}'" in str(caught.value)


def test_a_kind_that_nobody_knows() -> None:
    """A field of a kind that is new takes what it is given."""
    assert to_wire(Field("k", "New", "hologram"), {"a": 1}) == {"k": {"a": 1}}
