"""`undo`: a write is shown the other way round, and taken back through the gate."""

from typing import Annotated

import typer

from pipedrive_tools.cli import access, output
from pipedrive_tools.cli.call import show
from pipedrive_tools.cli.options import AgentName, AsJson, DryRun, PolicyFile


def command(
    audit_id: Annotated[
        str, typer.Argument(metavar="AUDIT_ID", help="Number of the write in the audit trail.")
    ],
    *,
    policy: PolicyFile = None,
    agent: AgentName = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Show what taking it back would do, then do it."""
    with access.toolset(policy, agent, dry_run=dry_run) as tools:
        rehearsed = tools.undo(audit_id, dry_run=True)
        if dry_run or not rehearsed.ok:
            return show(rehearsed, as_json=as_json)
        if not as_json:
            output.line(rehearsed.text.partition("\n")[0])
        return show(tools.undo(audit_id), as_json=as_json)
