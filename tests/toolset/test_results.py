"""What a model reads of real answers: names, money, what is left out, how to go on, what it cost."""

import re
from dataclasses import replace
from typing import Any

import pytest

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset import Toolset
from tests.toolset.conftest import EVERYTHING, Open, record

FULL = Policy.full("a")


@pytest.fixture
def toolset(connect: Open) -> Toolset:
    """A toolset that knows the names already."""
    found = connect(FULL)
    for name in ("list_stages", "list_pipelines", "list_users", "list_deal_fields", "list_lead_labels"):
        found.call(
            name, {"limit": 500} if "s" in name and name not in {"list_users", "list_lead_labels"} else {}
        )
    return found


DEAL: dict[str, Any] = {
    "title": "Quarrydale: cold-room sensors",
    "value": 6600,
    "currency": "EUR",
    "stage_id": "Negotiation",
    "owner_id": "Oskar Pennarth",
    "label_ids": ["Hot"],
    "expected_close_date": "2026-04-01",
    "probability": 40,
    "custom_fields": {
        "Contract number": "C-17",
        "Competitor": "Juniperloft",
        "Decision process": "The board decides in May. 🎉 قرار",
        "Discount in percent": 12.5,
        "Budget": "8000 EUR",
        "Contract ends": "2026-12-31",
        "Pilot period": "2026-03-14 to 2026-03-21",
        "Best time to call": "09:30",
        "Support window": "10:00 to 18:00",
        "Products of interest": ["Scanners", "Printers"],
        "Region [354585]": "North",
        "Region [fd9dd7]": "as agreed",
        "Delivery address": "109 Kiln Yard, Porto",
        "Switchboard": "+44 20 7946 0712",
        "Sales engineer": "Tilda Crowmere",
    },
}
QUESTIONS = [
    ("What is the deal's id?", r"^id: \d+$"),
    ("What is it called?", "^title: Quarrydale: cold-room sensors$"),
    ("How much is it worth, in which currency?", "^value: 6600 EUR$"),
    ("In which stage is it?", "^stage_id: Negotiation "),
    ("With which id is that stage set?", r"^stage_id: Negotiation \(5\) "),
    ("In which pipeline is it?", r"^stage_id: .* in New business \(1\) "),
    ("Who owns it?", "^owner_id: Oskar Pennarth "),
    ("What is the owner's id?", r"^owner_id: .* \(2\)$"),
    ("Is it open, won or lost?", "^status: open$"),
    ("When should it close?", "^expected_close_date: 2026-04-01$"),
    ("How likely is it?", "^probability: 40$"),
    ("Which person is the contact?", r"^person_id: .*\d+\)?$"),
    ("Which organization is it with?", r"^org_id: .*\d+\)?$"),
    ("Which labels does it have?", r"^label_ids: Hot \(1\)$"),
    ("Since when is it in that stage?", r"^stage_id: .* since \d{4}-\d\d-\d\d$"),
    ("When was it made?", r"^add_time: \d{4}-\d\d-\d\d$"),
    ("When was it changed last?", r"^update_time: \d{4}-\d\d-\d\d$"),
    ("How are times of day had?", "^times .*with detail='full'$"),
    ("What is the contract number?", "^Contract number: C-17$"),
    ("Who is the competitor?", "^Competitor: Juniperloft$"),
    ("How do they decide?", "^Decision process: The board decides in May. 🎉 قرار$"),
    ("Which discount do they get?", "^Discount in percent: 12.5$"),
    ("What is their budget?", "^Budget: 8000 EUR$"),
    ("When does the contract end?", "^Contract ends: 2026-12-31$"),
    ("From when to when is the pilot?", "^Pilot period: 2026-03-14 to 2026-03-21$"),
    ("When should one call, in which time zone?", "^Best time to call: 09:30 Europe/Berlin$"),
    ("When is support due?", "^Support window: 10:00 to 18:00 Europe/Berlin$"),
    ("Which products do they want?", "^Products of interest: Scanners, Printers$"),
    ("Which region from the list is it?", r"^Region \[354585\]: North$"),
    ("Where is it delivered?", "^Delivery address: 109 Kiln Yard, Porto$"),
    (
        "Whom do I ring, and who is the engineer?",
        r"(?s)^Switchboard: \+44 20 7946 0712$.*^Sales engineer: Tilda",
    ),
    ("What did the question cost?", "^cost: 1 Pipedrive token"),
]


