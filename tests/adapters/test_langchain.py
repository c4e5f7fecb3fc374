import json
from collections.abc import Mapping
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import BaseTool
from langchain_tests.unit_tests import ToolsUnitTests

from pipedrive_tools.adapters.langchain import PipedriveToolkit
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.errors import StoreError
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import ToolResult, Toolset
from tests.adapters.conftest import Connect
from tests.adapters.scripts import answers, changes, script
from tests.calls import allow_everything
from tests.endpoints.examples import EXAMPLES

NOWHERE = Settings(base_url="http://127.0.0.1:9", api_token="x" * 40, state="sqlite://", attempts=1)
"""Settings under which nothing answers."""


def tools_of(toolset: Toolset) -> dict[str, BaseTool]:
    return {each.name: each for each in PipedriveToolkit(toolset=toolset).get_tools()}


EVERY_TOOL = tools_of(Toolset.connect("tester", allow_everything(), settings=NOWHERE))


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_call", "id": "1", "name": name, "args": arguments}


def standard_tests(name: str) -> type[ToolsUnitTests]:
    """LangChain's own unit tests for one tool; they cannot be parametrized."""
    return type(
        f"TestStandard_{name}",
        (ToolsUnitTests,),
        {
            "tool_constructor": property(lambda _self: EVERY_TOOL[name]),
            "tool_constructor_params": property(lambda _self: {}),
            "tool_invoke_params_example": property(lambda _self: EXAMPLES[name]["full"]),
            "__doc__": f"LangChain's unit tests hold for {name}.",
            "__module__": __name__,
        },
    )


globals().update({f"TestStandard_{name}": standard_tests(name) for name in catalogue})


def test_only_what_the_policy_gives(connect: Connect) -> None:
    """A toolkit offers the tools that the policy gives to the agent, and no others."""
    toolset = connect('deals = "read"')

    assert list(tools_of(toolset)) == toolset.names()
    assert "get_deal" in toolset.names()
    assert "update_deal" not in toolset.names()


def test_what_a_model_sees() -> None:
    """Name, description and schema are those of the catalogue."""
    shown = EVERY_TOOL["get_deal"].tool_call_schema

    assert shown == {
        "type": "object",
        "description": "Open one deal by its id and read it with all its fields.",
        "properties": {"deal_id": {"type": "integer", "description": "Deal id"}},
        "required": ["deal_id"],
    }


@pytest.mark.parametrize("name", catalogue)
def test_metadata(name: str) -> None:
    """Middleware can tell from a tool's metadata what it does and costs; no secret is in it."""
    entry, made = catalogue[name], EVERY_TOOL[name]

    assert made.metadata == {
        "resource": entry.resource,
        "effect": entry.effect.value,
        "cost": entry.cost,
        "scopes": list(entry.scopes),
    }
    assert made.tags == ["pipedrive", entry.resource, entry.effect.value]
    assert made.handle_tool_error
    assert made.handle_validation_error
    assert NOWHERE.api_token not in repr(made) + repr(PipedriveToolkit(toolset=made._toolset))


def test_an_answer(connect: Connect, deal_ids: list[int]) -> None:
    """The model gets the text, the program gets the data as plain JSON."""
    toolset = connect('deals = "read"')
    message = tools_of(toolset)["get_deal"].invoke(call("get_deal", {"deal_id": deal_ids[0]}))

    assert message.status == "success"
    assert message.artifact["data"]["id"] == deal_ids[0]
    assert json.loads(json.dumps(message.artifact)) == message.artifact
    assert f"id: {deal_ids[0]}" in message.content


def test_an_answer_without_a_tool_call(connect: Connect, deal_ids: list[int]) -> None:
    """Invoked with bare arguments, a tool gives its text, also when it is refused."""
    tools = tools_of(connect('deals = "read"'))

    assert f"id: {deal_ids[0]}" in tools["get_deal"].invoke({"deal_id": deal_ids[0]})
    assert "Extra inputs" in tools["get_deal"].invoke({"deal_id": deal_ids[0], "force": True})


async def test_both_colours_refuse_alike(connect: Connect) -> None:
    """A refusal is a tool error with the text and the artifact of the result, blocking and async."""
    one = tools_of(connect('deals = "read"'))["get_deal"]
    refused = [one.invoke(call("get_deal", {})), await one.ainvoke(call("get_deal", {}))]

    for message in refused:
        assert message.status == "error"
        assert message.artifact["status"] == "invalid"
        assert "deal_id: Field required" in message.content


def test_an_agent_goes_on(connect: Connect, sandbox: Sandbox, deal_ids: list[int]) -> None:
    """Denials, wrong arguments, unknown tools, missing records and outages do not end a run."""
    toolset = connect('deals = "full"\n[agents.tester.actions]\ndelete_deal = "ask"')
    model = script(
        [("get_deal", {"deal_id": "x"}), ("get_deal", {"deal_id": 999_999})],
        [("delete_deal", {"deal_id": deal_ids[0]}), ("no_such_tool", {})],
        [("update_deal", {"deal_id": deal_ids[0]}), ("delete_person", {"person_id": 1})],
        [("get_deal", {"deal_id": deal_ids[0]})],
    )
    tools = list(tools_of(toolset).values())
    state = create_agent(model, tools).invoke({"messages": [("user", "go")]})

    told = answers(state)
    assert [each.status for each in told] == ["error"] * 6 + ["success"]
    assert [(each.artifact or {}).get("status") for each in told] == [
        "invalid",
        "failed",
        "needs_approval",
        None,
        "invalid",
        None,
        "ok",
    ]
    assert changes(sandbox) == []


class Broken(Toolset):
    """A toolset whose store is gone."""

    def call(self, _name: str, _arguments: Mapping[str, Any] | None = None) -> ToolResult:
        raise StoreError("the store cannot be written")

    async def acall(self, _name: str, _arguments: Mapping[str, Any] | None = None) -> ToolResult:
        raise StoreError("the store cannot be written")


async def test_an_error_of_ours() -> None:
    """What a toolset raises becomes a tool error in our own words, blocking and async."""
    with Broken.connect("tester", allow_everything(), settings=NOWHERE) as toolset:
        one = tools_of(toolset)["list_deals"]
        messages = [one.invoke(call("list_deals", {})), await one.ainvoke(call("list_deals", {}))]

    assert [(each.status, each.content) for each in messages] == [
        ("error", "the store cannot be written")
    ] * 2
