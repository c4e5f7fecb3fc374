"""Writes whose answer got lost. The sandbox's clock is the real one here: recovery compares moments."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
import pytest

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import AgentPolicy, Policy, Recovery
from pipedrive_tools.sandbox import Sandbox, Switches
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import audit, journal, usage
from pipedrive_tools.state.journal import Intent
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from tests.toolset.conftest import Open, read, record, writes

SETTLE: Final = 0.15
LOST: Final = ("reset_before", "reset_after", "commit_then_502", "cut_json")
"""Faults after which nobody knows; all but the first have committed."""


@pytest.fixture(scope="module")
def sandbox_today() -> Iterator[Sandbox]:
    switches = Switches(burst_limits=False, conversion_polls=1)
    with Sandbox.start(deals=20, plan="ultimate", switches=switches) as found:
        yield found


@pytest.fixture
def sandbox(sandbox_today: Sandbox) -> Sandbox:
    sandbox_today.reset()
    return sandbox_today


@pytest.fixture
def settings(sandbox: Sandbox, store_url: str) -> Settings:
    return Settings(
        base_url=sandbox.url,
        api_token=sandbox.token,
        state=store_url,
        timeout_seconds=5,
        connect_seconds=1,
    )


def full(**recovery: Any) -> Policy:
    rights = Policy.full("a").of("a")
    found = Recovery.model_validate({"settle_seconds": SETTLE, **recovery})
    return Policy(agents={"a": rights.model_copy(update={"recovery": found})})


def faults(sandbox: Sandbox, *kinds: str, method: str = "POST", **more: Any) -> None:
    """The next such calls are struck, one by each kind."""
    found = [{"kind": kind, "method": method, "nth": 1, **more} for kind in kinds]
    httpx.post(f"{sandbox.url}/_sandbox/faults", json=found).raise_for_status()


def intents(settings: Settings) -> list[Intent]:
    store = Store(settings.state)
    with store.transaction(durable=False) as connection:
        found = journal.listed(connection)
        assert audit.verify(connection) is None
    store.close()
    return found


@dataclass(frozen=True, kw_only=True)
class Create:
    """A create of each type, with what makes its record known."""

    tool: str
    table: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        return self.tool


CREATES: Final = (
    Create(
        tool="create_deal",
        table="deals",
        arguments={"title": "New & <old>", "value": 12.5, "currency": "EUR"},
    ),
    Create(
        tool="create_person",
        table="persons",
        arguments={"name": "Ann Example", "emails": ["ann@example.com"], "phones": ["+372 555 0100"]},
    ),
    Create(
        tool="create_organization", table="organizations", arguments={"name": "Acme", "address": "Main St 1"}
    ),
    Create(
        tool="create_activity",
        table="activities",
        arguments={"subject": "Call", "type": "call", "due_date": "2030-01-02", "note": "a & b < c\nline"},
    ),
    Create(
        tool="create_lead",
        table="leads",
        arguments={"title": "Lead", "person_id": 1, "value": 3, "currency": "EUR"},
    ),
    Create(tool="create_note", table="notes", arguments={"deal_id": 1, "content": "Hi <b> & bye\nline"}),
)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("case", CREATES, ids=str)
def test_a_create(case: Create, fault: str, connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A create whose answer got lost is made once, whether it had happened or not."""
    before = len(sandbox.records(case.table))
    toolset = connect(full())
    faults(sandbox, fault)
    lost = toolset.call(case.tool, case.arguments)
    assert lost.status == "unknown", lost.text
    assert "Do not send it again" in lost.text
    assert toolset.call(case.tool, case.arguments).status == "unknown"
    (settled,) = toolset.recover(wait=True)

    how = "not found, so sent again" if fault == "reset_before" else "found, and adopted"
    assert (settled.state, settled.how) == ("DONE", how)
    assert len(sandbox.records(case.table)) == before + 1
    assert len(writes(sandbox)) == (2 if fault == "reset_before" else 1)
    again = toolset.call(case.tool, case.arguments)
    assert again.ok
    assert again.data["id"] == intents(settings)[0].answer["id"]
    assert len(sandbox.records(case.table)) == before + 1


