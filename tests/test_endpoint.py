"""Entries, arguments and calls: what is refused before anything could be sent, and what never travels."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pipedrive_tools import wire
from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints import account, activities, catalogue, deals, leads, notes, persons
from pipedrive_tools.errors import ArgumentsError, NotJsonError
from tests.endpoints.examples import EXAMPLES

LEAD = "adf21080-0e10-11eb-879b-05d71fb426ec"
UPDATES = [entry for entry in catalogue.values() if entry.effect is Effect.UPDATE]
KEY = "0123456789abcdef0123456789abcdef01234567"


def made(**changes: Any) -> Endpoint[..., Any]:
    """An entry that differs from a sound one."""
    return replace(deals.get, name="made", **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"method": "POST"}, "POST does not go", id="a-read-that-posts"),
        pytest.param({"effect": Effect.DELETE}, "GET does not go", id="a-delete-that-gets"),
        pytest.param({"path": "/api/v2/deals/{id}"}, "which the arguments lack", id="a-path-that-lacks"),
        pytest.param({"marker": "note"}, "only a create carries a marker", id="a-read-with-a-marker"),
        pytest.param(
            {"method": "DELETE", "effect": Effect.DELETE},
            "names no entry that reads it",
            id="a-delete-without-a-look",
        ),
    ],
)
def test_a_contradiction(changes: dict[str, Any], said: str) -> None:
    """An entry that contradicts itself cannot be made."""
    with pytest.raises(ValueError, match=said):
        made(**changes)


def test_calling_sends_nothing() -> None:
    """Calling an entry gives a value: what is asked for, and of whom."""
    call = deals.update(deal_id=7, title="Renewal")

    assert call.endpoint is deals.update
    assert call.values == {"deal_id": 7, "title": "Renewal"}
    assert call.target_id == 7
    assert deals.list_().target_id is None


def test_equal_calls() -> None:
    """Calls are equal when they ask for the same, however that was written; their one line tells."""
    one, other = deals.update(deal_id=7, title="x", value=5), deals.update(value=5.0, title="x", deal_id=7)

    assert one == other
    assert one.canonical == other.canonical == 'update_deal {"deal_id":7,"title":"x","value":5.0}'
    assert one != deals.update(deal_id=8, title="x", value=5)
    assert one.canonical != deals.update(deal_id=7, title="y", value=5).canonical
    assert deals.get(deal_id=7).canonical != persons.get(person_id=7).canonical


def test_a_further_page() -> None:
    """The same list from a further page on is another call; the first one stays as it was."""
    first = deals.list_(status=["open"])

    assert first.at("abc").values == {"status": ["open"], "cursor": "abc"}
    assert notes.list_(start=5).at(100).values == {"start": 100}
    assert first.values == {"status": ["open"]}


def test_what_an_entry_tells_of_itself() -> None:
    """Version, repeatability and the place of its arguments follow from the one line."""
    assert (deals.get.version, notes.get.version) == ("v2", "v1")
    assert {effect for effect in Effect if made_with(effect).idempotent} == {
        Effect.READ,
        Effect.UPDATE,
        Effect.DELETE,
    }
    assert account.get_lead_conversion_status.path_arguments == ("lead_id", "conversion_id")


def made_with(effect: Effect) -> Endpoint[..., Any]:
    return next(entry for entry in catalogue.values() if entry.effect is effect)


HOSTILE_IDS: list[Any] = [
    "../users/me",
    "..",
    "7/../8",
    "7?limit=1",
    "7#",
    "7%2f..%2f8",
    "7\r\nx-evil: 1",
    "",
    " ",
    "7\x00",
    "\u0667/",
    -1,
    0,
    1.5,
    True,
    False,
    [7],
    {"id": 7},
    float("nan"),
]


@pytest.mark.parametrize("value", HOSTILE_IDS, ids=repr)
def test_a_hostile_number(value: Any) -> None:
    """A record's number is a number; true and false are none, nor is a piece of path."""
    with pytest.raises(ArgumentsError, match="deal_id"):
        deals.get.check({"deal_id": value})


@pytest.mark.parametrize("value", [*HOSTILE_IDS, 7, f"{LEAD}/..", f"{LEAD}?x", LEAD[:-1]], ids=repr)
def test_a_hostile_lead(value: Any) -> None:
    """A lead's id is a UUID and nothing beside it."""
    with pytest.raises(ArgumentsError, match="lead_id"):
        leads.get.check({"lead_id": value})


