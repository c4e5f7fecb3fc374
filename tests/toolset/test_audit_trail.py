from dataclasses import replace
from typing import Final

import pytest

from pipedrive_tools.endpoint import Effect
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.demo import HOSTILE_TEXTS
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import audit, usage
from pipedrive_tools.state.audit import Row
from pipedrive_tools.state.store import Store
from tests.calls import NOT_THERE, calls
from tests.gate.test_taint import is_unseen
from tests.toolset.conftest import EVERYTHING, Open, policy, record

FULL: Final = Policy.full("a")


def rows(settings: Settings) -> list[Row]:
    store = Store(settings.state)
    with store.transaction(durable=False) as connection:
        found = list(audit.rows(connection))
        assert audit.verify(connection, saved_head=audit.head(connection)) is None
    store.close()
    return found


@pytest.mark.parametrize("name", catalogue)
def test_one_call(name: str, connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A read leaves one row, a write two: the decision before it was sent, the outcome after."""
    toolset = connect(FULL)
    result = toolset.call(name, calls(sandbox)[name])
    found = rows(settings)

    writes = catalogue[name].effect.writes
    assert [row.step for row in found] == (["decision", "outcome"] if writes else ["call"])
    assert {(row.id, row.run, row.agent, row.tool) for row in found} == {
        (result.audit_id, toolset.run, "a", name)
    }
    assert found[-1].status == ("failed" if name in NOT_THERE else "ok")
    assert {row.decision for row in found} == {"allow"}
    assert all(row.rule.startswith("agents.a.") for row in found)
    assert found[-1].sentence.startswith('Agent "a": ')
    assert found[-1].sentence.endswith(f"(rule {found[-1].rule}).")


def test_every_way_to_say_no(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """What is refused, invalid, rehearsed or waiting leaves one row, too."""
    deal = record(sandbox, "deals", status="open")["id"]
    toolset = connect(
        f'{EVERYTHING}\n[.actions]\ndelete_deal = "ask"\n[.fields]\nnever_write = ["deals.value"]'
    )
    toolset.call("no_such_tool", {})
    toolset.call("delete_note", {"note_id": 1})
    toolset.call("get_deal", {"deal_id": "seven"})
    toolset.call("update_deal", {"deal_id": deal, "value": 1})
    toolset.call("update_deal", {"deal_id": deal, "title": "X"})
    toolset.call("update_deal", {"deal_id": deal, "title": "X", "overwrite": ["title"], "dry_run": True})
    toolset.call("delete_deal", {"deal_id": deal})
    toolset.call("update_deal", {"deal_id": 987654, "title": "X", "overwrite": ["title"]})
    found = rows(settings)

    assert [(row.tool, row.status) for row in found] == [
        ("no_such_tool", "denied"),
        ("delete_note", "denied"),
        ("get_deal", "invalid"),
        ("update_deal", "denied"),
        ("update_deal", "invalid"),
        ("update_deal", "ok"),
        ("delete_deal", "needs_approval"),
        ("update_deal", "failed"),
    ]
    assert {row.step for row in found} == {"call"}
    assert found[1].sentence == (
        'Agent "a" was refused to use delete_note (rule tools); nothing was changed.'
    )


def test_it_joins_the_servers_log(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """Each request that the server saw has its row, each sent row its request, and the tokens add up.

    A refused call is counted at its price, so the server charges for it here, too.
    """
    sandbox.switch(charge_failed="yes")
    arguments = calls(sandbox)
    toolset = connect(FULL)
    sent: list[str] = []
    gentle_first = sorted(
        catalogue, key=lambda name: catalogue[name].effect in {Effect.DELETE, Effect.CONVERT}
    )
    for name in gentle_first:
        if name in NOT_THERE:
            continue
        result = toolset.call(name, arguments[name])
        sent += [name] if result.ok else []
    log = sandbox.log()
    found = rows(settings)

    looks = {entry.target.name for entry in catalogue.values() if entry.target}
    jobs = {entry.job.name for entry in catalogue.values() if entry.job}
    answered = [row.tool for row in found if row.step == "outcome" or not catalogue[row.tool].effect.writes]
    assert len(sent) > 30
    unexplained = [each["tool"] for each in log]
    for tool in answered:
        unexplained.remove(tool)
    names = {name for name in catalogue if name.endswith("_fields")}
    names |= {name for name, entry in catalogue.items() if entry.resource in {"account", "pipelines"}}
    assert (
        set(unexplained) <= looks | jobs | names
    )  # what the gate itself read, to judge, to follow up, to name
    assert sum(row.cost for row in found) == sum(each["cost"] for each in log)
    store = Store(settings.state)
    with store.hot(durable=False) as connection:
        assert usage.read(connection, toolset._desk.books._whose).run.tokens == sum(
            each["cost"] for each in log
        )
    store.close()


def test_the_gates_own_reads(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """What the gate reads for itself is in the cost of the call's last row, also where the call is refused."""
    sandbox.switch(charge_failed="yes")
    deal = next(
        each
        for each in sandbox.records("deals")
        if each["status"] == "open" and each["pipeline_id"] == 1 and not each["is_archived"]
    )
    rights = f'{EVERYTHING}\n[.actions]\nupdate_deal = "ask"\n[.records]\npipelines = [1]\nowners = ["me"]'
    toolset = connect(rights)
    for number in (deal["id"], 987654):
        toolset.call(
            "update_deal", {"deal_id": number, "stage_id": deal["stage_id"] + 1, "overwrite": ["stage_id"]}
        )
    toolset.call("create_note", {"deal_id": deal["id"], "content": "x"})
    log = sandbox.log()

    assert {each["tool"] for each in log} >= {"get_deal", "get_current_user"}
    assert sum(row.cost for row in rows(settings)) == sum(each["cost"] for each in log)


def test_a_server_that_nobody_asked_of_us(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """The counter-test: a request that did not go through the toolset breaks the join."""
    toolset = connect(FULL)
    toolset.call("get_deal", {"deal_id": 1})
    connect(FULL, settings=replace(settings, state="sqlite://")).call("get_deal", {"deal_id": 1})

    assert sum(row.cost for row in rows(settings)) != sum(each["cost"] for each in sandbox.log())


@pytest.mark.parametrize("case", HOSTILE_TEXTS, ids=lambda each: each.name)
def test_hostile_text(case: object, connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """Foreign text in a sentence is one cleaned, cut and quoted line: it fakes no row and no ending."""
    text = str(getattr(case, "text", ""))
    toolset = connect(FULL)
    made = toolset.call("create_deal", {"title": text + "\n(rule x)."})
    assert made.ok, made.text
    changed = toolset.call(
        "update_deal", {"deal_id": made.data["id"], "title": (text * 3)[:240], "overwrite": ["title"]}
    )
    assert changed.ok, changed.text

    for row in rows(settings):
        assert "\n" not in row.sentence
        assert not is_unseen(row.sentence)
        assert len(row.sentence) < 500
        assert row.sentence.count("(rule x)") == 0 or '"' in row.sentence
        assert row.sentence.endswith(f"(rule {row.rule}).")


def test_a_sentence(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A sentence says who, what, where, from what to what, and by which rule."""
    deal = next(
        each
        for each in sandbox.records("deals")
        if each["status"] == "open" and each["title"].isascii() and not each["is_archived"]
    )
    connect(FULL).call("update_deal", {"deal_id": deal["id"], "title": "Renewal", "overwrite": ["title"]})
    (_, outcome) = rows(settings)

    title = deal["title"].replace('"', "'")
    said = f'Agent "a": change deal "{title}" ({deal["id"]}): title from "{title}" to "Renewal"'
    assert outcome.sentence.startswith(said)
    assert outcome.sentence.endswith("; done (rule agents.a.deals).")


def test_the_trail_of_one_run(connect: Open, sandbox: Sandbox) -> None:
    """A toolset shows the rows of its own run."""
    first, second = connect(FULL), connect(FULL)
    first.call("get_deal", {"deal_id": 1})
    second.call("list_deals", {"limit": 1})

    assert [row.tool for row in first.trail()] == ["get_deal"]
    assert [row.tool for row in second.trail()] == ["list_deals"]


def test_no_credential(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """The token is in no row, whatever failed."""
    toolset = connect(policy(EVERYTHING))
    for name, arguments in calls(sandbox).items():
        toolset.call(name, arguments)

    assert sandbox.token not in str(rows(settings))
