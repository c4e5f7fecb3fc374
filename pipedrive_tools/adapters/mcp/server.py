"""The server: what it lists follows from the toolset, and every call and every read ends there.

The SDK's own registration is left aside: it drops arguments that it does not know and quotes the wrong ones.
One server is one run: limits per run, and the memory of what was sent already, last as long as it does.
"""

from typing import Any, Final, get_args

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ResourceNotFoundError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)
from mcp_types import CallToolResult, ResourceTemplate, TextContent, ToolAnnotations
from mcp_types import Tool as Offered
from pydantic import AnyUrl

import pipedrive_tools
from pipedrive_tools.adapters.mcp.progress import Report, accompanied
from pipedrive_tools.adapters.mcp.records import named, template
from pipedrive_tools.adapters.mcp.traces import of_ours
from pipedrive_tools.endpoint import Effect
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.toolset import Status, Tool, ToolResult, Toolset

TEXT: Final = "text/plain"
ADDS: Final = frozenset({Effect.READ, Effect.CREATE})
"""Effects that replace and remove nothing."""
OUTPUT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "What the tool says, the same as the content"},
        "status": {"type": "string", "enum": list(get_args(Status))},
        "next_page": {"type": ["string", "integer", "null"]},
        "cost": {"type": "integer", "description": "Pipedrive API tokens spent"},
        "audit_id": {"type": ["string", "null"]},
        "undo": {"type": ["string", "null"], "description": "The command that takes the change back"},
    },
    "required": ["text", "status"],
}
"""Schema of the structured output; with `data`, it also holds what Pipedrive answered."""


class PipedriveServer(MCPServer[Any]):
    """The tools of one toolset. Make it with `build_server`; whoever made the toolset closes it."""

    def __init__(self, toolset: Toolset, *, data: bool) -> None:
        super().__init__(
            "pipedrive-tools",
            title="Pipedrive",
            version=pipedrive_tools.__version__,
            instructions=toolset.instructions,
            log_level="WARNING",
            subscriptions=False,
        )
        self.middleware[:] = of_ours(self.middleware)
        self._toolset, self._data = toolset, data

    async def list_tools(self) -> list[Offered]:
        """The tools that the policy lets this agent use."""
        return [_offered(tool) for tool in self._toolset.tools()]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult:
        """Call a tool with arguments as the client sent them; the core checks them."""
        report = context.report_progress if context else None
        try:
            return self._answer(await self._called(name, arguments, report))
        except PipedriveToolsError as error:
            raise ToolError(str(error)) from error
        except Exception as error:
            raise UnexpectedToolError("this is a defect of pipedrive-tools") from error

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """Single records, of the kinds that the policy lets this agent read."""
        found = ((tool, template(tool.name)) for tool in self._toolset.tools())
        return [
            ResourceTemplate(uri_template=uri, name=tool.name, description=tool.description, mime_type=TEXT)
            for tool, uri in found
            if uri
        ]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Any, Any] | None = None
    ) -> list[ReadResourceContents]:
        """Read one record by the tool that reads it, as the model would see it."""
        found = named(str(uri))
        if found is None:
            raise ResourceNotFoundError("no kind of record has this address; list the resource templates")
        report = context.report_progress if context else None
        try:
            result = await self._called(*found, report)
        except PipedriveToolsError as error:
            raise ResourceError(str(error)) from error
        except Exception as error:
            raise UnexpectedResourceError("this is a defect of pipedrive-tools") from error
        if result.status in {"denied", "invalid"}:
            raise ResourceNotFoundError(result.text)
        if not result.ok:
            raise ResourceError(result.text)
        return [ReadResourceContents(content=result.text, mime_type=TEXT)]

    async def _called(self, name: str, arguments: dict[str, Any], report: Report | None) -> ToolResult:
        call = self._toolset.acall(name, arguments)
        return await (accompanied(call, report) if report else call)

    def _answer(self, result: ToolResult) -> CallToolResult:
        """Text and structured output; many clients hand the model the second instead of the first."""
        artifact = result.artifact
        if not self._data:
            del artifact["data"]
        return CallToolResult(
            content=[TextContent(text=result.text)],
            structured_content={"text": result.text, **artifact},
            is_error=not result.ok,
        )


def build_server(toolset: Toolset, *, data: bool = False) -> PipedriveServer:
    """An MCP server over a toolset: `build_server(toolset).run()` serves stdio.

    `data=True` adds everything that Pipedrive answered to the structured output, for programs. It is left out
    otherwise, because clients show structured output to the model: at full length, and unfenced.
    """
    return PipedriveServer(toolset, data=data)


def _offered(tool: Tool) -> Offered:
    return Offered(
        name=tool.name,
        title=tool.name.replace("_", " ").capitalize(),
        description=tool.description,
        input_schema={"properties": {}, **tool.parameters},
        output_schema=OUTPUT,
        annotations=_annotations(tool),
    )


def _annotations(tool: Tool) -> ToolAnnotations:
    """What the effect comes to; records hold what strangers wrote, so the world is open."""
    entry = tool.endpoint
    return ToolAnnotations(
        read_only_hint=not entry.effect.writes,
        destructive_hint=entry.effect not in ADDS,
        idempotent_hint=entry.idempotent,
        open_world_hint=True,
    )
