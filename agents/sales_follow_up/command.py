"""The command `sales-follow-up`: what it is made of, and how a process of it begins and ends."""

import sys
from collections.abc import Sequence
from typing import Final, NoReturn, cast

import typer

from pipedrive_tools.gate.taint import one_line
from sales_follow_up.commands import chat, fleet, review, snooze, watch
from sales_follow_up.commands.ending import WRONG_USE

USAGE_ERROR: Final = cast("type[Exception]", typer.BadParameter.__base__)
"""What Typer raises for a wrong option, wherever its release keeps it."""

app: Final = typer.Typer(
    add_completion=False, invoke_without_command=True, pretty_exceptions_enable=False, rich_markup_mode=None
)
app.callback()(review.follow_up)
app.command()(chat.chat)
app.command()(snooze.snooze)
app.command()(watch.watch)
app.add_typer(fleet.crew, name="fleet")


def _usage(error: Exception) -> str:
    """What Typer says of an option, with the option's name."""
    told: str = getattr(error, "format_message", lambda: str(error))()
    return told.replace("Value error, ", "").rstrip(".")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with its exit status; the arguments are the command line's unless given."""
    try:
        status = app(arguments, standalone_mode=False)
    except USAGE_ERROR as error:
        sys.stderr.write(f"sales-follow-up: {one_line(_usage(error))}; see --help\n")
        status = WRONG_USE
    sys.exit(status)
