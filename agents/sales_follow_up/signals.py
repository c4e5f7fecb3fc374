"""Why a deal or a lead needs a follow-up, each reason with its evidence. Pure.

An activity is open while it is not done. What has an open activity due today or later is never here: somebody is on
it already, whatever else is true. Of a deal:

- `no_next_activity`: no open activity at all. One without a due date is open, and neither overdue nor ahead.
- `overdue_activity`: an open activity was due before today. `days` counts from the earliest, `records` are all ids.
- `gone_cold`: the stage has rotting on, and more days than it allows have passed since the deal was added, last
  changed stage, or last had an activity done. Exactly that number is not cold yet.
- `close_date_passed`, `close_date_near`: the expected close date was before today, or is within a week.
- `no_person`, `person_deleted`: there is nobody to talk to.
- `reply_owed`: something came in, within the last year, after the last thing that went out. Incoming are done
  activities of a type that begins with `incoming_`, and notes that begin with `Incoming:`; outgoing are done
  activities of the types `call`, `email`, `meeting` and `lunch`, and notes that begin with `Outgoing:`.

Of a lead:

- `lead_untouched`: more than 30 days have passed since it was added, changed, or had an activity done.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from sales_follow_up.facts import Deal, Lead

CLOSE_NEAR_DAYS: Final = 7
REPLY_OWED_DAYS: Final = 365
"""Who has waited for longer waits no more."""
LEAD_UNTOUCHED_DAYS: Final = 30

SignalKind = Literal[
    "reply_owed",
    "overdue_activity",
    "close_date_passed",
    "gone_cold",
    "close_date_near",
    "no_person",
    "person_deleted",
    "no_next_activity",
    "lead_untouched",
]


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason: how many days, since or until which day, shown by which records."""

    kind: SignalKind
    days: int = 0
    day: date | None = None
    records: tuple[int, ...] = ()


def signals(about: Deal | Lead, today: date) -> tuple[Signal, ...]:
    """Every reason to follow up today; none while an activity is ahead."""
    if about.next_day(today) is not None:
        return ()
    if isinstance(about, Lead):
        return _untouched(about, today)
    return (
        *_reply(about, today),
        *_activities(about, today),
        *_closing(about, today),
        *_cold(about, today),
        *_person(about),
    )


def _reply(deal: Deal, today: date) -> tuple[Signal, ...]:
    if deal.incoming is None or (deal.outgoing is not None and deal.outgoing >= deal.incoming):
        return ()
    came = deal.incoming.date()
    days = (today - came).days
    return (Signal("reply_owed", days, came),) if days <= REPLY_OWED_DAYS else ()


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
    touched = deal.touched
    if limit is None or touched is None or (today - touched).days <= limit:
        return ()
    return (Signal("gone_cold", (today - touched).days, touched),)


def _person(deal: Deal) -> tuple[Signal, ...]:
    if deal.person_id is None:
        return (Signal("no_person"),)
    return (Signal("person_deleted", records=(deal.person_id,)),) if deal.person_is_gone else ()


def _untouched(lead: Lead, today: date) -> tuple[Signal, ...]:
    touched = lead.touched
    if touched is None or (today - touched).days <= LEAD_UNTOUCHED_DAYS:
        return ()
    return (Signal("lead_untouched", (today - touched).days, touched),)