def test_thirty_questions(toolset: Toolset, sandbox: Sandbox) -> None:
    """The concise answer about one deal holds what thirty questions about it need."""
    who, firm = record(sandbox, "persons")["id"], record(sandbox, "organizations")["id"]
    made = toolset.call("create_deal", DEAL | {"person_id": who, "org_id": firm})
    assert made.ok, made.text
    text = toolset.call("get_deal", {"deal_id": made.data["id"]}).text

    assert len(QUESTIONS) >= 30
    assert [question for question, answer in QUESTIONS if not re.search(answer, text, re.MULTILINE)] == []
    assert re.search(r"[0-9a-f]{40}", text) is None


def test_a_list(toolset: Toolset) -> None:
    """Rows have names where ids are said once, money with its currency, and say what they leave out."""
    text = toolset.call("list_deals", {"limit": 20}).text

    assert text.startswith("20 records; more: pass cursor=")
    assert "columns left out: pipeline_id, " in text
    assert "ids: owner_id: Maren Iverstrand=1, " in text
    assert re.search(r"^\d+ \| .* \| Maren Iverstrand \| .* \| \d+ (EUR|USD|GBP) \| ", text, re.MULTILINE)
    assert "custom_fields" in text.split("\n", maxsplit=1)[0]


def test_chosen_fields(toolset: Toolset) -> None:
    """Chosen fields are shown under the names they were asked by, and no others; unknown ones are told."""
    wanted = ["title", "Budget", "Region [354585]", "expected close date", "nix"]
    text = toolset.call("list_deals", {"limit": 4, "fields": wanted}).text

    assert "id | title | expected_close_date | Budget | Region [354585]" in text
    assert "no field here is called 'nix'" in text
    assert (
        toolset.call("list_deals", {"limit": 4, "fields": '["title"]'}).text.splitlines()[2] == "id | title"
    )
    assert "id | title\n" in toolset.call("list_deals", {"limit": 4, "fields": "title"}).text


def test_empty_fields_that_were_asked_for(toolset: Toolset) -> None:
    """An empty field that was asked for is said to be empty."""
    made = toolset.call("create_deal", {"title": "x"}).data["id"]
    text = toolset.call("get_deal", {"deal_id": made, "fields": ["lost_reason", "Budget", "no such"]}).text

    assert f"id: {made}\nlost_reason: (empty)\ncustom_fields:\nBudget: (empty)\n" in text
    assert text.startswith("no field here is called 'no such'")


def test_full(toolset: Toolset) -> None:
    """Full detail shows every filled field, of a record and in rows."""
    made = toolset.call("create_deal", DEAL).data["id"]
    one = toolset.call("get_deal", {"deal_id": made, "detail": "full"}).text
    rows = toolset.call("list_deals", {"ids": [made], "detail": "full"}).text

    assert "further field" not in one
    assert "creator_user_id: Maren Iverstrand (1)" in one
    assert re.search(r"^update_time: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", one, re.MULTILINE)
    assert "times and" not in one
    assert "| Budget |" in rows
    assert "8000 EUR" in rows
    few = toolset.call("get_deal", {"deal_id": made}).text
    assert re.match(r"times and \d further fields? with detail='full'\n", few)
    assert "archived" not in few


def test_what_is_on_is_told(toolset: Toolset) -> None:
    """That a deal is archived is told; that it is not, is left out."""
    made = toolset.call("create_deal", {"title": "x"}).data["id"]
    assert toolset.call("update_deal", {"deal_id": made, "is_archived": True}).ok

    assert "\nis_archived: yes\n" in toolset.call("get_deal", {"deal_id": made}).text


@pytest.mark.parametrize("wrong", [{"detail": "more"}, {"fields": [1]}, {"fields": {"a": 1}}])
def test_wrong_shapes(wrong: dict[str, Any], toolset: Toolset, sandbox: Sandbox) -> None:
    """A shape that there is not is refused before anything is sent."""
    before = len(sandbox.log())
    result = toolset.call("get_deal", {"deal_id": 1, **wrong})

    assert result.status == "invalid"
    assert len(sandbox.log()) == before


