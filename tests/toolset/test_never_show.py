"""A canary in a field that is never shown reaches neither the model, nor a person's question, nor the trail."""

from typing import Any, Final

import httpx
import pytest

from pipedrive_tools.gate.approval import Question, asking
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import approvals, audit
from pipedrive_tools.state.store import Store
from tests.toolset.conftest import EVERYTHING, Found, Open, record

CANARY: Final = "canary7431"
WORD: Final = "zebrawood"
"""What is searched for; the canary stands beside it."""
PLANTED: Final = f"{WORD} {CANARY}"
NUMBER: Final = 74317431


def planted(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    """Put a canary into a record, as somebody else."""
    patch = httpx.patch if "/notes/" not in path else httpx.put
    answer = patch(f"{sandbox.url}{path}", json=body, headers={"x-api-token": sandbox.token})
    assert answer.status_code == 200, answer.text


def custom_key(sandbox: Sandbox, table: str) -> str:
    fields = (each for each in sandbox.records(table) if each["is_custom_field"])
    return str(next(each["field_code"] for each in fields if each["field_type"] == "varchar"))


def hidden(*names: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f'{EVERYTHING}\n[.actions]\nupdate_deal = "ask"\n[.fields]\nnever_show = [{listed}]'


class Everything:
    """All that a run has shown to anybody."""

    def __init__(self, connect: Open, settings: Settings, rights: str) -> None:
        self.seen: list[str] = []
        self._settings = settings
        self._toolset = connect(rights, approver=asking(self._asked))

    def call(self, tool: str, **arguments: Any) -> str:
        result = self._toolset.call(tool, arguments)
        self.seen += [result.text, str(result.data)]
        return result.status

    def _asked(self, question: Question) -> bool:
        self.seen.append(question.effect)
        return True

    def __str__(self) -> str:
        store = Store(self._settings.state)
        with store.transaction(durable=False) as connection:
            trail = [str(row) for row in audit.rows(connection)]
            asked = [str(each) for each in approvals.listed(connection)]
        store.close()
        return "\n".join([*self.seen, *trail, *asked])


def walk(everything: Everything, deal: Found, key: str) -> None:
    """Every way to a deal's fields: lists, searches, refusals, rehearsals, questions, answers."""
    number = deal["id"]
    everything.call("get_deal", deal_id=number)
    everything.call("list_deals", ids=[number])
    everything.call("search_deals", term=WORD)
    everything.call("search_items", term=WORD)
    everything.call("list_notes", deal_id=number)
    for change in (
        {"title": "X"},
        {"value": 5},
        {"custom_fields": [{"name": key, "value": "x"}]},
        {"lost_reason": "x"},
    ):
        names = [*change, key]
        everything.call("update_deal", deal_id=number, **change)
        everything.call("update_deal", deal_id=number, **change, overwrite=names, dry_run=True)
    everything.call("update_deal", deal_id=number, visible_to=7, overwrite=["visible_to"])


CASES: Final = ("title", "value", "custom field")


@pytest.mark.parametrize("is_hidden", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_a_field_of_a_deal(
    case: str, is_hidden: bool, connect: Open, sandbox: Sandbox, settings: Settings
) -> None:
    """A hidden field of a deal is nowhere to be seen; the same walk shows it where it is not hidden."""
    deal, key = record(sandbox, "deals", status="open"), custom_key(sandbox, "deal_fields")
    bodies: dict[str, dict[str, Any]] = {
        "title": {"title": PLANTED},
        "value": {"value": NUMBER},
        "custom field": {"custom_fields": {key: PLANTED}},
    }
    planted(sandbox, f"/api/v2/deals/{deal['id']}", bodies[case])
    name = {"title": "deals.title", "value": "deals.value", "custom field": f"deals.{key}"}[case]
    everything = Everything(connect, settings, hidden(name if is_hidden else "deals.add_time"))
    walk(everything, deal, key)

    told = str(everything).replace(",", "")
    assert (str(NUMBER) in told or CANARY in told) != is_hidden


def test_contacts(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A person's hidden addresses are in no read of the person, and in none of a lead, a note or an activity."""
    person = next(each for each in sandbox.records("leads") if each["person_id"])["person_id"]
    body = {
        "emails": [{"value": f"{CANARY}@example.com", "primary": True}],
        "phones": [{"value": str(NUMBER), "primary": True}],
    }
    planted(sandbox, f"/api/v2/persons/{person}", body)
    for names, is_hidden in ((("persons.emails", "persons.phones"), True), (("deals.title",), False)):
        everything = Everything(connect, settings, hidden(*names))
        everything.call("get_person", person_id=person)
        everything.call("list_persons", ids=[person])
        everything.call("search_persons", term="example.com")
        everything.call("search_leads", term="an")
        everything.call("search_items", term="example.com")
        everything.call("list_leads", person_id=person)
        everything.call("update_person", person_id=person, emails=["new@example.com"], dry_run=True)
        told = "\n".join(everything.seen)
        assert (CANARY in told) != is_hidden
        assert (str(NUMBER) in told) != is_hidden


def test_the_name_of_a_contact(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A hidden name is not shown beside a number either, once it was read for another purpose."""
    deal = next(
        each
        for each in sandbox.records("deals")
        if each["person_id"] and each["status"] == "open" and not each["is_archived"]
    )
    planted(sandbox, f"/api/v2/persons/{deal['person_id']}", {"name": PLANTED})
    for name, is_hidden in (("persons.name", True), ("deals.title", False)):
        everything = Everything(connect, settings, hidden(name))
        everything.call("get_person", person_id=deal["person_id"])
        everything.call("list_persons", ids=[deal["person_id"]])
        everything.call("search_persons", term=WORD)
        everything.call("list_deals", ids=[deal["id"]])
        everything.call("get_deal", deal_id=deal["id"])
        everything.call("list_activities", person_id=deal["person_id"])
        everything.call("update_deal", deal_id=deal["id"], title="X", overwrite=["title"])
        told = "\n".join(everything.seen)
        assert (CANARY in told) != is_hidden
