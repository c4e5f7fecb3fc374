"""Deals and leads that were put off: until a day they are left out of the review."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from pipedrive_tools.errors import SetupError
from pipedrive_tools.state.memory import Memory

PREFIX: Final = "snoozed "
_LEAD: Final = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


class NoSuchKeyError(SetupError):
    """What was named is neither a deal nor a lead."""


def key_of(text: str) -> str:
    """The key of a deal or lead, from its id as a person types it."""
    if text.isascii() and text.isdecimal() and int(text):
        return f"deal {int(text)}"
    if _LEAD.match(text):
        return f"lead {text.lower()}"
    raise NoSuchKeyError(f"{text!r} is no id; give the number of a deal, or the UUID of a lead")


def snooze(memory: Memory, key: str, until: date) -> None:
    """Leave a deal or lead alone until a day; on that day it is back."""
    memory.keep(PREFIX + key, until.isoformat())


def snoozed(memory: Memory, today: date) -> Mapping[str, date]:
    """Key to the day on which it is back, for whatever is still put off."""
    kept = {key: date.fromisoformat(text) for key, text in memory.all(PREFIX).items()}
    return {key: until for key, until in kept.items() if until > today}
