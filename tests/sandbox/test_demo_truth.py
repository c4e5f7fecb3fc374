"""The truth is found again in the records, by the rules as they are written in `demo.truth`."""

from collections import defaultdict
from datetime import date
from html import unescape
from itertools import chain
from re import sub

import pytest

from pipedrive_tools.sandbox.demo import Demo, LeadTruth, Signal, generate
from pipedrive_tools.sandbox.demo.borders import BORDERS
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.truth import CLOSE_NEAR_DAYS, REPLY_OWED_DAYS

TODAY = date(2026, 3, 2)
OUTGOING_TYPES = {"call", "email", "meeting", "lunch"}


def day_of(time: str) -> date:
    return date.fromisoformat(time[:10])


def days_since(time: str) -> int:
    return (TODAY - day_of(time)).days


class Reader:
    """Works the signals out of what the lists of the API give, the slow and plain way."""

    def __init__(self, demo: Demo) -> None:
        self.stages = {stage["id"]: stage for stage in demo.stages}
        self.listed_persons = {person["id"] for person in demo.persons if not person["is_deleted"]}
        self.activities = defaultdict(list)
        for activity in demo.activities:
            if not activity["is_deleted"]:
                self.activities[activity["deal_id"] or activity["lead_id"]].append(activity)
        self.notes = defaultdict(list)
        for note in demo.notes:
            self.notes[note["deal_id"]].append(note)

    def signals(self, deal: Record) -> set[Signal]:
        open_activities = [each for each in self.activities[deal["id"]] if not each["done"]]
        return {
            *self.due(open_activities),
            *self.cold(deal),
            *self.closing(deal),
            *self.person(deal),
            *self.reply(deal),
        }

    def is_held_back(self, key: int | str) -> bool:
        return any(
            each["due_date"] and day_of(each["due_date"]) >= TODAY and not each["done"]
            for each in self.activities[key]
        )

    def done_days(self, key: int | str) -> list[int]:
        done = [each for each in self.activities[key] if each["done"]]
        return [days_since(each["marked_as_done_time"] or each["due_date"]) for each in done]

    def due(self, open_activities: list[Record]) -> list[Signal]:
        late = [each for each in open_activities if each["due_date"] and day_of(each["due_date"]) < TODAY]
        if not open_activities:
            return [Signal("no_next_activity")]
        if not late:
            return []
        first = min(each["due_date"] for each in late)
        numbers = tuple(sorted(each["id"] for each in late))
        return [Signal("overdue_activity", days_since(first), day_of(first), numbers)]

    def cold(self, deal: Record) -> list[Signal]:
        stage = self.stages[deal["stage_id"]]
        times = [deal["add_time"], deal["stage_change_time"]]
        idle = min(chain((days_since(time) for time in times if time), self.done_days(deal["id"])))
        if not stage["is_deal_rot_enabled"] or idle <= stage["days_to_rotten"]:
            return []
        return [Signal("gone_cold", idle, date.fromordinal(TODAY.toordinal() - idle))]

    def closing(self, deal: Record) -> list[Signal]:
        text = deal["expected_close_date"]
        if text in {None, "0000-00-00"}:
            return []
        days = -days_since(text)
        if days < 0:
            return [Signal("close_date_passed", -days, day_of(text))]
        return [Signal("close_date_near", days, day_of(text))] if days <= CLOSE_NEAR_DAYS else []

    def person(self, deal: Record) -> list[Signal]:
        if deal["person_id"] is None:
            return [Signal("no_person")]
        if deal["person_id"] in self.listed_persons:
            return []
        return [Signal("person_deleted", records=(deal["person_id"],))]

    def reply(self, deal: Record) -> list[Signal]:
        incoming, outgoing = [""], [""]
        for activity in self.activities[deal["id"]]:
            if activity["done"] and activity["marked_as_done_time"]:
                if activity["type"].startswith("incoming_"):
                    incoming.append(activity["marked_as_done_time"])
                elif activity["type"] in OUTGOING_TYPES:
                    outgoing.append(activity["marked_as_done_time"])
        for note in self.notes[deal["id"]]:
            text = unescape(sub(r"<[^>]*>", "", note["content"])).strip()
            time = note["add_time"].replace(" ", "T") + "Z"
            if text.startswith("Incoming:"):
                incoming.append(time)
            elif text.startswith("Outgoing:"):
                outgoing.append(time)
        last = max(incoming)
        if last <= max(outgoing) or days_since(last) > REPLY_OWED_DAYS:
            return []
        return [Signal("reply_owed", days_since(last), day_of(last))]


