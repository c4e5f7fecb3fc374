"""Opening the store, and transactions on it: durable ones for intents, quick ones for the rest.

SQLite keeps one file (mode 0600) in write-ahead mode. A durable transaction waits for the disk; a quick one
survives a killed process and not a power failure, which the journal allows for (RELIABILITY.md, section 2).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import RLock, local
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state import schema

BUSY_SECONDS: Final = 30


def default_url() -> str:
    """The SQLite file in the user's state folder."""
    import platformdirs  # noqa: PLC0415  # only where no address is given

    folder = platformdirs.user_state_path("pipedrive-tools", appauthor=False)
    return f"sqlite:///{folder / 'state.db'}"


class Store:
    """One database for all the state of an account's agents; safe to share between threads."""

    def __init__(self, url: str | None = None) -> None:
        self.url: Final = url or default_url()
        try:
            address = make_url(self.url)
        except ArgumentError:
            raise StoreError(
                "PIPEDRIVE_STATE is not a database URL; write it like sqlite:////path/state.db"
            ) from None
        if address.get_backend_name() != "sqlite":
            raise StoreError(
                f"a store on {address.get_backend_name()!r} is not supported yet; use sqlite:///…"
            )
        self._lock: RLock | None = None
        self._mine = local()
        try:
            if address.database in {None, "", ":memory:"}:
                self._durable = self._quick = _engine("sqlite://", "OFF", in_memory=True)
                self._lock = RLock()
            else:
                prepare_file(Path(str(address.database)))
                self._durable = _engine(self.url, "FULL")
                self._quick = _engine(self.url, "NORMAL")
            self._check_version()
        except (SQLAlchemyError, OSError) as error:
            raise self._broken("opened", error) from None

    @property
    def path(self) -> Path | None:
        """The SQLite file; None where the store is in memory."""
        return None if self._lock else Path(str(make_url(self.url).database))

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Connection]:
        """One transaction; a durable one is on the disk when this returns."""
        engine = self._durable if durable else self._quick
        try:
            if self._lock:
                with self._lock, engine.begin() as connection:
                    yield connection
            else:
                with engine.begin() as connection:
                    yield connection
        except SQLAlchemyError as error:
            raise self._broken("written", error) from None

    @contextmanager
    def hot(self, *, durable: bool) -> Iterator["Hot"]:
        """The same transaction on the driver's own connection, kept per thread, for what every call does.

        SQLAlchemy's execution costs ten times the statement (tests/benchmarks); queries belong in `transaction`.
        """
        hot = self._hot_connection(durable=durable)
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

    def _hot_connection(self, *, durable: bool) -> "Hot":
        name = "durable" if durable else "quick"
        found: Hot | None = getattr(self._mine, name, None)
        if found is None:
            try:
                pooled = (self._durable if durable else self._quick).raw_connection()
            except SQLAlchemyError as error:
                raise self._broken("opened", error) from None
            found = Hot(cast("sqlite3.Connection", pooled.driver_connection), pooled)
            setattr(self._mine, name, found)
        return found

    def close(self) -> None:
        """Close every connection."""
        self._mine = local()
        self._durable.dispose()
        self._quick.dispose()

    def _broken(self, what: str, error: Exception) -> StoreError:
        cause = getattr(error, "orig", None) or error
        return StoreError(
            f"the store {make_url(self.url).database!r} cannot be {what}: {cause}; nothing was sent"
        )

    def _check_version(self) -> None:
        with self._durable.begin() as connection:
            schema.metadata.create_all(connection)
            found = connection.scalar(select(schema.meta.c.value).where(schema.meta.c.name == "version"))
            if found is None:
                connection.execute(insert(schema.meta).values(name="version", value=str(schema.VERSION)))
            elif not found.isdecimal() or int(found) > schema.VERSION:
                raise StoreError(
                    f"the store was written by a newer pipedrive-tools (version {found}, this one knows "
                    f"{schema.VERSION}); upgrade, or set PIPEDRIVE_STATE to another store"
                )


class Hot:
    """The driver's connection, as far as the hot statements need it."""

    def __init__(self, connection: sqlite3.Connection, pooled: Any) -> None:
        self._pooled = pooled
        self.execute = connection.execute
        self._connection = connection

    def first(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row of a statement's answer, or None."""
        return self.execute(statement, values).fetchone()

    def abandon(self) -> None:
        """Leave no transaction open behind an error."""
        if self._connection.in_transaction:
            self._connection.rollback()


def prepare_file(path: Path) -> None:
    """Make the file before SQLite does, so that nobody else may read it; one that is there is closed to others."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A file that is there is never opened and closed here: that would end SQLite's locks of this whole process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _engine(url: str, synchronous: str, *, in_memory: bool = False) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    if in_memory:
        options["poolclass"] = StaticPool
    else:
        options["pool_size"] = 0  # no limit: each thread keeps a connection of its own
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
