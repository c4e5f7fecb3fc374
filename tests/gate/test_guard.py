from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import activities, deals, leads, notes, organizations, persons
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.gate.guard import guarded
from tests.endpoints.examples import FIELD_KEY, LABEL_ID, LEAD_ID

VERSION: Final = "2026-03-01T10:00:00Z"
DEAL: Final = {
    "id": 5,
    "title": "Renewal",
    "value": 1200.0,
    "currency": "EUR",
    "stage_id": 2,
    "probability": None,
    "lost_reason": "",
    "is_archived": False,
    "label_ids": [1, 2],
    "custom_fields": {FIELD_KEY: "Gold"},
    "update_time": VERSION,
}
ANN: Final = {"value": "ann@example.com", "label": "work", "primary": True}
ACTIVITY: Final = {
    "id": 4,
    "subject": "Call",
    "due_time": "10:30:00",
    "note": "<b>Bring</b> samples",
    "done": False,
    "participants": [{"person_id": 2, "primary": True}, {"person_id": 3, "primary": False}],
    "attendees": [
        {"email": "ann@example.com", "name": "Ann", "person_id": 2, "user_id": None},
        {"email": "bob@example.com", "name": None, "person_id": None, "user_id": None},
    ],
    "update_time": VERSION,
}


def sent(entry: Endpoint[..., Any], before: Mapping[str, Any], **arguments: Any) -> dict[str, Any]:
    """The values that would travel, without the record's number."""
    call = guarded(entry.check(arguments), before)
    return {name: value for name, value in call.values.items() if name not in entry.path_arguments}


@dataclass(frozen=True, kw_only=True)
class Refused:
    name: str
    entry: Endpoint[..., Any]
    before: Mapping[str, Any]
    arguments: Mapping[str, Any]
    names: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


REFUSED: Final = (
    Refused(
        name="a filled text",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "title": "X"},
        names=('title (now "Renewal")', "['title']"),
    ),
    Refused(
        name="two filled fields, one of them named",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "title": "X", "value": 1, "overwrite": ["title"]},
        names=("value (now 1200.0)", "['value']"),
    ),
    Refused(
        name="a custom field",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "custom_fields": [{"name": FIELD_KEY, "value": "Iron"}]},
        names=(FIELD_KEY,),
    ),
    Refused(
        name="a custom field whose list alone is named",
        entry=deals.update,
        before=DEAL,
        arguments={
            "deal_id": 5,
            "custom_fields": [{"name": FIELD_KEY, "value": "Iron"}],
            "overwrite": ["custom_fields"],
        },
        names=(FIELD_KEY,),
    ),
    Refused(
        name="a custom field of a lead",
        entry=leads.update,
        before={"id": LEAD_ID, FIELD_KEY: "Gold"},
        arguments={"lead_id": LEAD_ID, "custom_fields": [{"name": FIELD_KEY, "value": "Iron"}]},
        names=(FIELD_KEY,),
    ),
    Refused(
        name="the money of a lead",
        entry=leads.update,
        before={"id": LEAD_ID, "value": {"amount": 5, "currency": "EUR"}},
        arguments={"lead_id": LEAD_ID, "value": 5, "currency": "USD"},
        names=("value",),
    ),
    Refused(
        name="a note's text",
        entry=notes.update,
        before={"id": 5, "content": "<p>Old</p>"},
        arguments={"note_id": 5, "content": "New"},
        names=("content",),
    ),
    Refused(
        name="a part of an address",
        entry=organizations.update,
        before={"id": 3, "address": {"value": "Main St 1", "country": "Estonia"}},
        arguments={"org_id": 3, "address": {"value": "Main St 1", "country": "Latvia"}},
        names=("address",),
    ),
    Refused(
        name="the main person, by person_id",
        entry=activities.update,
        before=ACTIVITY,
        arguments={"activity_id": 4, "person_id": 9},
        names=("person_id (now 2)",),
    ),
    Refused(
        name="the main person, by a primary participant",
        entry=activities.update,
        before=ACTIVITY,
        arguments={"activity_id": 4, "participants": [{"person_id": 9, "primary": True}]},
        names=("person_id (now 2)",),
    ),
    Refused(
        name="the label of an address that is there",
        entry=persons.update,
        before={"id": 2, "emails": [ANN]},
        arguments={"person_id": 2, "emails": [{"value": "ann@example.com", "label": "home"}]},
        names=("emails",),
    ),
)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_filled_field(case: Refused) -> None:
    """A filled field is not replaced unless `overwrite` names it; the refusal says which, and that nothing changed."""
    with pytest.raises(ArgumentsError) as caught:
        guarded(case.entry.check(case.arguments), case.before)

    message = str(caught.value)
    assert all(name in message for name in (*case.names, "overwrite", "Nothing was changed"))


