"""The worker: hands events from the inbox to the queue, and has each of them worked on.

Whatever stops it, an event is worked on again until that came to an end once; what it writes into Pipedrive is
done once all the same, since the journal knows the run that an event has of its own.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.alone import alone
from pipedrive_tools.webhooks.queue import POLL_SECONDS, WAITS, Queue, Ticket, Work

Act = Callable[[Item], str]
"""Works on an event and says in a few words what it did; raises where it could not yet."""

TIDY_SECONDS: Final = 60.0
KEPT_SECONDS: Final = 7 * 24 * 3600.0
"""How long an event that is over is remembered: what comes a second time in that time is not worked on again."""


@dataclass
class Worker:
    """Works on the events of one account, in threads, while it is entered."""

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
    _stops: Event = field(default_factory=Event, init=False, repr=False)
    _open: ExitStack = field(default_factory=ExitStack, init=False, repr=False)

    def __enter__(self) -> Self:
        """Start, with what the last worker left; `SettingsError` where another one is at work."""
        work = Work(handle=self._handle, park=self._park)
        with ExitStack() as stack:
            stack.enter_context(alone(self.queue_url))
            self._queue = stack.enter_context(
                Queue(self.queue_url, work, self.threads, self.waits, self.poll_seconds)
            )
            mover = Thread(target=self._run, name="webhooks-mover", daemon=True)
            mover.start()
            stack.callback(mover.join)
            stack.callback(self._stops.set)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, once those that are worked on came to an end."""
        self._open.close()

    def move(self) -> int:
        """Hand on what is new; gives how many events that were."""
        with self.store.transaction(durable=False) as connection:
            found = inbox.fresh(connection, self.account)
        if found:
            self._queue.put(Ticket(id=id, record=record, turn=turn) for id, record, turn in found)  # noqa: A001
            with self.store.transaction(durable=False) as connection:
                inbox.queued(connection, [number for number, _, _ in found])
        return len(found)

    def tidy(self) -> None:
        """Park events in whose hands workers died, and forget those that are long over."""
        for number in self._queue.given_up():
            self._park(number, "workers died again and again while they worked on it")
        with self.store.transaction(durable=False) as connection:
            gone = inbox.forget(connection, self.account, time.time() - self.kept_seconds)
        self._queue.forget([Ticket(id=number, record="", turn=turn).name for number, turn in gone])

    def _run(self) -> None:
        tidied = 0.0
        while not self._stops.is_set():
            try:
                moved = self.move()
                if time.monotonic() - tidied > TIDY_SECONDS:
                    self.tidy()
                    tidied = time.monotonic()
            except Exception:  # noqa: BLE001  # a database that is gone for a moment; what is new waits in the inbox
                moved = 0
            if moved < inbox.BATCH:
                self._stops.wait(self.poll_seconds)

    def _handle(self, number: int) -> None:
        with self.store.transaction(durable=False) as connection:
            item = inbox.get(connection, number)
        if item is None or item.state not in {"new", "queued"}:
            return
        outcome = self.act(item)
        with self.store.transaction(durable=False) as connection:
            inbox.finish(connection, number, "done", outcome)
        self.on_end(item, outcome)

    def _park(self, number: int, problem: str) -> None:
        with self.store.transaction(durable=True) as connection:
            item = inbox.get(connection, number)
            inbox.finish(connection, number, "parked", problem)
        if item is not None and item.state in {"new", "queued"}:
            self.on_end(item, f"parked: {problem}")
