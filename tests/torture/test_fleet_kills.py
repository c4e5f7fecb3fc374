"""A small share of the proof about fleets: kills, and both counter-tests."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.torture.companies import Companies, companies
from tests.torture.fleet import Plan, ground, survive

ACCOUNTS = 6
DEALS = 10
PLAN = Plan(workers=2, concurrency=1, kill_seconds=0.7, most_kills=2)


@pytest.fixture(scope="module")
def far(postgres_server: str) -> Iterator[Companies]:
    """Small companies; the last one is reviewed in peace."""
    assert postgres_server
    with companies(ACCOUNTS + 1, deals=DEALS) as running:
        yield running


def test_kills(far: Companies, postgres_server: str) -> None:
    """Accounts of killed workers are taken over, and nothing is done twice."""
    with ground(far, postgres_server) as here:
        found = survive(here, PLAN, here.reviews())
    assert found.orphans > 0
    assert found.scheduled > 0
    assert (found.left, found.elsewhere, found.doubled) == (0, 0, 0), found


def test_nothing_taken_over(far: Companies, postgres_server: str) -> None:
    """Without the takeover accounts are left, and the harness sees it."""
    with ground(far, postgres_server) as here:
        found = survive(here, replace(PLAN, takes_over=False, quiet_seconds=8.0), here.reviews())
    assert 0 < found.left <= found.orphans


def test_no_journal(far: Companies, postgres_server: str) -> None:
    """Without the journal activities are doubled, and the harness sees it."""
    with ground(far, postgres_server) as here:
        found = survive(here, replace(PLAN, most_kills=4), here.sends_anew())
    assert found.left == 0
    assert found.doubled > 0
