"""Notes on the wire: v1, with flags as 0 and 1."""

import pytest

from pipedrive_tools.endpoints import notes
from pipedrive_tools.errors import ArgumentsError


def test_a_note_is_about_something() -> None:
    """A note without a deal, person, organization or lead is refused."""
    with pytest.raises(ArgumentsError, match="one of deal_id, person_id, org_id, lead_id"):
        notes.create(content="x")


def test_a_pin_needs_its_record() -> None:
    """A pin travels as 0 or 1 and needs the id of what it is pinned to."""
    assert notes.create(content="x", deal_id=1, pinned_to_deal_flag=True).values["pinned_to_deal_flag"] == 1
    with pytest.raises(ArgumentsError, match="pinned_to_lead_flag: a pin needs"):
        notes.create(content="x", deal_id=1, pinned_to_lead_flag=True)


def test_unpinning() -> None:
    """A pin that is taken off travels as 0, and is a change."""
    values = notes.update(note_id=5, pinned_to_deal_flag=False).values

    assert values == {"note_id": 5, "pinned_to_deal_flag": 0}
    assert type(values["pinned_to_deal_flag"]) is int


def test_nothing_of_a_note_can_be_blank() -> None:
    """No field of a note is blanked."""
    with pytest.raises(ArgumentsError, match="cannot be blanked"):
        notes.update(note_id=5, clear=["content"])


def test_the_answer_of_a_delete() -> None:
    """A deleted note is answered by true and not by its id."""
    assert notes.delete.parse(data=True) is True
