"""Four hosts' worth of processes on one PostgreSQL: windows, day and refreshes, though no two clocks agree.

The counter-tests: the same rows by the clock of each host, and refreshes without the lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests import postgres
from tests.torture import ledger, limiter, oauth
from tests.torture.figures import Figure

NEEDS_QUIET: Final = True
APART: Final = (0.0, 7.5, -1800.0, 86_400.0)
"""How far the clocks of each host are from the server's, in seconds."""
LITTLE: Final = (0.0, 1.5, 3.0, 4.5)
"""The same for the counter-test, which would wait for a clock that is far ahead."""
PROCESSES: Final = 8
"""Two on each host."""
THREADS: Final = 6
SECONDS: Final = 60.0
BAR: Final = 0.92
LIMITS: Final = (20, 80, 480)
CALLS: Final = 10_000
CALLERS: Final = 8
EXPIRIES: Final = 200


@contextmanager
def store() -> Iterator[str]:
    """A store on the server that the tests use, or on one of one's own."""
    if postgres.answers(postgres.address()):
        with postgres.schema(postgres.address()) as url:
            yield url
    else:
        with postgres.cluster() as own:
            yield own.url


def contend(limit: int, seconds: float, *, way: limiter.Way = "ours", kill: bool = True) -> limiter.Outcome:
    """Processes of four hosts that share one window."""
    with store() as state:
        return limiter.contend(
            limit,
            seconds,
            processes=PROCESSES,
            threads=THREADS,
            searching=1,
            kill=kill,
            apart=APART if way == "ours" else LITTLE,
            state=state,
            way=way,
        )


def _windows() -> Iterator[Figure]:
    counter = contend(20, 10.0, way="each host by its own clock", kill=False)
    said = f"by the clock of each host {counter.seen.refused} of {counter.seen.calls + counter.seen.searches}"
    print(f"counter-test: {said} are refused", flush=True)
    for limit in LIMITS:
        found = contend(limit, SECONDS)
        calls = found.seen.calls + found.seen.searches
        print(f"{limit} a window: {calls} calls, {found.seen.refused} refused, {found.share:.1%}", flush=True)
        yield Figure.none_of(
            f"429s at {limit} a window, 4 hosts x 2 processes x {THREADS}, one killed, on PostgreSQL",
            found.seen.refused,
            tries=calls,
            counter_test=said,
            has_teeth=counter.seen.refused > 0,
        )
        yield Figure(
            name=f"share of the allowed rate at {limit} a window, 4 hosts on PostgreSQL",
            value=round(found.share, 4),
            bar=f">= {BAR}",
        )


def _day() -> Iterator[Figure]:
    with store() as state:
        ours, meter, found = ledger.spend(CALLS, seats=100, state=state, apart_seconds=APART[-1])
    print(f"{CALLS} calls: ledger {ours:,}, meter {meter:,}; {dict(found)}", flush=True)
    yield Figure(
        name="tokens between the ledger of 4 hosts on PostgreSQL and the sandbox's meter",
        value=abs(ours - meter),
        bar="== 0",
        holds=ours == meter and found["NotFoundError"] > 0,
        tries=CALLS,
        counter_test=f"{sum(found.values()) - found['ok']} calls were refused, which a ledger of sent calls charges",
    )


def _refreshes() -> Iterator[Figure]:
    with store() as state:
        free = oauth.race(processes=2, callers=4, expiries=5, locked=False, state=state)
    with store() as state:
        raced = oauth.race(processes=PROCESSES, callers=CALLERS, expiries=EXPIRIES, state=state)
    print(
        f"{EXPIRIES} expiries: {len(raced.refreshes)} refreshes, {raced.failed_calls} failed calls",
        flush=True,
    )
    yield Figure(
        name=f"refreshes of {EXPIRIES} expiries, {PROCESSES} processes x {CALLERS} callers, on PostgreSQL",
        value=len(raced.refreshes),
        bar=f"== {EXPIRIES}",
        holds=raced.refreshes == [200] * EXPIRIES and not raced.failed_calls,
        tries=raced.calls,
        counter_test=f"without the lock 5 expiries bring {len(free.refreshes)} refreshes",
    )


def run() -> Iterator[Figure]:
    """Windows, day and refreshes."""
    yield from _windows()
    yield from _day()
    yield from _refreshes()
