from typing import Any, Final

import pytest

from pipedrive_tools.gate.redact import HIDDEN, Redaction
from tests.endpoints.examples import FIELD_KEY

SECRET: Final = "canary-7431"

LEAKS: Final[dict[str, tuple[str, str, Any]]] = {
    "a field of the record": ("persons.phones", "persons", {"phones": [{"value": SECRET}]}),
    "a field in a list": ("deals.title", "deals", [{"title": SECRET}]),
    "a hit of a search": ("deals.title", "deals", {"items": [{"item": {"title": SECRET}}]}),
    "a nested record": ("persons.name", "notes", {"person": {"name": SECRET}}),
    "a nested record in a hit": ("organizations.address", "deals", {"organization": {"address": SECRET}}),
    "a nested list of records": ("persons.name", "deals", {"person": [{"name": SECRET}]}),
    "a name beside an id": ("persons.name", "activities", {"person_name": SECRET}),
    "the owner": ("account.email", "deals", {"owner": {"email": SECRET}}),
    "a custom field": (f"deals.{FIELD_KEY}", "deals", {"custom_fields": {FIELD_KEY: SECRET}}),
    "a part of a custom field": (f"leads.{FIELD_KEY}", "leads", {f"{FIELD_KEY}_currency": SECRET}),
    "a custom field at the root": (f"leads.{FIELD_KEY}", "leads", {FIELD_KEY: SECRET}),
    "custom values of a search, unnamed": (f"deals.{FIELD_KEY}", "deals", {"custom_fields": [SECRET]}),
    "notes of a search": ("notes.content", "deals", {"notes": [SECRET]}),
    "the first e-mail under another name": ("persons.emails", "persons", {"primary_email": SECRET}),
    "the halves of a name": ("persons.name", "persons", {"last_name": SECRET}),
    "a person's e-mails on a lead": ("persons.emails", "leads", {"emails": [SECRET]}),
    "a person's phones on a lead": ("persons.phones", "leads", {"phones": [SECRET]}),
    "the money of a lead": ("leads.value", "leads", {"value": {"amount": SECRET}}),
}


@pytest.mark.parametrize("case", LEAKS)
def test_what_is_never_shown(case: str) -> None:
    """A hidden field is in no data, however deep it lies and whatever it is called there."""
    name, resource, data = LEAKS[case]

    assert SECRET not in str(Redaction.of([name]).data(data, resource))
    assert SECRET in str(Redaction.of([]).data(data, resource))
    assert SECRET in str(Redaction.of(["pipelines.name"]).data(data, resource))


def test_what_is_left() -> None:
    """Only what is hidden is taken out."""
    data = {"id": 5, "title": "A", "value": 3, "person": {"name": "Ann", "title": "Dr"}, "custom_fields": [1]}

    assert Redaction.of(["deals.title"]).data(data, "deals") == {
        "id": 5,
        "value": 3,
        "person": {"name": "Ann", "title": "Dr"},
        "custom_fields": [1],
    }


def test_masked_values() -> None:
    """In sentences a word stands for what is hidden, also among custom fields and inside objects."""
    redaction = Redaction.of([f"deals.{FIELD_KEY}", "deals.value", "deals.currency"])
    values = {"value": 5, "custom_fields": {FIELD_KEY: SECRET}, "title": "A", "money": {"currency": SECRET}}

    masked = redaction.masked(values, "deals")
    assert masked == {"value": HIDDEN, "custom_fields": {FIELD_KEY: HIDDEN}, "title": "A", "money": {}}
