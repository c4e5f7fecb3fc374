"""The sweep: what no webhook brought is found by lists, once, and handed on through the inbox."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import inbox, sightings
from pipedrive_tools.state.sightings import Sighting
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.sweep import LISTS, Sweep, Swept, covers, event, repeated

ACCOUNT = "here"
EVERYTHING = "\n".join(
    f'{name} = "read"' for name in ("deals", "persons", "organizations", "activities", "leads", "notes")
)
NOW = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
"""The sandbox's day."""
DELETED = "2026-03-01T10:00:00Z"


class Desk:
    """A sandbox whose webhooks reach nobody."""

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self.sandbox, self.settings = sandbox, settings
        self.store = Store(inbox.beside(settings.state, "inbox"))

    def sweep(self, rights: str = EVERYTHING, **more: Any) -> Sweep:
        policy = Policy.parse(f"[agents.a]\n{rights}")
        return Sweep(
            store=self.store,
            account=ACCOUNT,
            connect=lambda run: Toolset.connect("a", policy, settings=self.settings, run=run),
            now=lambda: NOW,
            **more,
        )

    def send(self, method: str, path: str, **body: Any) -> None:
        url, headers = f"{self.sandbox.url}/api/{path}", {"x-api-token": self.sandbox.token}
        httpx.request(method, url, json=body or None, headers=headers).raise_for_status()

    def found(self) -> list[tuple[str, str]]:
        """Action and record of what is in the inbox, in its order."""
        with self.store.transaction(durable=False) as connection:
            kept = [events.parse(item.body) for item in inbox.listed(connection, ACCOUNT, limit=5000)]
        return [(each.meta.action, each.record) for each in reversed(kept)]

    def some(self, table: str, **wanted: Any) -> dict[str, Any]:
        found = (each for each in self.sandbox.records(table) if not each.get("is_archived"))
        return next(
            each
            for each in found
            if not each.get("is_deleted") and all(each.get(name) == value for name, value in wanted.items())
        )


@pytest.fixture
def desk(sandbox: Sandbox, settings: Settings) -> Iterator[Desk]:
    made = Desk(sandbox, settings)
    made.sweep()()  # from here on
    yield made
    made.store.close()


def test_what_changed(desk: Desk) -> None:
    """Changes of every kind of record are found, and a deal that was deleted is told to be gone."""
    before = desk.found()
    deal, person = desk.some("deals", status="open"), desk.some("persons")
    gone = next(
        each for each in desk.sandbox.records("deals") if each["id"] > deal["id"] and not each["is_archived"]
    )
    desk.send("PATCH", f"v2/deals/{deal['id']}", title="Moved")
    desk.send("PATCH", f"v2/persons/{person['id']}", name="Grace")
    desk.send("DELETE", f"v2/deals/{gone['id']}")
    desk.send("POST", "v1/notes", content="hello", deal_id=deal["id"])
    swept = desk.sweep()()
    told = desk.found()[len(before) :]
    assert {("change", f"deal:{deal['id']}"), ("delete", f"deal:{gone['id']}")} <= set(told)
    assert {("change", f"person:{person['id']}")} <= set(told)
    assert any(record.startswith("note:") for _, record in told)
    assert swept.handed_on == len(told)
    assert swept.gaps == ()


def test_found_once(desk: Desk) -> None:
    """A second sweep finds nothing new in the overlap."""
    desk.send("PATCH", f"v2/deals/{desk.some('deals', status='open')['id']}", title="Moved")
    assert desk.sweep()().handed_on >= 1
    again = desk.sweep()()
    assert (again.handed_on, again.changed >= 1) == (0, True)


def test_cost(desk: Desk) -> None:
    """A quiet sweep costs one page of each list, and only of those that the policy grants."""
    assert desk.sweep()().tokens == 4 * 10 + 2 * 20
    assert desk.sweep('deals = "read"')().tokens == 10
    assert desk.sweep("")() == Swept()


