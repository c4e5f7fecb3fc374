"""Leads on the wire: v1, with money as an object and a person or an organization always."""

import pytest

from pipedrive_tools.endpoints import leads
from pipedrive_tools.errors import ArgumentsError
from tests.endpoints.examples import FIELD_KEY, LEAD_ID


def test_somebody_is_needed() -> None:
    """A lead belongs to a person or an organization."""
    with pytest.raises(ArgumentsError, match="person_id or organization_id is due"):
        leads.create(title="x")


def test_money() -> None:
    """Amount and currency travel as one object, and a read's object is taken too."""
    assert leads.update(lead_id=LEAD_ID, value=5, currency="EUR").values["value"] == {
        "amount": 5,
        "currency": "EUR",
    }
    again = leads.update.check({"lead_id": LEAD_ID, "value": {"amount": 5, "currency": "EUR"}})
    assert again.values == {"lead_id": LEAD_ID, "value": {"amount": 5, "currency": "EUR"}}


@pytest.mark.parametrize("half", [{"value": 5}, {"currency": "EUR"}])
def test_half_of_the_money(half: dict[str, object]) -> None:
    """An amount without a currency is refused in an update, and the other way round."""
    with pytest.raises(ArgumentsError, match="go together"):
        leads.update.check({"lead_id": LEAD_ID, **half})


def test_half_of_the_money_of_a_new_lead() -> None:
    """An amount needs its currency; one that is left out is 0, as it is for a deal."""
    new = {"title": "x", "person_id": 2}
    with pytest.raises(ArgumentsError, match="go together"):
        leads.create.check({**new, "value": 5})

    assert leads.create.check({**new, "currency": "EUR"}).values["value"] == {"amount": 0, "currency": "EUR"}


def test_blanked_money() -> None:
    """A value that is blanked travels as null."""
    assert leads.update(lead_id=LEAD_ID, clear=["value"]).values == {"lead_id": LEAD_ID, "value": None}


def test_one_link_stays() -> None:
    """A lead cannot lose its person and its organization in one call."""
    with pytest.raises(ArgumentsError, match="keeps its person or its organization"):
        leads.update(lead_id=LEAD_ID, clear=["person_id", "organization_id"])


def test_custom_fields_lie_at_the_root() -> None:
    """Custom fields of leads lie beside the others."""
    call = leads.create.check(
        {"title": "x", "person_id": 2, "custom_fields": [{"name": FIELD_KEY, "value": "Gold"}]}
    )

    assert call.values == {"title": "x", "person_id": 2, FIELD_KEY: "Gold"}