def place_of(sandbox: Sandbox, case: Create) -> str:
    """Where a create carries its marker: a text custom field, or a line."""
    fields = {"leads": "deal_fields"}.get(case.table, f"{case.table[:-1]}_fields")
    if case.table in {"activities", "notes"}:
        return "line"
    found = (each for each in sandbox.records(fields) if each["is_custom_field"])
    return str(next(each["field_code"] for each in found if each["field_type"] == "varchar"))


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
@pytest.mark.parametrize("case", CREATES, ids=str)
def test_a_marker(case: Create, fault: str, connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """With a marker, a record is known by it alone: an equal one that somebody else made is not adopted."""
    marked = full(markers={case.table: place_of(sandbox, case)})
    before = len(sandbox.records(case.table))
    toolset = connect(marked)
    faults(sandbox, fault)
    assert toolset.call(case.tool, case.arguments).status == "unknown"
    assert connect(full(), settings=replace(settings, state="sqlite://")).call(case.tool, case.arguments).ok
    (settled,) = toolset.recover(wait=True)

    assert settled.state == "DONE"
    assert len(sandbox.records(case.table)) == before + 2
    (row,) = intents(settings)
    made = read(sandbox, case.table, row.answer["id"])
    assert f"ref {row.id[-12:]}" in str(made)
    assert sum(f"ref {row.id[-12:]}" in str(each) for each in sandbox.records(case.table)) == 1


def test_no_marker_is_added_unasked(connect: Open, sandbox: Sandbox) -> None:
    """Where the policy names no place for markers, nothing is added to what was asked for."""
    assert connect(full()).call("create_note", {"deal_id": 1, "content": "Hello"}).ok
    assert writes(sandbox)[0][2] == {"deal_id": 1, "content": "Hello"}


def test_an_older_record(connect: Open, sandbox: Sandbox) -> None:
    """A record with the same values that was there before is not taken for the one that was made."""
    old = record(sandbox, "organizations")
    toolset = connect(full())
    faults(sandbox, "reset_before")
    toolset.call("create_organization", {"name": old["name"]})
    (settled,) = toolset.recover(wait=True)

    assert settled.how == "not found, so sent again"


def test_a_record_that_another_write_made(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A record that is known to be another write's is not adopted."""
    first, second = connect(full()), connect(full())
    assert first.call("create_deal", {"title": "Twin"}).ok
    faults(sandbox, "reset_before")
    assert second.call("create_deal", {"title": "Twin"}).status == "unknown"
    (settled,) = second.recover(wait=True)

    assert settled.how == "not found, so sent again"
    assert len({row.answer["id"] for row in intents(settings)}) == 2


def test_other_values(connect: Open, sandbox: Sandbox) -> None:
    """A younger record with another value is not adopted."""
    toolset = connect(full())
    faults(sandbox, "reset_before")
    toolset.call("create_deal", {"title": "Twin", "value": 5})
    httpx.post(
        f"{sandbox.url}/api/v2/deals",
        json={"title": "Twin", "value": 6},
        headers={"x-api-token": sandbox.token},
    ).raise_for_status()

    assert toolset.recover(wait=True)[0].how == "not found, so sent again"


UPDATES: Final = {
    "found": ("reset_after", "found, and adopted", "DONE"),
    "absent": ("reset_before", "not found, so sent again", "DONE"),
}


@pytest.mark.parametrize("case", UPDATES)
def test_an_update(case: str, connect: Open, sandbox: Sandbox) -> None:
    """A change is known by the record's values and version, and sent again only while the record has not moved."""
    fault, how, state = UPDATES[case]
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(full())
    faults(sandbox, fault, method="PATCH")
    assert (
        toolset.call("update_deal", {"deal_id": deal, "title": "X", "overwrite": ["title"]}).status
        == "unknown"
    )
    (settled,) = toolset.recover(wait=True)

    assert (settled.state, settled.how) == (state, how)
    assert read(sandbox, "deals", deal)["title"] == "X"


def test_an_update_that_was_overtaken(connect: Open, sandbox: Sandbox) -> None:
    """A change of a record that went another way since waits for a person."""
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(full())
    faults(sandbox, "reset_before", method="PATCH")
    toolset.call("update_deal", {"deal_id": deal, "title": "X", "overwrite": ["title"]})
    httpx.patch(
        f"{sandbox.url}/api/v2/deals/{deal}",
        json={"title": "Somebody's"},
        headers={"x-api-token": sandbox.token},
    ).raise_for_status()
    (settled,) = toolset.recover(wait=True)

    assert (settled.state, settled.how) == ("PARKED", "the record moved on; a person must look")
    assert read(sandbox, "deals", deal)["title"] == "Somebody's"


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
def test_a_delete(fault: str, connect: Open, sandbox: Sandbox) -> None:
    """A delete is done once the record is gone."""
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(full())
    faults(sandbox, fault, method="DELETE")
    assert toolset.call("delete_deal", {"deal_id": deal}).status == "unknown"
    (settled,) = toolset.recover(wait=True)

    assert settled.state == "DONE"
    assert read(sandbox, "deals", deal)["is_deleted"] is True


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "commit_then_502"])
def test_a_conversion(fault: str, connect: Open, sandbox: Sandbox) -> None:
    """A conversion whose answer got lost is found by the deal that it made, or sent again."""
    lead, before = record(sandbox, "leads")["id"], len(sandbox.records("deals"))
    toolset = connect(full())
    faults(sandbox, fault)
    assert toolset.call("convert_lead_to_deal", {"lead_id": lead}).status == "unknown"
    for _ in range(3):
        settled = toolset.recover(wait=True)
    assert settled == []

    sources = [each.get("source_lead_id") for each in sandbox.records("deals")]
    assert sources.count(lead) <= 1
    assert len(sandbox.records("deals")) == before + 1


