"""Windows and budgets that machines share: rows of the store, by the database's clock.

One transaction is alone with its company: the lock is taken as it begins, and the moment is read after that, so
that every machine sees one order and one time. Its clock is of the wall; one that is set back keeps places a little
longer, one that is set forward gives them up early, and the window says so at once.
"""

from collections.abc import Callable
from dataclasses import astuple, fields
from threading import local
from typing import Any, Final, TypeVar

from pipedrive_tools.ports import Port
from pipedrive_tools.state.budget import Budget
from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.limits import Clock
from pipedrive_tools.state.rules import Caller
from pipedrive_tools.state.schema import budgets, windows
from pipedrive_tools.state.slots import Slots, beside
from pipedrive_tools.state.store import Store
from pipedrive_tools.state.window import Windows

T = TypeVar("T")

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
        self._acting = local()
        self.clock: Final = Clock(monotonic=self._moment, wall=self._moment)
        """The database's; it stands still while one acts, and is told only then."""

    async def act(self, work: Callable[[Windows, Budget], T], port: Port) -> T:
        """Do work on windows and budget, alone among all machines."""
        return await port.run(self._act, work)

    async def settle(self, work: Callable[[Windows, Budget], None], port: Port) -> None:
        """Do it now: the moment is the database's to tell."""
        await self.act(work, port)

    def budget(self) -> Budget:
        """The company's day, as it is."""
        with self._store.glance() as connection:
            return self._read(connection)[1]

    def close(self) -> None:
        """The store is not its own."""

    def _act(self, work: Callable[[Windows, Budget], T]) -> T:
        company = self._caller.company
        with self._store.hot(durable=False, alone=f"limits {company}") as connection:
            held, budget = self._read(connection)
            result = work(held, budget)
            kept = (self._caller.fingerprint, held.pack(), company, *astuple(budget))
            connection.execute(_KEEP, kept)
        return result

    def _read(self, connection: Hot) -> tuple[Windows, Budget]:
        now, packed, *day = connection.first(_READ, (self._caller.fingerprint, self._caller.company))
        self._acting.now = now
        held = Windows.unpack(bytes(packed), now) if packed else Windows()
        return held, Budget() if day[0] is None else Budget(*day)

    def _moment(self) -> Any:
        return self._acting.now


def home(store: Store, caller: Caller) -> Slots | SharedSlots | None:
    """Where the windows and the budget of a store's caller are; None where nothing is shared."""
    if store.driver.is_shared:
        return SharedSlots(store, caller)
    return Slots(beside(store.path), caller) if store.path else None
