"""The limiter: a place in the burst window and tokens of the day for each call, before it is sent.

What it keeps lives in a `Home`: in memory where nothing is shared, else in a file of its account
(`state.slots`). A block or an empty day that Pipedrive tells of is kept there too, and stops everybody.
"""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Final, Protocol, TypeVar

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.errors import (
    BlockedError,
    BudgetSpentError,
    BurstLimitError,
    DailyLimitError,
    NoPlaceError,
    PipedriveToolsError,
    StillBlockedError,
    StoreError,
)
from pipedrive_tools.ports import Port
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.budget import DAY_SECONDS, Budget, Today
from pipedrive_tools.state.rules import Caller, Rules
from pipedrive_tools.state.window import Windows
from pipedrive_tools.wire import Response

T = TypeVar("T")

REFUSED: Final = 400
TOO_MANY: Final = 429
LONGEST_NUMBER: Final = 12
"""Digits of a header that can be a number of calls or tokens."""


class Home(Protocol):
    """Where windows and budget live; `act` is one transaction on both."""

    @property
    def clock(self) -> "Clock | None":
        """The clock of all who share it; None for the machine's own. Outside of `act` it may be fast, not slow."""
        ...

    async def act(self, work: Callable[[Windows, Budget], T], port: Port) -> T:
        """Do work on them, alone; what it raises leaves them as they were, or nearly."""
        ...

    async def settle(self, work: Callable[[Windows, Budget], None], port: Port) -> None:
        """Do work on them that nobody waits for, now or in a moment."""
        ...


class Memory:
    """A home for one client, shared with nobody."""

    clock = None

    def __init__(self) -> None:
        self._windows, self._budget = Windows(), Budget()
        self._lock = Lock()

    async def act(self, work: Callable[[Windows, Budget], T], port: Port) -> T:  # noqa: ARG002  # a file needs it
        """Do work on windows and budget, alone."""
        with self._lock:
            return work(self._windows, self._budget)

    async def settle(self, work: Callable[[Windows, Budget], None], port: Port) -> None:
        """Do it now."""
        await self.act(work, port)


