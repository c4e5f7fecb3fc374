"""The way into the inbox: an event is on the disk before anybody hears that it was taken.

Events that come at the same time share one commit, so that a slow disk costs each of them one wait and not all
of those before it. What the commits leave to tidy is done by a thread that no event waits for.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Final, Self

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Arrival
from pipedrive_tools.state.store import Store

BATCH: Final = 200
"""Events that share one commit at most."""
WAITING: Final = 2_000
"""Events that wait for the disk at most; more are turned away, and Pipedrive sends them again."""
TIDY_SECONDS: Final = 0.25


@dataclass(frozen=True, eq=False)
class _Waiter:
    arrival: Arrival
    loop: asyncio.AbstractEventLoop
    kept: asyncio.Future[None]


@dataclass
class Intake:
    """Keeps events for one account; one thread commits what the event loop hands over."""

    store: Store
    """Best one that does not tidy itself."""
    account: str
    on_kept: Callable[[int], None] = lambda _: None
    """Told how many events a commit held."""
    _waiting: list[_Waiter] = field(default_factory=list, init=False)
    _changed: Condition = field(default_factory=Condition, init=False)
    _is_open: bool = field(default=True, init=False)
    _has_kept: Event = field(default_factory=Event, init=False)
    _ends: Event = field(default_factory=Event, init=False)

    def __post_init__(self) -> None:
        """Start the thread that commits, and the one that tidies up after it."""
        self._threads = [
            Thread(target=self._run, name="webhooks-intake", daemon=True),
            Thread(target=self._tidy, name="webhooks-tidy", daemon=True),
        ]
        for each in self._threads:
            each.start()

    async def keep(self, arrival: Arrival) -> None:
        """Wait until the event is on the disk; `StoreError` where it cannot be written."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter(arrival, loop, loop.create_future())
        with self._changed:
            if not self._is_open or len(self._waiting) >= WAITING:
                raise StoreError("the inbox takes no more events now")
            self._waiting.append(waiter)
            self._changed.notify()
        await waiter.kept

    def close(self) -> None:
        """Commit what waits, and end."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._ends.set()
        self._has_kept.set()
        for each in self._threads:
            each.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while batch := self._next():
            problem = self._commit([each.arrival for each in batch])
            _tell(batch, problem)

    def _next(self) -> list[_Waiter]:
        """What has gathered while the last commit was under way; nothing once the intake is closed and empty."""
        with self._changed:
            while self._is_open and not self._waiting:
                self._changed.wait()
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        return batch

    def _commit(self, arrivals: list[Arrival]) -> StoreError | None:
        try:
            with self.store.transaction(durable=True) as connection:
                inbox.keep(connection, self.account, arrivals)
        except StoreError as error:
            return error
        self._has_kept.set()
        self.on_kept(len(arrivals))
        return None

    def _tidy(self) -> None:
        while self._has_kept.wait() and not self._ends.wait(TIDY_SECONDS):
            self._has_kept.clear()
            with suppress(StoreError):  # there is time: until then the log grows
                self.store.tidy()


def _tell(batch: list[_Waiter], problem: StoreError | None) -> None:
    """Wake everybody who waits, with one call for each event loop."""
    for loop in {each.loop for each in batch}:
        mine = [each.kept for each in batch if each.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, mine, problem)


def _settle(waiting: list[asyncio.Future[None]], problem: StoreError | None) -> None:
    for kept in waiting:
        if kept.done():
            continue
        if problem is None:
            kept.set_result(None)
        else:
            kept.set_exception(problem)
