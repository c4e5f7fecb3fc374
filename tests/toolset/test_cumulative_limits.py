import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

import pytest

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Status, Toolset
from tests.toolset.conftest import EVERYTHING, Open, policy, record, writes

THREADS: Final = 8


def note(deal: int, number: int) -> dict[str, Any]:
    return {"deal_id": deal, "content": f"note {number}"}


def limited(**limits: float) -> str:
    lines = [f"{name} = {most}" for name, most in limits.items()]
    return "\n".join([EVERYTHING, "[.limits]", *lines])


def statuses(toolset: Toolset, deal: int, count: int, start: int = 0) -> list[str]:
    return [toolset.call("create_note", note(deal, start + number)).status for number in range(count)]


@pytest.mark.parametrize("limit", ["writes_per_run", "writes_per_day", "rows_per_run", "rows_per_day"])
def test_a_ceiling(limit: str, connect: Open, sandbox: Sandbox) -> None:
    """The write that would pass the ceiling is refused, and the refusal names the ceiling."""
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(limited(**{limit: 3}))

    assert statuses(toolset, deal, 3) == ["ok"] * 3
    refused = toolset.call("create_note", note(deal, 9))
    assert refused.status == "denied"
    assert f"agents.a.limits.{limit}" in refused.text
    assert len(writes(sandbox)) == 3


@pytest.mark.parametrize(("limit", "left"), [("writes_per_run", 3), ("writes_per_day", 0)])
def test_another_run(limit: str, left: int, connect: Open, sandbox: Sandbox) -> None:
    """Another run has its own ceiling per run; the day is shared by all runs of the agent."""
    deal = record(sandbox, "deals", status="open")["id"]
    statuses(connect(limited(**{limit: 3})), deal, 3)

    again = statuses(connect(limited(**{limit: 3})), deal, 4, start=10)
    assert again.count("ok") == left


def test_a_run_that_goes_on(connect: Open, sandbox: Sandbox) -> None:
    """A run that goes on in another process keeps what it has used up, and what it has read."""
    deal = record(sandbox, "deals", status="open")["id"]
    first = connect(limited(writes_per_run=3), run="nightly")
    assert statuses(first, deal, 2) == ["ok", "ok"]
    first.close()

    second = connect(limited(writes_per_run=3), run="nightly")
    assert statuses(second, deal, 2, start=10) == ["ok", "denied"]


def test_two_toolsets_at_once(connect: Open, sandbox: Sandbox) -> None:
    """Two toolsets of one run, each used from many threads, never pass the ceiling together."""
    deal = record(sandbox, "deals", status="open")["id"]
    pair = [connect(limited(writes_per_run=10), run="shared") for _ in range(2)]
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda n: pair[n % 2].call("create_note", note(deal, n)).status, range(40)))

    assert found.count("ok") == 10
    assert set(found) == {"ok", "denied"}
    assert len(writes(sandbox)) == 10


def _in_a_process(settings: Settings, deal: int, start: int) -> list[Status]:
    toolset = Toolset.connect("a", policy(limited(writes_per_day=7)), settings=settings)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: toolset.call("create_note", note(deal, start + n)).status, range(10)))
    toolset.close()
    return found


def test_two_processes_at_once(sandbox: Sandbox, settings: Settings) -> None:
    """Two processes that share the store never pass the ceiling of the day together."""
    deal = record(sandbox, "deals", status="open")["id"]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        tries = [pool.submit(_in_a_process, settings, deal, start) for start in (0, 100)]
        found = [status for each in tries for status in each.result()]

    assert found.count("ok") == 7
    assert len(writes(sandbox)) == 7


def test_without_a_ceiling(connect: Open, sandbox: Sandbox) -> None:
    """The counter-test: without a ceiling all of them are sent."""
    deal = record(sandbox, "deals", status="open")["id"]

    assert statuses(connect(EVERYTHING), deal, 12) == ["ok"] * 12


