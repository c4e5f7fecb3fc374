"""What a deal is to look like, decided before any record is written.

Days are counted back from today (`ago`) for what has happened, and forward (`open_days`) for what is due. A plan is
all that the truth is told from; the records are written from the same plan.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

from pipedrive_tools.sandbox.demo.account import STAGES, Stage
from pipedrive_tools.sandbox.demo.drawing import chance, drawn

Fate = Literal["open", "won", "lost", "deleted", "archived"]
Contact = Literal["live", "deleted", "none"]
Medium = Literal["activity", "note"]
Direction = Literal["incoming", "outgoing", "neither"]

_MORNING, _AFTERNOON = 9, 15
_OLDEST_DAYS = 540


@dataclass(frozen=True, slots=True)
class Past:
    """One thing that was done: a done activity or a note, on a day and in an hour (UTC)."""

    ago: int
    direction: Direction = "neither"
    medium: Medium = "activity"
    hour: int = _AFTERNOON
    due_in: int | None = None
    """Where the activity was due on another day than it was done: days after today."""
    is_marked: bool = True
    """False where the answer carries no time of doing, only the day it was due."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One deal: where it stands, what happened, what is open."""

    case: str
    stage: Stage
    added_ago: int
    moved_ago: int | None = None
    past: tuple[Past, ...] = ()
    open_days: tuple[int | None, ...] = ()
    """Due days of the activities not done; None for one without a due date."""
    has_deleted_activity: bool = False
    close_in: int | None = None
    is_close_blanked: bool = False
    """True where the date was emptied with "" and reads `0000-00-00`."""
    contact: Contact = "live"
    fate: Fate = "open"
    closed_ago: int = 0

    @property
    def idle_days(self) -> int:
        """Days since it was added, last moved, or last had an activity done."""
        done = [event.ago for event in self.past if event.medium == "activity"]
        moved = [] if self.moved_ago is None else [self.moved_ago]
        return min([self.added_ago, *moved, *done])


def open_plan(rng: Random) -> Plan:
    """Draw one open deal; about one in four has nothing open from today on."""
    stage = rng.choice(STAGES)
    needs_something = chance(rng, _NEEDY_SHARE)
    idle = _idle_days(rng, stage, cold_share=0.5 if needs_something else 0.1)
    touch = drawn(rng, (0.5, "activity"), (0.3, "move"), otherwise="new")
    is_new, by_activity = touch == "new", touch == "activity"
    added = idle if is_new else min(idle + rng.randrange(1, 240), _OLDEST_DAYS)
    return Plan(
        case="drawn",
        stage=stage,
        added_ago=added,
        moved_ago=_moved_ago(rng, idle, added, is_new=is_new, by_activity=by_activity),
        past=_past(rng, idle, added, by_activity=by_activity, owed_share=0.2 if needs_something else 0.05),
        open_days=_needy_open_days(rng) if needs_something else _healthy_open_days(rng),
        has_deleted_activity=chance(rng, 0.03),
        close_in=_close_in(rng, passed_share=0.35 if needs_something else 0.08),
        contact=_contact(rng, share=0.1 if needs_something else 0.04),
    )


_NEEDY_SHARE = 0.23


def closed_plan(rng: Random, fate: Fate) -> Plan:
    """Draw one deal that is won, lost, deleted or archived: nothing is due for it, whatever is left open."""
    added = rng.randrange(20, _OLDEST_DAYS)
    closed = rng.randrange(1, 19 if fate == "deleted" else added)
    past = (Past(rng.randrange(closed, added + 1), "outgoing"),) if chance(rng, 0.6) else ()
    return Plan(
        case=fate,
        stage=rng.choice(STAGES),
        added_ago=added,
        moved_ago=closed if chance(rng, 0.5) else None,
        past=past,
        open_days=(-rng.randrange(1, 60),) if chance(rng, 0.15) else (),
        close_in=rng.randrange(-90, 30) if chance(rng, 0.7) else None,
        contact=_contact(rng, share=0.04),
        fate=fate,
        closed_ago=closed,
    )


def _idle_days(rng: Random, stage: Stage, cold_share: float) -> int:
    limit = stage.rots_after_days or 30
    if chance(rng, cold_share):
        return limit + 1 + min(int(rng.expovariate(0.05)), 150)
    return rng.randrange(1, limit + 1)


def _moved_ago(rng: Random, idle: int, added: int, *, is_new: bool, by_activity: bool) -> int | None:
    if is_new:
        return None
    if not by_activity:
        return idle
    return None if chance(rng, 0.3) else rng.randrange(idle, added + 1)


def _healthy_open_days(rng: Random) -> tuple[int, ...]:
    first = 0 if chance(rng, 0.06) else rng.randrange(1, 31)
    if chance(rng, 0.08):
        return (-rng.randrange(1, 30), first)
    return (first, first + rng.randrange(0, 20)) if chance(rng, 0.1) else (first,)


def _needy_open_days(rng: Random) -> tuple[int | None, ...]:
    if chance(rng, 0.04):
        return (None,)
    count = drawn(rng, (0.54, 0), (0.36, 1), (0.05, 2), otherwise=3)
    return tuple(-1 - min(int(rng.expovariate(0.1)), 90) for _ in range(count))


def _close_in(rng: Random, passed_share: float) -> int | None:
    draw = drawn(rng, (passed_share, "passed"), (0.12, "near"), (0.12, "none"), otherwise="far")
    if draw == "passed":
        return -1 - min(int(rng.expovariate(0.06)), 120)
    if draw == "near":
        return rng.randrange(8)
    return None if draw == "none" else rng.randrange(8, 150)


def _contact(rng: Random, share: float) -> Contact:
    shares: tuple[tuple[float, Contact], ...] = ((share, "none"), (0.6 * share, "deleted"))
    return drawn(rng, *shares, otherwise="live")


def _past(rng: Random, idle: int, added: int, *, by_activity: bool, owed_share: float) -> tuple[Past, ...]:
    draw = drawn(rng, (owed_share, "owed"), (0.1, "answered"), otherwise="quiet")
    if draw == "owed":
        return _owed(rng, idle, added, by_activity=by_activity)
    if draw == "answered":
        return _answered(rng, idle, added, by_activity=by_activity)
    if not by_activity:
        return ()
    return (Past(idle, "outgoing" if chance(rng, 0.7) else "neither", hour=rng.randrange(7, 17)),)


def _owed(rng: Random, idle: int, added: int, *, by_activity: bool) -> tuple[Past, ...]:
    """Something came in last; what went out, if anything, is older."""
    came_in: tuple[Past, ...]
    if chance(rng, 0.5):
        ago = idle if by_activity else rng.randrange(idle, added + 1)
        came_in = (Past(ago, "incoming", hour=_MORNING),)
    else:
        ago = rng.randrange(1, added + 1)
        worked = (Past(idle),) if by_activity else ()
        came_in = (Past(ago, "incoming", "note", _MORNING), *worked)
    older = rng.randrange(ago, added + 1) if ago < added else ago
    went_out = Past(older, "outgoing", "activity" if older >= idle else "note", _MORNING - 1)
    return (*came_in, went_out) if chance(rng, 0.6) else came_in


def _answered(rng: Random, idle: int, added: int, *, by_activity: bool) -> tuple[Past, ...]:
    """Something came in, and something went out after it."""
    asked = rng.randrange(idle, added + 1)
    answer = Past(idle, "outgoing") if by_activity else Past(rng.randrange(1, asked + 1), "outgoing", "note")
    return (Past(asked, "incoming", "activity" if chance(rng, 0.5) else "note", _MORNING), answer)
