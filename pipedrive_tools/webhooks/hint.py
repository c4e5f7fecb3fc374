"""An event is a hint, no more: before anything is done, its record is read again, through the gate.

What is not ours to act on ends here: our own echo, a record that the user may not see, one that the policy does
not let the agent read, and news that was worked on before.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pipedrive_tools.endpoints import account, catalogue
from pipedrive_tools.errors import UnfinishedEventError
from pipedrive_tools.gate.scope import Key
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.state import sightings
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import ToolResult, Toolset
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.events import Event
from pipedrive_tools.webhooks.sighting import is_known, judge, sighting

LONGEST_REASON: Final = 200


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a handler is given: the event, and the record as it is now."""

    event: Event
    record: Mapping[str, Any] | None
    """As it was just read; None of one that is gone."""


Handler = Callable[[Change, Toolset], str]
"""Acts on a change with the tools of a run that belongs to this event alone, and says in a few words what it did.

It may be called again for the same event, in the same run: what it writes is then found to be done. What it raises
has the event tried again later.
"""


@dataclass
class Hint:
    """Makes of each event a change that a handler may act on."""

    store: Store
    """Of the inbox."""
    account: str
    connect: Callable[[str, Sequence[Key]], Toolset]
    """Gives the tools for the run of this name, started for these records."""
    handler: Handler
    now: Callable[[], float] = time.time
    _me: str | None = field(default=None, init=False)

    def __call__(self, item: Item) -> str:
        """Work on one event; gives the outcome in a few words."""
        event = events.parse(item.body)
        with self.connect(run_of(item), _about(event)) as toolset:
            me = self._user(toolset)
            if me is not None and event.is_echo(me):
                return "an echo of our own call"
            if me is not None and not event.permits(me):
                return "the user may not see this record"
            last = self._last(event)
            if is_known(event, last):
                return "a newer state was worked on already"
            return self._read_and_act(event, last, toolset)

    def _read_and_act(self, event: Event, last: sightings.Sighting | None, toolset: Toolset) -> str:
        name = _reader(event)
        if name not in toolset.names():
            return f"the policy does not let the agent read a {event.meta.entity}"
        record = _record(toolset.call(name, _arguments(name, event.meta.entity_id)))
        found = sighting(event, record, read=self.now())
        verdict = judge(event, found, last)
        if verdict == "stale":
            raise UnfinishedEventError("Pipedrive shows an older state of the record than it told of")
        if verdict == "same":
            return "this state was worked on already"
        outcome = self.handler(Change(event=event, record=record), toolset)
        with self.store.transaction(durable=False) as connection:  # lost with the power: it is read once more
            sightings.saw(connection, self.account, found)
        return outcome

    def _last(self, event: Event) -> sightings.Sighting | None:
        with self.store.reading() as connection:
            return sightings.seen(connection, self.account, [event.record]).get(event.record)

    def _user(self, toolset: Toolset) -> str | None:
        """Number of the API user, read once; None where the policy does not let the agent ask."""
        name = account.get_current_user.name
        if self._me is None and name in toolset.names():
            result = toolset.call(name)
            self._me = str(result.data["id"]) if result.ok else None
        return self._me


def run_of(item: Item) -> str:
    """The run that belongs to an event alone: what it wrote is known there, however often it is worked on."""
    return f"event-{item.content[:48]}"


def _reader(event: Event) -> str:
    return f"get_{event.meta.entity}"


def _about(event: Event) -> list[Key]:
    """The record of the event, which its run may change although it was read from outside."""
    found = catalogue.get(_reader(event))
    return [(found.resource, _number(event.meta.entity_id))] if found else []


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _arguments(name: str, number: str) -> dict[str, int | str]:
    argument = catalogue[name].path_arguments[0]
    return {argument: _number(number)}


def _record(result: ToolResult) -> Mapping[str, Any] | None:
    """What was read; None of a record that is gone."""
    if result.ok:
        record: Mapping[str, Any] = result.data
        return None if record.get("is_deleted") or record.get("active_flag") is False else record
    if result.is_gone:
        return None
    raise UnfinishedEventError(one_line(result.text)[:LONGEST_REASON])
