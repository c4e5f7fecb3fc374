"""`audit show|verify|export`: the record of every call, read from the store and never changed."""

import json
from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from pipedrive_tools.cli import failure, output
from pipedrive_tools.cli.options import AsJson, OnlyAccount
from pipedrive_tools.cli.storage import store
from pipedrive_tools.state import audit
from pipedrive_tools.state.rules import is_of

command = typer.Typer()

Agent = Annotated[str | None, typer.Option("--agent", metavar="NAME", help="Only this agent.")]
Run = Annotated[str | None, typer.Option("--run", metavar="ID", help="Only this run.")]
ToolName = Annotated[str | None, typer.Option("--tool", metavar="NAME", help="Only this tool.")]
CallId = Annotated[str | None, typer.Option("--id", metavar="AUDIT_ID", help="Only this call.")]
Decision = Annotated[str | None, typer.Option("--decision", metavar="allow|ask|deny", help="Only these.")]
Ended = Annotated[str | None, typer.Option("--status", metavar="STATUS", help="Only calls that ended so.")]


@command.command()
def show(
    *,
    account: OnlyAccount = None,
    agent: Agent = None,
    run: Run = None,
    tool: ToolName = None,
    id: CallId = None,
    decision: Decision = None,
    status: Ended = None,
    limit: Annotated[int, typer.Option(min=1, help="Show the last so many rows.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Print the last rows, oldest first, each as one sentence."""
    wanted = {
        "agent": agent,
        "run": run,
        "tool": tool,
        "id": id,
        "decision": decision,
        "status": status,
    }
    filters = {name: value for name, value in wanted.items() if value is not None}
    with store() as opened, opened.transaction(durable=False) as connection:
        found = audit.rows(connection, **filters)
        rows = list(deque((row for row in found if not account or is_of(row.account, account)), maxlen=limit))
    if as_json:
        output.document([audit.as_json(row) for row in rows])
    else:
        output.table(
            ["time", "id", "decision", "status", "cost", "what happened"],
            [
                [output.moment(row.time), row.id, row.decision, row.status, row.cost, row.sentence]
                for row in rows
            ],
            nothing="no calls are recorded" + (" that fit" if filters or account else ""),
        )


@command.command()
def verify(
    *,
    head: Annotated[
        str | None,
        typer.Option(metavar="ROW:HASH", help="A head that `verify` printed earlier; finds a cut tail."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Check the hash chain; names the first bad row and prints the head to keep elsewhere."""
    with store() as opened, opened.transaction(durable=False) as connection:
        problem = audit.verify(connection, saved_head=head)
        last = audit.head(connection)
    if as_json:
        output.document({"intact": problem is None, "problem": problem, "head": last})
    elif problem is None:
        output.line(f"the chain is intact; head {last}")
    return failure.say(problem, None, failure.FAILED) if problem else 0


@command.command()
def export(
    *,
    output_file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write there; else to standard output.")
    ] = None,
) -> None:
    """Write every row as JSON lines."""
    with store() as opened, opened.transaction(durable=False) as connection:
        rows = (json.dumps(audit.as_json(row)) for row in audit.rows(connection))
        if output_file is None:
            for row in rows:
                output.line(row)
        else:
            output_file.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
