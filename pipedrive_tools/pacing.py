"""Try again or give up, how long to wait, and what a plan allows. Pure; the waits themselves are the port's.

A refusal (burst 429) may be repeated for any call. Silence and 5xx are repeated for reads only: a create
may have happened (RELIABILITY.md, section 2). A long wait is an error to show, never a sleep.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from types import MappingProxyType
from typing import Final

from pipedrive_tools import errors
from pipedrive_tools.endpoint import Effect

FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 2.5
"""Longer waits are the caller's to decide."""
WINDOW_SECONDS: Final = 2.0
"""How long the burst window is (FACTS.md, section 4)."""
SEARCHES_PER_WINDOW: Final = 10
"""What every credential may search, on any plan."""
CALLS_OF_ANY_PLAN: Final = 20
"""What every plan lets through in a window; all that is known of a plan nobody named."""
TOKENS_PER_SEAT: Final = 30_000
"""Daily budget of one seat, before the plan multiplies it."""
QUOTA: Final = 500
"""Points of one client for trying again; botocore's figures (RELIABILITY.md, section 2)."""
PRICE: Final = 14
PRICE_OF_LIMIT: Final = 5


@dataclass(frozen=True)
class Allowance:
    """What a plan allows (FACTS.md, section 4)."""

    multiplier: int
    """Times the budget of a seat."""
    token_calls: int
    """Calls in a window with an API token."""
    oauth_calls: int
    """Calls in a window with an access token."""


ALLOWANCES: Final[Mapping[str, Allowance]] = MappingProxyType(
    {
        "lite": Allowance(1, CALLS_OF_ANY_PLAN, 80),
        "growth": Allowance(2, 40, 160),
        "premium": Allowance(5, 100, 400),
        "ultimate": Allowance(7, 120, 480),
    }
)
MOST_CALLS: Final = max(each.oauth_calls for each in ALLOWANCES.values())
"""A server that names more than any plan allows keeps no windows at all, as a sandbox may."""


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
        if told is None and isinstance(error, errors.RateLimitedError):
            told = WINDOW_SECONDS
        return min(max(backoff, told or 0.0), LONGEST_WAIT_SECONDS)

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
