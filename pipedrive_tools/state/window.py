"""Rolling windows: which calls of one credential fill them, and how long the next one waits. Pure.

A place is held from before the send until the answer, and for a window after it. Pipedrive counts a call somewhere
between the two, so at no moment can it see more calls in a window than there are places (RELIABILITY.md,
section 3). Times are of the monotonic clock, which all processes of a host share.
"""

from array import array
from bisect import bisect_right, insort
from typing import Final

from pipedrive_tools.pacing import CALLS_OF_ANY_PLAN, MOST_CALLS, SEARCHES_PER_WINDOW, WINDOW_SECONDS

LOOK_SECONDS: Final = 0.25
"""A waiting call looks this often at least whether its turn has come."""
GRACE_SECONDS: Final = 0.03
"""Who is so late loses the turn: its process has died or is very busy, and the place would stay empty."""
LONGEST_LEASE_SECONDS: Final = 60.0
"""By then a request has reached Pipedrive or never will."""
FURTHEST_SECONDS: Final = LONGEST_LEASE_SECONDS + 2 * WINDOW_SECONDS
"""A time beyond this was written before the clock began anew, when the machine did."""
STRIKES: Final = 3
"""So many full windows that we have not filled, one after the other, are an empty day (FACTS.md, section 4)."""


class Window:
    """One rolling window; the order in which calls asked is the order in which they go."""

    __slots__ = ("ends", "leases", "limit", "queue")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.ends = array("d")
        """When each answered call leaves the window, in order."""
        self.leases: list[float] = []
        """When each call under way does so at the latest, should its process have died."""
        self.queue: dict[float, float] = {}
        """When each waiting call asked, and until when it has to look again."""

    def wait_seconds(self, now: float, asked: float) -> float:
        """How long a call must wait; 0 when there is room for it and for all that asked before."""
        ends = self.ends
        if ends and ends[0] <= now:
            del ends[: bisect_right(ends, now)]
        if self.leases and min(self.leases) <= now:
            self.leases = [each for each in self.leases if each > now]
        ahead = self._ahead(now, asked) if self.queue else 0
        place = len(ends) + len(self.leases) + ahead - self.limit
        if place < 0:
            return 0.0
        return min(ends[place] - now, LOOK_SECONDS) if place < len(ends) else LOOK_SECONDS

    def _ahead(self, now: float, asked: float) -> int:
        if min(self.queue.values()) <= now:
            self.queue = {each: until for each, until in self.queue.items() if until > now}
        return sum(each < asked for each in self.queue)

    def line_up(self, asked: float, until: float) -> None:
        """Keep the turn of a call that looks again before `until`."""
        self.queue[asked] = until

    def enter(self, asked: float, lease: float) -> None:
        """Take a place until `lease`, or until it is left."""
        self.queue.pop(asked, None)
        self.leases.append(lease)

    def leave(self, lease: float, end: float | None) -> None:
        """Give a place back: the call leaves the window at `end`, or was never sent."""
        if lease in self.leases:
            self.leases.remove(lease)
        if end is not None and self.limit <= MOST_CALLS:
            insort(self.ends, end)

    def pack(self) -> "array[float]":
        """The window as numbers."""
        packed = array("d", (len(self.ends), len(self.leases), len(self.queue)))
        packed += self.ends
        packed.extend(self.leases)
        packed.extend(self.queue)
        packed.extend(self.queue.values())
        return packed

    def unpack(self, packed: "array[float]", start: int, now: float) -> int:
        """Fill the window from the numbers at `start` and say where the next begins; a clock that began anew clears."""
        ends, leases, waiting = map(int, packed[start : start + 3])
        first = start + 3 + ends + leases
        size = first + 2 * waiting
        if min(ends, leases, waiting) < 0 or len(packed) < size:
            raise ValueError("cut short")
        latest = now + FURTHEST_SECONDS
        times = packed[start + 3 : start + 3 + ends]
        self.ends = times if not times or times[-1] < latest else array("d")
        self.leases = [each for each in packed[start + 3 + ends : first] if each < latest]
        pairs = zip(packed[first : first + waiting], packed[first + waiting : size], strict=True)
        self.queue = {asked: until for asked, until in pairs if until < latest}
        return size


class Windows:
    """The windows of one credential: the general one, and that of searches inside it."""

    __slots__ = ("calls", "closed_until", "learned", "searches", "strikes", "struck_at")

    def __init__(self) -> None:
        self.calls = Window(CALLS_OF_ANY_PLAN)
        self.searches = Window(SEARCHES_PER_WINDOW)
        self.learned = 0
        """Calls in a window, as Pipedrive's answers name them; 0 while none has."""
        self.closed_until = 0.0
        """Everybody waits until then, after a full window that we have not filled."""
        self.strikes = 0
        self.struck_at = 0.0

    def know(self, planned: int | None) -> None:
        """Set the limits by plan and by what was learned; the smaller one holds."""
        known = [each for each in (planned, self.learned) if each]
        self.calls.limit = min(known) if known else CALLS_OF_ANY_PLAN
        self.searches.limit = SEARCHES_PER_WINDOW if self.calls.limit <= MOST_CALLS else self.calls.limit

    def wait_seconds(self, now: float, asked: float, *, is_search: bool) -> float:
        """How long a call must wait; its turn is kept. A search stands in the general queue only when it may search."""
        if now < self.closed_until < now + FURTHEST_SECONDS:
            wait, queue = min(self.closed_until - now, LOOK_SECONDS), self.calls
        elif is_search and (wait := self.searches.wait_seconds(now, asked)):
            queue = self.searches
            self.calls.queue.pop(asked, None)
        elif wait := self.calls.wait_seconds(now, asked):
            queue = self.calls
            if is_search:
                self.searches.line_up(asked, now + wait + GRACE_SECONDS)
        else:
            return 0.0
        queue.line_up(asked, now + wait + GRACE_SECONDS)
        return wait

    def enter(self, asked: float, lease: float, *, is_search: bool) -> None:
        """Take a place."""
        self.calls.enter(asked, lease)
        if is_search:
            self.searches.enter(asked, lease)

    def leave(self, lease: float, end: float | None, *, is_search: bool) -> None:
        """Give a place back."""
        self.calls.leave(lease, end)
        if is_search:
            self.searches.leave(lease, end)

    def strike(self, now: float) -> bool:
        """Pipedrive says that a window is full which we have kept to; whether that is an empty day by now."""
        if now < self.struck_at + WINDOW_SECONDS and self.struck_at <= now:
            return False
        self.strikes, self.struck_at = self.strikes + 1, now
        self.closed_until = now + WINDOW_SECONDS
        return self.strikes >= STRIKES

    def pack(self) -> bytes:
        """The windows as bytes, for the store."""
        own = array("d", (self.learned, self.closed_until, self.strikes, self.struck_at))
        return (own + self.calls.pack() + self.searches.pack()).tobytes()

    @classmethod
    def unpack(cls, packed: bytes, now: float) -> "Windows":
        """The windows as they were packed; what cannot be read counts as empty."""
        found = cls()
        try:
            numbers = array("d", packed)
            learned, found.closed_until, strikes, found.struck_at = numbers[:4]
            found.learned, found.strikes = int(learned), int(strikes)
            found.searches.unpack(numbers, found.calls.unpack(numbers, 4, now), now)
        except (ValueError, OverflowError):
            return cls()
        return found
