import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.tools.calling import acall_tool, call_tool
from llama_index.core.workflow import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)

from pipedrive_tools.adapters.llamaindex import PipedriveToolSpec, waiting
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.gate.approval import Approver, Question, Ruling
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Tool, Toolset
from tests.adapters.conftest import Connect
from tests.adapters.scripts import Turn, changes
from tests.calls import allow_everything

pytestmark = [  # LlamaIndex's workflows look at every member of an agent, which is a pydantic model
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20:inspect"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211:inspect"),
]

ASK = 'deals = "full"\n[agents.tester.actions]\ndelete_deal = "ask"'
NOWHERE = Settings(base_url="http://127.0.0.1:9", api_token="x" * 40, state="sqlite://", attempts=1)
EVERY_TOOL = {
    each.metadata.get_name(): each
    for each in PipedriveToolSpec(
        Toolset.connect("tester", allow_everything(), settings=NOWHERE)
    ).to_tool_list()
}


def scripted(*turns: Turn) -> MockFunctionCallingLLM:
    """A model that plays one turn after the other, and is done when there are none left."""

    def play(messages: Any, **_options: Any) -> ChatMessage:
        played = sum(each.role == "assistant" for each in messages)
        if played >= len(turns):
            return ChatMessage(role="assistant", content="done")
        blocks = [
            ToolCallBlock(tool_call_id=f"call-{played}-{number}", tool_name=name, tool_kwargs=arguments)
            for number, (name, arguments) in enumerate(turns[played])
        ]
        return ChatMessage(role="assistant", blocks=blocks)

    return MockFunctionCallingLLM(response_generator=play, is_chat_model=True)


Answer = Callable[[InputRequiredEvent], HumanResponseEvent | None]


def yes(question: InputRequiredEvent) -> HumanResponseEvent:
    return HumanResponseEvent(digest=question.digest, approve=True, by="Ada")


def no(question: InputRequiredEvent) -> HumanResponseEvent:
    return HumanResponseEvent(digest=question.digest, approve=False, by="Ada")


@dataclass
class Played:
    """What came of letting an agent play."""

    questions: list[str]
    """What was asked, in plain English."""
    told: dict[str, ToolOutput]
    """What the tools answered, by the number of the call."""

    @property
    def statuses(self) -> list[str]:
        return [output.raw_output["status"] for _, output in sorted(self.told.items())]


async def play(toolset: Toolset, *turns: Turn, answer: Answer = yes, tools: Any = None) -> Played:
    """Let an agent play its turns and answer what it asks."""
    played = Played([], {})
    given = tools or PipedriveToolSpec(toolset).to_tool_list()
    handler = FunctionAgent(tools=given, llm=scripted(*turns), streaming=False).run(user_msg="go")
    try:
        async with asyncio.timeout(20), aclosing(toolset):
            async for event in handler.stream_events():
                if isinstance(event, InputRequiredEvent):
                    played.questions.append(event.effect)
                    if answered := answer(event):
                        handler.ctx.send_event(answered)
                elif isinstance(event, ToolCallResult):
                    played.told[event.tool_id] = event.tool_output
            await handler
    finally:
        await handler.cancel_run()
    return played


def test_only_what_the_policy_gives(connect: Connect) -> None:
    """A tool spec offers the tools that the policy gives to the agent, and no others."""
    toolset = connect('deals = "read"')
    spec = PipedriveToolSpec(toolset)

    assert [each.metadata.name for each in spec.to_tool_list()] == toolset.names()
    assert [each.metadata.name for each in spec.to_tool_list(["get_deal"])] == ["get_deal"]
    with pytest.raises(ArgumentsError, match=r"no tools \['update_deal'\] for this agent"):
        spec.to_tool_list(["get_deal", "update_deal"])
    with pytest.raises(ArgumentsError, match="come from the catalogue"):
        spec.to_tool_list(None, {"get_deal": ToolMetadata(name="x", description="y")})


@pytest.mark.parametrize("name", catalogue)
def test_what_a_model_sees(name: str) -> None:
    """A tool has the name, the description and the schema of the catalogue, in the form that providers take."""
    tool = Tool(catalogue[name])
    shown = EVERY_TOOL[name].metadata.to_openai_tool()["function"]

    assert shown == {
        "name": name,
        "description": tool.description,
        "parameters": {"properties": {}, **tool.parameters},
    }


