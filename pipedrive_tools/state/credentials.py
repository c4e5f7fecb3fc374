"""Sealed credentials in the store: the logins and API tokens of this machine, one row each."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert

from pipedrive_tools.auth import Grant
from pipedrive_tools.errors import StoreError
from pipedrive_tools.state.schema import credentials
from pipedrive_tools.state.sealing import Seal, key_file
from pipedrive_tools.state.store import Store

LOCK_SECONDS: Final = 90.0
"""How long to wait for another process that refreshes: longer than its request may take."""

_GRANT: Final = TypeAdapter(Grant)
_OF_THIS_PROCESS: Final[dict[Path, Lock]] = {}
"""Locks by file: SQLite's own is between processes, and is lost when any thread closes the file."""


class Credentials:
    """Everything sealed that one store keeps."""

    def __init__(self, store: Store, *, keys: str | None) -> None:
        self._store = store
        self._seal = Seal(keys=keys, file=key_file(store.path) if store.path else None)

    def put(self, name: str, secret: str) -> None:
        """Store a secret; on the disk when this returns."""
        row = {"name": name, "sealed": self._seal.close(name, secret), "changed": time.time(), "begun": None}
        statement = insert(credentials).values(row)
        with self._store.transaction(durable=True) as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))

    def get(self, name: str) -> str | None:
        """A secret; one that an older key sealed is sealed anew, so that the key can go."""
        with self._store.transaction(durable=False) as connection:
            sealed = connection.scalar(select(credentials.c.sealed).where(credentials.c.name == name))
        if sealed is None:
            return None
        secret, is_current = self._seal.open(name, sealed)
        if not is_current:
            anew = update(credentials).where(credentials.c.name == name, credentials.c.sealed == sealed)
            with self._store.transaction(durable=True) as connection:
                connection.execute(anew.values(sealed=self._seal.close(name, secret)))
        return secret

    def has(self, name: str) -> bool:
        """Whether there is such a secret; nothing is opened."""
        with self._store.transaction(durable=False) as connection:
            found = connection.scalar(select(credentials.c.name).where(credentials.c.name == name))
        return found is not None

    def begin(self, name: str) -> None:
        """Write down that a secret is about to be replaced."""
        with self._store.transaction(durable=True) as connection:
            row = update(credentials).where(credentials.c.name == name)
            connection.execute(row.values(begun=time.time()))

    def remove(self, name: str) -> bool:
        """Forget a secret; false where there was none."""
        with self._store.transaction(durable=True) as connection:
            return connection.execute(delete(credentials).where(credentials.c.name == name)).rowcount > 0


class GrantVault:
    """The login of one account, sealed: an `auth.Vault`."""

    def __init__(self, sealed: Credentials, store: Store, name: str) -> None:
        self._sealed, self._name = sealed, name
        self._file = store.path.with_name(f"{store.path.name}.lock") if store.path else None
        self._mine = Lock() if self._file is None else _OF_THIS_PROCESS.setdefault(self._file, Lock())

    def load(self) -> Grant | None:
        """The grant as it is stored now."""
        text = self._sealed.get(self._name)
        try:
            return None if text is None else _GRANT.validate_json(text)
        except ValidationError:
            raise StoreError("the stored login cannot be read by this version; log in again") from None

    def save(self, grant: Grant) -> None:
        """Store a grant; on the disk when this returns."""
        self._sealed.put(self._name, _GRANT.dump_json(grant).decode())

    def begin(self) -> None:
        """Write down that a refresh begins, durably: so the store is known to take what comes back."""
        self._sealed.begin(self._name)

    def forget(self) -> None:
        """Remove the grant."""
        self._sealed.remove(self._name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the only right to change the grant: among the threads of this process, and among processes."""
        with self._mine:
            if self._file is None:
                yield
            else:
                with _alone(self._file):
                    yield


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """A lock of all processes, which ends with the one that holds it; SQLite has one for every system.

    The store's own lock will not do: it cannot be held over a request without stopping everybody's calls.
    """
    try:
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(file, timeout=LOCK_SECONDS, isolation_level=None)
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
