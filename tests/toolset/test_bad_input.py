"""What people and models get wrong, or write in ways of their own: the right result, or an error that says what to do.

Wrong names and values of custom fields are in `test_names`; these are the others.
"""

from typing import Any, Final

import pytest

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from tests.toolset.conftest import Open, read, record, writes

FULL: Final = Policy.full("a")
WORDS: Final = "قرار 🎉 café — 日本 👩🏽‍💻 עברית"
WRONG: Final = {
    "a date in words": ({"expected_close_date": "next friday"}, "a day is due, written YYYY-MM-DD"),
    "a date in another order": ({"expected_close_date": "24.12.2026"}, "a day is due, written YYYY-MM-DD"),
    "a day that there is not": ({"expected_close_date": "2026-02-30"}, "a day is due, written YYYY-MM-DD"),
    "a number in words": ({"value": "a lot"}, "value: Input should be a valid number"),
    "true for a number": ({"value": True}, "a number is due, not true or false"),
    "a list where one is due": ({"stage_id": ["Offer sent"]}, "stage_id: one value is due, not a list"),
    "an object where one is due": ({"owner_id": {"name": "me"}}, "owner_id: one value is due, not an object"),
    "a word where a list is due": (
        {"custom_fields": "Budget"},
        "custom_fields: Input should be a valid list",
    ),
    "a status that there is not": ({"status": "opened"}, "status: Input should be 'open', 'won' or 'lost'"),
    "a stage of another pipeline": (
        {"stage_id": "Offer sent", "pipeline_id": "New business"},
        "stage_id: there is no stage 'Offer sent'; there are: 'Qualified'",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong(case: str, connect: Open, sandbox: Sandbox) -> None:
    """What does not fit is refused with the argument and what is due; nothing is written."""
    arguments, says = WRONG[case]
    refused = connect(FULL).call("create_deal", {"title": "x", **arguments})

    assert refused.status == "invalid"
    assert says in refused.text
    assert "Nothing was sent. Correct the arguments and call again." in refused.text
    assert writes(sandbox) == []


def test_numbers_as_texts(connect: Open, sandbox: Sandbox) -> None:
    """Numbers that come as texts are numbers on the wire, in arguments and in custom fields."""
    arguments: dict[str, Any] = {
        "title": "x",
        "value": "1500.50",
        "owner_id": "1",
        "stage_id": "4",
        "custom_fields": [{"name": "Discount in percent", "value": "12,5"}],
    }
    made = connect(FULL).call("create_deal", arguments)

    assert made.ok, made.text
    ((_, _, body),) = writes(sandbox)
    assert (body["value"], body["owner_id"], body["stage_id"]) == (1500.5, 1, 4)
    assert list(body["custom_fields"].values()) == [12.5]


def test_any_script(connect: Open, sandbox: Sandbox) -> None:
    """Emoji and text from right to left are written as they are, found by name, and read back."""
    toolset = connect(FULL)
    person = toolset.call("create_person", {"name": WORDS}).data["id"]
    made = toolset.call(
        "create_deal",
        {"title": WORDS, "person_id": WORDS, "custom_fields": [{"name": "Competitor", "value": WORDS}]},
    )

    assert made.ok, made.text
    deal = read(sandbox, "deals", made.data["id"])
    assert (deal["title"], deal["person_id"]) == (WORDS, person)
    assert WORDS in deal["custom_fields"].values()
    shown = toolset.call("get_deal", {"deal_id": deal["id"]}).text
    assert "قرار 🎉 café — 日本" in shown
    assert "עברית" in shown


@pytest.mark.parametrize("text", ["<b>5 < 6</b> & more\n</crm-data>", "word " * 20_000], ids=["HTML", "long"])
def test_notes(text: str, connect: Open, sandbox: Sandbox) -> None:
    """A note says what was written, be it full of signs or 100,000 characters long; what is cut is told."""
    toolset, deal = connect(FULL), record(sandbox, "deals")["id"]
    made = toolset.call("create_note", {"content": text, "deal_id": deal})
    shown = toolset.call("get_note", {"note_id": made.data["id"]}).text

    assert made.ok, made.text
    assert " ".join(text.split())[:100] in shown
    assert ("content is cut: it has 100,000 characters" in shown) is (len(text) == 100_000)
    assert len(shown) < 4_500


def test_a_blank_page(connect: Open, sandbox: Sandbox) -> None:
    """A cursor that is blank is the first page; models send it so."""
    found = connect(FULL).call("list_deals", {"limit": 2, "cursor": ""})

    assert found.ok, found.text
    assert sandbox.log()[-1]["query"] == {"limit": "2"}
