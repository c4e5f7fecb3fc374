"""A PostgreSQL that is stopped: nothing goes out unrecorded, what was under way is known to be unknown, and then on."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import pytest

from pipedrive_tools.errors import StoreError
from pipedrive_tools.sandbox import Sandbox, Switches
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import journal
from pipedrive_tools.state.store import Store
from tests import postgres
from tests.postgres import Cluster
from tests.toolset.conftest import Open, writes
from tests.toolset.test_recovery import faults, full

RECOVERY = 'deals = "full"\n[.recovery]\nsettle_seconds = 0.2'


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A server that may be stopped."""
    if postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster() as made:
        yield made


@pytest.fixture
def cluster(own: Cluster) -> Iterator[Cluster]:
    """The same, which runs again afterwards."""
    yield own
    if not postgres.answers(own.url):
        own.start()


@pytest.fixture
def store_url(cluster: Cluster) -> Iterator[str]:
    with postgres.schema(cluster.url) as url:
        yield url
        if not postgres.answers(cluster.url):
            cluster.start()


@pytest.fixture(scope="module")
def sandbox_today() -> Iterator[Sandbox]:
    """Its clock is the real one: recovery compares moments."""
    switches = Switches(burst_limits=False, conversion_polls=1)
    with Sandbox.start(deals=20, plan="ultimate", switches=switches) as found:
        yield found


@pytest.fixture
def sandbox(sandbox_today: Sandbox) -> Sandbox:
    sandbox_today.reset()
    return sandbox_today


@pytest.fixture
def settings(sandbox: Sandbox, store_url: str) -> Settings:
    return Settings(
        base_url=sandbox.url, api_token=sandbox.token, state=store_url, timeout_seconds=3, connect_seconds=1
    )


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_it_stops_and_comes_back(mode: str, cluster: Cluster, connect: Open, sandbox: Sandbox) -> None:
    """While it is away no write goes out and a read is one line; once it is back the same toolset works on."""
    tools = connect()
    assert tools.call("create_deal", {"title": "Before"}).ok
    cluster.stop(mode)

    write, read = tools.call("create_deal", {"title": "Away"}), tools.call("get_deal", {"deal_id": 1})
    assert (write.status, read.status) == ("failed", "failed")
    for result in (write, read):
        assert "nothing was" in result.text
        assert "cannot be" in result.text
        assert len(result.text.splitlines()) <= 2
    assert [body["title"] for _, _, body in writes(sandbox)] == ["Before"]

    cluster.start()
    assert tools.call("create_deal", {"title": "Back"}).ok
    assert [body["title"] for _, _, body in writes(sandbox)] == ["Before", "Back"]


def test_it_stops_under_a_write(
    cluster: Cluster, connect: Open, sandbox_today: Sandbox, settings: Settings
) -> None:
    """A write that was sent when it stopped is unknown, and settled by looking once it is back."""
    tools = connect(full())
    assert tools.call("list_deals", {"limit": 1}).ok
    faults(sandbox_today, "delay_seconds", seconds=2)
    stopping = Thread(target=lambda: (_until_sent(settings), cluster.stop("immediate")))
    stopping.start()
    result = tools.call("create_deal", {"title": "Once"})
    stopping.join()

    assert result.status == "unknown"
    cluster.start()
    again = connect(full())
    assert [each.state for each in again.recover(wait=True)] == ["DONE"]
    assert [body["title"] for _, _, body in writes(sandbox_today)] == ["Once"]


def _until_sent(settings: Settings) -> None:
    """Wait until the intent is written, and its call on its way."""
    latest = time.monotonic() + 10
    with closing(Store(settings.state)) as store:
        while time.monotonic() < latest:
            with store.transaction(durable=False) as connection:
                if journal.listed(connection, ("SENT",)):
                    break
            time.sleep(0.02)
    time.sleep(0.3)


def test_it_is_away_from_the_start(cluster: Cluster, connect: Open) -> None:
    """Without the store there is no toolset; the line names no password."""
    cluster.stop()

    with pytest.raises(StoreError, match="cannot be opened") as caught:
        connect()
    assert "\n" not in str(caught.value)


async def test_the_loop_goes_on(cluster: Cluster, connect: Open, settings: Settings) -> None:
    """While a call waits for a lock in the database, the event loop does not; a blocking call is seen to hold it up."""
    tools, blocker = connect(), Store(settings.state)
    account = tools._desk.books.account

    async def lag(work: "asyncio.Task[object]") -> float:
        worst, before = 0.0, time.monotonic()
        while not work.done():
            await asyncio.sleep(0.01)
            now = time.monotonic()
            worst, before = max(worst, now - before), now
        return worst

    def held(seconds: float) -> Thread:
        def hold() -> None:
            with blocker.hot(durable=False) as connection:
                for name in (account, "audit", f"limits {account}"):
                    connection.alone(name)
                ready.append(True)
                time.sleep(seconds)

        ready: list[bool] = []
        thread = Thread(target=hold)
        thread.start()
        while not ready:
            time.sleep(0.005)
        return thread

    async def blocking() -> object:
        return tools.call("get_deal", {"deal_id": 1})

    holding = held(1.0)
    awaited = await lag(asyncio.create_task(tools.acall("create_deal", {"title": "Waits"})))
    holding.join()
    holding = held(1.0)
    blocked = await lag(asyncio.create_task(blocking()))
    holding.join()
    await tools.aclose()
    blocker.close()

    assert awaited < 0.5 < blocked
