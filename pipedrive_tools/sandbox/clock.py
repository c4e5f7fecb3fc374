"""The sandbox's time: it starts on the day the demo data is dated to, and runs on from there."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache


@dataclass(frozen=True)
class Clock:
    """Wall time shifted by whole days, and a monotonic time for windows and delays."""

    shift: timedelta = timedelta(0)
    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def on(cls, today: date | None) -> "Clock":
        """A clock whose day is `today`; the real one without it."""
        return cls() if today is None else cls(today - datetime.now(UTC).date())

    def now(self) -> datetime:
        """This moment, in UTC, whole seconds."""
        return datetime.fromtimestamp(int(self.wall()), UTC) + self.shift

    def today(self) -> date:
        """This day, in UTC."""
        return self.now().date()


def stamp(moment: datetime) -> str:
    """A moment as v2 writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def lead_stamp(moment: datetime) -> str:
    """A moment as v1 leads write it, with milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def plain_stamp(moment: datetime) -> str:
    """A moment as v1 notes and users write it: UTC, no zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def read_stamp(text: str) -> datetime:
    """A moment in any of the three forms."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def later_than(previous: str | None, now: datetime) -> datetime:
    """Now, or a second after the previous write: every write moves the time of its record."""
    if not previous:
        return now
    return max(now, read_stamp(previous) + timedelta(seconds=1))


@lru_cache(maxsize=4)
def http_stamp(moment: datetime) -> bytes:
    """A moment as the header `date` has it; the same text serves a whole second."""
    return format_datetime(moment.astimezone(UTC), usegmt=True).encode()
