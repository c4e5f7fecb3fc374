"""The sweep: finds by lists what no webhook brought, and hands it on as events through the same inbox.

Pipedrive forgets an event after 183 seconds, drops those of a banned webhook, and deletes one that failed for three
days. Lists by `updated_since` close every such gap; a page of 500 costs as much as one of 1. Only of deals do lists
show what was deleted.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pipedrive_tools.endpoints import activities, catalogue, deals, leads, notes, organizations, persons
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.state import inbox, sightings
from pipedrive_tools.state.inbox import Arrival
from pipedrive_tools.state.sightings import Sighting
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.events import Snapshot
from pipedrive_tools.webhooks.receiver import arrival
from pipedrive_tools.webhooks.repeating import repeating

PAGE: Final = 500
OVERLAP_SECONDS: Final = 120.0
"""Swept twice: times are whole seconds, and a change may show in a list a little late."""
FIRST_SECONDS: Final = 600.0
"""How far the first sweep of all looks back."""
CLOCKS_SECONDS: Final = 30.0
"""How far our clock and Pipedrive's may be apart."""

_BY_TIME: Final = {"sort_by": "update_time", "sort_direction": "asc"}
_BY_TIME_V1: Final = {"sort": "update_time ASC"}
LISTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "deal": (deals.list_.name, {**_BY_TIME, "status": ["open", "won", "lost", "deleted"]}),
    "activity": (activities.list_.name, _BY_TIME),
    "person": (persons.list_.name, _BY_TIME),
    "organization": (organizations.list_.name, _BY_TIME),
    "lead": (leads.list_.name, _BY_TIME_V1),
    "note": (notes.list_.name, _BY_TIME_V1),
}
"""The list that shows what changed among the records of a kind, oldest change first."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What one sweep found."""

    changed: int = 0
    """Records that changed since the last sweep, those of the overlap included."""
    handed_on: int = 0
    """Those among them that nobody had worked on, and that no event in the inbox told of."""
    tokens: int = 0
    """API tokens that the lists cost."""
    gaps: tuple[str, ...] = ()
    """Lists that could not be read to their end, and why."""

    def __add__(self, other: "Swept") -> "Swept":
        """Both together."""
        return Swept(
            changed=self.changed + other.changed,
            handed_on=self.handed_on + other.handed_on,
            tokens=self.tokens + other.tokens,
            gaps=self.gaps + other.gaps,
        )


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Sweeps the lists of one account."""

    store: Store
    """Of the inbox."""
    account: str
    connect: Callable[[str], Toolset]
    """Gives the tools for the run of this name."""
    entities: Iterable[str] = tuple(LISTS)
    page: int = PAGE
    now: Callable[[], float] = time.time

    def __call__(self) -> Swept:
        """Sweep every list that the policy lets the agent read."""
        total = Swept()
        with self.connect(f"sweep-{int(self.now())}") as toolset:
            granted = set(toolset.names())
            for entity in self.entities:
                if LISTS[entity][0] in granted:
                    total += self._list(entity, toolset)
        return total

    def _list(self, entity: str, toolset: Toolset) -> Swept:
        """One list from where the last sweep ended; each page is handed on before the next one is asked for."""
        tool, arguments = LISTS[entity]
        until, swept = self._until(entity), Swept()
        page: dict[str, int | str] = {}
        since = _instant(until - OVERLAP_SECONDS)
        while True:
            result = toolset.call(tool, {"limit": self.page, "updated_since": since, **arguments, **page})
            swept += Swept(tokens=result.cost)
            if not result.ok:
                return swept + Swept(gaps=(f"{tool}: {one_line(result.text)}",))
            records: list[dict[str, Any]] = result.data or []
            until = max([until, *(_seconds(record) for record in records)])
            swept += Swept(changed=len(records), handed_on=self._hand_on(entity, records, until))
            if result.next_page is None:
                return swept
            page = {catalogue[tool].paging.value: result.next_page}

    def _until(self, entity: str) -> float:
        with self.store.reading() as connection:
            found = sightings.swept_until(connection, self.account, entity)
        return self.now() - FIRST_SECONDS if found is None else found

    def _hand_on(self, entity: str, records: list[dict[str, Any]], until: float) -> int:
        """What is news goes into the inbox, and in the same transaction the list is swept to here."""
        names = {f"{entity}:{record['id']}": record for record in records}
        with self.store.transaction(durable=True) as connection:
            known = sightings.seen(connection, self.account, names)
            news = [event(entity, each) for name, each in names.items() if not covers(known.get(name), each)]
            kept = inbox.keep(connection, self.account, news)
            sightings.swept(connection, self.account, entity, until)
        return kept


def covers(last: Sighting | None, record: Mapping[str, Any]) -> bool:
    """Whether a record was worked on in the state that a list shows, or in a newer one."""
    if last is None:
        return False
    if not last.digest or is_deleted(record):
        return not last.digest
    listed = _seconds(record)
    was_read_later = last.read > listed + CLOCKS_SECONDS  # later changes of the same second were in it
    return last.update_time > listed or (last.update_time == listed and was_read_later)


def is_deleted(record: Mapping[str, Any]) -> bool:
    """Whether a list shows a record that is gone."""
    return (
        bool(record.get("is_deleted"))
        or record.get("status") == "deleted"
        or record.get("active_flag") is False
    )


def event(entity: str, record: Mapping[str, Any]) -> Arrival:
    """A listed record as the event that should have come; the same state gives the same event."""
    gone = is_deleted(record)
    meta = {
        "action": "delete" if gone else "change",
        "entity": entity,
        "entity_id": str(record["id"]),
        "version": "2.0",
        "timestamp": record.get("update_time"),
        "found_by": "sweep",
    }
    told = {"meta": meta, "data": None if gone else record, "previous": record if gone else None}
    body = json.dumps(told, separators=(",", ":"), default=str).encode()
    return arrival(events.parse(body), body, source="sweep")


@contextmanager
def repeated(
    sweep: Callable[[], Swept], seconds: float, *, on_swept: Callable[[Swept], None]
) -> Iterator[None]:
    """Sweep at once and again after so many seconds each time, in a thread, while the block lasts."""

    def run() -> None:
        try:
            on_swept(sweep())
        except PipedriveToolsError as error:
            on_swept(Swept(gaps=(str(error),)))

    with repeating(run, seconds, "webhooks-sweep"):
        yield


def _seconds(record: Mapping[str, Any]) -> float:
    moment = Snapshot.model_validate({"update_time": record.get("update_time")}).update_time
    return moment.timestamp() if moment else 0.0


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
