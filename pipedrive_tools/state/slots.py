"""Windows and budgets that processes share: a small SQLite file beside the store.

It is a file of its own because a durable write holds the store's only write lock for as long as the disk takes,
and a place in a window cannot wait for that. One transaction costs about 20 microseconds (tests/benchmarks).
"""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from pipedrive_tools.errors import StoreError
from pipedrive_tools.ports import Port
from pipedrive_tools.state.budget import Budget
from pipedrive_tools.state.rules import Caller
from pipedrive_tools.state.window import Windows

try:
    import fcntl
except ImportError:  # there is none on Windows, where SQLite waits in its own way
    fcntl = None  # type: ignore[assignment]  # a module, or nothing

T = TypeVar("T")

BUSY_SECONDS: Final = 10.0
_WINDOWS_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS windows (caller TEXT PRIMARY KEY, packed BLOB NOT NULL) WITHOUT ROWID"
)
_BUDGETS_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS budgets (account TEXT PRIMARY KEY, resets_at REAL NOT NULL, spent INTEGER NOT NULL, "
    "reserved INTEGER NOT NULL, told_limit INTEGER NOT NULL, stop TEXT NOT NULL, stopped_at REAL NOT NULL, "
    "stopped_until REAL NOT NULL) WITHOUT ROWID"
)
_OPENING: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA wal_autocheckpoint=4000",  # pages; each checkpoint waits for the disk
    _WINDOWS_TABLE,
    _BUDGETS_TABLE,
)
_WINDOWS: Final = "SELECT packed FROM windows WHERE caller = ?"
_KEEP_WINDOWS: Final = "REPLACE INTO windows (caller, packed) VALUES (?, ?)"
_COLUMNS: Final = "resets_at, spent, reserved, told_limit, stop, stopped_at, stopped_until"
_BUDGET: Final = f"SELECT {_COLUMNS} FROM budgets WHERE account = ?"  # noqa: S608
_KEEP_BUDGET: Final = f"REPLACE INTO budgets (account, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


def beside(store: Path) -> Path:
    """Where the shared limits of a store are."""
    return store.with_name(f"{store.stem}-limits{store.suffix}")


class Turns:
    """One process after the other, woken by the kernel: SQLite's own waiting sleeps for milliseconds."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(f"{path}-turn", os.O_RDWR | os.O_CREAT, 0o600)

    def __enter__(self) -> None:
        if self._file < 0:
            raise OSError("it was closed")
        if fcntl:
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        if fcntl:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Slots:
    """A `limits.Home` for every process that opens the same file; safe to share between threads."""

    def __init__(self, path: Path, caller: Caller) -> None:
        self._path, self._caller = path, caller
        self._lock = Lock()
        try:
            with suppress(FileExistsError):  # to open and close one that is there would end SQLite's locks
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._execute = self._connection.execute
            self._turns = Turns(path)
            with self._turns:
                for statement in _OPENING:
                    self._execute(statement)
        except (sqlite3.Error, OSError) as error:
            raise self._broken(error) from None

    async def act(self, work: Callable[[Windows, Budget], T], port: Port) -> T:
        """Do work on windows and budget, alone among all processes."""
        return await port.run(self._act, work)

    def budget(self) -> Budget:
        """The account's day, as it is."""
        with self._lock:
            try:
                return self._read_budget()
            except sqlite3.Error as error:
                raise self._broken(error) from None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._turns.close()
            self._connection.close()

    def _act(self, work: Callable[[Windows, Budget], T]) -> T:
        with self._lock:
            try:
                with self._turns:
                    self._execute("BEGIN IMMEDIATE")
                    result = self._keep(work)
                    self._execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self._abandon()
                raise self._broken(error) from None
            except BaseException:
                self._abandon()
                raise
            return result

    def _abandon(self) -> None:
        """Leave no transaction open behind an error."""
        with suppress(sqlite3.Error):
            self._connection.rollback()

    def _keep(self, work: Callable[[Windows, Budget], T]) -> T:
        found = self._execute(_WINDOWS, (self._caller.fingerprint,)).fetchone()
        windows = Windows.unpack(found[0], time.monotonic()) if found else Windows()
        budget = self._read_budget()
        result = work(windows, budget)
        self._execute(_KEEP_WINDOWS, (self._caller.fingerprint, windows.pack()))
        self._execute(
            _KEEP_BUDGET,
            (
                self._caller.account,
                budget.resets_at,
                budget.spent,
                budget.reserved,
                budget.told_limit,
                budget.stop,
                budget.stopped_at,
                budget.stopped_until,
            ),
        )
        return result

    def _read_budget(self) -> Budget:
        found = self._execute(_BUDGET, (self._caller.account,)).fetchone()
        return Budget(*found) if found else Budget()

    def _broken(self, error: Exception) -> StoreError:
        return StoreError(f"the limits in {str(self._path)!r} cannot be kept: {error}; nothing was sent")
