"""Rate limits: the rolling two-second windows, the daily budget, the block, and their headers (FACTS.md, section 4)."""

from collections import deque
from datetime import datetime, timedelta
from math import ceil

from pipedrive_tools.errors import SandboxError
from pipedrive_tools.pacing import (
    ALLOWANCES,
    SEARCHES_PER_WINDOW,
    TOKENS_PER_SEAT,
    WINDOW_SECONDS,
    Allowance,
)
from pipedrive_tools.sandbox.answers import BLOCK_PAGE, Answer, gateway
from pipedrive_tools.sandbox.clock import Clock
from pipedrive_tools.sandbox.credentials import Credential
from pipedrive_tools.sandbox.switches import Switches

NO_LIMIT = 1_000_000
"""What the headers name as the window's size where the windows are off."""


def plan_named(name: str) -> Allowance:
    """The plan of this name."""
    try:
        return ALLOWANCES[name]
    except KeyError:
        raise SandboxError(f"no plan is called {name!r}; there are: {', '.join(ALLOWANCES)}") from None


class Window:
    """Calls of the last two seconds."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._calls: deque[float] = deque()

    def left(self, now: float) -> int:
        """How many calls still fit."""
        while self._calls and self._calls[0] <= now - WINDOW_SECONDS:
            self._calls.popleft()
        return self.limit - len(self._calls)

    def add(self, now: float) -> None:
        """Count one call."""
        self._calls.append(now)

    def reset_seconds(self, now: float) -> int:
        """When the oldest call leaves the window."""
        return max(1, ceil(self._calls[0] + WINDOW_SECONDS - now)) if self._calls else int(WINDOW_SECONDS)


class Caller:
    """What the limits remember of one credential."""

    def __init__(self, limit: int) -> None:
        self.window = Window(limit)
        self.searches = Window(SEARCHES_PER_WINDOW)
        self.ignored_refusals = 0
        self.blocked_until = 0.0


class Limits:
    """The limits of one company."""

    def __init__(self, plan: Allowance, seats: int, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self.budget = TOKENS_PER_SEAT * plan.multiplier * seats
        self.reset()

    def reset(self) -> None:
        """Forget every call."""
        self._callers: dict[Credential, Caller] = {}
        self._spent: dict[object, int] = {}

    def caller(self, credential: Credential) -> Caller:
        """What is remembered of this credential."""
        caller = self._callers.get(credential)
        if caller is None:
            limit = self._plan.oauth_calls if credential.is_bearer else self._plan.token_calls
            caller = self._callers[credential] = Caller(limit)
        return caller

    def admit(
        self, credential: Credential, cost: int, switches: Switches, *, is_search: bool
    ) -> Answer | None:
        """Count a call in; the answer of a refusal where it does not fit."""
        now = self._clock.monotonic()
        caller = self.caller(credential)
        if caller.blocked_until > now:
            return BLOCK_PAGE
        if switches.burst_limits and not self._fits(caller, switches, now, is_search=is_search):
            return self._refused(caller, credential, _burst(caller, switches, now), switches)
        if self.left(switches) < cost:
            return self._refused(caller, credential, self._daily(caller, switches, now), switches)
        caller.ignored_refusals = 0
        return None

    def left(self, switches: Switches) -> int:
        """Tokens left of the day."""
        return max(0, self.budget - self._spent.get(self._day(switches), 0))

    def spend(self, tokens: int, switches: Switches) -> None:
        """Take tokens from the day's budget."""
        if tokens:
            day = self._day(switches)
            self._spent[day] = self._spent.get(day, 0) + tokens

    def headers(self, credential: Credential | None, switches: Switches) -> list[tuple[bytes, bytes]]:
        """The headers that every answer carries."""
        now = self._clock.monotonic()
        window = self.caller(credential).window if credential else Window(self._plan.token_calls)
        if not switches.burst_limits:
            window = Window(NO_LIMIT)
        found = [
            (b"x-ratelimit-limit", b"%d" % window.limit),
            (b"x-ratelimit-remaining", b"%d" % max(0, window.left(now))),
        ]
        if switches.reset_header != "missing":
            reset = window.reset_seconds(now)
            if switches.reset_header == "epoch":
                reset += int(self._clock.wall())
            found.append((b"x-ratelimit-reset", b"%d" % reset))
        if switches.daily_headers:
            found.append((b"x-daily-ratelimit-token-limit", b"%d" % self.budget))
            found.append((b"x-daily-ratelimit-token-remaining", b"%d" % self.left(switches)))
        return found

    def _fits(self, caller: Caller, switches: Switches, now: float, *, is_search: bool) -> bool:
        windows = [caller.searches] if is_search else [caller.window]
        if is_search and switches.search_counts_twice:
            windows.append(caller.window)
        if any(window.left(now) <= 0 for window in windows):
            return False
        for window in windows:
            window.add(now)
        return True

    def _refused(self, caller: Caller, credential: Credential, answer: Answer, switches: Switches) -> Answer:
        caller.ignored_refusals += 1
        if (
            switches.block_after
            and not credential.is_bearer
            and caller.ignored_refusals > switches.block_after
        ):
            caller.blocked_until = self._clock.monotonic() + switches.block_minutes * 60
            return BLOCK_PAGE
        return answer

    def _daily(self, caller: Caller, switches: Switches, now: float) -> Answer:
        if switches.daily_429 == "burst":
            return _burst(caller, switches, now)
        until = self._until_midnight(switches)
        wait = [(b"retry-after", b"%d" % until)] if switches.retry_after else []
        return gateway(429, "daily request budget exceeded", headers=wait)

    def _day(self, switches: Switches) -> object:
        return self._there(switches).date()

    def _there(self, switches: Switches) -> datetime:
        hours = int(switches.reset_zone[:3])
        return self._clock.now() + timedelta(hours=hours)

    def _until_midnight(self, switches: Switches) -> int:
        there = self._there(switches)
        midnight = (there + timedelta(days=1)).replace(hour=0, minute=0, second=0)
        return int((midnight - there).total_seconds())


def _burst(caller: Caller, switches: Switches, now: float) -> Answer:
    wait = []
    if switches.retry_after:
        wait = [(b"retry-after", b"%d" % caller.window.reset_seconds(now))]
    if switches.burst_429 == "empty":
        return Answer(429, b"", tuple(wait))
    return gateway(429, "request over limit", headers=wait)
