"""Who may deliver: the Basic credentials of our webhooks, compared in constant time (RELIABILITY.md, section 5)."""

import binascii
import hmac
import secrets
import time
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Final, Self

from pipedrive_tools.settings import Settings
from pipedrive_tools.state.hooks import Hooks, Live
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.store import Store

REREAD_SECONDS: Final = 5.0
"""How long a credential that was withdrawn may still count."""
MISS_SECONDS: Final = 1.0
"""How soon an unknown credential has the store read again: it may be a new one, or somebody who guesses."""
LONGEST_HEADER: Final = 512
"""Characters; ours have a hundred."""


class HookCredentials:
    """The credentials that count; every check compares with all of them."""

    def __init__(
        self, live: Callable[[], Iterable[Live]], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._live, self._monotonic = live, monotonic
        self._key = secrets.token_bytes(32)
        self._known: tuple[tuple[str, bytes], ...] = ()
        self._read_at = float("-inf")

    @classmethod
    def of(cls, settings: Settings, store: Store) -> Self:
        """The credentials of the webhooks of one account."""
        return cls(Hooks(store, Logins(settings, store).books(), keys=settings.state_key).live)

    def check(self, authorization: str | None) -> str | None:
        """The name of the webhook whose credential a header `Authorization` shows; None where it shows none of ours."""
        given = self._digest(_presented(authorization or ""))
        if self._age() > REREAD_SECONDS:
            self._read()
        found = self._among(given)
        if found is None and self._age() > MISS_SECONDS:
            self._read()
            found = self._among(given)
        return found

    def _among(self, given: bytes) -> str | None:
        """Compares with every one, found or not, so that the time taken tells nothing of them."""
        found = None
        for name, known in self._known:
            if hmac.compare_digest(given, known):
                found = name
        return found

    def _read(self) -> None:
        self._known = tuple((each.name, self._digest(each.secret)) for each in self._live())
        self._read_at = self._monotonic()

    def _age(self) -> float:
        return self._monotonic() - self._read_at

    def _digest(self, secret: bytes) -> bytes:
        """Under a key of this process: what is compared cannot be steered from outside."""
        return hmac.digest(self._key, secret, "sha256")


def _presented(header: str) -> bytes:
    """User and password of a header, or nothing, which is never a credential of ours."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > LONGEST_HEADER:
        return b""
    try:
        return b64decode(coded.strip().encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return b""