@pytest.mark.parametrize("value", [LEAD.upper(), f"{{{LEAD}}}", f"urn:uuid:{LEAD}", LEAD.replace("-", "")])
def test_a_lead_in_another_spelling(value: str) -> None:
    """A UUID in any spelling travels in the one that Pipedrive gives."""
    assert leads.get.check({"lead_id": value}).values == {"lead_id": LEAD}


@pytest.mark.parametrize("value", ["", " ", ".", "..", " .. "])
def test_a_path_that_would_climb(value: str) -> None:
    """A text that stands in the path cannot be dots, which no quoting tames."""
    with pytest.raises(ArgumentsError, match="field_code"):
        account.get_deal_field.check({"field_code": value})


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=12))
def test_a_text_in_the_path(text: str) -> None:
    """A text that stands in the path stays one piece of it, or is refused."""
    try:
        call = account.get_deal_field.check({"field_code": text})
    except ArgumentsError:
        return
    path = wire.request(call).path
    assert path.startswith("/api/v2/dealFields/")
    assert path.count("/") == 4
    assert path.isascii()
    assert not set(path) & set("?#\\ ")


def nullable(entry: Endpoint[..., Any]) -> list[str]:
    return [name for name, field in entry.model.model_fields.items() if not field.is_required()]


def nulls(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(nulls(part) for part in value.values())
    if isinstance(value, list):
        return sum(nulls(part) for part in value)
    return value is None


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in UPDATES])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_null_never_travels(entry: Endpoint[..., Any], data: st.DataObject) -> None:
    """Whatever arguments of an update are null, none of them reaches Pipedrive."""
    blank = data.draw(st.lists(st.sampled_from(nullable(entry)), unique=True))
    full = {name: value for name, value in EXAMPLES[entry.name]["full"].items() if name != "clear"}
    given_values = full | dict.fromkeys(blank)
    try:
        call = entry.check(given_values)
    except ArgumentsError as error:
        # An argument may need another one, which was nulled; nothing is sent then.
        assert nulls(given_values), error  # noqa: PT017  # most of the cases pass
        return
    body = json.loads(wire.request(call).body or b"{}")
    assert nulls(body) == 0


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in UPDATES])
def test_null_travels_where_it_is_asked_for(entry: Endpoint[..., Any]) -> None:
    """What clear names is blanked: null, or an empty list where the field is a list."""
    minimal = {name: EXAMPLES[entry.name]["full"][name] for name in entry.path_arguments}
    for name in sorted(getattr(entry.model, "clearable", ())):
        try:
            body = json.loads(wire.request(entry.check(minimal | {"clear": [name]})).body or b"{}")
        except ArgumentsError:
            continue  # some fields go only together
        assert body[name] in (None, [])


def test_something_can_be_cleared() -> None:
    """The tests above have something to blank."""
    assert json.loads(wire.request(deals.update(deal_id=7, clear=["probability"])).body or b"") == {
        "probability": None
    }


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in UPDATES])
def test_nothing_to_change(entry: Endpoint[..., Any]) -> None:
    """An update that names no field is refused, whatever else it steers."""
    only = {name: EXAMPLES[entry.name]["full"][name] for name in entry.path_arguments}
    steering: list[dict[str, Any]] = [
        {},
        {"overwrite": ["x"]},
        {"dry_run": True},
        {"clear": []},
        {"clear": None},
    ]
    for further in steering:
        with pytest.raises(ArgumentsError, match="nothing to change"):
            entry.check(only | further)


@pytest.mark.parametrize(
    ("entry", "arguments", "values"),
    [
        pytest.param(deals.list_, {"ids": "[1, 2]"}, {"ids": [1, 2]}, id="a-list-of-numbers"),
        pytest.param(deals.list_, {"ids": [1, "2"]}, {"ids": [1, 2]}, id="a-number-as-text"),
        pytest.param(
            deals.update,
            {"deal_id": 7, "custom_fields": f'[{{"name": "{KEY}", "value": "Gold"}}]'},
            {"deal_id": 7, "custom_fields": {KEY: "Gold"}},
            id="objects",
        ),
        pytest.param(
            deals.update,
            {"deal_id": 7, "title": "[1, 2]"},
            {"deal_id": 7, "title": "[1, 2]"},
            id="a-text-stays",
        ),
        pytest.param(
            deals.update,
            {"deal_id": 7, "title": '{"a": 1}'},
            {"deal_id": 7, "title": '{"a": 1}'},
            id="a-text-is-no-object",
        ),
    ],
)
def test_json_as_text(entry: Endpoint[..., Any], arguments: dict[str, Any], values: dict[str, Any]) -> None:
    """A list or an object may come as JSON text, and a text is never taken for one."""
    assert entry.check(arguments).values == values


