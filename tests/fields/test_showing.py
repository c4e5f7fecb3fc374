"""Every kind of field from what the API shows to a text: v2, v1 leads and webhooks."""

from typing import Any

import pytest

from pipedrive_tools.fields import Field, Fields, Labels, as_text
from tests.fields.company import BY_KIND, FIELDS, KINDS, key

SHOWN: list[tuple[str, Any, dict[str, Any] | None, str]] = [
    ("varchar", "Gold", {"type": "varchar", "value": "Gold"}, "Gold"),
    ("double", 16.0, {"type": "double", "value": 16.0}, "16"),
    (
        "monetary",
        {"value": 1200, "currency": "EUR"},
        {"type": "monetary", "value": 1200, "currency": "EUR"},
        "1200 EUR",
    ),
    ("date", "2026-03-02", {"type": "date", "value": "2026-03-02"}, "2026-03-02"),
    (
        "daterange",
        {"value": "2026-01-01", "until": "2026-02-01"},
        {"type": "daterange", "from": "2026-01-01", "until": "2026-02-01"},
        "2026-01-01 to 2026-02-01",
    ),
    (
        "time",
        {"value": "10:00:00", "timezone_name": "Europe/Berlin"},
        {"type": "time", "value": "10:00:00", "timezone_name": "Europe/Berlin"},
        "10:00 Europe/Berlin",
    ),
    (
        "timerange",
        {"value": "10:00:00", "until": "18:00:00", "timezone_name": "UTC"},
        {"type": "timerange", "from": "10:00:00", "until": "18:00:00", "timezone_name": "UTC"},
        "10:00 to 18:00 UTC",
    ),
    ("set", [11, 14], {"type": "set", "values": [{"id": 11}, {"id": 14}]}, "North, West"),
    ("enum", 11, {"type": "enum", "id": 11}, "North"),
    ("address", {"value": "Leeds", "country": "UK"}, None, "Leeds"),
    ("phone", "+49 1", {"type": "phone", "value": "+49 1"}, "+49 1"),
    ("user", 5, {"type": "user", "id": 5}, "5"),
    ("people", {"id": 5, "name": "x"}, None, "5"),
]


@pytest.mark.parametrize(("kind", "v2", "webhook", "text"), SHOWN, ids=[case[0] for case in SHOWN])
def test_shapes(kind: str, v2: Any, webhook: Any, text: str) -> None:
    """A value says the same in v2 and in a webhook; a time tells its seconds only where there are some."""
    assert as_text(BY_KIND[kind], v2) == text
    assert as_text(BY_KIND[kind], webhook or v2) == text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nothing", [None, "", [], {}, {"value": None, "currency": "EUR"}])
def test_nothing(kind: str, nothing: Any) -> None:
    """What is empty says nothing."""
    if kind not in {"enum", "set", "user", "org", "people"} or not isinstance(nothing, dict):
        assert as_text(BY_KIND[kind], nothing) == ""


def test_odd_values() -> None:
    """Values of another shape are shown as they are."""
    assert as_text(BY_KIND["enum"], "99") == "option 99"
    assert as_text(BY_KIND["varchar"], ["a", True]) == "a, yes"
    assert as_text(BY_KIND["address"], {"country": "UK"}) == "country=UK"
    assert as_text(BY_KIND["varchar"], {"type": "odd", "a": 1, "b": 2}) == "a=1, b=2"
    assert as_text(BY_KIND["set"], {"type": "set", "values": [11]}) == "North"


def test_leads() -> None:
    """A lead's parts are put together under the field's name; empty ones and parts alone are left out."""
    values = {
        key(4): 1200,
        f"{key(4)}_currency": "EUR",
        key(6): "2026-01-01",
        f"{key(6)}_until": "2026-02-01",
        key(9): "11,14",
        key(10): "11",
        key(0): None,
        "f" * 40: "new",
    }

    assert Labels(fields={"deals": FIELDS}).custom("leads", values) == {
        "My monetary": "1200 EUR",
        "My daterange": "2026-01-01 to 2026-02-01",
        "My set": "North, West",
        "My enum": "North",
        "f" * 40: "new",
    }


def test_without_definitions() -> None:
    """Where nothing is known, keys and values are shown."""
    assert Labels().custom("deals", {key(10): 11}) == {key(10): "11"}
    assert Labels().called("deals", key(10)) == key(10)


def test_names_beside_ids() -> None:
    """Ids of stages, people and labels get their names; unknown ones and other fields stay."""
    labels = Labels(
        names={"users": {1: "Ada"}, "activity_types": {"call": "Call"}, "lead_labels": {"u": "Hot"}},
        fields={"deals": FIELDS},
    )

    assert labels.beside("deals", "owner_id", 1) == "Ada (1)"
    assert labels.beside("deals", "owner_id", 2) is None
    assert labels.beside("deals", "stage_id", 3) == "Proposal (3)"
    assert labels.beside("activities", "type", "call") == "Call"
    assert labels.beside("deals", "type", "call") is None
    assert labels.beside("leads", "label_ids", ["u"]) == "Hot (u)"
    assert labels.beside("leads", "label_ids", ["u", "x"]) is None
    assert labels.beside("deals", "title", "x") is None
    assert labels.beside("deals", "owner_id", {"id": 1}) is None
    assert labels.custom("deals", {key(13): 1}) == {"My user": "Ada (1)"}


def test_industry() -> None:
    """An organization's industry is named from its own definition."""
    definition = {
        "field_code": "industry",
        "field_name": "Industry",
        "field_type": "enum",
        "options": [{"id": "4", "label": "Transport"}],
    }
    labels = Labels(fields={"organizations": Fields.read("organizations", [definition])})

    assert labels.beside("organizations", "industry", 4) == "Transport (4)"
    assert labels.called("organizations", "industry") == "industry"
    assert as_text(Field("k", "K", "int"), 4) == "4"
