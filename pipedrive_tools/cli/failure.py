"""An error as one line for a person and one number for a program; credentials are taken out of both."""

import os
import sys
import traceback
from contextlib import suppress
from typing import Final

from pipedrive_tools.errors import ArgumentsError, PipedriveToolsError, RefusedError, SettingsError
from pipedrive_tools.settings import secret

FAILED: Final = 1
WRONG_USE: Final = 2
REFUSED: Final = 3
INTERRUPTED: Final = 130

SECRETS: Final = (
    "PIPEDRIVE_API_TOKEN",
    "PIPEDRIVE_CLIENT_SECRET",
    "PIPEDRIVE_MCP_TOKEN",
    "PIPEDRIVE_STATE",  # the address of a database may hold a password
    "PIPEDRIVE_STATE_KEY",
)
"""Variables whose values are never shown, whatever went wrong."""
SHORTEST_SECRET: Final = 8
"""A shorter value would blot out ordinary words."""


def status(error: BaseException) -> int:
    """The exit status of an error."""
    if isinstance(error, RefusedError):
        return REFUSED
    return WRONG_USE if isinstance(error, ArgumentsError) else FAILED


def line(error: BaseException) -> str:
    """What went wrong and what to do; an error that is not ours is a defect of this program."""
    if isinstance(error, PipedriveToolsError):
        return str(error)
    return f"this is a defect of pipedrive-tools ({type(error).__name__}); run it again with --debug"


def say(text: str, error: BaseException | None, code: int) -> int:
    """Write one line to stderr, after the traceback where one is given; gives the exit status back."""
    if error is not None:
        sys.stderr.write(without_secrets("".join(traceback.format_exception(error))))
    parts = (" ".join(part.split()).rstrip(".") for part in text.splitlines())
    shown = "".join(sign for sign in "; ".join(filter(None, parts)) if sign.isprintable())
    sys.stderr.write(f"{without_secrets(shown)}\n")
    return code


def without_secrets(text: str) -> str:
    """A text without the values of the variables that hold secrets."""
    for name in SECRETS:
        with suppress(SettingsError):
            value = secret(os.environ, name) or ""
            if len(value) >= SHORTEST_SECRET:
                text = text.replace(value, "***")
    return text
