"""`approvals list|approve|reject`: a person answers what agents ask for; only the store is touched."""

from dataclasses import asdict
from typing import Annotated

import typer

from pipedrive_tools.cli import failure, output
from pipedrive_tools.cli.options import AsJson, OnlyAccount
from pipedrive_tools.cli.storage import store
from pipedrive_tools.state import approvals
from pipedrive_tools.state.approvals import Approval
from pipedrive_tools.state.person import person
from pipedrive_tools.state.rules import is_of
from pipedrive_tools.state.store import Store

command = typer.Typer()

Ticket = Annotated[str, typer.Argument(metavar="ID", help="Number of the question, as `list` shows it.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who answers; else who is logged in.")]


@command.command("list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Answered, used and expired ones too.")] = False,
    account: OnlyAccount = None,
    as_json: AsJson = False,
) -> None:
    """Print the questions that wait for an answer."""
    with store() as opened, opened.transaction(durable=False) as connection:
        found = approvals.listed(connection)
    mine = [each for each in found if not account or is_of(each.account, account)]
    shown = [each for each in mine if everything or (each.state == "pending" and not each.expired)]
    if as_json:
        output.document([asdict(each) | {"expired": each.expired} for each in shown])
    else:
        output.table(
            ["id", "state", "until", "agent", "what it asks to do"],
            [[each.id, _state(each), output.moment(each.expires), each.agent, each.effect] for each in shown],
            nothing="nothing waits for an answer",
        )


@command.command()
def approve(ticket: Ticket, *, by: By = None, as_json: AsJson = False) -> int:
    """Let one call through, once, if it is asked for again before the question expires."""
    return _answer(ticket, approved=True, by=by, as_json=as_json)


@command.command()
def reject(ticket: Ticket, *, by: By = None, as_json: AsJson = False) -> int:
    """Say no to one call."""
    return _answer(ticket, approved=False, by=by, as_json=as_json)


def _answer(ticket: str, *, approved: bool, by: str | None, as_json: bool) -> int:
    with store() as opened:
        with opened.transaction(durable=True) as connection:
            answered = approvals.decide(connection, ticket, approved=approved, approver=by or person())
        found = _find(opened, ticket)
    if not answered or found is None:
        stands = f"it is {_state(found)}" if found else "there is no such question"
        return failure.say(
            f"{ticket!r} cannot be answered: {stands}; `pipedrive-tools approvals list` shows what waits",
            None,
            failure.FAILED,
        )
    if as_json:
        output.document(asdict(found) | {"expired": found.expired})
    elif approved:
        output.line(f"approved until {output.moment(found.expires)}, for one time: {found.effect}")
    else:
        output.line(f"rejected: {found.effect}")
    return 0


def _find(opened: Store, ticket: str) -> Approval | None:
    with opened.transaction(durable=False) as connection:
        return next((each for each in approvals.listed(connection) if each.id == ticket), None)


def _state(approval: Approval) -> str:
    return "expired" if approval.expired and approval.state in {"pending", "approved"} else approval.state