def same_by_the_rules(demo: Demo) -> None:
    reader = Reader(demo)
    for deal in demo.deals:
        truth = demo.truth[deal["id"]]
        is_reviewed = deal["status"] == "open" and not deal["is_deleted"] and not deal["is_archived"]

        assert truth.is_reviewed == is_reviewed
        if is_reviewed:
            found, is_held_back = reader.signals(deal), reader.is_held_back(deal["id"])
            assert set(truth.signals) == (set() if is_held_back else found), truth.case
            assert set(truth.held_back) == (found if is_held_back else set()), truth.case
            assert (truth.next_activity_day is not None) == is_held_back


@pytest.mark.parametrize("seed", range(20))
def test_deals_by_the_rules(seed: int) -> None:
    """Every signal, its evidence and what is held back follow from the records, for any seed."""
    same_by_the_rules(generate(today=TODAY, deals=1000, seed=seed))


def test_hostile_texts_change_no_truth() -> None:
    """The rules find the same where every text is hostile."""
    same_by_the_rules(generate(today=TODAY, deals=400, hostile_share=1))


@pytest.mark.parametrize("seed", range(20))
def test_leads_by_the_rules(seed: int) -> None:
    """Days without a touch, and what is ahead, follow from the records of leads."""
    demo = generate(today=TODAY, deals=400, seed=seed)
    reader = Reader(demo)
    for lead in demo.leads:
        truth = demo.lead_truth[lead["id"]]
        touched = [
            days_since(lead["add_time"]),
            days_since(lead["update_time"]),
            *reader.done_days(lead["id"]),
        ]

        assert truth.idle_days == min(touched)
        assert truth.is_archived == lead["is_archived"]
        assert (truth.next_activity_day is not None) == reader.is_held_back(lead["id"])


@pytest.mark.parametrize(
    ("idle_days", "is_archived", "ahead", "is_untouched"),
    [
        (30, False, None, False),
        (31, False, None, True),
        (31, True, None, False),
        (31, False, TODAY, False),
    ],
)
def test_untouched_leads(
    *, idle_days: int, is_archived: bool, ahead: date | None, is_untouched: bool
) -> None:
    """A lead is untouched after more than thirty days, unless it is archived or something is planned."""
    assert LeadTruth("any", is_archived, idle_days, ahead).is_untouched == is_untouched


def test_every_border() -> None:
    """Each border stands in the demo exactly once, under its name."""
    cases = [truth.case for truth in generate(today=TODAY).truth.values()]

    assert len({plan.case for plan in BORDERS}) == len(BORDERS)
    assert all(cases.count(plan.case) == 1 for plan in BORDERS)


@pytest.mark.parametrize(
    ("case", "kinds"),
    [
        ("due today", set()),
        ("due yesterday", {"overdue_activity"}),
        ("due yesterday and tomorrow", set()),
        ("open without a due date", set()),
        ("the activity ahead is deleted", {"no_next_activity"}),
        ("idle exactly to the limit", {"overdue_activity"}),
        ("idle a day over the limit", {"overdue_activity", "gone_cold"}),
        ("old, rotting off but days left over", {"overdue_activity"}),
        ("closes today", {"no_next_activity", "close_date_near"}),
        ("should have closed yesterday", {"no_next_activity", "close_date_passed"}),
        ("closes in eight days", {"no_next_activity"}),
        ("close date blanked", {"no_next_activity"}),
        ("answered the same day", {"no_next_activity"}),
        ("note came in after the last answer", {"no_next_activity", "reply_owed"}),
        ("everything but held by today's activity", set()),
    ],
)
def test_named_border(case: str, kinds: set[str]) -> None:
    """What holds at a border is written here once more, by hand."""
    truth = next(each for each in generate(today=TODAY, deals=40).truth.values() if each.case == case)

    assert {signal.kind for signal in truth.signals} == kinds


def test_share_that_needs_something() -> None:
    """About a quarter of the open deals needs a follow-up, by every signal and in many combinations."""
    reviewed = [truth for truth in generate(today=TODAY).truth.values() if truth.is_reviewed]
    needy = [truth for truth in reviewed if truth.needs_follow_up]
    kinds = [{signal.kind for signal in truth.signals} for truth in needy]

    assert 0.18 <= len(needy) / len(reviewed) <= 0.32
    assert len(set().union(*kinds)) == 8
    assert len({frozenset(each) for each in kinds}) >= 20
