"""What the limiter and the ledger add to a call: in memory, and shared through a file on this disk."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.pacing import MOST_CALLS, WINDOW_SECONDS
from pipedrive_tools.ports import AsyncPort, BlockingPort, Port, drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.limits import Limiter
from pipedrive_tools.state.rules import Caller
from pipedrive_tools.state.slots import Slots
from pipedrive_tools.wire import Response
from tests.figures import Figure

ROUNDS = 4000
ORIGIN = "http://127.0.0.1:1"
CALLER = Caller(fingerprint="a benchmark", account=ORIGIN, is_api_token=False)
"""A login by OAuth has the largest windows."""
SETTINGS = Settings(api_token="x", plan="ultimate", daily_tokens=10**9)
READ = catalogue["get_deal"]
ANSWER = Response(200, {"x-ratelimit-limit": str(MOST_CALLS)}, b"")


def run() -> Iterator[Figure]:
    """Take and done, as often in a window as the largest plan allows."""
    blocking = BlockingPort(ORIGIN, SETTINGS)
    yield _figure("limiter and ledger in memory", *_driven(Limiter.of(SETTINGS, CALLER), blocking), 15)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        with closing(Slots(Path(folder) / "blocking", CALLER)) as slots:
            shared = Limiter.of(SETTINGS, CALLER, slots)
            yield _figure("limiter and ledger shared by processes", *_driven(shared, blocking), 400)
        with closing(Slots(Path(folder) / "awaiting", CALLER)) as slots:
            value = asyncio.run(_awaited(Limiter.of(SETTINGS, CALLER, slots)))
            yield _figure("limiter and ledger shared by processes, in an event loop", *value, 400)
    blocking.close()


def _figure(name: str, median: float, mean: float, bar: int) -> Figure:
    return Figure(f"{name}, microseconds a call", median, f"<= {bar}", f"mean {mean:.1f} µs, {ROUNDS} calls")


def _driven(limiter: Limiter, port: Port) -> tuple[float, float]:
    return _times(lambda: drive(_call(limiter, port)))


async def _awaited(limiter: Limiter) -> tuple[float, float]:
    port = AsyncPort(ORIGIN, SETTINGS)
    found = []
    for calls in range(1, ROUNDS + 1):
        started = time.perf_counter()
        await _call(limiter, port)
        found.append(time.perf_counter() - started)
        if calls % MOST_CALLS == 0:
            await asyncio.sleep(WINDOW_SECONDS * 1.05)
    await port.close()
    return statistics.median(found) * 1e6, statistics.fmean(found) * 1e6


def _times(act: Callable[[], object]) -> tuple[float, float]:
    found = []
    for calls in range(1, ROUNDS + 1):
        started = time.perf_counter()
        act()
        found.append(time.perf_counter() - started)
        if calls % MOST_CALLS == 0:  # no plan allows more in a window
            time.sleep(WINDOW_SECONDS * 1.05)
    return statistics.median(found) * 1e6, statistics.fmean(found) * 1e6


async def _call(limiter: Limiter, port: Port) -> None:
    place = await limiter.take(READ, port)
    await limiter.done(place, ANSWER, port)
