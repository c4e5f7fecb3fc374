"""Why a deal needs a follow-up, each reason with its evidence. Pure.

An activity is open while it is not done. A deal with an open activity due today or later is never here: somebody
is on it already, whatever else is true.

- `no_next_activity`: no open activity at all. One without a due date is open, and neither overdue nor ahead.
- `overdue_activity`: an open activity was due before today. `days` counts from the earliest, `records` are all ids.
- `gone_cold`: the stage has rotting on, and more days than it allows have passed since the deal was added, last
  changed stage, or last had an activity done. Exactly that number is not cold yet.
- `close_date_passed`, `close_date_near`: the expected close date was before today, or is within a week.
- `no_person`, `person_deleted`: there is nobody to talk to.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from sales_follow_up.facts import Deal

CLOSE_NEAR_DAYS: Final = 7

SignalKind = Literal[
    "overdue_activity",
    "close_date_passed",
    "gone_cold",
    "close_date_near",
    "no_person",
    "person_deleted",
    "no_next_activity",
]


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason: how many days, since or until which day, shown by which records."""

    kind: SignalKind
    days: int = 0
    day: date | None = None
    records: tuple[int, ...] = ()


def signals(deal: Deal, today: date) -> tuple[Signal, ...]:
    """Every reason to follow a deal up today; none while an activity is ahead."""
    if deal.next_day(today) is not None:
        return ()
    return (*_activities(deal, today), *_closing(deal, today), *_cold(deal, today), *_person(deal))


def _activities(deal: Deal, today: date) -> tuple[Signal, ...]:
    if not deal.open_activities:
        return (Signal("no_next_activity"),)
    late = [(each.due, each.id) for each in deal.open_activities if each.due is not None]
    if not late:
        return ()
    first = min(late)[0]
    return (
        Signal("overdue_activity", (today - first).days, first, tuple(sorted(number for _, number in late))),
    )


def _closing(deal: Deal, today: date) -> tuple[Signal, ...]:
    if deal.expected_close is None:
        return ()
    ahead = (deal.expected_close - today).days
    if ahead > CLOSE_NEAR_DAYS:
        return ()
    return (Signal("close_date_passed" if ahead < 0 else "close_date_near", abs(ahead), deal.expected_close),)


def _cold(deal: Deal, today: date) -> tuple[Signal, ...]:
    limit = deal.stage.rots_after_days if deal.stage else None
    touched = [day for day in (deal.added, deal.moved, deal.last_done) if day is not None]
    if limit is None or not touched or (today - max(touched)).days <= limit:
        return ()
    return (Signal("gone_cold", (today - max(touched)).days, max(touched)),)


def _person(deal: Deal) -> tuple[Signal, ...]:
    if deal.person_id is None:
        return (Signal("no_person"),)
    return (Signal("person_deleted", records=(deal.person_id,)),) if deal.person_is_gone else ()
