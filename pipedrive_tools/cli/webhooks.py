"""`webhooks list|add|remove|ensure|renew|serve|retry|discard`: what Pipedrive tells us about, and where to."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from pipedrive_tools.cli import inbox, output
from pipedrive_tools.cli.options import AsJson
from pipedrive_tools.cli.storage import store
from pipedrive_tools.client import Pipedrive
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.settings import Settings
from pipedrive_tools.webhooks.repeating import repeating
from pipedrive_tools.webhooks.subscriptions import KEPT, Done, Subscriptions
from pipedrive_tools.webhooks.wanted import EXAMPLE, Wanted, declared

command = typer.Typer()

ENSURE_SECONDS: Final = 3600.0
"""Pipedrive deletes a webhook after three days; a look costs 10 API tokens."""

UserId = Annotated[
    int | None, typer.Option("--user", min=1, help="Number of the user whose rights filter the events.")
]


@contextmanager
def subscriptions(command: str, *, writes: bool = True) -> Iterator[Subscriptions]:
    """The webhooks of the account that the environment names, for a command that the audit trail names."""
    settings = Settings.from_env()
    with store(settings) as opened, Pipedrive(settings=settings, writes=writes) as client:
        yield Subscriptions.of(client, settings, opened, command=f"webhooks {command}")


@command.command("list")
def list_(
    *,
    parked: Annotated[
        bool, typer.Option("--parked", help="Events that were tried for the last time, instead of webhooks.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print every webhook of the account, and those of ours that it lacks; no password."""
    if parked:
        inbox.parked(as_json=as_json)
        return
    with subscriptions("list", writes=False) as found:
        rows = found.listed()
    if as_json:
        output.document([asdict(row) for row in rows])
        return
    output.table(
        ["id", "name", "event", "address", "ours", "state", "last answer"],
        [
            [
                row.number or "",
                row.name,
                row.event,
                row.url,
                "yes" if row.is_ours else "no",
                row.state,
                row.last_status or "",
            ]
            for row in rows
        ],
        nothing="the account has no webhooks",
    )


@command.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 is any free one.")] = 8977,
    file: Annotated[
        Path | None,
        typer.Option(
            "--ensure", metavar="FILE", help="As `webhooks ensure FILE`, at the start and every hour."
        ),
    ] = None,
) -> None:
    """Take events into the inbox until Ctrl-C; whoever works on them runs beside, or later."""
    if file is None:
        inbox.serve(host, port)
        return
    declared(file)  # a wrong one is told before anybody listens
    inbox.serve(host, port, beside=lambda: repeating(lambda: _ensured(file), ENSURE_SECONDS, "ensure"))


command.command()(inbox.retry)
command.command()(inbox.discard)


@command.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called; a name of ours is used once.")],
    event: Annotated[str, typer.Argument(help=f"What it is about, such as {EXAMPLE}.")],
    url: Annotated[str, typer.Argument(help="Public https address of the receiver.")],
    *,
    user: UserId = None,
    as_json: AsJson = False,
) -> None:
    """Make a webhook, with a fresh credential that is kept sealed in the store."""
    wanted = Wanted.of(name=name, event=event, url=url, user_id=user)
    with subscriptions("add") as found:
        _tell([found.add(wanted)], as_json)


@command.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of one of ours, or the number of any.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Delete a webhook; what is on its way is still taken for ten minutes."""
    with subscriptions("remove") as found:
        _tell([found.remove(name)], as_json)


@command.command()
def ensure(
    file: Annotated[
        Path, typer.Argument(help="TOML file: url, and a [[webhooks]] with name and event for each.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Make the account have the webhooks that a file declares, and none of ours besides; again and again."""
    wanted = declared(file)
    with subscriptions("ensure") as found:
        _tell(found.ensure(wanted), as_json)


@command.command()
def renew(
    names: Annotated[list[str] | None, typer.Argument(help="Names of ours; without any, all.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make webhooks anew with a fresh credential; the old one is taken until nothing can come with it."""
    with subscriptions("renew") as found:
        _tell(found.renew(names or ()), as_json)


def _ensured(file: Path) -> None:
    """Have it so once more; what stands in the way may be gone the next time."""
    try:
        wanted = declared(file)
        with subscriptions("serve --ensure") as found:
            done = found.ensure(wanted)
    except PipedriveToolsError as error:
        done = []
        output.line(f"webhooks are not as {file} declares them, trying again in an hour: {error}")
    for each in done:
        if each.what != KEPT:
            output.line(f"webhook {each.name!r}: {each.what}")
    sys.stdout.flush()


def _tell(done: Sequence[Done], as_json: bool) -> None:
    if as_json:
        output.document([asdict(each) for each in done])
    else:
        output.table(
            ["id", "name", "what was done"],
            [[each.number or "", each.name, each.what] for each in done],
            nothing="no webhooks are declared, and none were ours",
        )
