"""What a login gives us, and where it is kept."""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What one user of one company has given us."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires: float
    """Seconds since the epoch."""
    lasts_seconds: float
    """How long it was good for when it came."""
    origin: str
    """Where its calls go; checked, and taken afresh from every answer."""
    scopes: frozenset[str] = frozenset()

    def is_good_for(self, seconds: float) -> bool:
        """Whether it will still serve in so many seconds; a clock that was set back does not keep it alive."""
        left = self.expires - time.time()
        return seconds < left <= self.lasts_seconds + 1


class Vault(Protocol):
    """Where a grant is kept, sealed, for every process of this account."""

    def load(self) -> Grant | None:
        """The grant as it is stored now."""
        ...

    def save(self, grant: Grant) -> None:
        """Store a grant; when this returns it outlives a power failure."""
        ...

    def begin(self) -> None:
        """Write down that a refresh begins; what cannot be written now could not be stored afterwards."""
        ...

    def forget(self) -> None:
        """Remove the grant."""
        ...

    def locked(self) -> AbstractContextManager[Any]:
        """Hold the only right to change the grant, across processes."""
        ...


@dataclass
class Unkept:
    """A `Vault` for a grant that is not stored yet: it has just come, and serves to ask whose it is."""

    grant: Grant | None

    def load(self) -> Grant | None:
        """The grant."""
        return self.grant

    def save(self, grant: Grant) -> None:
        """Take another one."""
        self.grant = grant

    def begin(self) -> None:
        """Nothing could be lost."""

    def forget(self) -> None:
        """Remove it."""
        self.grant = None

    def locked(self) -> AbstractContextManager[Any]:
        """Nobody else has it."""
        return nullcontext()