def test_a_hidden_field() -> None:
    """What the agent is never shown is not shown by a refusal either."""
    call = deals.update.check({"deal_id": 5, "title": "X"})

    with pytest.raises(ArgumentsError) as caught:
        guarded(call, DEAL, hidden=frozenset({"title"}))
    assert "Renewal" not in str(caught.value)
    assert "title (now (hidden))" in str(caught.value)


@dataclass(frozen=True, kw_only=True)
class Passed:
    name: str
    entry: Endpoint[..., Any]
    before: Mapping[str, Any]
    arguments: Mapping[str, Any]
    sent: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name


def participant(number: int, *, primary: bool = False) -> dict[str, Any]:
    return {"person_id": number, "primary": primary}


PASSED: Final = (
    Passed(
        name="named in overwrite",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "title": "X", "overwrite": ["title"]},
        sent={"title": "X"},
    ),
    Passed(
        name="null leaves alone",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "title": None, "probability": 40},
        sent={"probability": 40},
    ),
    Passed(
        name="an empty text is filled",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "lost_reason": "Too dear"},
        sent={"lost_reason": "Too dear"},
    ),
    Passed(
        name="a flag that is off is set",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "is_archived": True},
        sent={"is_archived": True},
    ),
    Passed(
        name="a custom field is named by its key",
        entry=deals.update,
        before=DEAL,
        arguments={
            "deal_id": 5,
            "custom_fields": [{"name": FIELD_KEY, "value": "Iron"}],
            "overwrite": [FIELD_KEY],
        },
        sent={"custom_fields": {FIELD_KEY: "Iron"}},
    ),
    Passed(
        name="an equal value beside a new one",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "title": "Renewal", "probability": 40},
        sent={"title": "Renewal", "probability": 40},
    ),
    Passed(
        name="clear blanks",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "clear": ["label_ids", FIELD_KEY]},
        sent={"label_ids": [], "custom_fields": {FIELD_KEY: None}},
    ),
    Passed(
        name="a text that says None is blanked",
        entry=deals.update,
        before={**DEAL, "lost_reason": "None"},
        arguments={"deal_id": 5, "clear": ["lost_reason"]},
        sent={"lost_reason": None},
    ),
    Passed(
        name="labels are added",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "label_ids": [2, 7]},
        sent={"label_ids": [1, 2, 7]},
    ),
    Passed(
        name="labels are replaced where that is meant",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "label_ids": [7], "overwrite": ["label_ids"]},
        sent={"label_ids": [7]},
    ),
    Passed(
        name="labels of a lead are added",
        entry=leads.update,
        before={"id": LEAD_ID, "label_ids": ["a"]},
        arguments={"lead_id": LEAD_ID, "label_ids": [LABEL_ID]},
        sent={"label_ids": ["a", LABEL_ID]},
    ),
    Passed(
        name="an e-mail is added once, in any case",
        entry=persons.update,
        before={"id": 2, "emails": [ANN]},
        arguments={"person_id": 2, "emails": ["ANN@example.com", "bob@example.com", "bob@example.com"]},
        sent={"emails": [ANN, {"value": "bob@example.com"}]},
    ),
    Passed(
        name="a new primary e-mail",
        entry=persons.update,
        before={"id": 2, "emails": [ANN]},
        arguments={"person_id": 2, "emails": [{"value": "bob@example.com", "primary": True}]},
        sent={"emails": [{**ANN, "primary": False}, {"value": "bob@example.com", "primary": True}]},
    ),
    Passed(
        name="another of the e-mails becomes primary",
        entry=persons.update,
        before={"id": 2, "emails": [ANN, {"value": "b@example.com", "label": "home", "primary": False}]},
        arguments={"person_id": 2, "emails": [{"value": "b@example.com", "primary": True}]},
        sent={
            "emails": [
                {**ANN, "primary": False},
                {"value": "b@example.com", "label": "home", "primary": True},
            ]
        },
    ),
    Passed(
        name="two primary phones",
        entry=persons.update,
        before={"id": 2, "phones": []},
        arguments={
            "person_id": 2,
            "phones": [{"value": "1", "primary": True}, {"value": "2", "primary": True}],
        },
        sent={"phones": [{"value": "1", "primary": True}, {"value": "2", "primary": False}]},
    ),
    Passed(
        name="a participant joins, and the main one stays",
        entry=activities.update,
        before=ACTIVITY,
        arguments={"activity_id": 4, "participants": [9]},
        sent={"participants": [participant(2, primary=True), participant(3), participant(9)]},
    ),
    Passed(
        name="another main person, and nobody leaves",
        entry=activities.update,
        before=ACTIVITY,
        arguments={"activity_id": 4, "person_id": 3, "overwrite": ["person_id"]},
        sent={"participants": [participant(2), participant(3, primary=True)]},
    ),
    Passed(
        name="participants are replaced where that is meant",
        entry=activities.update,
        before=ACTIVITY,
        arguments={"activity_id": 4, "participants": [9], "overwrite": ["participants"]},
        sent={"participants": [participant(9, primary=True)]},
    ),
    Passed(
        name="attendees are told apart by e-mail",
        entry=activities.update,
        before=ACTIVITY,
        arguments={"activity_id": 4, "attendees": ["Ann@Example.com", "bob@example.com", "new@example.com"]},
        sent={
            "attendees": [
                {"email": "ann@example.com", "name": "Ann", "person_id": 2},
                {"email": "bob@example.com"},
                {"email": "new@example.com"},
            ]
        },
    ),
)


