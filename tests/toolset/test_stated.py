"""Arguments that a model fills with nothing: taken as left out, told, and never a way to blank a field."""

from typing import Any

import pytest

from pipedrive_tools import schema
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset.stated import stated
from tests.toolset.conftest import Open, read, record, writes

FULL = Policy.full("a")
EMPTY: dict[str, Any] = {
    "a text": "",
    "blanks": "  ",
    "None": "None",
    "null": "null",
    "a list": [],
    "an object": {},
}


@pytest.mark.parametrize("nothing", EMPTY.values(), ids=EMPTY.keys())
@pytest.mark.parametrize("name", catalogue)
def test_every_optional_argument(name: str, nothing: Any) -> None:
    """No empty optional argument is left in a call; a required one stays, and so does a filter by ids."""
    model = catalogue[name].model
    rest, _ = stated(model, dict.fromkeys(model.model_fields, nothing))

    assert set(rest) == {
        field for field, info in model.model_fields.items() if info.is_required() or field == "ids"
    }


OFFERS_NOTHING: list[tuple[str, str, str | list[str]]] = [
    (name, field, nothing)
    for name, entry in catalogue.items()
    for field, node in schema.describe(entry).get("properties", {}).items()
    for written, nothing in (("''", ""), ("[]", []))
    if written in node["description"]
]


def test_some_arguments_offer_it() -> None:
    """The next test looks at many arguments, of every create that has optional texts."""
    assert {name for name, _, _ in OFFERS_NOTHING} > {
        "create_deal",
        "create_person",
        "create_organization",
        "create_activity",
        "create_lead",
    }
    assert {field for _, field, nothing in OFFERS_NOTHING if nothing == []} == {
        "emails",
        "phones",
        "attendees",
    }


@pytest.mark.parametrize(("name", "field", "nothing"), OFFERS_NOTHING)
def test_what_is_offered_is_kept(name: str, field: str, nothing: str | list[str]) -> None:
    """Where a description says that '' or [] is nothing, it is optional, and that is left aside."""
    assert stated(catalogue[name].model, {field: nothing})[0] == {}


def test_what_says_something() -> None:
    """Zero, false and unknown names say something; they stay as they are, and nothing is copied."""
    given = {"deal_id": 7, "value": 0, "is_archived": False, "title": "None of these", "no_such": ""}
    rest, aside = stated(catalogue["update_deal"].model, given)

    assert rest is given
    assert aside == []


def test_a_create(connect: Open, sandbox: Sandbox) -> None:
    """What a small model really sent: nothing empty travels, and the result says what was left aside."""
    made = connect(FULL).call(
        "create_activity",
        {
            "subject": "Send contract",
            "type": "task",
            "note": "",
            "org_id": "None",
            "done": False,
            "attendees": [],
            "participants": [],
        },
    )

    assert made.text.startswith("left aside, as empty: note, org_id, attendees, participants.\n")
    ((_, _, body),) = writes(sandbox)
    assert body == {"subject": "Send contract", "type": "task"}


def test_an_update_blanks_nothing_in_passing(connect: Open, sandbox: Sandbox) -> None:
    """An empty text or list in an update leaves the field alone, and says how a field is blanked."""
    deal = record(sandbox, "deals", status="lost")
    assert deal["lost_reason"]
    done = connect(FULL).call(
        "update_deal",
        {"deal_id": deal["id"], "title": "x", "lost_reason": "", "label_ids": [], "overwrite": ["title"]},
    )

    assert done.text.startswith(
        "left aside, as empty: lost_reason, label_ids; to blank a field, name it in clear.\n"
    )
    assert writes(sandbox)[-1][2] == {"title": "x"}
    now = read(sandbox, "deals", deal["id"])
    assert (now["lost_reason"], now["label_ids"]) == (deal["lost_reason"], deal["label_ids"])


def test_nothing_is_left_to_do(connect: Open, sandbox: Sandbox) -> None:
    """An update with empty arguments only is refused, and says both."""
    result = connect(FULL).call("update_deal", {"deal_id": record(sandbox, "deals")["id"], "lost_reason": ""})

    assert result.status == "invalid"
    assert "left aside, as empty: lost_reason; to blank a field, name it in clear." in result.text
    assert writes(sandbox) == []


def test_a_filter_by_no_ids(connect: Open, sandbox: Sandbox) -> None:
    """A list of no ids is not widened to all records."""
    result = connect(FULL).call("list_deals", {"ids": [], "status": [], "cursor": ""})

    assert "ids: no id is in it; name one, or leave it out for all" in result.text
    assert sandbox.log() == []


