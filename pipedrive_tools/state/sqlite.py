"""A store in one SQLite file (mode 0600), in write-ahead mode, or in memory.

A durable transaction waits for the disk; a quick one survives a killed process and not a power failure, which the
journal allows for (RELIABILITY.md, section 2). Every transaction is alone: SQLite has one writer.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock, RLock, local
from typing import Any, Final, Literal, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state.driver import Hot

Kind = Literal["durable", "quick"]
"""A durable transaction is on the disk when it ends, a quick one soon after."""
BUSY_SECONDS: Final = 30
WAL_PAGES: Final = 256
"""The write-ahead log begins anew after so many: the disk takes a page in its place in half the time of a new one."""
_OF_THIS_PROCESS: Final[dict[Path, Lock]] = {}
"""Locks by file: SQLite's own is between processes, and is lost when any thread closes the file."""


class Sqlite:
    """A `driver.Driver`."""

    is_shared: Final = False

    def __init__(self, address: URL, *, tidies_itself: bool = True) -> None:
        self.name: Final = str(address.database)
        self._lock: RLock | None = None
        self._held = Lock()
        self._mine = local()
        try:
            if address.database in {None, "", ":memory:"}:
                only = _engine("sqlite://", "OFF", pages=0, in_memory=True)
                self._engines: dict[Kind, Engine] = {"durable": only, "quick": only}
                self._lock = RLock()
            else:
                prepare_file(Path(self.name))
                pages = WAL_PAGES if tidies_itself else 0
                self._engines = {
                    "durable": _engine(address, "FULL", pages=pages),
                    "quick": _engine(address, "NORMAL", pages=pages),
                }
            self._reads = self._engines["quick"].execution_options(reads=True)
            self._engines["quick"].connect().close()
        except (SQLAlchemyError, OSError) as error:
            raise self._broken("opened", error) from None

    @property
    def path(self) -> Path | None:
        """The file; None where the store is in memory."""
        return None if self._lock else Path(self.name)

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Connection]:
        """One transaction; a durable one is on the disk when this returns."""
        engine = self._engines["durable" if durable else "quick"]
        try:
            with self._lock or nullcontext(), engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._broken("written", error) from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction on what was committed when it began; writers go on meanwhile."""
        try:
            with self._lock or nullcontext(), self._reads.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._broken("read", error) from None

    @contextmanager
    def hot(self, *, durable: bool, alone: str | None = None) -> Iterator[Hot]:  # noqa: ARG002  # it is
        """The same transaction on the driver's own connection, kept per thread."""
        hot = self._hot_connection("durable" if durable else "quick")
        with self._lock or nullcontext():
            try:
                hot.execute("BEGIN IMMEDIATE")
                try:
                    yield hot
                except BaseException:
                    hot.abandon()
                    raise
                hot.execute("COMMIT")
            except sqlite3.Error as error:
                hot.abandon()
                raise self._broken("written", error) from None

    @contextmanager
    def glance(self) -> Iterator[Hot]:
        """The driver's own connection for one statement, without a transaction around it."""
        hot = self._hot_connection("quick")
        with self._lock or nullcontext():
            try:
                yield hot
            except sqlite3.Error as error:
                raise self._broken("read or written", error) from None

    def tidy(self) -> None:
        """Move what the write-ahead log gathered into the file, as far as nobody reads or writes it."""
        with self.glance() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def alone(self, connection: Connection, name: str) -> None:
        """It is."""

    @contextmanager
    def held(self, name: str, wait_seconds: float) -> Iterator[None]:  # noqa: ARG002  # one lock for all names
        """Hold a name without a transaction: among the threads of this process, and among processes."""
        if self.path is None:
            with self._held:
                yield
            return
        file = self.path.with_name(f"{self.path.name}.lock")
        with _OF_THIS_PROCESS.setdefault(file, Lock()), _alone(file, wait_seconds):
            yield

    def close(self) -> None:
        """Close every connection."""
        self._mine = local()
        for engine in self._engines.values():
            engine.dispose()

    def _hot_connection(self, name: Kind) -> "_Hot":
        found: _Hot | None = getattr(self._mine, name, None)
        if found is None:
            try:
                pooled = self._engines[name].raw_connection()
            except SQLAlchemyError as error:
                raise self._broken("opened", error) from None
            found = _Hot(cast("sqlite3.Connection", pooled.driver_connection), pooled)
            setattr(self._mine, name, found)
        return found

    def _broken(self, what: str, error: Exception) -> StoreError:
        cause = getattr(error, "orig", None) or error
        return StoreError(f"the store {self.name!r} cannot be {what}: {cause}; nothing was sent")


class _Hot:
    """The driver's connection, as far as the hot statements need it."""

    def __init__(self, connection: sqlite3.Connection, pooled: Any) -> None:
        self._pooled = pooled
        self.execute = connection.execute
        self._connection = connection

    def first(self, statement: str, values: Any = ()) -> Any:
        """The first row of a statement's answer, or None."""
        return self.execute(statement, values).fetchone()

    def alone(self, name: str) -> None:
        """It is."""

    def abandon(self) -> None:
        """Leave no transaction open behind an error."""
        if self._connection.in_transaction:
            self._connection.rollback()


@contextmanager
def _alone(file: Path, wait_seconds: float) -> Iterator[None]:
    """A lock of all processes, which ends with the one that holds it; SQLite has one for every system.

    The store's own lock will not do: it cannot be held over a request without stopping everybody's calls.
    """
    try:
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(file, timeout=wait_seconds, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"the login cannot be changed: {str(file)!r}: {error}") from None
    try:
        yield
    finally:
        connection.close()


def prepare_file(path: Path) -> None:
    """Make the file before SQLite does, so that nobody else may read it; one that is there is closed to others."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A file that is there is never opened and closed here: that would end SQLite's locks of this whole process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to write-ahead mode; whoever else does so at this moment is not waited for by SQLite itself."""
    latest = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > latest:
                raise
            time.sleep(0.01)
        else:
            return


def _engine(url: URL | str, synchronous: str, *, pages: int, in_memory: bool = False) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    if in_memory:
        options["poolclass"] = StaticPool
    else:
        options["pool_size"] = 0  # no limit: each thread keeps a connection of its own
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        _to_wal(connection)
        connection.execute(f"PRAGMA wal_autocheckpoint={pages}")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        reads = connection.get_execution_options().get("reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