@pytest.mark.parametrize("case", PASSED, ids=str)
def test_what_travels(case: Passed) -> None:
    """What is sent is what was meant: lists with all that was there, one item primary, nulls left alone."""
    assert sent(case.entry, case.before, **case.arguments) == case.sent


@dataclass(frozen=True, kw_only=True)
class Same:
    name: str
    entry: Endpoint[..., Any]
    before: Mapping[str, Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


SAME: Final = (
    Same(name="a text", entry=deals.update, before=DEAL, arguments={"deal_id": 5, "title": "Renewal"}),
    Same(name="a number", entry=deals.update, before=DEAL, arguments={"deal_id": 5, "value": 1200}),
    Same(name="labels", entry=deals.update, before=DEAL, arguments={"deal_id": 5, "label_ids": [2]}),
    Same(
        name="an e-mail",
        entry=persons.update,
        before={"id": 2, "emails": [ANN]},
        arguments={"person_id": 2, "emails": ["ann@example.com"]},
    ),
    Same(
        name="a time with seconds",
        entry=activities.update,
        before=ACTIVITY,
        arguments={"activity_id": 4, "due_time": "10:30"},
    ),
    Same(
        name="a text that overwrite names",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "title": "Renewal", "overwrite": ["title"]},
    ),
    Same(
        name="a blank that is blank",
        entry=deals.update,
        before=DEAL,
        arguments={"deal_id": 5, "clear": ["probability"]},
    ),
)


@pytest.mark.parametrize("case", SAME, ids=str)
def test_nothing_to_change(case: Same) -> None:
    """A call that would leave the record as it is, is refused."""
    with pytest.raises(ArgumentsError, match="nothing to change"):
        guarded(case.entry.check(case.arguments), case.before)


@pytest.mark.parametrize("version", ["2026-03-01T09:59:59Z", "", "now"])
def test_a_record_that_moved(version: str) -> None:
    """A record in another version than the caller saw is left alone."""
    call = deals.update.check({"deal_id": 5, "probability": 1, "expect_version": version})

    with pytest.raises(ArgumentsError, match="moved on"):
        guarded(call, DEAL)


def test_a_record_that_stayed() -> None:
    """A record in the version that the caller saw is changed."""
    assert sent(deals.update, DEAL, deal_id=5, probability=1, expect_version=VERSION) == {"probability": 1}


contacts = st.lists(
    st.fixed_dictionaries(
        {
            "value": st.sampled_from(
                ["a@x.example", "b@x.example", "C@x.example", "c@x.example", "d@x.example"]
            )
        },
        optional={"primary": st.booleans()},
    ),
    max_size=4,
    unique_by=lambda each: str(each["value"]).casefold(),
)


@settings(max_examples=300, deadline=None)
@given(contacts, contacts.filter(bool))
def test_nothing_is_lost(there: list[dict[str, Any]], given_: list[dict[str, Any]]) -> None:
    """Whatever is merged: all that was there is still there, all that was given is there, once, one at most primary."""
    mains = [each for each in there if each.get("primary")]
    there = [{**each, "primary": each is (mains[0] if mains else None)} for each in there]
    try:
        values = sent(persons.update, {"id": 2, "emails": there}, person_id=2, emails=given_)["emails"]
    except ArgumentsError as error:
        assert "nothing to change" in str(error)  # noqa: PT017  # some draws change nothing
        values = there

    told = [each["value"].casefold() for each in values]
    assert set(told) == {each["value"].casefold() for each in [*there, *given_]}
    assert len(told) == len(set(told))
    assert sum(bool(each.get("primary")) for each in values) <= 1
    if mains:
        assert sum(bool(each.get("primary")) for each in values) == 1
