"""Opening the store, and transactions on it: durable ones for intents, quick ones for the rest.

Its address says which engine it is on: `state.sqlite` or `state.postgres`. Nothing else in the package asks.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state import revisions
from pipedrive_tools.state.driver import Driver, Hot
from pipedrive_tools.state.notes import Notes

__all__ = ["Store", "default_url"]


def default_url() -> str:
    """The SQLite file in the user's state folder."""
    import platformdirs  # noqa: PLC0415  # only where no address is given

    folder = platformdirs.user_state_path("pipedrive-tools", appauthor=False)
    return f"sqlite:///{folder / 'state.db'}"


class Store:
    """One database for all the state of agents; safe to share between threads."""

    def __init__(self, url: str | None = None, *, tidies_itself: bool = True) -> None:
        """Open it; one that does not tidy itself has its owner call `tidy`, away from whoever waits for a commit."""
        self.url: Final = url or default_url()
        self.driver: Final = _driver(self.url, tidies_itself=tidies_itself)
        try:
            revisions.move_forward(self.driver)
            self.notes: Final = Notes(self.driver)
        except BaseException:
            self.driver.close()
            raise

    @property
    def path(self) -> Path | None:
        """The SQLite file, where the store is one."""
        return self.driver.path

    def transaction(self, *, durable: bool) -> AbstractContextManager[Connection]:
        """One transaction, which sees all that this process has noted; a durable one is on the disk when it ends."""
        self.notes.flush()
        return self.driver.transaction(durable=durable)

    def reading(self) -> AbstractContextManager[Connection]:
        """One transaction that only reads, and waits for nobody who writes."""
        return self.driver.reading()

    def hot(self, *, durable: bool, alone: str | None = None) -> AbstractContextManager[Hot]:
        """The same transaction on the driver's own connection, for what every call does.

        With a name it waits until no other transaction is alone with it. SQLAlchemy's execution costs ten times the
        statement (tests/benchmarks); queries belong in `transaction`.
        """
        return self.driver.hot(durable=durable, alone=alone)

    def glance(self) -> AbstractContextManager[Hot]:
        """The driver's own connection for one statement, which needs no transaction around it; it is not durable."""
        return self.driver.glance()

    def tidy(self) -> None:
        """Move what a log of writes gathered to its place; waits for the disk, and nobody who writes waits for it."""
        self.driver.tidy()

    def alone(self, connection: Connection, name: str) -> None:
        """Wait until no other transaction is alone with this name; it ends with the transaction."""
        self.driver.alone(connection, name)

    def close(self) -> None:
        """Write what waits, and close every connection."""
        self.notes.close()
        self.driver.close()


def _driver(url: str, *, tidies_itself: bool) -> Driver:
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreError(
            "PIPEDRIVE_STATE is not a database URL; write it like sqlite:////path/state.db "
            "or postgresql+psycopg://user:password@host/database"
        ) from None
    if address.get_backend_name() == "sqlite":
        from pipedrive_tools.state.sqlite import Sqlite  # noqa: PLC0415  # one engine is loaded

        return Sqlite(address, tidies_itself=tidies_itself)
    if address.get_backend_name() == "postgresql":
        from pipedrive_tools.state.postgres import Postgres  # noqa: PLC0415  # one engine is loaded

        return Postgres(address)
    raise StoreError(
        f"a store on {address.get_backend_name()!r} is not supported; use sqlite:///… or postgresql+psycopg://…"
    )