@pytest.mark.parametrize(
    ("entry", "arguments"),
    [
        pytest.param(deals.get, {"deal_id": "[7]"}, id="a-number-as-a-list"),
        pytest.param(deals.list_, {"ids": "[1, 2"}, id="cut-json"),
        pytest.param(deals.list_, {"ids": "1, 2"}, id="a-comma-list"),
        pytest.param(deals.list_, {"ids": '{"a": 1}'}, id="an-object-for-a-list"),
        pytest.param(deals.update, {"deal_id": 7, "title": ["a"]}, id="a-list-for-a-text"),
        pytest.param(deals.update, {"deal_id": 7, "title": 5}, id="a-number-for-a-text"),
        pytest.param(deals.update, {"deal_id": 7, "value": True}, id="a-flag-for-an-amount"),
        pytest.param(deals.update, {"deal_id": 7, "value": float("inf")}, id="no-end-of-money"),
        pytest.param(deals.update, {"deal_id": 7, "stage_id": True}, id="a-flag-for-a-stage"),
        pytest.param(deals.list_, {"ids": [True]}, id="a-flag-in-a-list"),
        pytest.param(activities.create, {"subject": "x", "done": "perhaps"}, id="a-word-for-a-flag"),
        pytest.param(deals.get, {}, id="nothing"),
        pytest.param(deals.get, {"deal_id": None}, id="null-for-what-must-be"),
        pytest.param(deals.get, [], id="a-list-of-arguments"),
        pytest.param(deals.get, "{}", id="a-text-of-arguments"),
        pytest.param(deals.get, None, id="no-arguments"),
        pytest.param(deals.get, {7: 7}, id="a-name-that-is-no-text"),
        pytest.param(deals.update, {"deal_id": 7, "title": "half \ud83d"}, id="half-a-character"),
        pytest.param(
            deals.update,
            {"deal_id": 7, "custom_fields": [{"name": KEY, "value": "half \ud83d"}]},
            id="half-within",
        ),
        pytest.param(
            deals.update,
            {"deal_id": 7, "custom_fields": [{"name": KEY, "value": float("nan")}]},
            id="no-number-within",
        ),
    ],
)
def test_wrong_arguments(entry: Endpoint[..., Any], arguments: Any) -> None:
    """What does not fit is refused by name, as an error of ours."""
    with pytest.raises(ArgumentsError, match=f"^{entry.name}: "):
        entry.check(arguments)


def test_no_value_in_a_message() -> None:
    """What is wrong is named without the value, which may be other people's data."""
    with pytest.raises(ArgumentsError) as caught:
        deals.update.check({"deal_id": "canary-in-a-number", "expected_close_date": "canary-in-a-day"})

    assert "canary" not in str(caught.value)
    assert "deal_id" in str(caught.value)
    assert "expected_close_date" in str(caught.value)


def test_a_message_has_an_end() -> None:
    """Many wrong values make one message that a model can read."""
    with pytest.raises(ArgumentsError, match=r"and 40 more$"):
        deals.list_.check({"ids": ["x"] * 50})


def test_an_answer_in_the_type_that_is_promised() -> None:
    """An answer's data comes in the entry's type, with the keys nobody named; an empty list may be null."""
    found = deals.get.parse({"id": 7, "title": "x", "new_key": 1})

    assert (found.id, found.title, found.model_extra) == (7, "x", {"new_key": 1})
    assert notes.list_.parse(None) == []


def test_an_answer_in_another_shape() -> None:
    """Data that does not fit the promise is one typed error, without the data."""
    with pytest.raises(NotJsonError, match="another shape") as caught:
        deals.get.parse({"id": "canary"})

    assert "canary" not in str(caught.value)
    with pytest.raises(NotJsonError):
        deals.get.parse(None)


def test_arguments_are_frozen() -> None:
    """A call that was judged cannot be changed before it is sent."""
    call = deals.update(deal_id=7, title="x")

    with pytest.raises(ValueError, match="frozen"):
        call.args.title = "y"  # type: ignore[attr-defined]  # known to the entry's own model only


def test_effects() -> None:
    """A read changes nothing; every other effect does."""
    assert [effect for effect in Effect if not effect.writes] == [Effect.READ]
    assert Paging.CURSOR.value == "cursor"
    assert issubclass(Args, BaseModel)
    assert issubclass(Record, BaseModel)
    assert str(UUID(LEAD)) == LEAD
