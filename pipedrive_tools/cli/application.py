"""The commands by name, and `main`, which loads the one that is called and turns every error into one line."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, cast

import typer

from pipedrive_tools.cli import failure, service

COMMANDS: Final = {
    "tools": "List the tools, or those that a policy grants.",
    "call": "Call one tool through the gate, as an agent would.",
    "policy": "Check a policy file, or explain what it grants.",
    "mcp": "Serve the tools to an MCP client, over stdio or HTTP.",
    "sandbox": "Serve a local Pipedrive with demo data until Ctrl-C.",
    "login": "Log in by OAuth, or keep an API token.",
    "logout": "Give the login back, and forget what is kept.",
    "status": "Show which settings are found and whether the account answers.",
    "audit": "Show, verify or export the record of every call.",
    "approvals": "List, approve or reject what agents ask for.",
    "journal": "List the writes, or settle those of unknown outcome.",
    "webhooks": "Subscribe to what changes, and keep it so.",
    "undo": "Take a write back, through the gate.",
}
"""Each is a module beside this one, whose `command` is a function or a group."""

WRONG_USE: Final = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
"""What Typer raises for a wrong command line; its module differs from version to version."""
HELP: Final = {"help_option_names": ["-h", "--help"]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; gives the exit status: 0 done, 1 failed, 2 wrong use, 3 refused by the policy."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    words = [word for word in given if word != "--debug"] or ["--help"]
    try:
        service.begin("pipedrive-tools")
        done = typer.main.get_command(application(words))(
            words, prog_name="pipedrive-tools", standalone_mode=False
        )
        sys.stdout.flush()
    except WRONG_USE as error:
        where = error.ctx.command_path if error.ctx else f"pipedrive-tools {_called(words) or ''}".rstrip()
        said = error.format_message().rstrip(".")
        return failure.say(f"{said}; see {where} --help", error if debug else None, failure.WRONG_USE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failure.FAILED
    except (typer.Abort, KeyboardInterrupt):
        return failure.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the outermost frame: a person reads one line, not a traceback
        return failure.say(failure.line(error), error if debug else None, failure.status(error))
    return done if isinstance(done, int) else 0


def application(words: Sequence[str]) -> typer.Typer:
    """The commands, of which only the one that is called is loaded; the others are names with a line of help."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
        context_settings=HELP,
        help="Guarded Pipedrive tools for LLM agents, and a local Pipedrive to try them on.",
        epilog="--debug anywhere on the line shows the whole story of an error.",
    )
    app.callback()(_nothing)
    called = _called(words)
    for name, text in COMMANDS.items():
        command: Any = import_module(f"pipedrive_tools.cli.{name}").command if name == called else _nothing
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, help=text)
        else:
            app.command(name, help=text)(command)
    return app


def _called(words: Sequence[str]) -> str | None:
    """The command that is named, where it is one of ours."""
    word = next((word for word in words if not word.startswith("-")), None)
    return word if word in COMMANDS else None


def _nothing() -> None:
    """Stand for a command that is not called, and for options that the program does not have."""
