"""Windows and budgets in a PostgreSQL store: hosts with clocks of their own keep to one window and one day."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from pipedrive_tools import auth
from pipedrive_tools.endpoints import deals
from pipedrive_tools.errors import BlockedError, BudgetSpentError, StillBlockedError, StoreError
from pipedrive_tools.ports import drive
from pipedrive_tools.state.limits import Clock, Limiter
from pipedrive_tools.state.rules import Caller, Rules
from pipedrive_tools.state.shared_slots import SharedSlots, home
from pipedrive_tools.state.slots import Slots
from pipedrive_tools.state.store import Store
from pipedrive_tools.testing import FakePort
from tests import postgres

CALLER = Caller.of(auth.ApiToken("t" * 40), "https://acme.pipedrive.com")
OTHER = Caller.of(auth.ApiToken("u" * 40), "https://other.pipedrive.com")
APART_SECONDS = 3600.0
WINDOW_SECONDS = 0.4


class WaitingPort(FakePort):
    """A fake port that really waits."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        time.sleep(seconds)  # noqa: ASYNC251  # it blocks, as the blocking port does


@dataclass
class OwnClock:
    """The same rows, by the clock of each host: what must not be done."""

    shared: SharedSlots
    clock = None

    async def act(self, work: Any, port: Any) -> Any:
        return await self.shared.act(work, port)

    async def settle(self, work: Any, port: Any) -> None:
        await self.shared.act(work, port)


@pytest.fixture
def shared(postgres_tables: postgres.Tables) -> Iterator[Store]:
    store = Store(postgres_tables.emptied())
    yield store
    store.close()


@pytest.fixture
def host(shared: Store) -> Iterator[Callable[..., Limiter]]:
    """Makes the limiter of a host whose clocks are so far from the database's."""
    homes: list[SharedSlots] = []

    def made(
        apart_seconds: float = 0.0, *, caller: Caller = CALLER, own: bool = False, **rules: Any
    ) -> Limiter:
        clock = Clock(
            monotonic=lambda: time.monotonic() + apart_seconds, wall=lambda: time.time() + apart_seconds
        )
        homes.append(SharedSlots(shared, caller))
        slots: Any = OwnClock(homes[-1]) if own else homes[-1]
        return Limiter(slots, Rules(window_seconds=WINDOW_SECONDS, **rules), clock)

    yield made
    for each in homes:
        each.close()


def called(limiter: Limiter) -> FakePort:
    """One call; its place is given back by the next one of its host, or by whoever reads the day."""
    port = WaitingPort()
    place = drive(limiter.take(deals.list_, port))
    drive(limiter.done(place, None, port))
    return port


@pytest.mark.parametrize("apart_seconds", [-APART_SECONDS, 0.0, APART_SECONDS])
def test_one_window(host: Callable[..., Limiter], apart_seconds: float) -> None:
    """A host whose clock is an hour off waits for the places of the others, no longer and no shorter."""
    first, second = host(calls=2), host(apart_seconds, calls=2)
    called(first)
    called(first)
    began = time.monotonic()
    port = called(second)

    assert port.sleeps
    assert time.monotonic() - began >= WINDOW_SECONDS - 0.1
    assert sum(port.sleeps) < WINDOW_SECONDS + 0.4


def test_by_clocks_of_their_own(host: Callable[..., Limiter]) -> None:
    """By the clock of each host the same window is passed: the test above would see it."""
    first, second = host(calls=2, own=True), host(5.0, calls=2, own=True)
    called(first)
    called(first)

    assert called(second).sleeps == []


def test_a_lease(host: Callable[..., Limiter]) -> None:
    """A client that was killed with a place holds it for its lease, and no longer."""
    killed, other = host(calls=1, lease_seconds=0.5), host(calls=1)
    drive(killed.take(deals.list_, WaitingPort()))
    began = time.monotonic()
    port = called(other)

    assert port.sleeps
    assert 0.3 < time.monotonic() - began < 3


def test_the_order_of_waiting(host: Callable[..., Limiter]) -> None:
    """Who asked first goes first, on whatever host."""
    called(host(calls=1))
    went: list[int] = []

    def go(number: int) -> None:
        time.sleep(number * 0.05)
        called(host((-1) ** number * APART_SECONDS, calls=1))
        went.append(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(go, range(4)))

    assert went == sorted(went)


def test_one_day(host: Callable[..., Limiter]) -> None:
    """Hosts spend one budget, whatever day their own clocks think it is; another company has its own."""
    first, second = host(tokens=30), host(40 * 86_400.0, tokens=30)
    for each in (first, second, first):
        called(each)

    with pytest.raises(BudgetSpentError, match="30 of 30 tokens used"):
        called(second)
    called(host(tokens=30, caller=OTHER))


def test_a_block_stops_every_host(host: Callable[..., Limiter]) -> None:
    """A page instead of an answer stops hosts whose clocks disagree; another company goes on."""
    first, second = host(block_seconds=900), host(-86_400.0, block_seconds=900)
    drive(first.told(BlockedError("a page", status=403), WaitingPort()))

    for each in (first, second):
        with pytest.raises(StillBlockedError):
            called(each)
    called(host(caller=OTHER))


def test_given_back(host: Callable[..., Limiter], shared: Store) -> None:
    """A place that is given back late leaves the window when its answer came, not when it was written down."""
    first, second = host(calls=1), host(calls=1)
    called(first)
    time.sleep(WINDOW_SECONDS / 2)
    assert isinstance(first.home, SharedSlots)
    first.home.budget()
    began = time.monotonic()
    called(second)

    assert time.monotonic() - began < WINDOW_SECONDS * 0.9
    assert SharedSlots(shared, CALLER).budget().reserved == deals.list_.cost


def test_threads_together(host: Callable[..., Limiter]) -> None:
    """Threads that ask at once are answered in one transaction, and the refusal of one is not the others'."""
    limiter, went = host(tokens=3 * deals.list_.cost), list[str]()

    def go(_: int) -> None:
        try:
            called(limiter)
            went.append("sent")
        except BudgetSpentError:
            went.append("refused")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(go, range(8)))

    assert sorted(went) == ["refused"] * 5 + ["sent"] * 3


def test_a_store_that_fails(host: Callable[..., Limiter], shared: Store) -> None:
    """Where nothing can be kept nobody gets a place, and what was to be given back is so later."""
    limiter = host(calls=1, lease_seconds=30)
    called(limiter)
    with shared.transaction(durable=True) as connection:
        connection.exec_driver_sql("ALTER TABLE windows RENAME TO gone")
    try:
        with pytest.raises(StoreError, match="windows"):
            called(limiter)
    finally:
        with shared.transaction(durable=True) as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO windows")

    assert sum(called(limiter).sleeps) < WINDOW_SECONDS + 0.5


def test_where_limits_live(store: Store) -> None:
    """In a file beside a file, in the database of a server, and nowhere else in memory."""
    found, memory = home(store, CALLER), Store("sqlite://")

    assert isinstance(found, SharedSlots if store.driver.is_shared else Slots)
    assert home(memory, CALLER) is None
    found.close()
    memory.close()
