from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain.agents import create_agent
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command, Interrupt

from pipedrive_tools.adapters.langchain import PipedriveToolkit, interrupting
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset import Toolset
from tests.adapters.conftest import Connect
from tests.adapters.scripts import ScriptedModel, answers, changes, script

ASK = 'deals = "full"\npersons = "full"\n[agents.tester.actions]\ndelete_deal = "ask"'
THREAD: Any = {"configurable": {"thread_id": "thread-1"}}
START: Any = {"messages": [("user", "go")]}
RUN = "thread-1"


@pytest.fixture
def checkpoints(tmp_path: Path) -> Iterator[SqliteSaver]:
    with SqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as saver:
        yield saver


def agent(model: ScriptedModel, toolset: Toolset, saver: BaseCheckpointSaver[Any]) -> Any:
    return create_agent(model, PipedriveToolkit(toolset=toolset).get_tools(), checkpointer=saver)


def yes(pause: Interrupt, **more: Any) -> dict[str, Any]:
    return {"digest": pause.value["digest"], "approve": True, **more}


def deletes(sandbox: Sandbox) -> list[str]:
    return [path for method, path in changes(sandbox) if method == "DELETE"]


def test_the_question(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """The pause shows who asks for what, in plain English, and nothing has happened yet."""
    toolset = connect(ASK, approver=interrupting(), run=RUN)
    graph = agent(script([("delete_deal", {"deal_id": deal_ids[0]})]), toolset, InMemorySaver())
    (pause,) = graph.invoke(START, THREAD)["__interrupt__"]

    assert (pause.value["agent"], pause.value["tool"], pause.value["run"]) == ("tester", "delete_deal", RUN)
    assert f"({deal_ids[0]})" in pause.value["effect"]
    assert changes(sandbox) == []


def test_a_restart(connect: Connect, sandbox: Sandbox, deal_ids: list[int], tmp_path: Path) -> None:
    """After a restart, a yes resumes into exactly that call, once; a second answer does nothing."""
    model = script([("delete_deal", {"deal_id": deal_ids[0]})])
    database = str(tmp_path / "checkpoints.db")
    with (
        connect(ASK, approver=interrupting(), run=RUN) as toolset,
        SqliteSaver.from_conn_string(database) as saver,
    ):
        agent(model, toolset, saver).invoke(START, THREAD)
    with (
        connect(ASK, approver=interrupting(), run=RUN) as toolset,
        SqliteSaver.from_conn_string(database) as saver,
    ):
        graph = agent(model, toolset, saver)
        ((pause,),) = [task.interrupts for task in graph.get_state(THREAD).tasks]
        state = graph.invoke(Command(resume=yes(pause, by="Ada")), THREAD)
        again = graph.invoke(Command(resume=yes(pause)), THREAD)

    (told,) = answers(state)
    assert told.status == "success"
    assert len(answers(again)) == 1
    assert changes(sandbox) == [("DELETE", f"/api/v2/deals/{deal_ids[0]}")]


NOES: list[Any] = [
    None,
    True,
    "yes",
    {},
    {"approve": True},
    {"digest": "0" * 64, "approve": True},
    {"digest": None, "approve": True},
    {"decisions": [{"type": "approve"}]},
]


@pytest.mark.parametrize("answer", [*NOES, "no", "almost", "truthy"], ids=repr)
def test_anything_else_is_a_no(
    connect: Connect, sandbox: Sandbox, deal_ids: list[int], checkpoints: SqliteSaver, answer: Any
) -> None:
    """An answer that does not approve exactly this question rejects it, and the agent goes on."""
    toolset = connect(ASK, approver=interrupting(), run=RUN)
    graph = agent(script([("delete_deal", {"deal_id": deal_ids[0]})]), toolset, checkpoints)
    (pause,) = graph.invoke(START, THREAD)["__interrupt__"]
    digest = pause.value["digest"]
    spelled = {
        "no": {"digest": digest, "approve": False},
        "almost": {"digest": digest.upper(), "approve": True},
        "truthy": {"digest": digest, "approve": "yes"},
    }
    resume = spelled.get(answer, answer) if isinstance(answer, str) else answer
    state = graph.invoke(Command(resume={pause.id: resume}), THREAD)

    (told,) = answers(state)
    assert (told.status, told.artifact["status"]) == ("error", "denied")
    assert "rejected by langgraph" in told.content
    assert changes(sandbox) == []


def test_a_record_that_moved_on(
    connect: Connect, sandbox: Sandbox, deal_ids: list[int], checkpoints: SqliteSaver
) -> None:
    """An answer about a record as it was does not count for the record as it is."""
    toolset = connect(ASK, approver=interrupting(), run=RUN)
    graph = agent(script([("delete_deal", {"deal_id": deal_ids[0]})]), toolset, checkpoints)
    (pause,) = graph.invoke(START, THREAD)["__interrupt__"]
    path, headers = f"{sandbox.url}/api/v2/deals/{deal_ids[0]}", {"x-api-token": sandbox.token}
    httpx.patch(path, json={"title": "Signed today"}, headers=headers).raise_for_status()
    state = graph.invoke(Command(resume=yes(pause)), THREAD)

    assert answers(state)[0].artifact["status"] == "denied"
    assert deletes(sandbox) == []


def two_questions(graph: Any) -> dict[int, Interrupt]:
    """The pauses of two parallel deletes, by the number of the deal."""
    pauses = graph.invoke(START, THREAD)["__interrupt__"]
    return {int(pause.value["effect"].rpartition("(")[2].partition(")")[0]): pause for pause in pauses}


def test_parallel_calls(
    connect: Connect, sandbox: Sandbox, deal_ids: list[int], checkpoints: SqliteSaver
) -> None:
    """Parallel calls ask one question each, and each answer serves its own call."""
    first, second = deal_ids[:2]
    toolset = connect(ASK, approver=interrupting(), run=RUN)
    model = script([("delete_deal", {"deal_id": first}), ("delete_deal", {"deal_id": second})])
    graph = agent(model, toolset, checkpoints)
    pauses = two_questions(graph)
    resume = {
        pauses[first].id: yes(pauses[first]),
        pauses[second].id: {**yes(pauses[second]), "approve": False},
    }
    state = graph.invoke(Command(resume=resume), THREAD)

    assert [each.artifact["status"] for each in answers(state)] == ["ok", "denied"]
    assert deletes(sandbox) == [f"/api/v2/deals/{first}"]


def test_answers_that_are_mixed_up(
    connect: Connect, sandbox: Sandbox, deal_ids: list[int], checkpoints: SqliteSaver
) -> None:
    """A yes to one deal is no yes to another one."""
    first, second = deal_ids[:2]
    toolset = connect(ASK, approver=interrupting(), run=RUN)
    model = script([("delete_deal", {"deal_id": first}), ("delete_deal", {"deal_id": second})])
    graph = agent(model, toolset, checkpoints)
    pauses = two_questions(graph)
    swapped = {pauses[first].id: yes(pauses[second]), pauses[second].id: yes(pauses[first])}
    state = graph.invoke(Command(resume=swapped), THREAD)

    assert [each.artifact["status"] for each in answers(state)] == ["denied", "denied"]
    assert deletes(sandbox) == []


def test_a_rejection_survives_a_restart_of_a_tainted_run(
    connect: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Where the run's reading made the question necessary, a no is a no in the next process too."""
    person_id = sandbox.records("persons")[0]["id"]
    change = {"person_id": person_id, "name": "Mallory", "overwrite": ["name"]}
    model = script([("get_person", {"person_id": person_id})], [("update_person", change)])
    database = str(tmp_path / "checkpoints.db")
    with (
        connect(ASK, approver=interrupting(), run=RUN) as toolset,
        SqliteSaver.from_conn_string(database) as saver,
    ):
        assert agent(model, toolset, saver).invoke(START, THREAD)["__interrupt__"]
    with (
        connect(ASK, approver=interrupting(), run=RUN) as toolset,
        SqliteSaver.from_conn_string(database) as saver,
    ):
        state = agent(model, toolset, saver).invoke(Command(resume={"approve": False}), THREAD)

    assert answers(state)[-1].artifact["status"] == "denied"
    assert changes(sandbox) == []


async def test_async(connect: Connect, sandbox: Sandbox, deal_ids: list[int], tmp_path: Path) -> None:
    """The async agent pauses and resumes in the same way; the approver finds its graph from a thread."""
    toolset = connect(ASK, approver=interrupting(), run=RUN)
    model = script([("delete_deal", {"deal_id": deal_ids[0]})])
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as saver:
        graph = agent(model, toolset, saver)
        (pause,) = (await graph.ainvoke(START, THREAD))["__interrupt__"]
        before = changes(sandbox)
        state = await graph.ainvoke(Command(resume=yes(pause)), THREAD)
    await toolset.aclose()

    assert before == []
    assert answers(state)[0].status == "success"
    assert deletes(sandbox) == [f"/api/v2/deals/{deal_ids[0]}"]


def test_outside_a_graph(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """Where no graph runs, there is nobody to ask, so nothing is done."""
    toolset = connect(ASK, approver=interrupting())
    tool = next(each for each in PipedriveToolkit(toolset=toolset).get_tools() if each.name == "delete_deal")
    results = [
        toolset.call("delete_deal", {"deal_id": deal_ids[0]}).text,
        tool.invoke({"deal_id": deal_ids[0]}),
    ]

    assert all("needs approval" in text for text in results)
    assert changes(sandbox) == []


def test_who_approved_is_in_the_audit_trail(connect: Connect, deal_ids: list[int], tmp_path: Path) -> None:
    """The audit row of an approved call names whoever the answer named."""
    toolset = connect(ASK, approver=interrupting(), run=RUN)
    graph = agent(script([("delete_deal", {"deal_id": deal_ids[0]})]), toolset, InMemorySaver())
    (pause,) = graph.invoke(START, THREAD)["__interrupt__"]
    graph.invoke(Command(resume=yes(pause, by="Ada \u202eLovelace")), THREAD)

    assert [row.approver for row in toolset.trail() if row.step == "outcome"] == ["Ada Lovelace"]
