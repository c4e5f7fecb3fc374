"""A decision about a call and how the call ended, as the books keep both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pipedrive_tools.endpoint import Call
from pipedrive_tools.gate.scope import Key, target_key
from pipedrive_tools.gate.sentence import TOLD_ANYWAY
from pipedrive_tools.gate.verdict import Verdict
from pipedrive_tools.state.journal import Intent

CUSTOM_FIELDS: Final = "custom_fields"
KEPT: Final = TOLD_ANYWAY | {"id", "update_time"}
"""Fields of a record that the journal keeps though the call leaves them alone."""


def named(key: Key | None) -> str | None:
    """A record as the journal names it."""
    return f"{key[0]}:{key[1]}" if key else None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision about a call."""

    id: str
    """Number of the call."""
    call: Call[Any]
    asked: Call[Any]
    """The call as it came; what is sent may hold more, such as a list's old items."""
    verdict: Verdict
    before: Mapping[str, Any] | None = None
    """The record as it is now."""
    approver: str = ""
    value: float = 0.0
    """Deal value that the call touches."""
    said: str = ""
    """The call in plain English."""

    @property
    def target(self) -> str | None:
        """The record that the call changes, as the journal names it."""
        return named(target_key(self.call))

    @property
    def image(self) -> dict[str, Any] | None:
        """What of the record is needed to say the change in words, to find out whether it came about, to take it back.

        The rest is not kept: whoever reads the store learns no more of a customer than of the change.
        """
        if self.before is None:
            return None
        wanted = {*KEPT, *self.call.values}
        # A lead keeps the parts of a custom value under keys of their own, such as `<key>_currency`.
        kept = {
            name: value
            for name, value in self.before.items()
            if name in wanted or name.partition("_")[0] in wanted
        }
        written, held = self.call.values.get(CUSTOM_FIELDS), self.before.get(CUSTOM_FIELDS)
        if isinstance(written, Mapping) and isinstance(held, Mapping):
            kept[CUSTOM_FIELDS] = {key: held[key] for key in written if key in held}
        return kept


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What came of beginning a write: its number, or the reason why it must not be sent."""

    id: str
    """Number of the call, or of the earlier one that it repeats."""
    refused: Verdict | None = None
    repeat: Intent | None = None


class Ending(NamedTuple):
    """How a call ended, as its audit row has it."""

    status: str
    outcome: str
    tokens: int = 0
    approver: str = ""
