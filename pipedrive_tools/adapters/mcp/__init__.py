"""The tools for MCP clients: raw arguments in, text and structured output out, over stdio or streamable HTTP."""

from pipedrive_tools.errors import MissingExtraError

try:
    from pipedrive_tools.adapters.mcp.server import PipedriveServer, build_server
    from pipedrive_tools.adapters.mcp.web import serve_http
except ModuleNotFoundError as error:
    raise MissingExtraError(error.name or "mcp", "mcp") from error

__all__ = ["PipedriveServer", "build_server", "serve_http"]
