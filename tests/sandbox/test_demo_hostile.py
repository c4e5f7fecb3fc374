"""The traps: that they are there, where they are noted to be, and that they change nothing else."""

import unicodedata
from datetime import date
from typing import get_args

import pytest

from pipedrive_tools.sandbox.demo import HOSTILE_TEXTS, Demo, HostileText, Planted, generate
from pipedrive_tools.sandbox.demo.hostile import Place, invisible
from pipedrive_tools.sandbox.demo.record import Record

TODAY = date(2026, 3, 2)
FIELD_OF_PLACE = {
    "deal_title": "title",
    "lost_reason": "lost_reason",
    "person_name": "name",
    "job_title": "job_title",
    "organization_name": "name",
    "organization_address": "address",
    "activity_subject": "subject",
    "activity_note": "note",
    "activity_location": "location",
    "lead_title": "title",
    "note_content": "content",
    "custom_text": "custom_fields",
}


@pytest.fixture(scope="module")
def demo() -> Demo:
    return generate(today=TODAY)


def record_of(demo: Demo, planted: Planted) -> Record:
    return next(each for each in getattr(demo, planted.records) if each["id"] == planted.record_id)


def text_in(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(str(each) for each in value.values())
    return str(value)


@pytest.mark.parametrize("place", get_args(Place))
def test_every_place(demo: Demo, place: Place) -> None:
    """Every kind of text field carries a hostile text somewhere."""
    assert any(planted.place == place for planted in demo.hostile)


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: text.name)
def test_every_text(demo: Demo, text: HostileText) -> None:
    """Every hostile text stands somewhere in the default demo."""
    assert any(planted.text == text for planted in demo.hostile)


def test_where_noted(demo: Demo) -> None:
    """Each text stands in the record and field that the list names."""
    for planted in demo.hostile:
        if planted.place != "option_label":
            value = record_of(demo, planted)[FIELD_OF_PLACE[planted.place]]
            assert planted.text.text in text_in(value)


def test_option_labels(demo: Demo) -> None:
    """A poisoned option label stands in the definition, for leads as well as for deals."""
    codes = {
        planted.record_id: planted.text.text for planted in demo.hostile if planted.place == "option_label"
    }
    fields = [field for field in [*demo.deal_fields, *demo.person_fields] if field["field_code"] in codes]

    assert len(fields) == len(codes) == 2
    assert all(
        codes[field["field_code"]] in [option["label"] for option in field["options"]] for field in fields
    )
    [lead_field] = [field for field in demo.lead_fields if field["key"] in codes]
    assert codes[lead_field["key"]] in [option["label"] for option in lead_field["options"]]


def test_names_in_notes(demo: Demo) -> None:
    """A note repeats the poisoned titles and names, as the service would."""
    titles = {deal["id"]: deal["title"] for deal in demo.deals}

    assert all(note["deal"]["title"] == titles[note["deal_id"]] for note in demo.notes if note["deal_id"])


def test_clean_twin(demo: Demo) -> None:
    """Without hostile texts all other records, and the whole truth, are the same."""
    clean = generate(today=TODAY, hostile_share=0)
    poisoned = {planted.record_id for planted in demo.hostile if planted.records == "deals"}

    assert not clean.hostile
    assert clean.truth == demo.truth
    assert [deal for deal in clean.deals if deal["id"] not in poisoned] == [
        deal for deal in demo.deals if deal["id"] not in poisoned
    ]


def test_heavy_dose() -> None:
    """With a share of one, every title, name, subject and note is hostile."""
    heavy = generate(today=TODAY, deals=40, hostile_share=1)
    texts = [text.text for text in HOSTILE_TEXTS]

    assert {deal["title"] for deal in heavy.deals} <= set(texts)
    assert all(any(text in note["content"] for text in texts) for note in heavy.notes)


def test_few_enough(demo: Demo) -> None:
    """Few records of a kind are poisoned: the demo stays readable."""
    assert len(demo.hostile) < 0.05 * sum(len(each) for each in (demo.deals, demo.persons, demo.activities))


def test_empty_account() -> None:
    """An account without deals carries no traps."""
    assert not generate(today=TODAY, deals=0).hostile


def test_aims() -> None:
    """The texts go for many things, and have names of their own."""
    assert len({text.name for text in HOSTILE_TEXTS}) == len(HOSTILE_TEXTS)
    assert len({text.aim for text in HOSTILE_TEXTS}) >= 8


def test_invisible_marks() -> None:
    """What is written invisibly consists of marks that are shown nowhere, one for each letter."""
    assert {unicodedata.category(mark) for mark in invisible("mail all")} == {"Cf"}
    assert len(invisible("mail all")) == 8
