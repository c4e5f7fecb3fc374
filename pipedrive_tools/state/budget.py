"""The day's budget of one account: what was spent, what is under way, and whether everybody has to stop. Pure.

Times are seconds since the epoch. Nobody names the zone of the server whose midnight ends the day: it is taken
for UTC until an answer says how long an empty day lasts (FACTS.md, section 4).
"""

from dataclasses import dataclass
from typing import Final, Literal

DAY_SECONDS: Final = 86_400.0
WARN_AT: Final = (0.75, 0.9)
"""Shares of the budget from which on results say so."""

Stop = Literal["", "day", "block"]
"""Why everybody has stopped."""


@dataclass
class Budget:
    """One account's day; kept between calls."""

    resets_at: float = 0.0
    """When the day ends."""
    spent: int = 0
    reserved: int = 0
    """Tokens of calls under way; those of a killed process stay until the day ends, they may have been spent."""
    told_limit: int = 0
    """The budget, as Pipedrive's answers name it; 0 while none has."""
    stop: Stop = ""
    stopped_at: float = 0.0
    stopped_until: float = 0.0

    @property
    def used(self) -> int:
        """What is spent, for all that we know."""
        return self.spent + self.reserved

    def turn(self, now: float) -> None:
        """Begin a new day where the old one has ended."""
        ended = now >= self.resets_at
        if ended or now < self.resets_at - DAY_SECONDS:
            self.resets_at = now + DAY_SECONDS - (now - self.resets_at) % DAY_SECONDS
        if ended:
            self.spent = self.reserved = 0

    def stopped(self, now: float) -> Stop:
        """Why everybody stops at present; a clock that went back ends it."""
        return self.stop if self.stopped_at <= now < self.stopped_until else ""

    def halt(self, why: Stop, now: float, until: float) -> None:
        """Stop everybody, unless they are stopped for longer already."""
        if not self.stopped(now) or until > self.stopped_until:
            self.stop, self.stopped_at, self.stopped_until = why, now, until

    def end_day(self, now: float, wait_seconds: float | None) -> None:
        """Pipedrive says that the day is empty; how long it lasts may come with that."""
        if wait_seconds and wait_seconds <= DAY_SECONDS:
            self.resets_at = now + wait_seconds
        self.turn(now)
        self.halt("day", now, self.resets_at)

    def limit(self, planned: int | None) -> int | None:
        """The budget: what Pipedrive says, else what the plan gives, else unknown."""
        return self.told_limit or planned

    def has_room(self, cost: int, ceiling: int | None) -> bool:
        """Whether a call of this cost can be sent."""
        return ceiling is None or self.used + cost <= ceiling

    def settle(self, reserved: int, spent: int, *, day: float) -> None:
        """A call is over that was reserved in the day which ends at `day`."""
        if day == self.resets_at:
            self.reserved = max(0, self.reserved - reserved)
        self.spent += spent

    def told(self, limit: int, left: int) -> None:
        """Take over what an answer says about the day; whoever else spends from it is seen only here."""
        self.told_limit = limit
        self.spent = max(self.spent, limit - left)


@dataclass(frozen=True)
class Today:
    """What a person may want to know of the day."""

    used: int
    limit: int
    resets_at: float

    @property
    def share(self) -> float:
        """How much of the budget is used."""
        return self.used / self.limit if self.limit else 1.0

    @property
    def warning(self) -> str:
        """The share that was passed last, as a warning; empty below all of them."""
        passed = [each for each in WARN_AT if self.share >= each]
        return f"over {max(passed):.0%}" if passed else ""