def test_small_steps(connect: Open, sandbox: Sandbox) -> None:
    """A large amount in small steps stops where the sum passes the ceiling, whatever the sign of a step."""
    toolset = connect(limited(value_per_run=100))
    steps = [40, -30, 20, 20]
    found = [
        toolset.call("create_deal", {"title": f"D{place}", "value": step}).status
        for place, step in enumerate(steps)
    ]

    assert found == ["ok", "ok", "ok", "denied"]
    assert (
        connect(limited(value_per_run=100)).call("create_deal", {"title": "D", "value": -101}).status
        == "denied"
    )


def test_the_value_that_is_there(connect: Open, sandbox: Sandbox) -> None:
    """A deal counts with the value that Pipedrive holds, though the call names none."""
    deal = max(
        (each for each in sandbox.records("deals") if each["status"] == "open" and not each["is_archived"]),
        key=lambda each: float(each["value"]),
    )
    toolset = connect(limited(value_per_run=float(deal["value"]) - 1))
    result = toolset.call("update_deal", {"deal_id": deal["id"], "title": "X", "overwrite": ["title"]})

    assert result.status == "denied"
    assert "value_per_run" in result.text
    assert writes(sandbox) == []


def test_the_same_row(connect: Open, sandbox: Sandbox) -> None:
    """A record that was changed before is no new row; another one is."""
    first, second = (
        each["id"]
        for each in [d for d in sandbox.records("deals") if d["status"] == "open" and not d["is_archived"]][
            :2
        ]
    )
    toolset = connect(limited(rows_per_run=1))
    found = [
        toolset.call("update_deal", {"deal_id": deal, "title": title, "overwrite": ["title"]}).status
        for deal, title in ((first, "A"), (first, "B"), (second, "C"), (first, "D"))
    ]

    assert found == ["ok", "ok", "denied", "ok"]


def test_tokens(connect: Open, sandbox: Sandbox) -> None:
    """Tokens add up over reads, writes and what the gate itself reads, and the ceiling holds to the token."""
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(limited(tokens_per_run=30))
    for number in range(12):
        toolset.call("get_deal", {"deal_id": deal})
        toolset.call("update_deal", {"deal_id": deal, "title": f"T{number}", "overwrite": ["title"]})

    spent = sum(each["cost"] for each in sandbox.log())
    assert 24 < spent <= 30
    assert toolset.call("list_deals", {}).status == "denied"


@pytest.mark.parametrize("toolsets", [1, 2])
def test_reads_at_once(toolsets: int, connect: Open, sandbox: Sandbox) -> None:
    """Reads from many threads stop at the ceiling of tokens."""
    deal = record(sandbox, "deals", status="open")["id"]
    several = [connect(limited(tokens_per_day=150)) for _ in range(toolsets)]
    for each in several:
        each.call("get_deal", {"deal_id": deal})  # what names fields is read once
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda n: several[n % toolsets].call("get_deal", {"deal_id": deal}), range(150)))

    spent = sum(each["cost"] for each in sandbox.log())
    assert spent <= 150 + (toolsets - 1) * THREADS  # the other one may have calls on the wire
    assert spent > 140


def test_an_estimate(connect: Open, sandbox: Sandbox) -> None:
    """What a call is said to cost is what it costs."""
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(EVERYTHING)
    arguments = {"deal_id": deal, "title": "X", "overwrite": ["title"]}
    said = toolset.estimate("update_deal", arguments)

    assert toolset.call("update_deal", arguments).cost == said
    assert sum(each["cost"] for each in sandbox.log()) == said


def test_the_store_is_the_judge(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """The counter-test of sharing: with stores of their own, two toolsets each get the whole ceiling."""
    deal = record(sandbox, "deals", status="open")["id"]
    for place in range(2):
        apart = connect(limited(writes_per_day=3), settings=replace(settings, state="sqlite://"))
        assert statuses(apart, deal, 4, start=place * 10).count("ok") == 3