@pytest.mark.parametrize("absent", ["resend", "park"])
def test_what_is_absent(absent: str, connect: Open, sandbox: Sandbox) -> None:
    """A write that did not happen is sent again, or left to a person, as the policy says."""
    toolset = connect(full(absent=absent))
    faults(sandbox, "reset_before")
    toolset.call("create_deal", {"title": "X"})
    (settled,) = toolset.recover(wait=True)

    assert settled.state == {"resend": "DONE", "park": "PARKED"}[absent]
    assert len(writes(sandbox)) == {"resend": 2, "park": 1}[absent]
    assert toolset.recover(wait=True) == []


def test_it_gives_up(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A write that never comes through is left to a person after a few tries."""
    toolset = connect(full())
    faults(sandbox, *["reset_before"] * 9)
    toolset.call("create_deal", {"title": "X"})
    while toolset.recover(wait=True):
        pass

    (row,) = intents(settings)
    assert (row.state, row.tries) == ("PARKED", 3)
    assert len(writes(sandbox)) == 3


def test_before_its_time(connect: Open, sandbox: Sandbox) -> None:
    """Nobody looks before the settle time is over: Pipedrive may still commit."""
    toolset = connect(full(settle_seconds=60))
    faults(sandbox, "reset_before")
    toolset.call("create_deal", {"title": "X"})
    before = len(sandbox.log())

    assert toolset.recover() == []
    assert toolset.call("get_deal", {"deal_id": 1}).ok  # and it blocks nobody
    assert len(sandbox.log()) == before + 1


def test_at_the_start(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """The next toolset settles what the last one left, before its first call."""
    first = connect(full())
    faults(sandbox, "reset_after")
    first.call("create_deal", {"title": "X"})
    first.close()
    assert intents(settings)[0].state == "UNKNOWN"
    threading.Event().wait(SETTLE * 2)

    assert connect(full()).call("get_deal", {"deal_id": 1}).ok
    assert intents(settings)[0].state == "DONE"


def test_a_killed_process(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A write that was under way when the process died is looked into once its answer can no longer come."""
    quick = replace(settings, timeout_seconds=0.1, connect_seconds=0.1)
    first = connect(full())
    assert first.call("create_deal", {"title": "X"}).ok
    first.close()
    store = Store(settings.state)
    with store.hot(durable=True) as connection:
        connection.execute("UPDATE journal SET state = 'SENT', result = NULL")
    store.close()
    threading.Event().wait(0.3)
    second = connect(full(), settings=quick, run=first.run)

    assert second.recover(wait=True)[0].how == "found, and adopted"
    assert second.call("create_deal", {"title": "X"}).text.startswith("Already done")
    assert len(writes(sandbox)) == 1


def test_two_recoverers(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """Of many recoverers at once, one sends."""
    patient = full(settle_seconds=1.5)
    first = connect(patient)
    for number in range(5):
        faults(sandbox, "reset_before")
        first.call("create_deal", {"title": f"X{number}"})
    several: list[Toolset] = [connect(patient) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        settled = [
            each for found in pool.map(lambda each: each.recover(wait=True), several) for each in found
        ]

    assert sum(each.state == "DONE" for each in settled) == 5
    assert len(writes(sandbox)) == 10
    titles = [each["title"] for each in sandbox.records("deals")]
    assert [titles.count(f"X{number}") for number in range(5)] == [1] * 5
    assert {row.state for row in intents(settings)} == {"DONE"}


def test_what_is_no_longer_allowed(connect: Open, sandbox: Sandbox) -> None:
    """A write that the policy has forbidden since is not sent again."""
    first = connect(full(), run="r")
    faults(sandbox, "reset_before")
    first.call("create_deal", {"title": "X"})
    threading.Event().wait(SETTLE * 2)
    reading = AgentPolicy.model_validate({"deals": "read", "recovery": {"settle_seconds": SETTLE}})
    (settled,) = connect(Policy(agents={"a": reading})).recover()

    assert settled.state == "PARKED"
    assert "no longer allowed (agents.a.deals)" in settled.how
    assert len(writes(sandbox)) == 1


def test_the_last_one_allowed(connect: Open, sandbox: Sandbox) -> None:
    """A write that was counted when it was sent first is within its ceiling when it is sent again."""
    rights = full().of("a").model_dump() | {"limits": {"writes_per_run": 1, "writes_per_day": 1}}
    toolset = connect(Policy(agents={"a": AgentPolicy.model_validate(rights)}))
    faults(sandbox, "reset_before")
    toolset.call("create_deal", {"title": "X"})

    assert toolset.recover(wait=True)[0].state == "DONE"
    assert toolset.call("create_deal", {"title": "Y"}).status == "denied"


def test_a_rehearsal_sends_nothing(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """Where only rehearsals are allowed, what was left open is looked into and not sent again."""
    first = connect(full())
    faults(sandbox, "reset_before")
    first.call("create_deal", {"title": "X"})
    threading.Event().wait(SETTLE * 2)
    (settled,) = connect(full(), settings=replace(settings, dry_run=True)).recover()

    assert settled.state == "UNKNOWN"
    assert len(writes(sandbox)) == 1
    threading.Event().wait(SETTLE * 2)
    assert connect(full()).recover()[0].state == "DONE"


def test_the_other_agents_writes(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """An agent settles its own writes only."""
    first = connect(full())
    faults(sandbox, "reset_before")
    first.call("create_deal", {"title": "X"})
    threading.Event().wait(SETTLE * 2)
    other = Policy(agents={"b": full().of("a")})
    with Toolset.connect("b", other, settings=settings) as toolset:
        assert toolset.recover() == []
    assert first.recover()[0].state == "DONE"


@pytest.mark.parametrize("status", [400, 403, 404, 422, 429])
def test_a_refusal(status: int, connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A refusal is no unknown: nothing was changed, and nothing is looked into."""
    quick = replace(settings, attempts=1)
    toolset = connect(full(), settings=quick)
    faults(sandbox, "status", status=status)
    assert toolset.call("create_deal", {"title": "X"}).status == "failed"

    assert [row.state for row in intents(settings)] == ["FAILED"]
    assert toolset.recover(wait=True) == []


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504])
def test_a_failure(status: int, connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A failure of Pipedrive is an unknown: it is looked into, and sent once more where it did not happen."""
    toolset = connect(full())
    faults(sandbox, "status", status=status)
    assert toolset.call("create_deal", {"title": "X"}).status == "unknown"

    assert [row.state for row in intents(settings)] == ["UNKNOWN"]
    assert toolset.recover(wait=True)[0].state == "DONE"
    assert [each["title"] for each in sandbox.records("deals")].count("X") == 1


def test_one_that_cannot_be_asked(connect: Open, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits does not do so for ever: a write that was looked into in vain stays open for later."""
    monkeypatch.setattr("pipedrive_tools.toolset.MOST_LOOKS", 3)
    toolset = connect(full())
    faults(sandbox, "reset_before")
    assert toolset.call("create_deal", {"title": "X"}).status == "unknown"
    faults(sandbox, "status", method="GET", status=403, times=1000)

    settled = toolset.recover(wait=True)
    assert [each.state for each in settled] == ["UNKNOWN"] * 3
    assert "could not be looked into" in settled[0].how


def test_what_looking_costs(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """The tokens of looking into a write count for its run, as its audit rows say."""
    toolset = connect(full())
    faults(sandbox, "commit_then_502")
    assert toolset.call("create_deal", {"title": "X"}).status == "unknown"
    assert toolset.recover(wait=True)[0].state == "DONE"

    rows = toolset.trail()
    store = Store(settings.state)
    with store.glance() as connection:
        used = usage.read(connection, usage.Whose(rows[0].account, toolset.run, "a")).run.tokens
    store.close()
    assert used == sum(row.cost for row in rows) > catalogue[rows[0].tool].cost
