"""All 120 orders of five events, each of them doubled somewhere: one final state, whatever comes first.

The record changes four times and is deleted or not; a reading may lag behind. A handler mirrors what it is given, and
the mirror must end where the record ended. The counter-test mirrors what the events say, in the order they come.
"""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from random import Random
from typing import Any, Final

from pipedrive_tools.state.sightings import Sighting
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.events import Event
from pipedrive_tools.webhooks.sighting import is_known, judge, sighting
from tests.torture.figures import Figure

STATES: Final = 5
LAGS: Final = (0, 1, 3)
"""How many readings in a row may show the state before the newest."""


def record(version: int) -> dict[str, Any]:
    """The record after so many changes; two of them fall into one second."""
    second = (0, 1, 1, 2, 3)[version]
    return {"id": 7, "update_time": f"2026-08-18T09:30:0{second}Z", "title": f"version {version}"}


def told(version: int, *, is_deleted: bool) -> Event:
    """The event of one change; the last one may be a deletion."""
    gone = is_deleted and version == STATES - 1
    meta = {
        "action": "delete" if gone else "change",
        "entity": "deal",
        "entity_id": "7",
        "id": f"00000000-0000-4000-8000-{version:012d}",
        "webhook_id": "31",
        "timestamp": record(version)["update_time"],
    }
    event = {"meta": meta, "data": None if gone else record(version), "previous": record(max(0, version - 1))}
    return events.parse(json.dumps(event).encode())


@dataclass
class Mirror:
    """What a handler made of the changes that it was given."""

    is_deleted: bool
    lag: int
    shown: Mapping[str, Any] | None = None
    last: Sighting | None = None
    reads: int = 0
    tries: list[str] = field(default_factory=list)

    def work(self, event: Event) -> bool:
        """Work on one event as a worker does; false where it must be tried again."""
        if is_known(event, self.last):
            return True
        found = sighting(event, self._read(), read=float(self.reads))
        verdict = judge(event, found, self.last)
        if verdict == "new":
            self.shown, self.last = self._seen, found
        return verdict != "stale"

    def _read(self) -> Mapping[str, Any] | None:
        """The record as it is, or for a while as it was."""
        self.reads += 1
        late = self.reads <= self.lag
        newest = None if self.is_deleted else record(STATES - 1)
        self._seen = record(STATES - 2) if late else newest
        return self._seen

    _seen: Mapping[str, Any] | None = None


def converges(order: tuple[int, ...], *, is_deleted: bool, lag: int, seed: int) -> bool:
    """Whether the mirror ends where the record ended."""
    random = Random(seed)
    doubled = [*order, order[random.randrange(STATES)]]
    waiting, mirror = deque(doubled), Mirror(is_deleted, lag)
    for _ in range(100):
        if not waiting:
            break
        version = waiting.popleft()
        if not mirror.work(told(version, is_deleted=is_deleted)):
            waiting.appendleft(version)  # the record's other events wait, as they do in the queue
    final = None if is_deleted else record(STATES - 1)
    return not waiting and mirror.shown == final


def trusts(order: tuple[int, ...]) -> bool:
    """The counter-test: whether mirroring what events say, as they come, ends where the record ended."""
    return record(order[-1]) == record(STATES - 1)


def run() -> Iterable[Figure]:
    """Every order, with and without a deletion, with every lag."""
    orders = list(permutations(range(STATES)))
    cases = [(order, gone, lag) for order in orders for gone in (False, True) for lag in LAGS]
    wrong = sum(
        not converges(order, is_deleted=gone, lag=lag, seed=place)
        for place, (order, gone, lag) in enumerate(cases)
    )
    misled = sum(not trusts(order) for order in orders)
    yield Figure.none_of(
        f"orders of five events, doubled, that end in another state ({len(orders)} orders, lags, deletions)",
        wrong,
        tries=len(cases),
        counter_test=f"who trusts what events say ends elsewhere in {misled} of {len(orders)} orders",
        has_teeth=misled > 0,
    )
