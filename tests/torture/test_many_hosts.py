"""The short versions of the proofs on PostgreSQL, for every run of the tests."""

from collections.abc import Iterator

import pytest

from tests import postgres
from tests.torture import ledger, limiter, many_hosts, oauth, postgres_stops


@pytest.fixture
def state(postgres_server: str) -> Iterator[str]:
    with postgres.schema(postgres_server) as url:
        yield url


def hosts(state: str, **more: object) -> limiter.Outcome:
    apart = many_hosts.LITTLE if "way" in more else many_hosts.APART
    return limiter.contend(20, 5.0, processes=4, threads=4, searching=1, apart=apart, state=state, **more)


def test_hosts_share_a_window(state: str) -> None:
    """Processes of four hosts whose clocks disagree, one of them killed, never meet a 429."""
    found = hosts(state)

    assert found.seen.refused == 0
    assert found.share > 0.5


def test_by_their_own_clocks_they_do_not(state: str) -> None:
    """The harness sees what happens when each host goes by its own clock."""
    found = hosts(state, way="each host by its own clock", kill=False)

    assert found.seen.refused > 0


def test_their_ledger_is_the_meter(state: str) -> None:
    """Mixed calls of processes that think it is another day are counted to the token."""
    ours, meter, found = ledger.spend(300, processes=3, seats=10, state=state, apart_seconds=86_400.0)

    assert found["NotFoundError"]
    assert ours == meter


def test_they_refresh_once(state: str) -> None:
    """Each expiry that processes meet together brings one refresh."""
    raced = oauth.race(processes=2, callers=4, expiries=3, state=state)

    assert raced.refreshes == [200] * 3
    assert raced.failed_calls == 0


@pytest.mark.skipif(postgres.binaries() is None, reason=postgres.MISSING)
def test_a_database_that_comes_and_goes() -> None:
    """Processes write on through a stop: each write has its intent, each record is there once, nothing stays open."""
    found = postgres_stops.stops(seconds=9.0, every_seconds=4.0, workers=2)

    assert found.stops
    assert found.asked
    assert (found.unrecorded, found.missing, found.doubled, found.open) == (0, 0, 0, 0)
    assert found.broken_chain is None
    assert postgres_stops.past_the_store(3) == 3
