"""Approvals on the whole way of a call; what is asked of whom is tested in tests/gate and tests/state."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

import httpx
import pytest

from pipedrive_tools.gate.approval import Question, Ruling, asking, queue
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import approvals, audit
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from tests.toolset.conftest import EVERYTHING, Open, policy, record, writes

ASKED: Final = ("update_deal", "delete_deal", "create_deal", "get_deal")
ASK: Final = "\n".join([EVERYTHING, "[.actions]", *(f'{name} = "ask"' for name in ASKED)])


def open_deal(sandbox: Sandbox) -> int:
    return int(record(sandbox, "deals", status="open")["id"])


def retitle(deal: int, title: str = "X") -> dict[str, Any]:
    return {"deal_id": deal, "title": title, "overwrite": ["title"]}


def pending(settings: Settings) -> list[str]:
    store = Store(settings.state)
    with store.transaction(durable=False) as connection:
        found = [each.id for each in approvals.listed(connection, state="pending")]
    store.close()
    return found


def rule(settings: Settings, id: str, *, approved: bool) -> None:
    store = Store(settings.state)
    with store.transaction(durable=True) as connection:
        assert approvals.decide(connection, id, approved=approved, approver="Ann")
    store.close()


def touch(sandbox: Sandbox, deal: int) -> None:
    """Somebody else changes the deal."""
    answer = httpx.patch(
        f"{sandbox.url}/api/v2/deals/{deal}",
        json={"title": f"moved {time.time()}"},
        headers={"x-api-token": sandbox.token},
    )
    assert answer.status_code == 200


def test_nobody_to_ask(connect: Open, sandbox: Sandbox) -> None:
    """Without an approver nothing is sent; the answer says what was meant, and that nobody could approve it."""
    deal = record(sandbox, "deals", status="open")
    result = connect(ASK).call("update_deal", retitle(deal["id"]))

    assert result.status == "needs_approval"
    assert f'title from "{deal["title"][:20]}' in result.text
    assert 'to "X"' in result.text
    assert "nobody here" in result.text
    assert writes(sandbox) == []


@pytest.mark.parametrize("tool", ["update_deal", "delete_deal", "create_deal"])
@pytest.mark.parametrize("said", [True, False])
def test_a_callback(tool: str, said: bool, connect: Open, sandbox: Sandbox) -> None:
    """A yes sends the call, a no does not; the trail names who said it."""
    deal = open_deal(sandbox)
    arguments = {"create_deal": {"title": "N"}, "update_deal": retitle(deal)}.get(tool, {"deal_id": deal})
    asked: list[Question] = []

    def person(question: Question) -> bool:
        asked.append(question)
        return said

    toolset = connect(ASK, approver=asking(person, by="Ann"))
    result = toolset.call(tool, arguments)

    assert result.status == ("ok" if said else "denied")
    assert len(writes(sandbox)) == said
    assert len(asked) == 1
    assert (asked[0].tool, asked[0].agent) == (tool, "a")
    assert toolset.trail()[-1].approver == "Ann"


def test_the_queue(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A question waits in the store, and the yes to it serves exactly one sending of exactly that call."""
    deal = open_deal(sandbox)
    toolset = connect(ASK, approver="queue", run="r")
    first = toolset.call("update_deal", retitle(deal))
    (ticket,) = pending(settings)
    assert first.status == "needs_approval"
    assert ticket in first.text
    assert toolset.call("update_deal", retitle(deal)).status == "needs_approval"
    assert pending(settings) == [ticket]

    rule(settings, ticket, approved=True)
    assert toolset.call("update_deal", retitle(deal, "Y")).status == "needs_approval"
    assert toolset.call("update_deal", retitle(deal)).ok
    assert [body for _, _, body in writes(sandbox)] == [{"title": "X"}]
    again = connect(ASK, approver="queue").call("update_deal", retitle(deal))
    assert again.status == "invalid"  # it has this title now
    assert connect(ASK, approver="queue").call("update_deal", retitle(deal, "Z")).status == "needs_approval"


