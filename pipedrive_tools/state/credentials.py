"""Sealed credentials in the store: the logins and API tokens of this machine, one row each."""

import time
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, select, update

from pipedrive_tools.auth import Grant
from pipedrive_tools.errors import StoreError
from pipedrive_tools.state.schema import credentials
from pipedrive_tools.state.sealing import Seal
from pipedrive_tools.state.store import Store

LOCK_SECONDS: Final = 90.0
"""How long to wait for another process that refreshes: longer than its request may take."""

_PUT: Final = (
    f"INSERT INTO {credentials.name} (name, sealed, changed, begun) VALUES (?, ?, ?, NULL) ON CONFLICT (name) "  # noqa: S608
    "DO UPDATE SET sealed = excluded.sealed, changed = excluded.changed, begun = NULL"
)
_GRANT: Final = TypeAdapter(Grant)


class Credentials:
    """Everything sealed that one store keeps."""

    def __init__(self, store: Store, *, keys: str | None) -> None:
        self._store, self._keys = store, keys

    @cached_property
    def _seal(self) -> Seal:
        """Its key is asked for where there is something to seal or to open."""
        return Seal.of(self._store, self._keys)

    def put(self, name: str, secret: str) -> None:
        """Store a secret; on the disk when this returns."""
        values = (name, self._seal.close(name, secret), time.time())
        with self._store.hot(durable=True) as connection:
            connection.execute(_PUT, values)

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

    def names(self, prefix: str) -> list[str]:
        """The rest of every name that begins so."""
        with self._store.transaction(durable=False) as connection:
            found = connection.scalars(select(credentials.c.name).order_by(credentials.c.name))
            return [name.removeprefix(prefix) for name in found if name.startswith(prefix)]

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
        self._sealed, self._store, self._name = sealed, store, name

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

    def locked(self) -> AbstractContextManager[None]:
        """Hold the only right to change the grant: among the threads of this process, and among all processes."""
        return self._store.driver.held(self._name, LOCK_SECONDS)
