"""The doors to a toolset: plain, LangChain and LlamaIndex, each blocking and async, and MCP, which is async."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from mcp import Client

from pipedrive_tools.adapters.langchain import PipedriveTool
from pipedrive_tools.adapters.llamaindex import PipedriveToolSpec
from pipedrive_tools.adapters.mcp import build_server
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES
from pipedrive_tools.toolset import Tool, Toolset

Arguments = dict[str, Any]
Door = Callable[[Toolset, str, Arguments], Awaitable[tuple[str, Arguments]]]
"""Calls a tool and gives the text for the model and the artifact."""


def tool_of(name: str) -> Tool:
    """A tool of the catalogue, or one that is made of several."""
    return Tool(COMPOSITES[name] if name in COMPOSITES else catalogue[name])


async def plain(toolset: Toolset, name: str, arguments: Arguments) -> tuple[str, Arguments]:
    result = toolset.call(name, arguments)
    return result.text, result.artifact


async def plain_async(toolset: Toolset, name: str, arguments: Arguments) -> tuple[str, Arguments]:
    result = await toolset.acall(name, arguments)
    return result.text, result.artifact


async def langchain(toolset: Toolset, name: str, arguments: Arguments) -> tuple[str, Arguments]:
    tool = PipedriveTool(tool_of(name), toolset)
    message = tool.invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
    return message.content, message.artifact


async def langchain_async(toolset: Toolset, name: str, arguments: Arguments) -> tuple[str, Arguments]:
    tool = PipedriveTool(tool_of(name), toolset)
    message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
    return message.content, message.artifact


async def llamaindex(toolset: Toolset, name: str, arguments: Arguments) -> tuple[str, Arguments]:
    (tool,) = PipedriveToolSpec(toolset).to_tool_list([name])
    output = tool.call(**arguments)
    return output.content, output.raw_output


async def llamaindex_async(toolset: Toolset, name: str, arguments: Arguments) -> tuple[str, Arguments]:
    (tool,) = PipedriveToolSpec(toolset).to_tool_list([name])
    output = await tool.acall(**arguments)
    return output.content, output.raw_output


async def mcp(toolset: Toolset, name: str, arguments: Arguments) -> tuple[str, Arguments]:
    async with Client(build_server(toolset, data=True)) as client:
        result = await client.call_tool(name, arguments)
    (content,) = result.content
    artifact = dict(result.structured_content or {})
    assert artifact.pop("text") == content.text
    return content.text, artifact


DOORS: Final[tuple[Door, ...]] = (
    plain,
    plain_async,
    langchain,
    langchain_async,
    llamaindex,
    llamaindex_async,
    mcp,
)
