"""Ways past an approval or a check that lives in a framework: each works with the gate open, and not with it shut."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, HumanInTheLoopMiddleware, hook_config
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from llama_index.core.tools import FunctionTool

from pipedrive_tools.adapters.langchain import PipedriveToolkit, interrupting
from pipedrive_tools.adapters.llamaindex import PipedriveToolSpec
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.approval import Approver, nobody
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset import Toolset
from tests.adapters.conftest import Connect
from tests.adapters.scripts import answers, changes, script

THREAD: Any = {"configurable": {"thread_id": "1"}}
START: Any = {"messages": [("user", "go")]}
OPEN = 'deals = "full"\n[agents.tester.actions]\ndelete_deal = "allow"'
SHUT = 'deals = "full"\n[agents.tester.actions]\ndelete_deal = "ask"'


def tools_of(toolset: Toolset) -> list[BaseTool]:
    return PipedriveToolkit(toolset=toolset).get_tools()


class JumpToTools(AgentMiddleware):
    """The documented way to go straight to the tools."""

    @hook_config(can_jump_to=["tools"])
    def after_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:  # noqa: ARG002  # passed by name
        last = next(each for each in reversed(state["messages"]) if each.type == "ai")
        return {"jump_to": "tools"} if last.tool_calls else None


class Fickle:
    """A condition that is true when the question is asked and false when it is answered."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _request: Any) -> bool:
        self.asked += 1
        return self.asked == 1


def jumping_before() -> list[Any]:
    return [JumpToTools(), HumanInTheLoopMiddleware(interrupt_on={"delete_deal": True})]


def jumping_after() -> list[Any]:
    return [HumanInTheLoopMiddleware(interrupt_on={"delete_deal": True}), JumpToTools()]


def changing_its_mind(mode: Any) -> list[Any]:
    condition = {"allowed_decisions": ["approve", "reject"], "when": Fickle()}
    return [HumanInTheLoopMiddleware(interrupt_on={"delete_deal": condition}, interrupt_mode=mode)]


STACKS: dict[str, tuple[Callable[[], list[Any]], str]] = {
    "#1 jump_to before the approval": (jumping_before, "batched"),
    "#1 jump_to after the approval": (jumping_after, "batched"),
    "#2 a condition that changes": (lambda: changing_its_mind("batched"), "batched"),
    "#3 a condition that changes, per call": (lambda: changing_its_mind("per_call"), "per_call"),
}


def rejected(sandbox: Sandbox, toolset: Toolset, deal_id: int, stack: str) -> list[tuple[str, str]]:
    """What was changed although the person said no to the framework."""
    middleware, mode = STACKS[stack]
    graph = create_agent(
        script([("delete_deal", {"deal_id": deal_id})]),
        tools_of(toolset),
        middleware=middleware(),
        checkpointer=InMemorySaver(),
    )
    for pause in graph.invoke(START, THREAD).get("__interrupt__", ()):  # one jump leaves out the question
        assert changes(sandbox) == []
        no = {"type": "reject", "message": "no"}
        graph.invoke(Command(resume={pause.id: no} if mode == "per_call" else {"decisions": [no]}), THREAD)
    return changes(sandbox)


@pytest.mark.parametrize("stack", STACKS)
def test_the_framework_lets_a_rejected_call_run(
    connect: Connect, sandbox: Sandbox, deal_ids: list[int], stack: str
) -> None:
    """With the gate open the bypass works: the deal that a person refused to delete is deleted."""
    assert rejected(sandbox, connect(OPEN), deal_ids[0], stack) == [
        ("DELETE", f"/api/v2/deals/{deal_ids[0]}")
    ]


@pytest.mark.parametrize("approver", [nobody, interrupting()], ids=["nobody", "interrupting"])
@pytest.mark.parametrize("stack", STACKS)
def test_a_rejected_call_never_runs(
    connect: Connect, sandbox: Sandbox, deal_ids: list[int], stack: str, approver: Approver
) -> None:
    """With the gate shut nothing is changed, whatever middleware is stacked on top."""
    assert rejected(sandbox, connect(SHUT, approver=approver), deal_ids[0], stack) == []


