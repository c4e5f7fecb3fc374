"""Windows and budgets that machines share: rows of the store, by the database's clock.

One transaction is alone with its company: the lock is taken as it begins, and the moment is read after that, so
that every machine sees one order and one time. Its clock is of the wall; one that is set back keeps places a little
longer, one that is set forward gives them up early, and the window says so at once.

What the threads of a process ask for at the same time is done in one transaction, and a place is given back in the
one that takes the next: with hundreds of calls a second the lock is what is scarce.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields
from threading import Lock, local
from typing import Any, Final, Generic, TypeVar

from pipedrive_tools.errors import StoreError
from pipedrive_tools.ports import Port
from pipedrive_tools.state.budget import Budget
from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.later import Later
from pipedrive_tools.state.limits import Clock
from pipedrive_tools.state.rules import Caller
from pipedrive_tools.state.schema import budgets, windows
from pipedrive_tools.state.slots import Slots, beside
from pipedrive_tools.state.store import Store
from pipedrive_tools.state.window import Windows

T = TypeVar("T")
Work = Callable[[Windows, Budget], T]

_COLUMNS: Final = tuple(each.name for each in fields(Budget))
_READ: Final = (
    f"SELECT CAST(extract(epoch FROM clock_timestamp()) AS FLOAT), "  # noqa: S608
    f"(SELECT packed FROM {windows.name} WHERE caller = ?), {', '.join(_COLUMNS)} "
    f"FROM (SELECT 1) AS one LEFT JOIN {budgets.name} ON account = ?"
)
_KEEP: Final = (
    f"WITH kept AS (INSERT INTO {windows.name} (caller, packed) VALUES (?, ?) "  # noqa: S608
    "ON CONFLICT (caller) DO UPDATE SET packed = excluded.packed) "
    f"INSERT INTO {budgets.name} (account, {', '.join(_COLUMNS)}) VALUES (?{', ?' * len(_COLUMNS)}) "
    f"ON CONFLICT (account) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
)


class SharedSlots:
    """A `limits.Home` for every machine that opens the same store; safe to share between threads."""

    def __init__(self, store: Store, caller: Caller) -> None:
        self._store, self._caller = store, caller
        self._turn, self._is_closed = Lock(), False
        self._asked: deque[_Asked[Any]] = deque()
        self._later: Later[Work[None]] = Later(self._flush)
        self._acting = local()
        self._ahead = 0.0
        self.clock: Final = Clock(monotonic=self._moment, wall=self._moment)
        """The database's. It stands still while one acts, and is worked out from this machine's in between."""

    async def act(self, work: Work[T], port: Port) -> T:
        """Do work on windows and budget, alone among all machines."""
        return await port.run(self._act, work)

    async def settle(self, work: Work[None], port: Port) -> None:  # noqa: ARG002  # other homes need it
        """Do work with the next that is done, or in a moment: a place is held for longer than that anyway."""
        self._later.add(work)

    def budget(self) -> Budget:
        """The company's day, as it is."""
        return self._act(lambda _, budget: budget)

    def close(self) -> None:
        """Do what waits; the store is not its own."""
        self._later.flush()
        with self._turn:
            self._is_closed = True

    def _flush(self) -> None:
        with self._turn:
            if not self._is_closed and (late := self._later.due()):
                self._act_for_all(late)  # what cannot be kept waits on

    def _act(self, work: Work[T]) -> T:
        asked = _Asked(work)
        self._asked.append(asked)
        with self._turn:  # whoever comes first acts for all that wait here
            if not asked.is_over:
                self._act_for_all(self._later.due())
        return asked.outcome()

    def _act_for_all(self, late: Sequence[Work[None]]) -> None:
        together = [self._asked.popleft() for _ in range(len(self._asked))]
        error = StoreError("the limits cannot be kept: a thread was stopped; nothing was sent")
        is_kept = False
        try:
            with self._alone() as books:
                for each in late:
                    each(*books)
                for asked in together:
                    asked.act(*books)
            is_kept = True
        except StoreError as problem:
            error = problem
        finally:
            for asked in together:
                asked.end(None if is_kept else error)
            if not is_kept:
                self._later.put_back(late)

    @contextmanager
    def _alone(self) -> Iterator[tuple[Windows, Budget]]:
        company = self._caller.company
        with self._store.hot(durable=False, alone=f"limits {company}") as connection:
            windows, budget = self._read(connection)
            try:
                yield windows, budget
            finally:
                self._acting.now = None
            kept = (self._caller.fingerprint, windows.pack(), company, *astuple(budget))
            connection.execute(_KEEP, kept)

    def _read(self, connection: Hot) -> tuple[Windows, Budget]:
        before = time.monotonic()
        now, packed, *day = connection.first(_READ, (self._caller.fingerprint, self._caller.company))
        self._acting.now, self._ahead = now, now - before  # not less than it is: no place ends too early
        windows = Windows.unpack(bytes(packed), now) if packed else Windows()
        return windows, Budget() if day[0] is None else Budget(*day)

    def _moment(self) -> float:
        now: float | None = getattr(self._acting, "now", None)
        return time.monotonic() + self._ahead if now is None else now


class _Asked(Generic[T]):
    """Work that a thread waits for, and what came of it."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._given: list[T] = []
        self._error: Exception | None = None
        self.is_over = False

    def act(self, windows: Windows, budget: Budget) -> None:
        """Do it; what it raises is for whoever asked."""
        try:
            self._given.append(self._work(windows, budget))
        except Exception as error:  # noqa: BLE001  # carried over to the thread that asked
            self._error = error

    def end(self, error: StoreError | None) -> None:
        """It was kept, or nothing of it was."""
        self._error, self.is_over = error or self._error, True

    def outcome(self) -> T:
        """What it gave, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._given[0]


def home(store: Store, caller: Caller) -> Slots | SharedSlots | None:
    """Where the windows and the budget of a store's caller are; None where nothing is shared."""
    if store.driver.is_shared:
        return SharedSlots(store, caller)
    return Slots(beside(store.path), caller) if store.path else None
