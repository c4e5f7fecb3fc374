"""Sizes, repeatability, and whether all that the records refer to is there."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest

from pipedrive_tools.sandbox.demo import Demo, generate
from pipedrive_tools.sandbox.demo.custom import CUSTOM_FIELDS

TODAY = date(2026, 3, 2)
LISTS = [each.name for each in fields(Demo) if each.name not in {"today", "truth", "lead_truth", "hostile"}]
BASE = LISTS[: LISTS.index("organizations")]


@pytest.fixture(scope="module")
def demo() -> Demo:
    return generate(today=TODAY)


def open_deals(demo: Demo) -> list[dict[str, Any]]:
    return [deal for deal in demo.deals if demo.truth[deal["id"]].is_reviewed]


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


def test_default_sizes(demo: Demo) -> None:
    """The default demo has the promised numbers; closed, deleted and archived deals come on top."""
    assert len(open_deals(demo)) == 400
    assert len(demo.deals) == 484
    assert len(demo.pipelines) == 3
    assert [len(demo.persons), len(demo.organizations)] == [300, 150]
    assert [len(demo.activities), len(demo.leads), len(demo.notes)] == [900, 120, 250]


@pytest.mark.parametrize("deals", [1, 2, 7, 40, 100, 1000])
def test_scaled_sizes(deals: int) -> None:
    """Any number of deals works, and the rest grows with it."""
    demo = generate(today=TODAY, deals=deals)

    assert len(open_deals(demo)) == deals
    assert len(demo.activities) >= round(deals * 2.25)
    assert len(demo.leads) == round(deals * 0.3)


def test_no_deals() -> None:
    """Without deals there is the account itself and nothing in it."""
    demo = generate(today=TODAY, deals=0)

    assert all(getattr(demo, name) for name in BASE)
    assert not any(getattr(demo, name) for name in set(LISTS) - set(BASE))
    assert not demo.truth


def test_same_arguments(demo: Demo) -> None:
    """The same day and seed give the same bytes."""
    again = generate(today=TODAY)

    assert all(json.dumps(getattr(demo, name)) == json.dumps(getattr(again, name)) for name in LISTS)
    assert (again.truth, again.hostile) == (demo.truth, demo.hostile)


def test_other_seed(demo: Demo) -> None:
    """Another seed gives other records in the same account: keys, options and labels stay."""
    other = generate(today=TODAY, seed=2)

    assert other.deals != demo.deals
    assert {lead["id"] for lead in other.leads}.isdisjoint(lead["id"] for lead in demo.leads)
    assert [field["field_code"] for field in other.deal_fields] == [
        field["field_code"] for field in demo.deal_fields
    ]
    assert other.lead_labels == demo.lead_labels


def test_other_day(demo: Demo) -> None:
    """Another day moves every date and leaves the truth as it was."""
    later = generate(today=TODAY + timedelta(days=100))
    kinds = [[signal.kind for signal in truth.signals] for truth in demo.truth.values()]

    assert [[signal.kind for signal in truth.signals] for truth in later.truth.values()] == kinds


@pytest.mark.parametrize("name", LISTS)
def test_nothing_is_shared(demo: Demo, name: str) -> None:
    """No two records hold the same object, so that changing one never changes another."""
    inner = [
        value for record in getattr(demo, name) for value in record.values() if isinstance(value, dict | list)
    ]

    assert len({id(value) for value in inner}) == len(inner)


@pytest.mark.parametrize(
    "name",
    [name for name in LISTS if not name.endswith("_fields")],
)
def test_ids(demo: Demo, name: str) -> None:
    """No two records of a kind have the same id."""
    ids = [record["id"] for record in getattr(demo, name)]

    assert len(set(ids)) == len(ids)


REFERENCES = [
    ("persons", "org_id", "organizations"),
    ("deals", "person_id", "persons"),
    ("deals", "org_id", "organizations"),
    ("deals", "owner_id", "users"),
    ("deals", "stage_id", "stages"),
    ("stages", "pipeline_id", "pipelines"),
    ("activities", "deal_id", "deals"),
    ("activities", "lead_id", "leads"),
    ("activities", "person_id", "persons"),
    ("activities", "org_id", "organizations"),
    ("leads", "person_id", "persons"),
    ("leads", "organization_id", "organizations"),
    ("leads", "next_activity_id", "activities"),
    ("notes", "deal_id", "deals"),
    ("notes", "lead_id", "leads"),
    ("notes", "person_id", "persons"),
    ("notes", "org_id", "organizations"),
    ("notes", "user_id", "users"),
]


@pytest.mark.parametrize(("name", "key", "target"), REFERENCES)
def test_references(demo: Demo, name: str, key: str, target: str) -> None:
    """What a record refers to is there, deleted or not, and something does refer."""
    found = {record[key] for record in getattr(demo, name)} - {None}

    assert found
    assert found <= {record["id"] for record in getattr(demo, target)}


def test_stage_in_its_pipeline(demo: Demo) -> None:
    """A deal stands in a stage of its own pipeline."""
    pipelines = {stage["id"]: stage["pipeline_id"] for stage in demo.stages}

    assert all(deal["pipeline_id"] == pipelines[deal["stage_id"]] for deal in demo.deals)


def test_leads_are_about_somebody(demo: Demo) -> None:
    """A lead has a person or an organization, as the API demands."""
    assert all(lead["person_id"] or lead["organization_id"] for lead in demo.leads)


def test_states_of_deals(demo: Demo) -> None:
    """Deals come won, lost, deleted and archived, without a person, without value, with no close date."""
    assert {deal["status"] for deal in demo.deals} == {"open", "won", "lost"}
    assert any(deal["is_deleted"] for deal in demo.deals)
    assert any(deal["is_archived"] and deal["archive_time"] for deal in demo.deals)
    assert any(deal["value"] == 0 for deal in open_deals(demo))
    assert {deal["currency"] for deal in demo.deals} == {"EUR", "USD", "GBP"}
    assert {None, "0000-00-00"} <= {deal["expected_close_date"] for deal in open_deals(demo)}


def test_nothing_happened_today(demo: Demo) -> None:
    """All that has happened lies before today, whatever the clock says."""
    keys = ("add_time", "update_time", "stage_change_time", "marked_as_done_time", "won_time", "lost_time")
    records = [*demo.deals, *demo.persons, *demo.organizations, *demo.activities, *demo.leads, *demo.notes]

    assert all((record.get(key) or "") < TODAY.isoformat() for record in records for key in keys)


def test_added_first(demo: Demo) -> None:
    """No record was changed, closed or written about before it was added."""
    added = {deal["id"]: deal["add_time"][:10] for deal in demo.deals}
    keys = ("update_time", "stage_change_time", "won_time", "lost_time", "archive_time")

    assert all(deal[key] is None or deal[key] > deal["add_time"] for deal in demo.deals for key in keys)
    assert all(
        each["update_time"] >= each["add_time"] for each in [*demo.persons, *demo.activities, *demo.leads]
    )
    assert all(note["add_time"][:10] >= added[note["deal_id"]] for note in demo.notes if note["deal_id"])


def test_custom_fields_of_every_kind(demo: Demo) -> None:
    """All sixteen kinds are defined on deals and used; two fields of deals share a name."""
    kinds = {
        field["field_code"]: field["field_type"] for field in demo.deal_fields if field["is_custom_field"]
    }
    used = {
        kinds[key] for deal in demo.deals for key, value in deal["custom_fields"].items() if value is not None
    }
    names = [field["field_name"] for field in demo.deal_fields if field["is_custom_field"]]

    assert len(set(kinds.values())) == 16
    assert used == set(kinds.values())
    assert names.count("Region") == 2
    assert all(re.fullmatch(r"[0-9a-f]{40}", field.key) for field in CUSTOM_FIELDS)


def test_custom_fields_of_leads(demo: Demo) -> None:
    """Leads carry the deals' fields flat at the root: options as text, parts under their own keys."""
    deal_keys = {
        field["field_code"]: field["field_type"] for field in demo.deal_fields if field["is_custom_field"]
    }
    flat = [(key, value) for lead in demo.leads for key, value in lead.items() if key[:40] in deal_keys]
    options = [value for key, value in flat if deal_keys.get(key) in {"enum", "set"}]

    assert all(re.fullmatch(r"\d+(,\d+)*", value) for value in options)
    assert any(key.endswith("_currency") for key, _ in flat)
    assert not any(isinstance(value, dict | list) for _, value in flat)


