from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sales_follow_up.agent import Apply
from sales_follow_up.days import day, due_day, instant
from sales_follow_up.facts import Deal, Lead, OpenActivity, Stage
from sales_follow_up.report import Report
from sales_follow_up.signals import Signal, signals

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.demo import generate
from tests.agents.truth import claims, true_claims, waiting

TODAY = date(2026, 3, 2)
STAGE = Stage(name="Offer", rots_after_days=14)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def deal(**facts: Any) -> Deal:
    quiet: dict[str, Any] = {
        "id": 7,
        "title": "Renewal",
        "stage": STAGE,
        "added": ago(60),
        "last_done": ago(5),
        "expected_close": TODAY + timedelta(days=30),
        "person_id": 3,
        "open_activities": (OpenActivity(1, None),),
    }
    return Deal(**(quiet | facts))


def test_nothing_to_say() -> None:
    """A deal whose open activity has no date, and that is otherwise well, gives no signal."""
    assert signals(deal(), TODAY) == ()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({"open_activities": ()}, Signal("no_next_activity"), id="nothing planned"),
        pytest.param(
            {"open_activities": (OpenActivity(4, ago(1)), OpenActivity(2, ago(9)), OpenActivity(5, None))},
            Signal("overdue_activity", 9, ago(9), (2, 4)),
            id="overdue, the earliest counts",
        ),
        pytest.param({"last_done": ago(15)}, Signal("gone_cold", 15, ago(15)), id="a day over the limit"),
        pytest.param(
            {"last_done": None, "added": ago(90), "moved": ago(20)},
            Signal("gone_cold", 20, ago(20)),
            id="a change of stage counts",
        ),
        pytest.param({"expected_close": ago(1)}, Signal("close_date_passed", 1, ago(1)), id="passed"),
        pytest.param({"expected_close": TODAY}, Signal("close_date_near", 0, TODAY), id="closes today"),
        pytest.param({"expected_close": ago(-7)}, Signal("close_date_near", 7, ago(-7)), id="in a week"),
        pytest.param({"person_id": None}, Signal("no_person"), id="no person"),
        pytest.param({"person_is_gone": True}, Signal("person_deleted", records=(3,)), id="deleted person"),
    ],
)
def test_one_signal(facts: dict[str, Any], expected: Signal) -> None:
    """Each rule speaks alone, with its evidence."""
    assert signals(deal(**facts), TODAY) == (expected,)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"last_done": ago(14)}, id="exactly the limit is not cold"),
        pytest.param({"last_done": ago(99), "stage": Stage(name="Paperwork")}, id="rotting is off"),
        pytest.param({"last_done": ago(99), "stage": None}, id="the stage is not known"),
        pytest.param({"last_done": None, "added": None}, id="no day is known"),
        pytest.param({"expected_close": ago(-8)}, id="eight days ahead is not near"),
        pytest.param({"expected_close": None}, id="no close date"),
    ],
)
def test_just_not_a_signal(facts: dict[str, Any]) -> None:
    """What stands just on the other side of a rule is left alone."""
    assert signals(deal(**facts), TODAY) == ()


@pytest.mark.parametrize("due", [TODAY, ago(-1), ago(-400)], ids=str)
def test_somebody_is_on_it(due: date) -> None:
    """With an open activity today or later a deal has no signal, whatever else is true of it."""
    busy = deal(
        open_activities=(OpenActivity(1, ago(50)), OpenActivity(2, due)),
        last_done=ago(80),
        expected_close=ago(10),
        person_id=None,
    )

    assert signals(busy, TODAY) == ()


@pytest.mark.parametrize(
    ("incoming", "outgoing", "is_owed"),
    [
        (ago(3), None, True),
        (ago(3), ago(4), True),
        (ago(3), ago(3), False),
        (ago(3), ago(1), False),
        (ago(365), None, True),
        (ago(366), None, False),
        (None, ago(3), False),
    ],
)
def test_reply_owed(incoming: date | None, outgoing: date | None, *, is_owed: bool) -> None:
    """A reply is owed where the last thing came in, within a year."""
    spoke = deal(incoming=at_noon(incoming), outgoing=at_noon(outgoing))

    assert [each.kind for each in signals(spoke, TODAY)] == ["reply_owed"] * is_owed


def at_noon(when: date | None) -> datetime | None:
    return None if when is None else datetime.combine(when, time(12), UTC)


@pytest.mark.parametrize(
    ("facts", "days"),
    [
        ({"added": ago(31)}, 31),
        ({"added": ago(30)}, None),
        ({"added": ago(90), "updated": ago(40), "last_done": ago(35)}, 35),
        ({"added": ago(90), "updated": ago(10)}, None),
        ({"added": ago(90), "open_activities": (OpenActivity(1, TODAY),)}, None),
        ({"added": ago(90), "open_activities": (OpenActivity(1, ago(2)),)}, 90),
        ({}, None),
    ],
    ids=str,
)
def test_untouched_lead(facts: dict[str, Any], days: int | None) -> None:
    """A lead is untouched after more than thirty days, unless something is ahead."""
    found = signals(Lead(id="a", title="", **facts), TODAY)

    assert [each.days for each in found] == ([] if days is None else [days])


@pytest.mark.parametrize(
    ("day_text", "time_text", "zone", "expected"),
    [
        ("2026-03-01", "22:00:00", "Australia/Sydney", TODAY),
        ("2026-03-02", "03:00", "America/New_York", ago(1)),
        ("2026-03-02", None, "America/New_York", TODAY),
        ("2026-03-02", "soon", "America/New_York", TODAY),
        (None, None, "UTC", None),
    ],
)
def test_due_where_the_user_lives(
    day_text: str | None, time_text: str | None, zone: str, expected: date | None
) -> None:
    """A day with a time is UTC and turns into the user's day; a whole day stays itself."""
    assert due_day(day_text, time_text, zone) == expected


@pytest.mark.parametrize(
    "text", ["2026-03-02 10:00:00", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00.000+02:00"]
)
def test_instants(text: str) -> None:
    """An instant is read in each of the ways that Pipedrive writes one."""
    assert instant(text) == datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "0000-00-00", "soon", "2026-02-30"])
def test_no_date(text: str | None) -> None:
    """What is no date counts as none; Pipedrive writes zeros for a date that was blanked."""
    assert day(text) is None


@pytest.mark.parametrize("seed", range(1, 5))
def test_truth(start: Callable[..., Sandbox], run: Callable[..., Report], seed: int) -> None:
    """Over drawn accounts the signals found are exactly the true ones, evidence and all: precision and recall 1.0."""
    demo = generate(today=TODAY, deals=250, seed=seed)

    found = run(start(deals=250, seed=seed), apply=Apply.NONE).review

    assert true_claims(demo)
    assert claims(found) == true_claims(demo)
    assert found.waiting == waiting(demo)
    assert found.deals == sum(each.is_reviewed for each in demo.truth.values())
    assert found.leads == sum(not each.is_archived for each in demo.lead_truth.values())


def test_truth_among_hostile_texts(start: Callable[..., Sandbox], run: Callable[..., Report]) -> None:
    """Where every text is hostile, the signals are the same true ones."""
    demo = generate(today=TODAY, deals=120, hostile_share=1)

    assert claims(run(start(deals=120, hostile_share=1), apply=Apply.NONE).review) == true_claims(demo)