def test_another_agent(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """The yes to one agent's call is none for another agent's."""
    deal = open_deal(sandbox)
    connect(ASK, approver="queue").call("update_deal", retitle(deal))
    rule(settings, pending(settings)[0], approved=True)
    two = policy(ASK).model_copy(update={"agents": {"b": policy(ASK).agents["a"]}})
    with Toolset.connect("b", two, settings=settings, approver="queue") as other:
        assert other.call("update_deal", retitle(deal)).status == "needs_approval"
    assert writes(sandbox) == []


def test_a_no_in_the_queue(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A rejected call is refused however often it is made."""
    deal = open_deal(sandbox)
    toolset = connect(ASK, approver="queue")
    toolset.call("update_deal", retitle(deal))
    rule(settings, pending(settings)[0], approved=False)

    for _ in range(3):
        result = toolset.call("update_deal", retitle(deal))
        assert result.status == "denied"
        assert "rejected by Ann" in result.text
    assert writes(sandbox) == []


def test_it_expires(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A yes that comes into use too late is none."""
    deal = open_deal(sandbox)
    store = Store(settings.state)
    toolset = connect(ASK, approver=queue(store, lifetime_seconds=0.6))
    toolset.call("update_deal", retitle(deal))
    rule(settings, pending(settings)[0], approved=True)
    time.sleep(0.7)

    assert toolset.call("update_deal", retitle(deal)).status == "needs_approval"
    assert writes(sandbox) == []
    store.close()


def test_the_record_moved_since(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A yes was for the record as it was: once it moved, the question is a new one."""
    deal = open_deal(sandbox)
    toolset = connect(ASK, approver="queue")
    toolset.call("update_deal", retitle(deal))
    rule(settings, pending(settings)[0], approved=True)
    touch(sandbox, deal)

    assert toolset.call("update_deal", retitle(deal)).status == "needs_approval"
    assert [body for _, _, body in writes(sandbox) if body == {"title": "X"}] == []


def test_the_record_moves_while_a_person_thinks(connect: Open, sandbox: Sandbox) -> None:
    """What was approved is looked at again just before it is sent."""
    deal = open_deal(sandbox)

    def slow(_: Question) -> bool:
        touch(sandbox, deal)
        return True

    result = connect(ASK, approver=asking(slow)).call("update_deal", retitle(deal))
    assert result.status == "invalid"
    assert "moved on since it was approved" in result.text
    assert [body for _, _, body in writes(sandbox) if body == {"title": "X"}] == []


def test_the_scope_moves_while_a_person_thinks(connect: Open, sandbox: Sandbox) -> None:
    """A new note is not put on a deal that left the scope while a person thought about it."""
    deal = next(
        each
        for each in sandbox.records("deals")
        if each["status"] == "open" and each["pipeline_id"] == 1 and not each["is_archived"]
    )

    def slow(_: Question) -> bool:
        answer = httpx.patch(
            f"{sandbox.url}/api/v2/deals/{deal['id']}",
            json={"pipeline_id": 2},
            headers={"x-api-token": sandbox.token},
        )
        return answer.status_code == 200

    rights = f'{EVERYTHING}\n[.actions]\ncreate_note = "ask"\n[.records]\npipelines = [1]'
    result = connect(rights, approver=asking(slow)).call(
        "create_note", {"deal_id": deal["id"], "content": "x"}
    )
    assert result.status == "denied", result.text
    assert [path for method, path, _ in writes(sandbox) if method == "POST"] == []


def test_a_read_that_is_asked_about(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """The yes to a read serves one read."""
    deal = open_deal(sandbox)
    toolset = connect(ASK, approver="queue")
    assert toolset.call("get_deal", {"deal_id": deal}).status == "needs_approval"
    rule(settings, pending(settings)[0], approved=True)

    found = [toolset.call("get_deal", {"deal_id": deal}).status for _ in range(2)]
    assert found == ["ok", "needs_approval"]
    assert len([each for each in sandbox.log() if each["tool"] == "get_deal"]) == 1


def _sends(settings: Settings, deal: int, run: str) -> str:
    with Toolset.connect("a", policy(ASK), settings=settings, approver="queue", run=run) as toolset:
        return toolset.call("delete_deal", {"deal_id": deal}).status


def test_two_processes(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """Of two processes that hold one approval, one sends."""
    deals = [
        each["id"]
        for each in sandbox.records("deals")
        if each["status"] == "open" and not each["is_archived"]
    ][:4]
    spawn = multiprocessing.get_context("spawn")
    for deal in deals:
        connect(ASK, approver="queue").call("delete_deal", {"deal_id": deal})
    for ticket in pending(settings):
        rule(settings, ticket, approved=True)
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        tries = [[pool.submit(_sends, settings, deal, f"r{place}") for place in range(2)] for deal in deals]
        found = [[each.result() for each in racing] for racing in tries]

    assert [racing.count("ok") for racing in found] == [1] * len(deals)
    assert sorted(path for _, path, _ in writes(sandbox)) == sorted(f"/api/v2/deals/{deal}" for deal in deals)


def test_a_pause(connect: Open, sandbox: Sandbox) -> None:
    """What an approver raises is let through, and nothing is sent."""

    class Pause(Exception):  # noqa: N818  # a framework's pause is no error
        pass

    def pausing(_: Question) -> Ruling:
        raise Pause

    toolset = connect(ASK, approver=pausing)
    with pytest.raises(Pause):
        toolset.call("update_deal", retitle(open_deal(sandbox)))
    assert writes(sandbox) == []
    assert all(row.step != "decision" for row in toolset.trail())


async def test_an_awaitable_answer(connect: Open, sandbox: Sandbox) -> None:
    """An approver may answer later, where the call is awaited."""

    async def later(_: Question) -> Ruling:
        return Ruling(answer="approved", by="Ann")

    toolset = connect(ASK, approver=later)
    assert (await toolset.acall("update_deal", retitle(open_deal(sandbox)))).ok
    await toolset.aclose()


def test_the_name_of_the_stage(connect: Open, sandbox: Sandbox) -> None:
    """A person is asked with names: which stage it is now, which it will be."""
    deal = record(sandbox, "deals", status="open")
    stages = {each["id"]: each for each in sandbox.records("stages")}
    here = stages[deal["stage_id"]]
    there = next(
        each
        for each in stages.values()
        if each["pipeline_id"] == here["pipeline_id"] and each["id"] != here["id"]
    )
    asked: list[str] = []

    def person(question: Question) -> bool:
        asked.append(question.effect)
        return False

    toolset = connect(ASK, approver=asking(person))
    toolset.call("update_deal", {"deal_id": deal["id"], "stage_id": there["id"], "overwrite": ["stage_id"]})

    assert asked[0].startswith("Move deal ")
    assert f'from "{here["name"]}" ({here["id"]}) to "{there["name"]}" ({there["id"]})' in asked[0]


def test_the_trail(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A question that waits, a no and a yes each leave their row."""
    deal = open_deal(sandbox)
    connect(ASK).call("update_deal", retitle(deal))
    connect(ASK, approver=asking(lambda _: False, by="Bob")).call("update_deal", retitle(deal))
    connect(ASK, approver=asking(lambda _: True, by="Ann")).call("update_deal", retitle(deal))
    store = Store(settings.state)
    with store.transaction(durable=False) as connection:
        rows = list(audit.rows(connection))
        assert audit.verify(connection) is None
    store.close()

    assert [(row.step, row.decision, row.approver, row.status) for row in rows] == [
        ("call", "ask", "", "needs_approval"),
        ("call", "deny", "Bob", "denied"),
        ("decision", "ask", "Ann", "sent"),
        ("outcome", "ask", "Ann", "ok"),
    ]
