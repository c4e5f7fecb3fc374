"""`call`: one tool, through the gate, with the rights of an agent."""

import json
from typing import Annotated, Any

import typer

from pipedrive_tools.cli import access, failure, output
from pipedrive_tools.cli.options import AgentName, AsJson, DryRun, PolicyFile
from pipedrive_tools.toolset import Status, ToolResult

STATUS: dict[Status, int] = {
    "ok": 0,
    "denied": failure.REFUSED,
    "needs_approval": failure.REFUSED,
    "invalid": failure.WRONG_USE,
    "failed": failure.FAILED,
    "unknown": failure.FAILED,
}
"""Exit status by how the call ended."""


def command(
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Name of the tool, as `tools` lists it.")],
    args: Annotated[str, typer.Option("--args", metavar="JSON", help="Arguments, a JSON object.")] = "{}",
    *,
    policy: PolicyFile = None,
    agent: AgentName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Call a tool and print what the agent would read."""
    arguments = _object(args)
    with access.toolset(policy, agent, dry_run=dry_run) as tools:
        return show(tools.call(tool, arguments), as_json=as_json)


def show(result: ToolResult, *, as_json: bool) -> int:
    """Print a result; what did not work goes to stderr as one line. Gives the exit status."""
    code = STATUS[result.status]
    if as_json:
        output.document({"text": result.text, **result.artifact})
    elif code:
        return failure.say(result.text, None, code)
    else:
        output.line(result.text)
        if result.undo and result.audit_id:
            output.line(f"to take it back: {result.undo}")
    return code


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"--args is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise typer.BadParameter("--args must be a JSON object, as in '{\"deal_id\": 7}'")
    return found
