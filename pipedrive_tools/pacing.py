"""Try again or give up, and how long to wait. Pure; the waits themselves are the port's.

A refusal (burst 429) may be repeated for any call. Silence and 5xx are repeated for reads only: a create
may have happened (RELIABILITY.md, section 2). A long wait is an error to show, never a sleep.
"""

from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import Final

from pipedrive_tools import errors
from pipedrive_tools.endpoint import Effect

FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 2.5
"""Longer waits are the caller's to decide; the burst window is two seconds."""
QUOTA: Final = 500
"""Points of one client for trying again; botocore's figures (RELIABILITY.md, section 2)."""
PRICE: Final = 14
PRICE_OF_LIMIT: Final = 5


@dataclass
class Patience:
    """How often one client may still try again, over all its calls; given back by success."""

    attempts: int = 3
    random: Random = field(default_factory=Random, repr=False)
    points: int = QUOTA
    _lock: Lock = field(default_factory=Lock, repr=False)

    def wait_seconds(self, error: errors.PipedriveToolsError, effect: Effect, attempt: int) -> float | None:
        """How long to wait before attempt number `attempt` + 1, or None to give up."""
        if attempt >= self.attempts or not may_repeat(error, effect):
            return None
        told = error.wait_seconds if isinstance(error, errors.StatusError) else None
        if told is not None and told > LONGEST_WAIT_SECONDS:
            return None
        price = PRICE_OF_LIMIT if isinstance(error, errors.RateLimitedError) else PRICE
        with self._lock:
            if self.points < price:
                return None
            self.points -= price
        backoff = FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1) * (0.5 + self.random.random() / 2)
        if isinstance(error, errors.RateLimitedError):
            backoff = max(backoff, told if told is not None else 2.0)
        return min(backoff, LONGEST_WAIT_SECONDS)

    def reward(self) -> None:
        """Give a point back for a call that went well."""
        if self.points < QUOTA:
            with self._lock:
                self.points = min(QUOTA, self.points + 1)


def may_repeat(error: errors.PipedriveToolsError, effect: Effect) -> bool:
    """Whether sending the same call again can do no harm and may help."""
    if isinstance(error, errors.BurstLimitError | errors.ConnectError):
        return True
    return error.retryable and not effect.writes