def test_long_lists(desk: Desk) -> None:
    """A list of several pages is swept to its end."""
    deals = [
        each for each in desk.sandbox.records("deals") if each["status"] == "open" and not each["is_archived"]
    ]
    for each in deals[:5]:
        desk.send("PATCH", f"v2/deals/{each['id']}", title="Moved")
    before = len(desk.found())
    assert desk.sweep(entities=["deal"], page=2)().handed_on == 5
    assert {record for _, record in desk.found()[before:]} == {f"deal:{each['id']}" for each in deals[:5]}


def test_a_list_that_fails(desk: Desk) -> None:
    """A list that cannot be read is a gap that is told of; the next sweep begins where the last good one ended."""
    desk.send("PATCH", f"v2/deals/{desk.some('deals', status='open')['id']}", title="Moved")
    broken = desk.sweep('deals = "read"\n[agents.a.limits]\ntokens_per_run = 1')()
    assert broken.gaps[0].startswith("list_deals: ")
    assert desk.sweep()().handed_on >= 1


@pytest.mark.parametrize(
    ("last", "record", "is_covered"),
    [
        (None, {"update_time": DELETED}, False),
        (Sighting(record="", update_time=0, digest="a", read=0), {"update_time": DELETED}, False),
        (Sighting(record="", update_time=2e9, digest="a", read=2e9), {"update_time": DELETED}, True),
        (
            Sighting(record="", update_time=1772359200, digest="a", read=1772359201),
            {"update_time": DELETED},
            False,
        ),
        (
            Sighting(record="", update_time=1772359200, digest="a", read=1772359300),
            {"update_time": DELETED},
            True,
        ),
        (Sighting(record="", update_time=2e9, digest="a", read=2e9), {"status": "deleted"}, False),
        (Sighting(record="", update_time=0, digest="", read=0), {"is_deleted": True}, True),
        (Sighting(record="", update_time=0, digest="", read=0), {"update_time": DELETED}, True),
    ],
)
def test_covered(last: Sighting | None, record: dict[str, Any], is_covered: bool) -> None:
    """What was worked on in this state or a newer one is not handed on; within one second it may change again."""
    assert covers(last, record) is is_covered


def test_worked_on(desk: Desk) -> None:
    """What a webhook brought and was worked on is not handed on again."""
    deal = desk.some("deals", status="open")
    desk.send("PATCH", f"v2/deals/{deal['id']}", title="Moved")
    with desk.store.transaction(durable=True) as connection:
        seen = Sighting(record=f"deal:{deal['id']}", update_time=4e9, digest="a", read=4e9)
        sightings.saw(connection, ACCOUNT, seen)
    desk.sweep(entities=["deal"])()
    assert ("change", f"deal:{deal['id']}") not in desk.found()


def test_the_same_state_is_the_same_event() -> None:
    """One state of a record gives one event, another state another."""
    first, second = {"id": 1, "update_time": DELETED}, {"id": 1, "update_time": DELETED, "value": 2}
    assert event("deal", first) == event("deal", dict(first))
    assert event("deal", first).content != event("deal", second).content


def test_again_and_again() -> None:
    """It sweeps at once and then in turns, until it is told to stop; an error does not end it."""
    told: list[Swept] = []
    enough = threading.Event()

    def sweep() -> Swept:
        if not told:
            raise events.EventError("nobody answers")
        return Swept(tokens=1)

    def heard(swept: Swept) -> None:
        told.append(swept)
        if len(told) == 3:
            enough.set()

    with repeated(sweep, 0.001, on_swept=heard):
        assert enough.wait(60)
    assert (told[0].gaps, told[1].tokens) == (("nobody answers",), 1)


def test_every_list_is_there() -> None:
    """A list is swept for every kind of record that a webhook tells of and a list can show."""
    assert set(LISTS) == {"deal", "activity", "person", "organization", "lead", "note"}
