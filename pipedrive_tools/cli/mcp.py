"""`mcp`: the tools for an MCP client, over stdio or streamable HTTP, with the rights of an agent."""

import asyncio
import os
import sys
from contextlib import aclosing
from typing import Annotated

import typer

from pipedrive_tools.adapters.mcp import build_server, serve_http
from pipedrive_tools.cli import access, output
from pipedrive_tools.cli.options import AgentName, PolicyFile
from pipedrive_tools.cli.profile import ProfileName
from pipedrive_tools.cli.service import leaving, stopping
from pipedrive_tools.errors import SettingsError
from pipedrive_tools.settings import Settings, secret
from pipedrive_tools.toolset import Toolset


def command(
    *,
    policy: PolicyFile = None,
    agent: AgentName = None,
    profile: ProfileName = None,
    http: Annotated[bool, typer.Option("--http", help="Serve streamable HTTP instead of stdio.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on, with --http.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on, with --http; 0 is any free one.")
    ] = 8767,
    token_env: Annotated[
        str, typer.Option(metavar="NAME", help="Variable that holds the bearer token, with --http.")
    ] = "PIPEDRIVE_MCP_TOKEN",  # noqa: S107  # a name, no token
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name under which clients know the host; may be repeated."),
    ] = None,
    data: Annotated[
        bool,
        typer.Option("--data", help="Add all that Pipedrive answers to structured output, for programs."),
    ] = False,
) -> None:
    """Serve until the client leaves or Ctrl-C. A question to a person waits for `approvals approve`."""
    settings = Settings.from_env()
    found, name = access.rights(settings, policy, agent)
    token = _token(token_env) if http else ""
    toolset = Toolset.connect(name, found, settings=settings, approver="queue", profile=profile)

    async def serve() -> None:
        async with aclosing(toolset):
            server = build_server(toolset, data=data)
            if http:
                hosts = allowed_host or ()
                await serve_http(server, token=token, host=host, port=port, hosts=hosts, ready=_introduce)
            else:
                await server.run_stdio_async()

    with stopping() if http else leaving():
        asyncio.run(serve())


def _token(name: str) -> str:
    if token := secret(os.environ, name):
        return token
    raise SettingsError(
        f"streamable HTTP needs a bearer token, and {name} is empty; set it to a long random text"
    )


def _introduce(url: str) -> None:
    output.line(f"An MCP server listens on {url}; it asks for the bearer token. Stop it with Ctrl-C.")
    sys.stdout.flush()  # whoever reads a pipe waits for this line