@dataclass(frozen=True)
class Clock:
    """Two times: one that all processes of a host share, and that of the calendar."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Place:
    """A call that may be sent."""

    lease: float
    day: float
    """End of the day that its tokens were taken from."""
    cost: int
    is_search: bool


@dataclass
class Seen:
    """The day as the last call left it."""

    today: Today | None = None
    """None while the budget is unknown."""


@dataclass(frozen=True)
class Limiter:
    """A `line.Pace` that keeps the windows and the budget of one caller."""

    home: Home = field(default_factory=Memory)
    rules: Rules = field(default_factory=Rules)
    clock: Clock = field(default_factory=Clock)
    is_recovery: bool = False
    """Whether reads may spend what is kept for recovery."""
    latest: float = math.inf
    """The moment of the monotonic clock beyond which no call waits."""
    seen: Seen = field(default_factory=Seen)
    """What the last call saw of the day."""

    @classmethod
    def of(cls, settings: Settings, caller: Caller, home: Home | None = None) -> "Limiter":
        """The limiter of a caller, in memory unless a home is given."""
        return cls(home or Memory(), Rules.of(settings, is_api_token=caller.is_api_token))

    def for_recovery(self) -> "Limiter":
        """The same for looking at unknown writes, which may spend what is kept for it."""
        return replace(self, is_recovery=True)

    def until(self, latest: float) -> "Limiter":
        """The same for calls that wait no longer than that."""
        return Limiter(self.home, self.rules, self.clock, self.is_recovery, latest, self.seen)

    @property
    def today(self) -> Today | None:
        """The day as the last call left it; None while the budget is unknown."""
        return self.seen.today

    @property
    def shared_clock(self) -> Clock:
        """The clock of all who share the home."""
        return self.home.clock or self.clock

    async def take(self, endpoint: Endpoint[..., object], port: Port) -> Place:
        """Wait for a place and reserve the tokens; raises where nothing may be sent for now."""
        asked = [] if self.home.clock else [self.clock.monotonic()]
        while True:
            found = await self.home.act(lambda *books: self._admit(endpoint, asked, *books), port)
            if isinstance(found, Place):
                return found
            if self.clock.monotonic() + found > self.latest:
                raise NoPlaceError(
                    f"{endpoint.name}: too many calls are under way and its turn did not come; nothing was sent",
                    status=TOO_MANY,
                )
            await port.sleep(found)

    async def done(self, place: Place, response: Response | None, port: Port) -> None:
        """The call was answered, or will not be; what is not known to be free was spent."""
        answered = self.shared_clock.monotonic()
        with suppress(StoreError):  # what was sent has its answer, whether or not the books can be kept
            await self.home.settle(lambda *books: self._answered(place, response, answered, *books), port)

    async def unsent(self, place: Place, port: Port) -> None:
        """Not a byte of the call has left."""
        await self._after(lambda *books: self._undone(place, *books), port)

    async def told(self, error: PipedriveToolsError, port: Port) -> None:
        """Keep what a refusal of Pipedrive means for everybody; our own refusals mean nothing new."""
        limited = isinstance(error, BlockedError | DailyLimitError | BurstLimitError)
        if limited and error.outcome != "not sent":
            await self._after(lambda *books: self._halt(error, *books), port)

    async def _after(self, work: Callable[[Windows, Budget], None], port: Port) -> None:
        """A call that was sent has its answer, whether or not the books can be kept; its lease ends by itself."""
        try:
            await self.home.act(work, port)
        except StoreError:
            return

    def _admit(
        self, endpoint: Endpoint[..., object], asked_at: list[float], windows: Windows, budget: Budget
    ) -> Place | float:
        now, wall = self.shared_clock.monotonic(), self.shared_clock.wall()
        asked_at[:] = asked_at or [now]
        asked = asked_at[0]
        budget.turn(wall)
        cost, is_search = endpoint.cost, endpoint.is_search
        self._refuse(endpoint, budget, wall)
        windows.know(self.rules.calls)
        if wait := windows.wait_seconds(now, asked, is_search=is_search):
            return wait
        lease = now + self.rules.lease_seconds
        windows.enter(asked, lease, is_search=is_search)
        budget.reserved += cost
        self._see(budget)
        return Place(lease, budget.resets_at, cost, is_search)

    def _refuse(self, endpoint: Endpoint[..., object], budget: Budget, wall: float) -> None:
        """Raise where the call would meet a block, an empty day or the end of the budget."""
        why = budget.stopped(wall)
        if why == "block":
            raise StillBlockedError(
                f"{endpoint.name}: Pipedrive has blocked this account (403 as a web page) and every program waits "
                f"until {_moment(budget.stopped_until)}; nothing was sent",
                status=403,
                wait_seconds=round(budget.stopped_until - wall),
            )
        limit = budget.limit(self.rules.tokens)
        may_use_all = self.is_recovery and not endpoint.effect.writes
        if not why and budget.has_room(endpoint.cost, self.rules.ceiling(limit, may_use_all=may_use_all)):
            return
        until = budget.stopped_until if why else budget.resets_at
        used = "" if limit is None else f" ({budget.used:,} of {limit:,} tokens used)"
        raise BudgetSpentError(
            f"{endpoint.name}: the company's Pipedrive budget for today is spent{used}; "
            f"it starts again at {_moment(until)}; nothing was sent",
            status=TOO_MANY,
            wait_seconds=round(until - wall),
        )

    def _answered(
        self,
        place: Place,
        response: Response | None,
        answered: float,
        windows: Windows,
        budget: Budget,
    ) -> None:
        windows.know(self.rules.calls)
        windows.leave(place.lease, answered + self.rules.window_seconds, is_search=place.is_search)
        budget.settle(place.cost, place.cost if self._is_charged(response) else 0, day=place.day)
        if response is not None:
            self._learn(response, windows, budget)
        self._see(budget)

    def _see(self, budget: Budget) -> None:
        limit = budget.limit(self.rules.tokens)
        self.seen.today = Today(budget.used, limit, budget.resets_at) if limit else None

    def _is_charged(self, response: Response | None) -> bool:
        if response is None or response.status < REFUSED:
            return True
        return self.rules.failed_calls_cost and response.status != TOO_MANY

    def _learn(self, response: Response, windows: Windows, budget: Budget) -> None:
        """What the headers say goes over what we think."""
        if response.status < REFUSED:
            windows.strikes = 0
        if calls := _number(response, "x-ratelimit-limit"):
            windows.learned = calls
        limit = _number(response, "x-daily-ratelimit-token-limit")
        left = _number(response, "x-daily-ratelimit-token-remaining")
        if limit and left is not None:
            budget.told(limit, left)

    def _undone(self, place: Place, windows: Windows, budget: Budget) -> None:
        windows.leave(place.lease, None, is_search=place.is_search)
        budget.settle(place.cost, 0, day=place.day)

    def _halt(self, error: PipedriveToolsError, windows: Windows, budget: Budget) -> None:
        wall = self.shared_clock.wall()
        if isinstance(error, BlockedError):
            wait = min(error.wait_seconds or 0.0, DAY_SECONDS)
            budget.halt("block", wall, wall + max(self.rules.block_seconds, wait))
        elif isinstance(error, DailyLimitError):
            budget.end_day(wall, error.wait_seconds)
        elif windows.strike(self.shared_clock.monotonic()):
            budget.end_day(wall, None)


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _number(response: Response, header: str) -> int | None:
    """The whole number in a header; what is none says nothing."""
    text = response.headers.get(header, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else None
