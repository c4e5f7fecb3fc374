"""Which open deals need a follow-up, and why: the answer sheet of the demo data.

Told from the plans, not found in the records; a test finds it again in the records by the rules below. Every rule
can be worked out from answers of the API alone.

**Reviewed** is a deal with status `open` that is neither deleted nor archived. Deleted activities do not exist.
All days are UTC days, and `today` is the day the data was made for. An activity is open while it is not `done`.

**Held back**: a deal with an open activity whose `due_date` is today or later has no signals, whatever else is
true of it; what else is true stands in `held_back`. For every other reviewed deal:

- `no_next_activity`: it has no open activity. One without a due date is open, but neither overdue nor ahead.
- `overdue_activity`: an open activity has a `due_date` before today. `days` counts from the earliest, `records` are
  the ids of all.
- `gone_cold`: its stage has `is_deal_rot_enabled` and a number in `days_to_rotten`, and more days than that have
  passed since the latest of: the day of `add_time`, the day of `stage_change_time` where there is one, and the day
  its last activity was done, which is the day of `marked_as_done_time` or, where that is null, the `due_date`. Exactly
  that number of days is not cold. `days` are those passed.
- `close_date_passed`: `expected_close_date` is before today; `days` says by how many. Null and `0000-00-00` are no
  date.
- `close_date_near`: `expected_close_date` is today or at most `CLOSE_NEAR_DAYS` days ahead; `days` says how many.
- `no_person`: `person_id` is null.
- `person_deleted`: the person of `person_id` is deleted, so no list of persons gives it. `records` holds its id.
- `reply_owed`: the latest incoming thing came after the latest outgoing one, or nothing ever went out, and it came at
  most `REPLY_OWED_DAYS` days ago. Incoming are
  done activities whose type begins with `incoming_` and notes whose text begins with `Incoming:`; outgoing are done
  activities of type `call`, `email`, `meeting` or `lunch` and notes whose text begins with `Outgoing:`. The text of
  a note is its `content` without tags, entities decoded, outer white space removed. The instant of an activity is
  `marked_as_done_time` (one without it counts as neither), of a note `add_time`. `days` counts from the latest
  incoming.

A lead is **untouched** when it is not archived, has no open activity due today or later, and more than
`LEAD_UNTOUCHED_DAYS` days have passed since the latest of: the days of `add_time` and `update_time`, and the day its
last activity was done.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pipedrive_tools.sandbox.demo.plans import Past, Plan

CLOSE_NEAR_DAYS = 7
LEAD_UNTOUCHED_DAYS = 30
REPLY_OWED_DAYS = 365

SignalKind = Literal[
    "no_next_activity",
    "overdue_activity",
    "gone_cold",
    "close_date_passed",
    "close_date_near",
    "no_person",
    "person_deleted",
    "reply_owed",
]


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to follow up, with its evidence: how many days, since or until which day, which records."""

    kind: SignalKind
    days: int = 0
    day: date | None = None
    records: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DealTruth:
    """What holds for one deal. `case` names the border it stands at, or how it was drawn."""

    deal_id: int
    case: str
    is_reviewed: bool
    signals: tuple[Signal, ...] = ()
    held_back: tuple[Signal, ...] = ()
    next_activity_day: date | None = None

    @property
    def needs_follow_up(self) -> bool:
        """Whether an agent should propose something."""
        return bool(self.signals)


@dataclass(frozen=True, slots=True)
class LeadTruth:
    """What holds for one lead."""

    lead_id: str
    is_archived: bool
    idle_days: int
    next_activity_day: date | None = None

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has looked at it for too long."""
        is_waiting = not self.is_archived and self.next_activity_day is None
        return is_waiting and self.idle_days > LEAD_UNTOUCHED_DAYS


def deal_truth(
    plan: Plan, *, deal_id: int, person_id: int | None, open_activity_ids: tuple[int, ...], today: date
) -> DealTruth:
    """Tell the truth of one plan; `open_activity_ids` follow the plan's `open_days`."""
    if plan.fate != "open":
        return DealTruth(deal_id, plan.case, is_reviewed=False)
    found = (
        *_activities(plan, open_activity_ids, today),
        *_cold(plan, today),
        *_closing(plan, today),
        *_person(plan, person_id),
        *_reply(plan, today),
    )
    ahead = [due for due in plan.open_days if due is not None and due >= 0]
    if not ahead:
        return DealTruth(deal_id, plan.case, is_reviewed=True, signals=found)
    next_day = today + timedelta(days=min(ahead))
    return DealTruth(deal_id, plan.case, is_reviewed=True, held_back=found, next_activity_day=next_day)


def _activities(plan: Plan, ids: tuple[int, ...], today: date) -> tuple[Signal, ...]:
    if not plan.open_days:
        return (Signal("no_next_activity"),)
    late = [
        (due, number) for due, number in zip(plan.open_days, ids, strict=True) if due is not None and due < 0
    ]
    if not late:
        return ()
    first = min(due for due, _ in late)
    numbers = tuple(sorted(number for _, number in late))
    return (Signal("overdue_activity", -first, today + timedelta(days=first), numbers),)


def _cold(plan: Plan, today: date) -> tuple[Signal, ...]:
    limit, idle = plan.stage.rots_after_days, plan.idle_days
    if limit is None or idle <= limit:
        return ()
    return (Signal("gone_cold", idle, today - timedelta(days=idle)),)


def _closing(plan: Plan, today: date) -> tuple[Signal, ...]:
    if plan.close_in is None or plan.close_in > CLOSE_NEAR_DAYS:
        return ()
    kind: SignalKind = "close_date_passed" if plan.close_in < 0 else "close_date_near"
    return (Signal(kind, abs(plan.close_in), today + timedelta(days=plan.close_in)),)


def _person(plan: Plan, person_id: int | None) -> tuple[Signal, ...]:
    if person_id is None:
        return (Signal("no_person"),)
    return (Signal("person_deleted", records=(person_id,)),) if plan.contact == "deleted" else ()


def _reply(plan: Plan, today: date) -> tuple[Signal, ...]:
    spoken = [event for event in plan.past if event.direction != "neither" and event.is_marked]
    if not spoken:
        return ()
    last = min(spoken, key=_recency)
    if last.direction == "outgoing" or last.ago > REPLY_OWED_DAYS:
        return ()
    return (Signal("reply_owed", last.ago, today - timedelta(days=last.ago)),)


def _recency(event: Past) -> tuple[int, int]:
    return event.ago, -event.hour
