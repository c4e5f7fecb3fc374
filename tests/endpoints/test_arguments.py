"""What searches, writes and changes have in common."""

import pytest

from pipedrive_tools.endpoints import account, deals, leads, persons
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.errors import ArgumentsError
from tests.endpoints.examples import FIELD_KEY, LEAD_ID


def test_short_terms() -> None:
    """One letter is searched for only as the whole value."""
    with pytest.raises(ArgumentsError, match="at least 2 characters"):
        deals.search(term="a ")
    assert deals.search(term="a", exact_match=True).values == {"term": "a", "exact_match": True}


def test_the_wide_search_stays_with_four_kinds() -> None:
    """A search over all kinds never shows files, mails, products or projects."""
    kinds = account.search_items(term="acme").values["item_types"]

    assert kinds == ["deal", "person", "organization", "lead"]
    with pytest.raises(ArgumentsError, match="item_types"):
        account.search_items.check({"term": "acme", "item_types": ["file"]})
    with pytest.raises(ArgumentsError, match="item_types"):
        account.search_items.check({"term": "acme", "item_types": []})


def test_what_steers_us_does_not_travel() -> None:
    """Arguments for the toolset never reach Pipedrive."""
    call = deals.update(deal_id=7, title="x", dry_run=True, overwrite=["title"], expect_version="v")

    assert call.values == {"deal_id": 7, "title": "x"}


def test_blanking() -> None:
    """A field named in `clear` travels as null, a list as an empty one, a custom field among the others."""
    call = deals.update(deal_id=7, clear=["lost_reason", "label_ids", FIELD_KEY])

    assert call.values == {
        "deal_id": 7,
        "lost_reason": None,
        "label_ids": [],
        "custom_fields": {FIELD_KEY: None},
    }


def test_blanking_beside_setting() -> None:
    """One custom field can be set while another is blanked."""
    other = FIELD_KEY.replace("d4", "e5")
    call = deals.update.check(
        {"deal_id": 7, "clear": [FIELD_KEY], "custom_fields": [{"name": other, "value": 1}]}
    )

    assert call.values["custom_fields"] == {FIELD_KEY: None, other: 1}


def test_what_cannot_be_blank() -> None:
    """A field that Pipedrive refuses to blank is refused here, with those that can be."""
    with pytest.raises(ArgumentsError, match=r"'expected_close_date'.*'lost_reason'"):
        deals.update(deal_id=7, clear=["expected_close_date"])


def test_set_and_blanked() -> None:
    """A field cannot be set and blanked in one call."""
    with pytest.raises(ArgumentsError, match="do one or the other"):
        deals.update(deal_id=7, lost_reason="x", clear=["lost_reason"])


def test_an_empty_list() -> None:
    """A list that a model filled with nothing does not empty the field."""
    with pytest.raises(ArgumentsError, match="name it in clear"):
        persons.update(person_id=7, emails=[])
    assert persons.update(person_id=7, clear=["emails"]).values["emails"] == []


def test_nothing_to_change() -> None:
    """An update that changes nothing is refused before it is sent."""
    with pytest.raises(ArgumentsError, match="nothing to change"):
        deals.update(deal_id=7, dry_run=True)


@pytest.mark.parametrize(
    ("name", "key"), [(FIELD_KEY, True), (f"{FIELD_KEY}_currency", True), ("title", False)]
)
def test_keys(name: str, key: bool) -> None:
    """Keys of custom fields and of their parts are told from other names."""
    assert is_key(name) is key


def test_a_name_does_not_pass_for_a_field() -> None:
    """At the root of a lead only keys stand beside the built-in fields; no name can pose as one of them."""
    call = leads.update.check(
        {
            "lead_id": LEAD_ID,
            "custom_fields": [{"name": "owner_id", "value": 1}, {"name": FIELD_KEY, "value": "x"}],
            "clear": [FIELD_KEY.replace("d4", "e5")],
        }
    )

    assert call.values == {
        "lead_id": LEAD_ID,
        FIELD_KEY: "x",
        FIELD_KEY.replace("d4", "e5"): None,
        "custom_fields": {"owner_id": 1},
    }
