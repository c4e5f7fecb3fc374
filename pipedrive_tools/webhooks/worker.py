"""The worker: hands events from the inbox to the queue, and has each of them worked on.

Whatever stops it, an event is worked on again until that came to an end once; what it writes into Pipedrive is
done once all the same, since the journal knows the run that an event has of its own.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Self

from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.alone import alone
from pipedrive_tools.webhooks.queue import POLL_SECONDS, WAITS, Queue, StoppedError, Ticket, Work, name_of
from pipedrive_tools.webhooks.seen import processing

Act = Callable[[Item], str]
"""Works on an event and says in a few words what it did; raises where it could not yet."""

LOG: Final = logging.getLogger(__name__)
TIDY_SECONDS: Final = 60.0
KEPT_SECONDS: Final = 7 * 24 * 3600.0
"""How long an event that is over is remembered: what comes a second time in that time is not worked on again."""
AT_HAND: Final = 2_000
"""Events that are kept in memory between the queue and their turn; others are read from the inbox again."""


@dataclass(frozen=True, eq=False)
class _End:
    id: int
    outcome: str
    written: Event = field(default_factory=Event)


@dataclass
class Worker:
    """Works on the events of one account, in threads, while it is entered.

    A receiver writes into the same inbox and must not wait: whatever the worker has to tell the inbox is gathered
    and told in two single statements, some ten times a second, which hold the file for no longer than they run.
    """

    store: Store
    """Of the inbox."""
    account: str
    queue_url: str
    act: Act
    threads: int = 8
    waits: Sequence[float] = WAITS
    poll_seconds: float = POLL_SECONDS
    kept_seconds: float = KEPT_SECONDS
    on_end: Callable[[Item, str], None] = lambda _item, _outcome: None
    """Told of each event that is over, and what became of it."""
    _queue: Queue = field(init=False, repr=False)
    _at_hand: dict[int, Item] = field(default_factory=dict, init=False, repr=False)
    _ending: dict[int, Item] = field(default_factory=dict, init=False, repr=False)
    _ends: list[_End] = field(default_factory=list, init=False, repr=False)
    _handed_on: list[int] = field(default_factory=list, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)
    _stops: Event = field(default_factory=Event, init=False, repr=False)
    _open: ExitStack = field(default_factory=ExitStack, init=False, repr=False)

    def __enter__(self) -> Self:
        """Start, with what the last worker left; `SettingsError` where another one is at work."""
        work = Work(handle=self._handle, finish=self._finish, park=self._park)
        name = name_of(self.account)
        with ExitStack() as stack:
            stack.enter_context(alone(self.queue_url, name))
            clerk = Thread(target=self._run, name="webhooks-clerk", daemon=True)
            stack.callback(lambda: clerk.join() if clerk.ident else None)
            stack.callback(self._stops.set)  # after the queue: what is under way there waits for the clerk
            self._queue = stack.enter_context(
                Queue(self.queue_url, name, work, self.threads, self.waits, self.poll_seconds)
            )
            clerk.start()
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, once those that are worked on came to an end."""
        self._open.close()

    def move(self) -> int:
        """Write down what ended and what was handed on, and hand on what is new; gives how many events that were."""
        ends = self._ends[: inbox.BATCH]
        ended = {end.id for end in ends}
        with self.store.glance() as connection:
            inbox.finish(connection, [(end.id, end.outcome) for end in ends])
        with self.store.glance() as connection:
            inbox.queued(connection, [number for number in self._handed_on if number not in ended])
        with self.store.reading() as connection:
            found = inbox.fresh(connection, self.account)
        with self._lock:
            self._ends = self._ends[len(ends) :]
        for end in ends:
            end.written.set()
        room = max(0, AT_HAND - len(self._at_hand))
        self._at_hand |= {item.id: item for item in found[:room]}
        if found:
            self._queue.put(Ticket(id=item.id, record=item.record, turn=item.turn) for item in found)
        self._handed_on = [item.id for item in found]
        return len(found)

    def tidy(self) -> None:
        """Park events in whose hands workers died, and forget those that are long over."""
        for number in self._queue.given_up():
            self._park(number, "workers died again and again while they worked on it")
        with self.store.transaction(durable=False) as connection:
            gone = inbox.forget(connection, self.account, time.time() - self.kept_seconds)
        self._queue.forget([Ticket(id=number, record="", turn=turn).name for number, turn in gone])

    def _run(self) -> None:
        tidied = time.monotonic()
        while not self._stops.is_set():
            try:
                moved = self.move()
                if time.monotonic() - tidied > TIDY_SECONDS:
                    tidied = time.monotonic()
                    self.tidy()
            except Exception as error:  # noqa: BLE001  # what is new waits in the inbox until the database is back
                LOG.warning("inbox and queue cannot be reached, trying again: %s", error)
                moved = 0
            if moved < inbox.BATCH:
                self._stops.wait(self.poll_seconds)

    def _handle(self, number: int) -> str:
        item = self._item(number)
        if item is None or item.state not in {"new", "queued"}:
            return "it was over already"
        with processing(item):
            outcome = self.act(item)
        self._ending[number] = item
        return outcome

    def _item(self, number: int) -> Item | None:
        if found := self._at_hand.pop(number, None):
            return found
        with self.store.reading() as connection:
            return inbox.get(connection, number)

    def _finish(self, number: int, outcome: str) -> None:
        """Wait until the clerk has written it down: only then may the queue forget the event."""
        end = _End(number, outcome)
        with self._lock:
            self._ends.append(end)
        while not end.written.wait(1.0):
            if self._stops.is_set():
                raise StoppedError
        if item := self._ending.pop(number, None):
            self.on_end(item, outcome)

    def _park(self, number: int, problem: str) -> None:
        with self.store.transaction(durable=True) as connection:
            item = inbox.get(connection, number)
            inbox.park(connection, number, problem)
        if item is not None and item.state in {"new", "queued"}:
            LOG.warning("event %d was tried for the last time and is parked: %s", number, problem)
            self.on_end(item, f"parked: {problem}")