def test_false_that_says_something(connect: Open, sandbox: Sandbox) -> None:
    """False is left aside where a new record has it anyway, and nowhere else."""
    toolset = connect(FULL)
    assert toolset.call("list_activities", {"done": False, "limit": 1}).ok
    assert sandbox.log()[-1]["query"] == {"done": "false", "limit": "1"}
    made = toolset.call("create_activity", {"subject": "x", "type": "call", "done": False})

    assert not made.text.startswith("left aside")
    assert read(sandbox, "activities", made.data["id"])["done"] is False


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ({"value": 0, "currency": ""}, {}),
        ({"value": 0, "currency": "EUR"}, {"value": {"amount": 0, "currency": "EUR"}}),
    ],
    ids=["no amount", "an amount of 0"],
)
def test_the_amount_of_a_lead(
    connect: Open, sandbox: Sandbox, told: dict[str, Any], sent: dict[str, Any]
) -> None:
    """0 without a currency is no amount, and with one it is 0 of that: a lead's amount is a pair."""
    made = connect(FULL).call("create_lead", {"title": "x", "person_id": 1, **told})

    assert made.ok
    assert writes(sandbox)[-1][2] == {"title": "x", "person_id": 1, **sent}


SENT = ("method", "path", "query", "body")
ASSUMED: list[tuple[str, dict[str, Any]]] = [
    ("list_deals", {"limit": 100, "sort_by": "id", "sort_direction": "asc"}),
    ("list_deals", {"status": ["won", "open", "lost"]}),
    ("list_leads", {"limit": 100, "start": 0}),
    ("list_notes", {"start": 0}),
    ("create_deal", {"title": "x", "owner_id": "me", "value": 0}),
    ("create_person", {"name": "x", "owner_id": "me"}),
    ("create_organization", {"name": "x", "owner_id": "me"}),
    ("create_activity", {"subject": "x", "type": "call", "owner_id": "me"}),
    ("create_lead", {"title": "x", "person_id": 1, "owner_id": "me", "value": 0}),
]


@pytest.mark.parametrize(
    ("name", "given"), ASSUMED, ids=[f"{name}-{next(iter(given))}" for name, given in ASSUMED]
)
def test_what_pipedrive_assumes(connect: Open, sandbox: Sandbox, name: str, given: dict[str, Any]) -> None:
    """It does not travel, and nothing is told of it."""
    bare = {key: value for key, value in given.items() if key not in catalogue[name].model.assumed}
    plain = connect(FULL).call(name, bare)
    without = sandbox.log()[-1]
    result = connect(FULL).call(name, given)

    assert plain.ok
    assert result.ok
    assert not result.text.startswith("left aside")
    assert len(bare) < len(given)
    assert {key: sandbox.log()[-1][key] for key in SENT} == {key: without[key] for key in SENT}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("list_deals", {"limit": 99, "sort_by": "add_time", "sort_direction": "desc", "owner_id": "me"}),
        ("list_deals", {"status": ["open", "won", "lost", "deleted"]}),
        ("list_deals", {"status": ["open", "won"], "ids": [1]}),
        ("list_deals", {"status": ["open", "won", {"lost": 1}]}),
        ("list_deals", {"status": "open,won,lost"}),
        ("list_notes", {"limit": 100, "start": 1}),
        ("list_leads", {"start": False, "owner_id": "me"}),
        ("search_deals", {"term": "ab", "sort_by": "id"}),
        ("update_deal", {"deal_id": 1, "owner_id": "me"}),
        ("create_deal", {"title": "x", "owner_id": 7}),
    ],
)
def test_what_pipedrive_does_not_assume(name: str, given: dict[str, Any]) -> None:
    """Another value, another tool's assumption and an unknown argument stay."""
    assert stated(catalogue[name].model, given) == (given, [])


def test_a_tool_that_is_not_granted(connect: Open) -> None:
    """A refusal tells nothing about the arguments of a tool that the agent does not have."""
    toolset = connect('deals = "read"')
    texts = [
        toolset.call(name, {"deal_id": 1, "title": ""}).text.replace(name, "…")
        for name in ("update_deal", "no_such_tool")
    ]
    assert texts[0] == texts[1]


def test_a_repeat(connect: Open, sandbox: Sandbox) -> None:
    """The same call with and without an empty argument is one call."""
    toolset = connect(FULL)
    first = toolset.call("create_deal", {"title": "x"})
    again = toolset.call("create_deal", {"title": "x", "expected_close_date": ""})

    assert again.data["id"] == first.data["id"]
    assert len(writes(sandbox)) == 1
    assert toolset.repeats("create_deal", {"title": "x", "person_id": ""})
