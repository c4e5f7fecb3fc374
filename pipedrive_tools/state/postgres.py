"""A store in a PostgreSQL database, shared by any number of machines.

A durable transaction is `synchronous_commit=on`, a quick one `off`: it survives whatever kills our process, and not
a crash of the server. A transaction that has to be alone takes an advisory lock, which ends with it. A connection
that died with its server is found out when a transaction begins, and replaced before anything was done on it.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, PoolProxiedConnection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipedrive_tools.errors import MissingExtraError, StoreError
from pipedrive_tools.state.driver import Hot

if TYPE_CHECKING:  # an optional package
    import psycopg

DRIVER: Final = "postgresql+psycopg"
CONNECTIONS: Final = 20
"""Of one process at most; one is opened when it is needed, and kept, since to open one costs more than a call."""
CONNECTING: Final = {
    "application_name": "pipedrive-tools",
    "client_encoding": "utf8",  # a database may have none of its own
    "connect_timeout": 10,
    "keepalives_idle": 10,  # seconds: a server that is gone is found out in half a minute, not in two hours
    "keepalives_interval": 5,
    "keepalives_count": 4,
}
"""What an address need not say; what it says goes before."""
SESSION: Final = (
    "SET lock_timeout = '30s'; "
    "SET idle_in_transaction_session_timeout = '30s'; "  # a process that hangs does not hold everybody up
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4"
)
_BEGIN: Final = {
    True: "BEGIN; SET LOCAL synchronous_commit TO on",
    False: "BEGIN; SET LOCAL synchronous_commit TO off",
}


class Postgres:
    """A `driver.Driver`."""

    is_shared: Final = True

    def __init__(self, address: URL) -> None:
        try:
            import psycopg  # noqa: PLC0415  # an optional package
        except ImportError:
            raise MissingExtraError("psycopg", "postgres") from None
        self._error = psycopg.Error
        self.name: Final = str(address.database or address.username)
        given = {name: value for name, value in CONNECTING.items() if name not in address.query}
        self._engine = create_engine(
            address.set(drivername=DRIVER),
            connect_args={"autocommit": True, **given},
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_use_lifo=True,
        )
        self._durable = self._engine.execution_options(durable=True)
        self._is_closed = False
        event.listen(self._engine, "connect", _connected)
        event.listen(self._engine, "checkin", self._given_back)
        event.listen(self._engine, "begin", _begun)
        try:
            self._engine.connect().close()
        except SQLAlchemyError as error:
            raise self._broken("opened", error) from None

    @property
    def path(self) -> Path | None:
        """There is no file."""
        return None

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Connection]:
        """One transaction; a durable one is on the server's disk when this returns."""
        try:
            connection = self._begun(durable=durable)
            with connection:
                yield connection
                connection.commit()
        except SQLAlchemyError as error:
            raise self._broken("written", error) from None

    def reading(self) -> AbstractContextManager[Connection]:
        """One transaction; here readers wait for nobody."""
        return self.transaction(durable=False)

    @contextmanager
    def hot(self, *, durable: bool, alone: str | None = None) -> Iterator[Hot]:
        """The same on the driver's own connection; alone with a name from its first moment."""
        begin = (
            _BEGIN[durable]
            if alone is None
            else f"{_BEGIN[durable]}; SELECT pg_advisory_xact_lock({_key(alone)})"
        )
        try:
            pooled, connection = self._hot_begun(begin)
            try:
                yield _Hot(connection)
                connection.execute("COMMIT")
            except self._error:
                pooled.invalidate()  # whatever it was, the next one begins afresh
                raise
            finally:
                pooled.close()  # what was begun and not ended is rolled back
        except (SQLAlchemyError, self._error) as error:
            raise self._broken("written", error) from None

    def glance(self) -> AbstractContextManager[Hot]:
        """The driver's own connection for one statement; a transaction finds out whether the server is there."""
        return self.hot(durable=False)

    def tidy(self) -> None:
        """The server does."""

    def alone(self, connection: Connection, name: str) -> None:
        """Wait until no other transaction is alone with this name; it ends with the transaction."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_key(name)})")

    @contextmanager
    def held(self, name: str, wait_seconds: float) -> Iterator[None]:
        """Hold a name without a transaction, on a connection that is nobody else's; it ends with the process."""
        try:
            pooled = self._engine.raw_connection()
            connection: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]  # a Protocol
            pooled.detach()  # so that to close it ends it, and the lock with it
            with closing(pooled):
                connection.execute(f"SET lock_timeout = {round(wait_seconds * 1000)}")
                connection.execute(f"SELECT pg_advisory_lock({_key(name)})".encode())
                yield
        except (SQLAlchemyError, self._error) as error:
            raise self._broken("written", error) from None

    def close(self) -> None:
        """Close every connection; one that a thread still uses is closed when it is given back."""
        self._is_closed = True
        self._engine.dispose()

    def _given_back(self, connection: Any, _record: Any) -> None:
        if self._is_closed and connection is not None:
            connection.close()

    def _begun(self, *, durable: bool) -> Connection:
        connection = (self._durable if durable else self._engine).connect()
        try:
            connection.begin()
        except DBAPIError as error:
            if not error.connection_invalidated:
                connection.close()
                raise
            connection.rollback()  # the server was there anew: so is the next connection
            connection.begin()
        return connection

    def _hot_begun(self, begin: str) -> "tuple[PoolProxiedConnection, psycopg.Connection[Any]]":
        for is_last in (False, True):
            pooled = self._engine.raw_connection()
            connection: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]  # a Protocol
            try:
                connection.execute(begin.encode())
            except self._error:
                pooled.invalidate()
                if is_last:
                    raise
                self._engine.dispose()  # the others died with the same server
            else:
                return pooled, connection
        raise AssertionError("the second try returns or raises")

    def _broken(self, what: str, error: Exception) -> StoreError:
        cause = getattr(error, "orig", None) or error
        said = (str(cause).strip() or type(cause).__name__).splitlines()[0]
        return StoreError(f"the store {self.name!r} cannot be {what}: {said}; nothing was sent")


class _Hot:
    """The driver's connection, as far as the hot statements need it."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def execute(self, statement: str, values: Any = ()) -> Any:
        """Run a statement."""
        return self._connection.execute(_marked(statement), values)

    def first(self, statement: str, values: Any = ()) -> Any:
        """The first row of a statement's answer, or None."""
        return self._connection.execute(_marked(statement), values).fetchone()

    def alone(self, name: str) -> None:
        """Wait until no other transaction is alone with this name."""
        self._connection.execute(f"SELECT pg_advisory_xact_lock({_key(name)})".encode())


def _key(name: str) -> int:
    """The number of an advisory lock; the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


@lru_cache(maxsize=256)
def _marked(statement: str) -> bytes:
    """A statement with the places for its values as this driver marks them; a literal holds no question mark."""
    return statement.replace("%", "%%").replace("?", "%s").encode()


def _connected(connection: Any, _record: Any) -> None:
    connection.execute(SESSION)


def _begun(connection: Connection) -> None:
    connection.exec_driver_sql(_BEGIN[connection.get_execution_options().get("durable", False)])