def test_an_answer(connect: Connect, deal_ids: list[int]) -> None:
    """The model gets the text, the program gets the data."""
    (tool,) = PipedriveToolSpec(connect('deals = "read"')).to_tool_list(["get_deal"])
    output = tool(deal_id=deal_ids[0])

    assert not output.is_error
    assert f"id: {deal_ids[0]}" in output.content
    assert output.raw_input == {"deal_id": deal_ids[0]}
    assert output.raw_output["data"]["id"] == deal_ids[0]


@pytest.mark.parametrize("arguments", [{"deal_id": 5}, {"deal_id": "x"}, {}], ids=str)
async def test_a_lone_argument(connect: Connect, arguments: dict[str, Any]) -> None:
    """LlamaIndex hands a lone argument over by position first; it arrives under its name all the same."""
    async with aclosing(connect('deals = "read"')) as toolset:
        (tool,) = PipedriveToolSpec(toolset).to_tool_list(["get_deal"])
        toolset.call("get_deal", arguments)  # the first call pays for the names of custom fields
        outputs = [call_tool(tool, arguments), await acall_tool(tool, arguments)]
        wanted = toolset.call("get_deal", arguments).text

    assert [output.content for output in outputs] == [wanted, wanted]


async def test_an_agent_goes_on(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """Denials, wrong arguments, unknown tools and missing records do not end a run."""
    played = await play(
        connect(ASK),
        [("get_deal", {"deal_id": "x"}), ("get_deal", {"deal_id": 999_999})],
        [("delete_deal", {"deal_id": deal_ids[0]})],
        [("update_deal", {"deal_id": deal_ids[0], "force": True})],
        [("get_deal", {"deal_id": deal_ids[0]})],
    )

    assert played.statuses == ["invalid", "failed", "needs_approval", "invalid", "ok"]
    assert [each.is_error for _, each in sorted(played.told.items())] == [True, True, True, True, False]
    assert changes(sandbox) == []


async def test_a_yes(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """The question names the effect; a yes lets exactly that call go, once."""
    played = await play(connect(ASK, approver=waiting()), [("delete_deal", {"deal_id": deal_ids[0]})])

    assert len(played.questions) == 1
    assert f"({deal_ids[0]})" in played.questions[0]
    assert played.statuses == ["ok"]
    assert changes(sandbox) == [("DELETE", f"/api/v2/deals/{deal_ids[0]}")]


async def test_a_no(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """A no is told to the model, and nothing is changed."""
    toolset = connect(ASK, approver=waiting())
    played = await play(toolset, [("delete_deal", {"deal_id": deal_ids[0]})], answer=no)

    assert played.statuses == ["denied"]
    assert "rejected by Ada" in played.told["call-0-0"].content
    assert changes(sandbox) == []


async def test_nobody_answers(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """A question that nobody answers in time is no yes."""
    toolset = connect(ASK, approver=waiting(lifetime_seconds=0.1))
    played = await play(toolset, [("delete_deal", {"deal_id": deal_ids[0]})], answer=lambda _question: None)

    assert played.statuses == ["needs_approval"]
    assert changes(sandbox) == []


async def test_parallel_calls(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """Parallel calls ask one question each, and each answer serves its own call."""
    toolset = connect(ASK, approver=waiting())
    turn = [("delete_deal", {"deal_id": each}) for each in deal_ids[:3]]
    played = await play(
        toolset, turn, answer=lambda asked: (no if f"({deal_ids[1]})" in asked.effect else yes)(asked)
    )

    assert len(played.questions) == 3
    assert played.statuses == ["ok", "denied", "ok"]
    assert sorted(changes(sandbox)) == sorted(
        ("DELETE", f"/api/v2/deals/{each}") for each in (deal_ids[0], deal_ids[2])
    )


async def test_equal_parallel_calls(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """Two equal calls of one turn do not wait for each other, and the deal is deleted once.

    LlamaIndex plays the step again when an answer comes; a call that it gave up under way is told as unknown, and on
    a busy machine it may end before both are told.
    """
    turn = [("delete_deal", {"deal_id": deal_ids[0]})] * 2
    played = await play(connect(ASK, approver=waiting()), turn)

    assert 1 <= len(played.told) <= 2
    assert set(played.statuses) <= {"ok", "unknown"}
    assert changes(sandbox) == [("DELETE", f"/api/v2/deals/{deal_ids[0]}")]


async def test_4_the_documented_pattern_hangs(connect: Connect) -> None:
    """With one waiter for all calls, which is how LlamaIndex documents it, one of two calls never comes back."""
    done: list[int] = []

    async def delete(context: Context, deal_id: int) -> str:
        await context.wait_for_event(
            HumanResponseEvent, waiter_id="confirm", waiter_event=InputRequiredEvent(effect="", digest="")
        )
        done.append(deal_id)
        return "deleted"

    tool = FunctionTool.from_defaults(async_fn=delete, name="delete", description="d")
    turn = [("delete", {"deal_id": 1}), ("delete", {"deal_id": 2})]
    agent = FunctionAgent(tools=[tool], llm=scripted(turn), streaming=False)
    handler = agent.run(user_msg="go")
    questions: list[InputRequiredEvent] = []

    async def answer() -> None:
        async for event in handler.stream_events():
            if isinstance(event, InputRequiredEvent):
                questions.append(event)
                handler.ctx.send_event(HumanResponseEvent())

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answer(), 1)
    await handler.cancel_run()

    assert len(questions) == 1
    assert len(done) == 1


def test_outside_a_workflow(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """Where no workflow runs, there is nobody to ask, so nothing is done."""
    (tool,) = PipedriveToolSpec(connect(ASK, approver=waiting())).to_tool_list(["delete_deal"])

    assert tool.call(deal_id=deal_ids[0]).raw_output["status"] == "needs_approval"
    assert changes(sandbox) == []


class Delete(Event):
    deal_id: int


class Deleted(Event):
    status: str


class Cleaning(Workflow):
    """A workflow of its own that deletes deals, some at a time."""

    def __init__(self, tool: Any, deal_ids: list[int]) -> None:
        super().__init__(timeout=20)
        self.tool, self.deal_ids = tool, deal_ids

    @step
    async def begin(self, context: Context, _event: StartEvent) -> Delete | None:
        for each in self.deal_ids:
            context.send_event(Delete(deal_id=each))
        return None

    @step(num_workers=4)
    async def delete(self, event: Delete) -> Deleted:
        output = await self.tool.acall(deal_id=event.deal_id)
        return Deleted(status=output.raw_output["status"])

    @step
    async def end(self, context: Context, event: Deleted) -> StopEvent | None:
        found = context.collect_events(event, [Deleted] * len(self.deal_ids))
        return StopEvent(result=sorted(each.status for each in found)) if found else None


def believing(question: Question) -> Awaitable[Ruling]:
    """The pattern that LlamaIndex documents, with an id per call: it does not look at what an answer names."""

    async def asked() -> Ruling:
        said = await Context.get_step_context().wait_for_event(
            HumanResponseEvent,
            waiter_id=question.digest,
            waiter_event=InputRequiredEvent(effect=question.effect, digest=question.digest),
            requirements={"digest": question.digest},
        )
        return Ruling(answer="approved" if said.get("approve") is True else "rejected")

    return asked()


async def restored(connect: Connect, approver: Approver, deal_ids: list[int]) -> None:
    """Stop a workflow at its two questions, restore it, and say yes to the first deal at once."""
    async with aclosing(connect(ASK, approver=approver, run="r")) as toolset:
        (tool,) = PipedriveToolSpec(toolset).to_tool_list(["delete_deal"])
        handler = Cleaning(tool, deal_ids).run()
        asked: list[InputRequiredEvent] = []
        async for event in handler.stream_events():
            if isinstance(event, InputRequiredEvent):
                asked.append(event)
            if len(asked) == len(deal_ids):
                break
        stored = json.loads(json.dumps(handler.ctx.to_dict()))
        await handler.cancel_run()
    (question,) = [each for each in asked if f"({deal_ids[0]})" in each.effect]

    async with aclosing(connect(ASK, approver=approver, run="r")) as toolset:
        (tool,) = PipedriveToolSpec(toolset).to_tool_list(["delete_deal"])
        workflow = Cleaning(tool, deal_ids)
        handler = workflow.run(ctx=Context.from_dict(workflow, stored))
        handler.ctx.send_event(yes(question))
        with suppress(TimeoutError):  # the other question may still wait, which is as good as a no
            await asyncio.wait_for(handler, 2)
        await handler.cancel_run()


# The first workflow is given up, as a killed process gives it up, and its coroutine with it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_restored_workflow(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """After a restart an answer that arrives at once serves the call it names, and no other one."""
    await restored(connect, waiting(), deal_ids[:2])

    assert changes(sandbox) == [("DELETE", f"/api/v2/deals/{deal_ids[0]}")]


async def test_a_restored_workflow_that_believes(
    connect: Connect, sandbox: Sandbox, deal_ids: list[int]
) -> None:
    """A restored context forgets what its waiters wait for: without our look, one yes deletes two deals."""
    await restored(connect, believing, deal_ids[:2])

    assert len(changes(sandbox)) == 2
