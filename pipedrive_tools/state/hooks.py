"""Webhooks that we made: which there are, and their credentials, sealed. A name has one current hook at most."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete, insert, or_, select, update

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state.schema import hooks
from pipedrive_tools.state.sealing import Seal
from pipedrive_tools.state.store import Store

KEY_START: Final = "pdt-"
"""How the user of every credential of ours begins."""
KEY_BYTES: Final = 8
PASSWORD_BYTES: Final = 32
"""256 bits: nobody guesses one, however often they may try."""


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One webhook of ours. Its password is asked for by itself, and shown nowhere."""

    key: str
    """The user of its Basic credential, which no other webhook has."""
    name: str
    url: str
    action: str
    object: str
    user_id: int | None
    number: int | None
    """Pipedrive's; None as long as it is not known to exist there."""
    created: float
    until: float | None
    """When its credential stops to count; None of the current one."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """A credential that counts now."""

    name: str
    """Of the webhook that shows it."""
    secret: bytes = field(repr=False)
    """User and password, as Basic has them."""


class Hooks:
    """The webhooks of one account in one store."""

    def __init__(
        self, store: Store, address: str, *, keys: str | None, now: Callable[[], float] = time.time
    ) -> None:
        self._store, self._address, self._now = store, address, now
        self._seal = Seal.of(store, keys)
        self._opened: dict[tuple[str, bytes], str] = {}

    def all(self) -> list[Hook]:
        """Every one, the oldest first; those too whose credential counts no more, as long as they may exist."""
        order = (
            hooks.c.created,
            hooks.c.until.is_(None),
            hooks.c.until,
        )  # a successor may be of the same moment
        statement = select(hooks).where(hooks.c.address == self._address).order_by(*order)
        with self._store.transaction(durable=False) as connection:
            return [_hook(row) for row in connection.execute(statement).mappings()]

    def current(self) -> dict[str, Hook]:
        """The current ones, by their names."""
        return {each.name: each for each in self.all() if each.until is None}

    def plan(
        self, name: str, *, url: str, action: str, object: str, user_id: int | None = None
    ) -> Hook | None:
        """Write down a webhook that is to be made, with a fresh credential; None where its name has one already."""
        taken = select(hooks.c.key).where(
            hooks.c.address == self._address, hooks.c.name == name, hooks.c.until.is_(None)
        )
        with self._store.transaction(durable=True) as connection:
            self._store.alone(connection, f"hooks {self._address}")
            if connection.scalar(taken):
                return None
            return self._add(connection, name, url=url, action=action, object=object, user_id=user_id)

    def renew(self, old: Hook, *, overlap_seconds: float, **changed: str | int | None) -> Hook | None:
        """Write down a successor with a fresh credential; the old one counts on. None for the loser of two."""
        ends = update(hooks).where(hooks.c.key == old.key, hooks.c.until.is_(None))
        with self._store.transaction(durable=True) as connection:
            if not connection.execute(ends.values(until=self._now() + overlap_seconds)).rowcount:
                return None
            subscribed = {"url": old.url, "action": old.action, "object": old.object, "user_id": old.user_id}
            return self._add(connection, old.name, **{**subscribed, **changed})

    def claim(self, hook: Hook, *, seconds: float) -> bool:
        """Take the only right to make it at Pipedrive, for so long; false where another process has it."""
        now = self._now()
        free = (hooks.c.key == hook.key, hooks.c.number.is_(None), hooks.c.lease <= now)
        with self._store.transaction(durable=True) as connection:
            return connection.execute(update(hooks).where(*free).values(lease=now + seconds)).rowcount > 0

    def made(self, hook: Hook, number: int) -> None:
        """It exists at Pipedrive, under this number."""
        self._set(hook, number=number, lease=0.0)

    def lost(self, hook: Hook) -> None:
        """It does not exist at Pipedrive under the number that is known here, and may be made anew."""
        same = hooks.c.number.is_(None) if hook.number is None else hooks.c.number == hook.number
        with self._store.transaction(durable=True) as connection:
            statement = update(hooks).where(hooks.c.key == hook.key, same)
            connection.execute(statement.values(number=None, lease=0.0))

    def ended(self, hook: Hook, *, overlap_seconds: float) -> None:
        """It is deleted at Pipedrive; what Pipedrive sends again of it shall still be taken for so long."""
        self._set(hook, number=None, until=self._now() + overlap_seconds)

    def tidy(self, hook: Hook) -> None:
        """Forget it if its credential counts no more."""
        if hook.number is None and hook.until is not None and hook.until <= self._now():
            self.forget(hook)

    def take_back(self, old: Hook, new: Hook) -> None:
        """The successor did not come about: the old one is the current one again."""
        with self._store.transaction(durable=True) as connection:
            connection.execute(delete(hooks).where(hooks.c.key == new.key))
            connection.execute(update(hooks).where(hooks.c.key == old.key).values(until=None))

    def forget(self, hook: Hook) -> None:
        """Nothing of it is left."""
        with self._store.transaction(durable=True) as connection:
            connection.execute(delete(hooks).where(hooks.c.key == hook.key))

    def password(self, hook: Hook) -> str:
        """The password of its credential, for Pipedrive alone."""
        statement = select(hooks.c.sealed).where(hooks.c.key == hook.key)
        with self._store.transaction(durable=False) as connection:
            sealed = connection.scalar(statement)
        if sealed is None:
            raise StoreError(
                f"the webhook {hook.name!r} is not in the store any more; list them, and try again"
            )
        return self._open(hook.key, sealed)

    def live(self) -> list[Live]:
        """Every credential that counts now; the current ones first. While Pipedrive may call, it counts."""
        counts = or_(hooks.c.until.is_(None), hooks.c.until > self._now(), hooks.c.number.is_not(None))
        statement = select(hooks.c.key, hooks.c.name, hooks.c.sealed).where(
            hooks.c.address == self._address, counts
        )
        with self._store.transaction(durable=False) as connection:
            rows = connection.execute(statement.order_by(hooks.c.until.is_not(None))).all()
        return [
            Live(name=name, secret=f"{key}:{self._open(key, sealed)}".encode()) for key, name, sealed in rows
        ]

    def _open(self, key: str, sealed: bytes) -> str:
        """Opened once: a receiver asks every few seconds."""
        if (key, sealed) not in self._opened:
            self._opened[key, sealed], _ = self._seal.open(f"hook {key}", sealed)
        return self._opened[key, sealed]

    def _add(self, connection: Any, name: str, **subscribed: Any) -> Hook:
        key = f"{KEY_START}{secrets.token_hex(KEY_BYTES)}"
        row = {"key": key, "address": self._address, "name": name, **subscribed, "created": self._now()}
        sealed = self._seal.close(f"hook {key}", secrets.token_urlsafe(PASSWORD_BYTES))
        connection.execute(insert(hooks).values(**row, sealed=sealed, lease=0.0))
        return _hook({**row, "number": None, "until": None})

    def _set(self, hook: Hook, **values: Any) -> None:
        with self._store.transaction(durable=True) as connection:
            connection.execute(update(hooks).where(hooks.c.key == hook.key).values(**values))


def _hook(row: Mapping[Any, Any]) -> Hook:
    names = ("key", "name", "url", "action", "object", "user_id", "number", "created", "until")
    return Hook(**{name: row[name] for name in names})