def renamed(sandbox: Sandbox, toolset: Toolset, deal_id: int) -> list[tuple[str, str]]:
    """What was changed when an answer turns a harmless call into another one."""
    graph = create_agent(
        script([("update_deal", {"deal_id": deal_id, "title": "X", "overwrite": ["title"]})]),
        tools_of(toolset),
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"update_deal": True, "delete_deal": True})],
        checkpointer=InMemorySaver(),
    )
    assert graph.invoke(START, THREAD)["__interrupt__"]
    edited = {"name": "delete_deal", "args": {"deal_id": deal_id}}
    graph.invoke(Command(resume={"decisions": [{"type": "edit", "edited_action": edited}]}), THREAD)
    return changes(sandbox)


def test_an_edit_that_renames_the_call(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """An edited decision may name any tool; what the policy asks about is asked about all the same."""
    assert renamed(sandbox, connect(OPEN), deal_ids[0]) == [("DELETE", f"/api/v2/deals/{deal_ids[0]}")]

    sandbox.reset()
    assert renamed(sandbox, connect(SHUT), deal_ids[0]) == []


WRONG = {"deal_id": "not-an-int", "status": "hacked", "undeclared": 1}


def test_5_llamaindex_checks_nothing(connect: Connect, sandbox: Sandbox) -> None:
    """A FunctionTool lets every argument through; ours refuses each one by name and sends nothing."""
    entry = catalogue["update_deal"]
    bare = FunctionTool.from_defaults(
        lambda **given: given, name="update_deal", description="d", fn_schema=entry.model
    )
    assert bare.call(**WRONG).raw_output == WRONG

    (tool,) = PipedriveToolSpec(connect(OPEN)).to_tool_list(["update_deal"])
    output = tool.call(**WRONG)
    assert output.is_error
    assert all(f"{name}: " in output.content for name in WRONG)
    assert sandbox.log() == []


def test_6_langchain_fills_in_nulls(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """A StructuredTool over the model fills in what was not said; ours sends what was said and nothing else."""
    said = {"deal_id": deal_ids[0], "title": "X", "overwrite": ["title"]}
    heard: list[dict[str, Any]] = []
    bare = StructuredTool.from_function(
        lambda **given: heard.append(given),
        name="u",
        description="d",
        args_schema=catalogue["update_deal"].model,
    )
    bare.invoke(said)
    assert heard[0].keys() > said.keys()
    assert heard[0]["value"] is None

    tool = next(each for each in tools_of(connect(OPEN)) if each.name == "update_deal")
    tool.invoke(said)
    assert sandbox.log()[-1]["body"] == {"title": "X"}


def failing(**_arguments: Any) -> str:
    raise ToolException("no")


def test_7_an_error_ends_the_run(connect: Connect, deal_ids: list[int]) -> None:
    """A ToolException without a handler ends an agent's run; ours never does."""
    model = script([("delete_deal", {"deal_id": deal_ids[0]})])
    bare = StructuredTool.from_function(
        failing, name="delete_deal", description="d", args_schema=catalogue["delete_deal"].model
    )
    with pytest.raises(ToolException):
        create_agent(model, [bare]).invoke(START)

    state = create_agent(model, tools_of(connect(SHUT))).invoke(START)
    assert [each.status for each in answers(state)] == ["error"]
    assert state["messages"][-1].content == "done"


def test_15_an_unknown_key_is_dropped(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """LangChain drops a key that a model without `forbid` does not know; ours names it to the model."""
    bare = StructuredTool.from_function(lambda deal_id: deal_id, name="get_deal", description="d")
    assert bare.invoke({"deal_id": 1, "force": True}) == 1

    state = create_agent(
        script([("delete_deal", {"deal_id": deal_ids[0], "force": True})]), tools_of(connect(OPEN))
    ).invoke(START)
    assert "force: Extra inputs are not permitted" in answers(state)[0].content
    assert changes(sandbox) == []


def test_17_the_model_cannot_confirm(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """No argument that a model invents stands for a person's yes."""
    tool = next(each for each in tools_of(connect(SHUT)) if each.name == "delete_deal")
    for claim in ({}, {"confirmed": True}, {"approve": True}, {"digest": "0" * 64}, {"dry_run": False}):
        assert (
            tool.invoke(
                {
                    "type": "tool_call",
                    "id": "1",
                    "name": "delete_deal",
                    "args": {"deal_id": deal_ids[0], **claim},
                }
            ).status
            == "error"
        )

    assert changes(sandbox) == []
