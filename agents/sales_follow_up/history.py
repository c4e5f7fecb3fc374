"""What was planned, done and written about each open deal and lead, as the lists of activities and notes tell it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from pipedrive_tools.endpoints import activities, notes
from pipedrive_tools.gate.taint import one_line, readable
from sales_follow_up.days import day, due_day, instant
from sales_follow_up.facts import OpenActivity, Said, Stage
from sales_follow_up.lists import Lists, UnreadError
from sales_follow_up.signals import REPLY_OWED_DAYS

LOOK_BACK_DAYS: Final = REPLY_OWED_DAYS
"""How far back done activities and notes are read: years of history are not paid for in every run. A deal with nothing
done since then counts from the day it was added or last changed stage."""
NOTHING_COLD: Final = (
    "no deal was checked for having gone cold, no lead was looked at, no owed reply was noticed"
)
OUTGOING_TYPES: Final = frozenset({"call", "email", "meeting", "lunch"})
SAID: Final = 3
"""So many things are kept for a planner to read, of so many characters each."""
SAID_CHARACTERS: Final = 300

Direction = Literal["incoming", "outgoing", "neither"]


@dataclass
class Past:
    """What hangs on one record."""

    open: list[OpenActivity] = field(default_factory=list)
    last_done: date | None = None
    incoming: datetime | None = None
    outgoing: datetime | None = None
    changed: date | None = None
    kept: list[Said] = field(default_factory=list)

    @property
    def said(self) -> tuple[Said, ...]:
        """The latest things, newest first."""
        return tuple(self.kept)

    def done(self, when: date) -> None:
        """An activity was done on a day."""
        self.last_done = max(when, self.last_done or when)

    def touched(self, when: date | None) -> date | None:
        """Something of it was changed on a day; the latest such day."""
        self.changed = max(filter(None, (when, self.changed)), default=None)
        return self.changed

    def spoke(self, said: Said) -> None:
        """Something came in, went out, or was written down."""
        if said.direction == "incoming":
            self.incoming = max(said.when, self.incoming or said.when)
        elif said.direction == "outgoing":
            self.outgoing = max(said.when, self.outgoing or said.when)
        self.kept = sorted([*self.kept, said], key=lambda each: each.when, reverse=True)[:SAID]


class History:
    """The past of the records that are looked at; what belongs to others is passed over."""

    def __init__(self, zone: str, deal_ids: Iterable[int], lead_ids: Iterable[str]) -> None:
        self._zone = zone
        numbers: list[int | str] = [*deal_ids, *lead_ids]
        self._pasts = {number: Past() for number in numbers}
        self._seen: set[int] = set()
        self.knows_replies = True
        """Whether everything was read that shows what came in and what went out."""

    def of(self, number: int | str) -> Past:
        """What hangs on one record."""
        return self._pasts[number]

    def has_seen(self, activity_id: int | None) -> bool:
        """Whether a list gave an activity; nothing to see is seen."""
        return activity_id is None or activity_id in self._seen

    def read_open(self, lists: Lists) -> bool:
        """Whether the list of open activities was read to its end; half of it would make busy deals look neglected."""
        try:
            for each in lists.records(activities.list_, done=False):
                self._seen.add(each.id)
                if past := self._past(each.deal_id, each.lead_id):
                    past.touched(day(each.update_time))
                    past.open.append(OpenActivity(each.id, due_day(each.due_date, each.due_time, self._zone)))
        except UnreadError as error:
            if error.was_denied:
                raise
            lists.gaps.append(f"no deal was judged: whether somebody is on it is not known ({error})")
            return False
        return True

    def read_done(self, lists: Lists, today: date, stages: Iterable[Stage]) -> bool:
        """Whether the list of done activities was read to its end."""
        back = max([LOOK_BACK_DAYS, *(stage.rots_after_days or 0 for stage in stages)]) + 1

        def read() -> bool:
            for each in lists.records(activities.list_, done=True, updated_since=_since(today, back)):
                self._seen.add(each.id)
                self._took_done(each)
            return True

        self.knows_replies = lists.unless_unread(read, otherwise=False, but=NOTHING_COLD)
        return self.knows_replies

    def read_notes(self, lists: Lists, today: date) -> None:
        """Read who wrote last; half of the notes would make answered questions look open."""

        def read() -> bool:
            for each in lists.records(notes.list_, updated_since=_since(today, LOOK_BACK_DAYS + 1)):
                past, when = self._past(each.deal_id, each.lead_id), instant(each.add_time)
                if past and when:
                    past.touched(day(each.update_time))
                    text = one_line(readable(each.content or ""))
                    past.spoke(Said(when, _direction_of_note(text), text[:SAID_CHARACTERS]))
            return True

        if self.knows_replies:
            self.knows_replies = lists.unless_unread(read, otherwise=False, but="no owed reply was noticed")

    def _past(self, deal_id: int | None, lead_id: str | None) -> Past | None:
        return self._pasts.get(deal_id if deal_id is not None else lead_id or "")

    def _took_done(self, activity: activities.Activity) -> None:
        past = self._past(activity.deal_id, activity.lead_id)
        if past is None:
            return
        past.touched(day(activity.update_time))
        if when := day(activity.marked_as_done_time) or day(activity.due_date):
            past.done(when)
        if done := instant(activity.marked_as_done_time):
            text = one_line(activity.subject or "")
            past.spoke(Said(done, _direction_of_type(activity.type or ""), text[:SAID_CHARACTERS]))


def _since(today: date, days: int) -> str:
    return f"{datetime.combine(today, datetime.min.time(), UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def _direction_of_type(type_: str) -> Direction:
    if type_.startswith("incoming_"):
        return "incoming"
    return "outgoing" if type_ in OUTGOING_TYPES else "neither"


def _direction_of_note(text: str) -> Direction:
    if text.startswith("Incoming:"):
        return "incoming"
    return "outgoing" if text.startswith("Outgoing:") else "neither"
