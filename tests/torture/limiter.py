"""The burst limiter: processes and threads that share it, against a far side that counts strictly on arrival.

The counter-tests run in the same harness: a token bucket, and a sliding log that is stamped when a call may go.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final, Literal

from pipedrive_tools import auth
from pipedrive_tools.client import perform
from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import deals
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.line import Line, Pace, Unpaced
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import BlockingPort, Port, drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.limits import Clock, Home, Limiter, Place
from pipedrive_tools.state.rules import Caller, Rules
from pipedrive_tools.state.shared_slots import SharedSlots
from pipedrive_tools.state.slots import Slots
from pipedrive_tools.state.store import Store
from pipedrive_tools.wire import Response
from tests.strict import Seen, strict_server
from tests.torture.figures import Figure

Way = Literal["ours", "token bucket", "stamped at the grant", "each host by its own clock"]

NEEDS_QUIET: Final = True
PROCESSES: Final = 4
THREADS: Final = 12
SEARCHING: Final = 2
"""Threads of each process that only search."""
SECONDS: Final = 60.0
RUNS: Final = 3
COUNTER_SECONDS: Final = 16.0
BARS: Final = {20: 0.95, 80: 0.95, 480: 0.92}
STARTING_SECONDS: Final = 0.3
"""From the word go, which comes when all processes are up, to the first call."""
TIMEOUTS: Final[dict[str, float]] = {"timeout_seconds": 1.5, "connect_seconds": 0.5}


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one process does."""

    url: str
    folder: str
    limit: int
    seconds: float
    threads: int = THREADS
    searching: int = SEARCHING
    way: Way = "ours"
    learns: bool = False
    """Whether the plan is to be learned."""
    state: str = ""
    """A store on a server that keeps the windows, in the place of files."""
    apart_seconds: float = 0.0
    """How far the clocks of this host are from those of the server."""

    def __call__(self) -> None:
        """Call without a pause, from many threads."""
        settings = Settings(api_token="t" * 40, base_url=self.url, attempts=1, connections=64, **TIMEOUTS)  # type: ignore[arg-type]  # seconds only
        port, credential = BlockingPort(self.url, settings), auth.ApiToken("t" * 40)
        caller = Caller.of(credential, self.url)
        rules = Rules.of(settings, is_api_token=True)
        rules = rules if self.learns else replace(rules, calls=self.limit)
        slots: Home = Slots(Path(self.folder) / "limits", caller)
        if self.state:
            slots = SharedSlots(Store(self.state), caller)
        if self.way == "each host by its own clock":
            slots = OwnClock(slots)
        clock = Clock(
            monotonic=lambda: time.monotonic() + self.apart_seconds,
            wall=lambda: time.time() + self.apart_seconds,
        )
        pace: Pace = Limiter(slots, rules, clock)
        if self.way == "token bucket":
            pace = TokenBucket(self.limit)
        elif self.way == "stamped at the grant":
            pace = Stamped(Limiter(slots, rules, clock))
        line = Line(port, credential, Patience(attempts=1), pace)
        print("up", flush=True)
        start = float(sys.stdin.readline())
        time.sleep(max(0.0, start - time.monotonic()))
        threads = [
            Thread(target=self._loop, args=(line, place < self.searching, start + self.seconds))
            for place in range(self.threads)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _loop(self, line: Line, is_search: bool, end: float) -> None:
        call = deals.search(term="ab") if is_search else deals.get(deal_id=1)
        while time.monotonic() < end:
            try:
                drive(perform(call, line))
            except PipedriveToolsError:
                continue  # the far side counts what it refused


@dataclass
class OwnClock:
    """Shared windows, by the clock of each host: what must not be done."""

    shared: Home
    clock = None

    async def act(self, work: Any, port: Port) -> Any:
        return await self.shared.act(work, port)

    async def settle(self, work: Any, port: Port) -> None:
        await self.shared.settle(work, port)


@dataclass
class TokenBucket(Unpaced):
    """What most libraries do: a bucket of a window's size, filled evenly."""

    size: int
    filled: float = field(init=False)
    at: float = field(default_factory=time.monotonic)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.filled = float(self.size)

    async def take(self, endpoint: Endpoint[..., Any], port: Port) -> Any:  # noqa: ARG002  # all cost the same
        while True:
            with self.lock:
                now = time.monotonic()
                self.filled = min(self.size, self.filled + (now - self.at) * self.size / 2.0)
                self.at = now
                if self.filled >= 1:
                    self.filled -= 1
                    return None
            await port.sleep(0.01)


@dataclass
class Stamped(Unpaced):
    """Our own limiter, but a place is given back at once instead of at the answer."""

    limiter: Limiter

    async def take(self, endpoint: Endpoint[..., Any], port: Port) -> Any:
        place = await self.limiter.take(endpoint, port)
        await self.limiter.done(place, None, port)
        return place

    async def done(self, place: Any, response: Response | None, port: Port) -> None:  # noqa: ARG002  # it was
        assert isinstance(place, Place)


@dataclass(frozen=True)
class Outcome:
    """What the far side saw of one run."""

    seen: Seen
    share: float


def contend(
    limit: int,
    seconds: float,
    *,
    processes: int = PROCESSES,
    kill: bool = True,
    apart: Sequence[float] = (0.0,),
    **more: Any,
) -> Outcome:
    """Let processes contend for a window, and kill one of them on the way; their clocks may be apart."""
    with tempfile.TemporaryDirectory() as folder:
        with strict_server(limit) as seen:
            work = Work(url=seen.url, folder=folder, limit=limit, seconds=seconds, **more)
            workers = [
                _worker(replace(work, apart_seconds=apart[each % len(apart)])) for each in range(processes)
            ]
            start = _let_go(workers)
            if kill:
                time.sleep(STARTING_SECONDS + seconds / 3)
                workers[-1].send_signal(signal.SIGKILL)
            statuses = [_ended(worker) for worker in workers]
        assert statuses == [0] * (processes - kill) + [-signal.SIGKILL] * kill, statuses
        return Outcome(seen, seen.share(limit, start, start + seconds))


def _worker(work: Work) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.torture.limiter", json.dumps(work.__dict__)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ended(worker: "subprocess.Popen[str]") -> int:
    with worker:
        return worker.wait()


def _let_go(workers: list["subprocess.Popen[str]"]) -> float:
    """Say go when all are up; gives the moment at which they begin."""
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "up\n"
    start = time.monotonic() + STARTING_SECONDS
    for worker in workers:
        assert worker.stdin
        worker.stdin.write(f"{start!r}\n")
        worker.stdin.flush()
    return start


def run() -> Iterator[Figure]:
    """Three runs per limit, one process killed in each, and the counter-tests."""
    bucket = contend(20, COUNTER_SECONDS, processes=1, threads=48, kill=False, way="token bucket")
    stamped = contend(80, COUNTER_SECONDS, kill=False, way="stamped at the grant")
    counter = (
        f"a token bucket meets {bucket.seen.refused} of {bucket.seen.calls + bucket.seen.searches}, "
        f"a log stamped at the grant {stamped.seen.refused} of {stamped.seen.calls + stamped.seen.searches}"
    )
    print(counter, flush=True)
    has_teeth = bucket.seen.refused > 0 and stamped.seen.refused > 0
    for limit, bar in BARS.items():
        outcomes = [contend(limit, SECONDS) for _ in range(RUNS)]
        for each in outcomes:
            print(
                f"{limit} a window: {each.seen.calls} calls, {each.seen.searches} searches, "
                f"{each.seen.refused} refused, {each.share:.1%} of the allowed rate",
                flush=True,
            )
        yield Figure.none_of(
            f"429s at {limit} a window, {PROCESSES} x {THREADS}, one killed",
            sum(each.seen.refused for each in outcomes),
            tries=sum(each.seen.calls + each.seen.searches for each in outcomes),
            counter_test=counter,
            has_teeth=has_teeth,
        )
        worst = min(each.share for each in outcomes)
        yield Figure(
            name=f"share of the allowed rate at {limit} a window, worst of {RUNS} runs",
            value=round(worst, 4),
            bar=f">= {bar}",
            holds=worst >= bar,
        )


if __name__ == "__main__":
    Work(**json.loads(sys.argv[1]))()
