"""What a store asks of its database: the two kinds of transaction, and being alone. Each engine is a module beside it.

The hot statements are written once, in SQL that both engines read, with `?` for values; whatever only one of them
knows is behind these two protocols.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection


class Hot(Protocol):
    """A transaction on the driver's own connection, for the statements that every call runs."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """Run a statement; gives what can be iterated, and has `fetchone` and `fetchall`."""
        ...

    def first(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """The first row of a statement's answer, or None."""
        ...

    def alone(self, name: str, /) -> None:
        """Wait until no other transaction is alone with this name; it ends with the transaction."""
        ...


class Driver(Protocol):
    """One database; safe to share between threads."""

    @property
    def path(self) -> Path | None:
        """The file that it is, where it is one."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether other machines may open it, too."""
        ...

    @property
    def name(self) -> str:
        """What a person calls it; without a password."""
        ...

    def transaction(self, *, durable: bool) -> AbstractContextManager[Connection]:
        """One transaction of SQLAlchemy; a durable one is on the disk when it ends."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """One transaction of SQLAlchemy that only reads, and waits for nobody who writes."""
        ...

    def hot(self, *, durable: bool, alone: str | None = None) -> AbstractContextManager[Hot]:
        """The same on the driver's own connection; alone with a name from its first moment."""
        ...

    def glance(self) -> AbstractContextManager[Hot]:
        """The driver's own connection for one statement, which is not durable."""
        ...

    def tidy(self) -> None:
        """Move what a log of writes gathered to its place; nobody who writes waits for it."""
        ...

    def alone(self, connection: Connection, name: str) -> None:
        """Wait until no other transaction is alone with this name; it ends with the transaction."""
        ...

    def held(self, name: str, wait_seconds: float) -> AbstractContextManager[None]:
        """Hold a name without a transaction, over a request; it ends with the process that holds it."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
