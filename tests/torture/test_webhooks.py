"""A share of the long proofs of webhooks: kills of receiver and worker, and what the harness sees without a promise."""

from collections.abc import Iterator

import pytest

from tests.torture import webhook_hostile, webhook_orders, webhook_outage
from tests.torture.far_side import FarSide
from tests.torture.webhook_durability import tried
from tests.torture.webhook_lives import Plan


@pytest.fixture(scope="module")
def far() -> Iterator[FarSide]:
    """A sandbox that outlives the processes that are killed."""
    with FarSide() as far:
        yield far


def test_kills(far: FarSide) -> None:
    """Over kills of receiver and worker no acknowledged event is lost, and nothing is written twice."""
    outcome = tried(far, Plan(events=200, kills=3, writes_every=20, limit_seconds=100))
    assert (outcome.lost, outcome.kept_twice, outcome.doubled, outcome.missing, outcome.parked) == (
        0,
        0,
        0,
        0,
        0,
    )
    assert (outcome.acknowledged, outcome.kills, outcome.writes) == (200, 3, 10)


def test_answers_before_it_commits(far: FarSide) -> None:
    """The counter-test: a receiver that answers first loses events, and the harness sees it."""
    outcome = tried(far, Plan(events=200, kills=4, writes_every=200, is_hasty=True, limit_seconds=100))
    assert outcome.lost > 0


def test_every_order() -> None:
    """Whatever the order of five events, and whichever is doubled, one state comes out; trusting them it does not."""
    [figure] = webhook_orders.run()
    assert (figure.holds, figure.tries) == (True, 720)


def test_an_outage() -> None:
    """A sweep finds every change that nobody told us of, once, for the price of the pages."""
    assert all(figure.holds for figure in webhook_outage.run(60))


def test_a_siege() -> None:
    """Hostile connections neither fill the memory nor raise, and events are taken meanwhile."""
    figures = [figure for figure in webhook_hostile.run(20, 1.0) if "time" not in figure.name]
    assert figures
    assert [figure.name for figure in figures if not figure.holds] == []
