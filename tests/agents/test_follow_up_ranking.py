from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sales_follow_up.agent import Apply
from sales_follow_up.facts import Account, Book, Deal, OpenActivity, Stage
from sales_follow_up.ranking import chance, score, value_ranks
from sales_follow_up.report import Report
from sales_follow_up.review import review
from sales_follow_up.signals import Signal

from pipedrive_tools.sandbox import Sandbox
from tests.agents.rule import Rule

TODAY = date(2026, 3, 2)


def deal(number: int = 1, **facts: Any) -> Deal:
    known: dict[str, Any] = {"id": number, "title": "", "stage": None}
    return Deal(**(known | facts))


def test_rule_in_numbers() -> None:
    """The score is urgency x (0.5 + value rank) x (0.5 + chance), days counting up to a month."""
    found = (Signal("overdue_activity", 4), Signal("close_date_passed", 45), Signal("no_person", 0))

    assert score(deal(probability=80), found, 0.5) == pytest.approx((25 + 4 + 30 + 30 + 5) * 1.0 * 1.3)


def test_days_that_do_not_press() -> None:
    """The days until a close date do not add up like the days since one."""
    assert score(deal(), (Signal("close_date_near", 0),), 0.5) == score(
        deal(), (Signal("close_date_near", 7),), 0.5
    )


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"probability": 30.0}, 0.3),
        ({"probability": 0.0, "stage": Stage(name="", probability=90)}, 0.0),
        ({"probability": 400.0}, 1.0),
        ({"stage": Stage(name="", probability=60)}, 0.6),
        ({"stage": Stage(name="", place=3, places=5)}, 0.5),
        ({}, 0.5),
    ],
)
def test_chance(facts: dict[str, Any], expected: float) -> None:
    """The deal's own probability comes first, then the stage's, then the place of the stage."""
    assert chance(deal(**facts)) == expected


def test_currencies_are_not_compared() -> None:
    """A value ranks within its own currency, so a large number of a small unit wins nothing."""
    euros = [
        deal(1, value=10, currency="EUR"),
        deal(2, value=20, currency="EUR"),
        deal(3, value=30, currency="EUR"),
    ]
    others = [deal(4, value=9_000_000, currency="IDR"), deal(5, value=8_000_000, currency="IDR")]

    assert value_ranks([*euros, *others]) == {
        "deal 1": 0.0,
        "deal 2": 0.5,
        "deal 3": 1.0,
        "deal 4": 1.0,
        "deal 5": 0.0,
    }
    assert value_ranks([deal(1, value=5, currency="CHF")]) == {"deal 1": 0.5}
    assert value_ranks([]) == {}


def test_ties() -> None:
    """Of two deals that press equally the later stage comes first, then the older deal."""
    late = Stage(name="", place=4, places=5, probability=50)
    early = Stage(name="", place=1, places=5, probability=50)
    deals = (deal(1, stage=early), deal(2, stage=late), deal(3, stage=late))

    found = review(Book(account=Account(today=TODAY), deals=deals)).findings

    assert [finding.about.id for finding in found] == [2, 3, 1]


def test_every_deal_counted_once() -> None:
    """Each open deal stands in exactly one place of a review."""
    deals = (
        deal(1, person_id=1),
        deal(2, open_activities=(OpenActivity(1, TODAY),)),
        deal(3, person_id=1, open_activities=(OpenActivity(2, None),)),
        deal(4, has_unseen_activity=True),
    )

    found = review(Book(account=Account(today=TODAY), deals=deals))

    assert (len(found.findings), found.waiting, found.quiet, found.unjudged) == (1, 1, 1, (4,))
    assert found.deals == len(deals)


def test_order_of_an_account(start: Callable[..., Sandbox], run: Callable[..., Report]) -> None:
    """On a drawn account the order is the one that the written rule gives, worked out anew from the records."""
    box = start(deals=250)

    found = run(box, apply=Apply.NONE).review.findings

    expected = [Rule(box).pressing(finding) for finding in found]
    assert {finding.about.kind for finding in found} == {"deal", "lead"}
    assert expected == pytest.approx([finding.score for finding in found])
    assert expected == sorted(expected, reverse=True)
