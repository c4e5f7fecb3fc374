"""A login as a credential: it refreshes itself, once for everybody.

A refresh is rare and must never race, so there is one way to do it: blocking, under a lock of this process and
one that every process of this account shares, reading the vault again under the lock, and storing what came back
before anybody uses it. A kill between Pipedrive's rotation and that store loses the login where Pipedrive gives
no grace; no client can close that window, so nothing happens in it but one write.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from threading import Lock
from typing import Final

from pipedrive_tools.auth.app import AGAIN, App
from pipedrive_tools.auth.grant import Grant, Vault
from pipedrive_tools.errors import ConnectError, LoginError, ReauthorizationError, StoreError
from pipedrive_tools.ports import Port
from pipedrive_tools.telemetry import refreshing

EARLY_SECONDS: Final = 300.0
"""A login is refreshed this long before it expires, and up to a fifth earlier, by chance."""
EARLIEST_SHARE: Final = 0.1
"""A short life is refreshed in its last tenth or so, or it would be refreshed all the time."""
AGAIN_SECONDS: Final = 15.0
"""After an early refresh that failed, the old access token serves at least this long."""


class OAuth:
    """A credential that refreshes itself, once for everybody; safe between threads, tasks and processes."""

    def __init__(self, app: App, vault: Vault, *, random: Random | None = None) -> None:
        stored = vault.load()
        if stored is None:
            raise LoginError("nobody is logged in; run: pipedrive-tools login")
        self._app, self._vault = app, vault
        self._grant = self._adopted(stored)
        self._mutex = Lock()
        self._jitter = 1 + (random or Random()).random() / 5  # noqa: S311  # so that not all come at once
        self._not_before = 0.0
        self._unsaved: tuple[str, Grant] | None = None
        """A grant that came while the store could not be written, and the refresh token that it replaces."""

    @property
    def origin(self) -> str:
        """Where its calls go; may change with a refresh."""
        return self._grant.origin

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that the user granted."""
        return self._grant.scopes

    async def headers(self, port: Port) -> Mapping[str, str]:
        """The access token, refreshed first where it is about to expire."""
        grant = self._grant
        if not self._is_fresh(grant):
            await port.run(self._refresh, grant.access_token, is_early=True)
        return {"authorization": f"Bearer {self._grant.access_token}"}

    async def renewed(self, port: Port, refused: Mapping[str, str]) -> bool:
        """Get a new access token after a 401, unless another caller has by now."""
        await port.run(self._refresh, refused.get("authorization", "").removeprefix("Bearer "))
        return True

    def _is_fresh(self, grant: Grant) -> bool:
        early = min(EARLY_SECONDS, grant.lasts_seconds * EARLIEST_SHARE) * self._jitter
        return grant.is_good_for(early)

    def _refresh(self, seen: str, *, is_early: bool = False) -> None:
        """Replace the access token that was seen, unless somebody has."""
        with self._mutex:
            if self._grant.access_token != seen:
                return
            may_wait = is_early and self._grant.is_good_for(0)
            if may_wait and time.monotonic() < self._not_before:
                return
            try:
                with self._vault.locked():
                    self._grant = self._adopted(self._newer(seen))
            except (ConnectError, StoreError):
                self._not_before = time.monotonic() + AGAIN_SECONDS
                if not may_wait:
                    raise

    def _newer(self, seen: str) -> Grant:
        """A grant with another access token than the one seen: the stored one, or Pipedrive's next."""
        stored = self._vault.load()
        if stored is None:
            raise ReauthorizationError(f"somebody has logged out; {AGAIN}")
        stored = self._saved_late(stored)
        if stored.access_token != seen and stored.is_good_for(0):
            return stored
        self._vault.begin()
        try:
            with refreshing():
                fresh = self._app.granted("refresh_token", {"refresh_token": stored.refresh_token})
        except ReauthorizationError:
            again = self._vault.load()
            if again and again.refresh_token != stored.refresh_token:
                return again
            raise
        self._unsaved = (stored.refresh_token, fresh)
        self._vault.save(fresh)
        self._unsaved = None
        return fresh

    def _saved_late(self, stored: Grant) -> Grant:
        """Store now what could not be stored when it came; a login since then goes before it."""
        if self._unsaved is None:
            return stored
        replaced, fresh = self._unsaved
        if stored.refresh_token == replaced:
            self._vault.save(fresh)
            stored = fresh
        self._unsaved = None
        return stored

    def _adopted(self, stored: Grant) -> Grant:
        """A grant out of the store; the hosts that are allowed may be fewer than when it was put there."""
        return replace(stored, origin=self._app.home(stored.origin))
