"""The kinds of value that arguments hold: what is taken, what is refused, what travels."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipedrive_tools.endpoints import activities, deals, notes, organizations, persons
from pipedrive_tools.endpoints.values import Html, as_html
from pipedrive_tools.errors import ArgumentsError
from tests.endpoints.examples import FIELD_KEY, LEAD_ID


@dataclass(frozen=True)
class Taken:
    """An argument of `list_deals` or `create_activity` that is taken, and what travels."""

    name: str
    given: Any
    sent: Any


TAKEN = [
    Taken("owner_id", "7", 7),
    Taken("ids", "[1, 2]", [1, 2]),
    Taken("ids", list(range(1, 101)), list(range(1, 101))),
    Taken("status", '["won"]', ["won"]),
    Taken("updated_since", "2026-08-18T09:30:00Z", "2026-08-18T09:30:00Z"),
    Taken("cursor", "[not json", "[not json"),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.name}-{case.given}") for case in TAKEN])
def test_taken(case: Taken) -> None:
    """A value that can only mean one thing is taken as that."""
    assert deals.list_.check({case.name: case.given}).values == {case.name: case.sent}


@dataclass(frozen=True)
class Refused:
    """An argument that is refused, and a word of the reason."""

    name: str
    given: Any
    reason: str


REFUSED = [
    Refused("owner_id", True, "true or false"),
    Refused("owner_id", 0, "greater than 0"),
    Refused("owner_id", "me", "integer"),
    Refused("ids", list(range(1, 102)), "at most 100"),
    Refused("ids", "[1, 2", "list"),
    Refused("status", ["closed"], "won"),
    Refused("updated_since", "2026-08-18", "2026-08-18T09:30:00Z"),
    Refused("updated_since", "2026-08-18T09:30:00.5Z", "whole seconds"),
    Refused("updated_since", "2026-02-30T09:30:00Z", "UTC"),
    Refused("limit", 501, "500"),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.name}-{case.given}") for case in REFUSED])
def test_refused(case: Refused) -> None:
    """A value that cannot be meant is refused by the argument's name, with what is due."""
    with pytest.raises(ArgumentsError, match=rf"^list_deals: {case.name}.*{case.reason}"):
        deals.list_.check({case.name: case.given})


@pytest.mark.parametrize(
    ("name", "text"),
    [("due_date", "tomorrow"), ("due_date", "2026-02-30"), ("due_time", "9:30"), ("due_time", "24:00")],
)
def test_days_and_times_in_words(name: str, text: str) -> None:
    """A day or time in words or out of range is refused with the form that is due."""
    with pytest.raises(ArgumentsError, match=f"{name}: a .* is due, written"):
        activities.create.check({"subject": "Call", "type": "call", name: text})


@pytest.mark.parametrize("lead", ["hot lead", "7", LEAD_ID[:-1]])
def test_a_lead_is_a_uuid(lead: str) -> None:
    """A lead's id that is no UUID is refused."""
    with pytest.raises(ArgumentsError, match="lead_id: a UUID is due"):
        notes.list_.check({"lead_id": lead})


def test_blank_texts() -> None:
    """A name of nothing but spaces is refused."""
    with pytest.raises(ArgumentsError, match="title: a text that is not blank"):
        deals.create(title="  ")


def test_custom_fields() -> None:
    """Custom fields travel as one map from key to value."""
    call = deals.create.check(
        {
            "title": "x",
            "custom_fields": [{"name": FIELD_KEY, "value": "[1, 2]"}, {"name": "Tier", "value": 3}],
        }
    )

    assert call.values["custom_fields"] == {FIELD_KEY: [1, 2], "Tier": 3}


def test_a_custom_field_is_not_blanked_by_null() -> None:
    """Null is no value; blanking is asked for by name."""
    with pytest.raises(ArgumentsError, match="clear"):
        deals.update.check({"deal_id": 1, "custom_fields": [{"name": FIELD_KEY, "value": None}]})


def test_contacts() -> None:
    """E-mail addresses are taken as texts and as objects, and always travel as objects."""
    call = persons.create.check(
        {"name": "Ann", "emails": ["a@example.com", {"value": "b@example.com", "label": "home"}]}
    )

    assert call.values["emails"] == [{"value": "a@example.com"}, {"value": "b@example.com", "label": "home"}]


def test_an_address_in_one_line() -> None:
    """An address is taken as one line, or as a read gave it."""
    assert organizations.create(name="x", address="Main St 1").values["address"] == {"value": "Main St 1"}
    again = {"value": "Main St 1", "country": "Estonia", "locality": None}
    call = organizations.create.check({"name": "x", "address": again})
    assert call.values["address"] == {"value": "Main St 1", "country": "Estonia"}


@given(st.text())
def test_plain_text_stays_plain(text: str) -> None:
    """Whatever a model writes, Pipedrive shows those characters and makes no tag of them."""
    shown = as_html(text)

    assert "<" not in shown.replace("<br>", "")
    assert "&" not in shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


def test_lines_stay_lines() -> None:
    """A line break of the text is one in the note."""
    assert notes.create(content="a & b\r\n<c>", deal_id=1).values["content"] == "a &amp; b<br>&lt;c&gt;"


def test_formatted_text_can_be_put_back() -> None:
    """HTML that was read travels unchanged, so that a change can be undone."""
    assert notes.update(note_id=1, content=Html(html="<b>a</b>")).values["content"] == "<b>a</b>"


@pytest.mark.parametrize("content", ["", "  ", 7, ["a"]])
def test_prose_that_is_none(content: Any) -> None:
    """A note without text is refused with one reason."""
    with pytest.raises(ArgumentsError, match=r"^create_note: content: a text [^;]*$"):
        notes.create.check({"content": content, "deal_id": 1})