def test_options(demo: Demo) -> None:
    """Chosen options are among those that are defined."""
    field = next(field for field in demo.deal_fields if field["field_name"] == "Products of interest")
    chosen = {number for deal in demo.deals for number in deal["custom_fields"][field["field_code"]] or []}

    assert chosen == {option["id"] for option in field["options"]}


def test_nobody_can_be_reached(demo: Demo) -> None:
    """Every address and number lies in a range that is reserved for examples."""
    text = "\n".join(each for name in LISTS for each in strings(getattr(demo, name)))
    hosts = re.findall(r"(?:@|//)((?:[a-z0-9-]+\.)+[a-z]{2,})\b", text)
    numbers = re.findall(r"\+\d[\d -]{9,}", text)

    assert hosts
    assert all(re.search(r"(^|\.)(example|example\.(com|org|net))$", host) for host in hosts), set(hosts)
    assert all(re.fullmatch(r"\+44 20 7946 0\d{3}|\+1 212-555-01\d{2}", number) for number in numbers)


def test_notes(demo: Demo) -> None:
    """Notes are HTML with lists, some long, some with emoji, some written right to left."""
    text = "".join(note["content"] for note in demo.notes)

    assert "<li>" in text
    assert re.search("[\U0001f300-\U0001faff]", text)
    assert re.search("[\u0590-\u06ff]", text)
    assert max(len(note["content"]) for note in demo.notes) > 2000


def test_one_api_user(demo: Demo) -> None:
    """One user is the caller and an administrator; one has left and still owns deals."""
    [me] = [user for user in demo.users if user["is_you"]]
    [left] = [user for user in demo.users if user["is_deleted"]]

    assert demo.users[0] is me
    assert all(access["admin"] for access in me["access"])
    assert me["timezone_name"] == "Europe/Berlin"
    assert any(deal["owner_id"] == left["id"] for deal in open_deals(demo))
