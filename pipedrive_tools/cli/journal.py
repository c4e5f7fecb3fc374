"""`journal list|recover`: the writes as the journal holds them, and those of unknown outcome settled."""

from dataclasses import asdict
from typing import Annotated, Any, Final, get_args

import typer

from pipedrive_tools.cli import access, failure, output
from pipedrive_tools.cli.options import AgentName, AsJson, OnlyAccount, PolicyFile, one_of
from pipedrive_tools.cli.storage import store
from pipedrive_tools.state import journal
from pipedrive_tools.state.journal import Intent, State
from pipedrive_tools.state.rules import is_of

command = typer.Typer()

OPEN: Final = frozenset({"UNKNOWN", "PARKED", "SENT"})
"""States in which it is not known what became of a write."""


@command.command("list")
def list_(
    *,
    state: Annotated[
        Any,
        typer.Option(
            parser=one_of(get_args(State)),
            metavar="|".join(get_args(State)),
            help="Only writes in this state.",
        ),
    ] = None,
    account: OnlyAccount = None,
    limit: Annotated[int, typer.Option(min=1, help="Show the newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Print the writes, newest first."""
    with store() as opened, opened.transaction(durable=False) as connection:
        found = journal.listed(connection, (state,) if state else ())
    rows = [row for row in found if not account or is_of(row.account, account)][:limit]
    if as_json:
        output.document([_as_json(row) for row in rows])
    else:
        output.table(
            ["time", "id", "state", "agent", "tool", "record", "note"],
            [
                [
                    output.moment(row.created),
                    row.id,
                    row.state,
                    row.agent,
                    row.tool,
                    row.target or "",
                    row.error or (f"taken back by {row.undone_by}" if row.undone_by else ""),
                ]
                for row in rows
            ],
            nothing="no writes are recorded" + (f" in state {state}" if state else ""),
        )


@command.command()
def recover(
    *,
    policy: PolicyFile = None,
    agent: AgentName = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until no write of unknown outcome is left.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Look for writes of unknown outcome; adopt them, send them again or park them, as the policy says."""
    with access.toolset(policy, agent) as tools:
        settled = tools.recover(wait=wait)
    if as_json:
        output.document([asdict(each) for each in settled])
    else:
        output.table(
            ["id", "tool", "state", "how"],
            [[each.id, each.tool, each.state, each.how] for each in settled],
            nothing="no write of unknown outcome is due",
        )
    left = [each.id for each in settled if each.state in OPEN]
    if not left:
        return 0
    return failure.say(
        f"{len(left)} of {len(settled)} could not be settled; a person must look: {', '.join(left)}",
        None,
        failure.FAILED,
    )


def _as_json(row: Intent) -> dict[str, Any]:
    """One write for programs; records and values stay in the store, they may hold what is never shown."""
    return {
        "id": row.id,
        "account": row.account,
        "run": row.run,
        "agent": row.agent,
        "tool": row.tool,
        "target": row.target,
        "state": row.state,
        "error": row.error,
        "tries": row.tries,
        "created": row.created,
        "changed": row.changed,
        "undone_by": row.undone_by,
    }