def test_shapes_are_for_reads(toolset: Toolset) -> None:
    """A write takes no shape; a search's own fields are places to look in."""
    assert "detail: Extra inputs" in toolset.call("create_deal", {"title": "x", "detail": "full"}).text
    searched = toolset.call("search_deals", {"term": "pilot", "fields": ["nowhere"], "detail": None})
    assert searched.status == "invalid"


def test_the_ceiling_says_how_to_go_on(connect: Open, settings: Any) -> None:
    """A list over the ceiling is cut aloud, and the advice it gives leads to the rest."""
    toolset = connect(FULL, settings=replace(settings, result_tokens=300))
    text = toolset.call("list_deals", {"limit": 40}).text
    fits = int(re.search(r"pass limit=(\d+) and go on with the cursor", text)[1])  # type: ignore[index]

    assert text.startswith(f"showing {fits} of 40 read")
    assert toolset.call("list_deals", {"limit": fits}).text.startswith(f"{fits} records; more: pass cursor=")
    notes = toolset.call("list_notes", {"limit": 40}).text
    start = int(re.search(r"pass start=(\d+) for the next", notes)[1])  # type: ignore[index]
    assert f"showing {start} of " in notes


def test_notes_are_readable(toolset: Toolset, sandbox: Sandbox) -> None:
    """HTML comes as what a person sees; a long note is cut aloud, and all of it can be had."""
    deal = record(sandbox, "deals")["id"]
    html = {"html": "<p>Hello <b>Ada</b></p><!-- hidden -->" + "<p>العربية 🎉</p>" + "word " * 19_900}
    note = toolset.call("create_note", {"deal_id": deal, "content": html}).data["id"]
    text = toolset.call("get_note", {"note_id": note}).text
    more = toolset.call("get_note", {"note_id": note, "fields": ["content"]}).text

    assert "content: Hello Ada العربية 🎉 word word" in text
    assert "for more pass fields=['content']" in text
    assert len(text) < 4_500 < len(more) < 12_500


def test_what_is_left(connect: Open) -> None:
    """The last line says what the call cost and what is left of the run's budget."""
    toolset = connect(f"{EVERYTHING}\n[.limits]\ntokens_per_run = 100")

    last = toolset.call("list_deals", {"limit": 1}).text.splitlines()[-1]
    assert last == "cost: 10 Pipedrive tokens; 90 of 100 left for this run"
    assert "80 of 100 left" in toolset.call("list_deals", {"limit": 2}).text


def test_a_search_that_finds_nothing(toolset: Toolset) -> None:
    """It says what was searched for, where and how, and what to try."""
    loose = toolset.call("search_deals", {"term": "zzzqq", "status": "open"}).text
    exact = toolset.call("search_items", {"term": "zzzqq", "exact_match": True, "fields": ["email"]}).text

    assert (
        'nothing found for "zzzqq" as the beginning of a word in title, notes, custom_fields of deals'
        in loose
    )
    assert 'with {"status":"open"}; try fewer letters' in loose
    assert "as the whole text in email of deal, person, organization, lead; leave exact_match out" in exact


def test_errors_name_the_next_tool(connect: Open) -> None:
    """A record that is not there and an argument that does not fit tell where the right one comes from."""
    toolset = connect('deals = "read"\npersons = "off"')

    assert (
        "deal_id comes from search_deals or list_deals."
        in toolset.call("get_deal", {"deal_id": 999_999}).text
    )
    assert "comes from" not in toolset.call("list_deals", {"person_id": []}).text
    assert "did you mean 'deal_id'?" in toolset.call("get_deal", {"deal_idd": 1}).text
    only = toolset.only(["get_deal", "list_deals"])
    assert "deal_id comes from list_deals." in only.call("get_deal", {"deal_id": 999_999}).text


def test_linked_names_that_were_free(toolset: Toolset, sandbox: Sandbox) -> None:
    """The name of a person that was read stands beside the id from then on."""
    person = record(sandbox, "persons")
    made = toolset.call("create_deal", {"title": "x", "person_id": person["id"]}).data["id"]
    assert f"person_id: {person['id']}\n" in toolset.call("get_deal", {"deal_id": made}).text
    toolset.call("get_person", {"person_id": person["id"]})

    assert f"person_id: {person['name']} ({person['id']})" in toolset.call("get_deal", {"deal_id": made}).text
