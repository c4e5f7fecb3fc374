"""The day's ledger and the stop: many processes, judged by the sandbox's own meter and log."""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from threading import Lock, Thread
from typing import Any, Final

from pipedrive_tools import auth
from pipedrive_tools.client import perform
from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints import activities, deals, leads, notes, persons, pipelines
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.line import Line, Pace, Unpaced
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import BlockingPort, drive
from pipedrive_tools.sandbox import Sandbox, Switches
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.limits import Clock, Limiter
from pipedrive_tools.state.rules import Caller
from pipedrive_tools.state.shared_slots import SharedSlots
from pipedrive_tools.state.slots import Slots
from pipedrive_tools.state.store import Store
from tests.torture.figures import Figure

PROCESSES: Final = 8
HOSTS: Final = 4
NEEDS_QUIET: Final = True
"""Until the process that was refused has said so, others go on to send; on a busy machine that is a while."""
THREADS: Final = 5
CALLS: Final = 10_000
BUDGET: Final = 30_000
"""What a company with one seat on the smallest plan has."""
BLOCK_AT: Final = 200
"""The call that is answered with the page."""
QUIET_SECONDS: Final = 1.0
"""By then whatever was under way has been answered."""
WATCH_SECONDS: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one process does; with no number of calls it goes on for some seconds."""

    url: str
    token: str
    file: str
    seed: int
    calls: int = 0
    seconds: float = 0.0
    daily_tokens: int = 10**9
    paced: bool = True
    state: str = ""
    """A store on a server that keeps the day, in the place of a file."""
    apart_seconds: float = 0.0
    """How far the clocks of this host are from those of the server."""

    def home(self, caller: Caller) -> Slots | SharedSlots:
        """Where the day is kept."""
        return SharedSlots(Store(self.state), caller) if self.state else Slots(Path(self.file), caller)

    def __call__(self) -> Counter[str]:
        """Call from several threads, and count what came of it."""
        settings = Settings(api_token=self.token, base_url=self.url, daily_tokens=self.daily_tokens)
        caller = Caller.of(auth.ApiToken(self.token), self.url)
        clock = Clock(wall=lambda: time.time() + self.apart_seconds)
        paced = replace(Limiter.of(settings, caller, self.home(caller)), clock=clock)
        pace: Pace = paced if self.paced else Unpaced()
        port = BlockingPort(self.url, settings)
        line = Line(port, auth.ApiToken(self.token), Patience(attempts=1), pace)
        found: Counter[str] = Counter()
        lock = Lock()
        threads = [Thread(target=self._loop, args=(line, place, found, lock)) for place in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    def _loop(self, line: Line, place: int, found: Counter[str], lock: Lock) -> None:
        random, end = Random(f"{self.seed} {place}"), time.monotonic() + self.seconds
        made = 0
        while made < self.calls // THREADS if self.calls else time.monotonic() < end:
            made += 1
            try:
                drive(perform(mixed(random), line))
                outcome = "ok"
            except PipedriveToolsError as error:
                outcome = type(error).__name__
                if error.outcome == "not sent" and not self.calls:
                    time.sleep(0.01)
            with lock:
                found[outcome] += 1


def mixed(random: Random) -> Call[Any]:
    """One of many calls: cheap and dear ones, writes, searches, and some that fail."""
    number = random.randint(1, 60)  # some of these deals are not there
    calls: list[Call[Any]] = [
        deals.get(deal_id=number),
        deals.get(deal_id=10**6 + number),
        deals.list_(limit=5),
        deals.search(term="an", limit=1),
        deals.create(title=f"Deal {number}"),
        deals.update(deal_id=number, title=f"Renamed {number}"),
        persons.list_(limit=2),
        persons.create(name=f"Person {number}"),
        activities.create(subject=f"Call {number}", type="call"),
        leads.list_(limit=2),
        notes.create(content="A note", deal_id=number),
        pipelines.list_stages(),
    ]
    return random.choice(calls)


def let(work: Work, *, processes: int = PROCESSES) -> list["subprocess.Popen[str]"]:
    """Start the same work in several processes."""
    return [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.torture.ledger",
                json.dumps(
                    asdict(work)
                    | {"seed": work.seed + each, "apart_seconds": work.apart_seconds * (each % HOSTS)}
                ),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for each in range(processes)
    ]


def results(workers: list["subprocess.Popen[str]"]) -> Counter[str]:
    """What came of all calls together."""
    found: Counter[str] = Counter()
    for worker in workers:
        told, _ = worker.communicate()
        assert worker.returncode == 0
        found.update(json.loads(told))
    return found


def box(**more: Any) -> Sandbox:
    """A small company without burst windows, so that only tokens count."""
    switches = Switches(burst_limits=False, **more.pop("switches", {}))
    return Sandbox.start(deals=40, switches=switches, **more)


def spend(
    calls: int,
    *,
    processes: int = PROCESSES,
    seats: int = 1,
    budget: int = BUDGET,
    state: str = "",
    apart_seconds: float = 0.0,
) -> tuple[int, int, Counter[str]]:
    """Our ledger and the sandbox's meter after many mixed calls, and what came of these."""
    with tempfile.TemporaryDirectory() as folder, box(plan="lite", seats=seats) as sandbox:
        file = Path(folder) / "limits"
        work = Work(
            url=sandbox.url,
            token=sandbox.token,
            file=str(file),
            seed=1,
            calls=calls // processes,
            daily_tokens=seats * budget,
            state=state,
            apart_seconds=apart_seconds,
        )
        found = results(let(work, processes=processes))
        slots = work.home(Caller.of(auth.ApiToken(sandbox.token), sandbox.url))
        ledger = slots.budget().used
        slots.close()
        if isinstance(slots, SharedSlots):
            slots._store.close()
        return ledger, sum(entry["cost"] for entry in sandbox.log()), found


def block(
    *, paced: bool, processes: int = PROCESSES, watch_seconds: float = WATCH_SECONDS
) -> tuple[int, int]:
    """Requests after an HTML 403: those that were under way, and those that came later."""
    with tempfile.TemporaryDirectory() as folder:
        faults = Path(folder) / "faults.toml"
        faults.write_text(f'[[faults]]\nkind = "html_403"\nnth = {BLOCK_AT}\n', encoding="utf-8")
        with box(seats=1000, faults=faults) as sandbox:
            seconds = 60.0 if paced else 3 * QUIET_SECONDS
            work = Work(
                url=sandbox.url,
                token=sandbox.token,
                file=str(Path(folder) / "limits"),
                seed=9,
                seconds=seconds,
                paced=paced,
            )
            workers = let(work, processes=processes)
            while not any(entry["status"] == 403 for entry in sandbox.log()):
                time.sleep(0.02)
            under_way = len(sandbox.log()) - BLOCK_AT
            time.sleep(QUIET_SECONDS)
            quiet = len(sandbox.log())
            time.sleep(watch_seconds if paced else QUIET_SECONDS)
            later = len(sandbox.log()) - quiet
            under_way = quiet - BLOCK_AT if paced else under_way
            for worker in workers:
                worker.kill()
                worker.communicate()
        return under_way, later


def run() -> Iterator[Figure]:
    """The ledger against the meter, the ceiling, and silence after a block."""
    ledger, meter, found = spend(CALLS, seats=100)
    print(
        f"{CALLS} calls of {PROCESSES} processes: ledger {ledger:,}, meter {meter:,}; {dict(found)}",
        flush=True,
    )
    yield Figure(
        name="tokens between our ledger and the sandbox's meter",
        value=abs(ledger - meter),
        bar="== 0",
        holds=ledger == meter and found["NotFoundError"] > 0,
        tries=CALLS,
        counter_test=f"{sum(found.values()) - found['ok']} calls were refused, which a ledger of sent calls charges",
    )
    ledger, meter, found = spend(CALLS)
    print(f"with a budget of {BUDGET:,}: ledger {ledger:,}, meter {meter:,}; {dict(found)}", flush=True)
    yield Figure.none_of(
        "times the day's ceiling was passed",
        found["DailyLimitError"] + (meter > BUDGET),
        tries=sum(found.values()),
        counter_test=f"{found['BudgetSpentError']} calls were kept back at {meter:,} of {BUDGET:,}",
        has_teeth=found["BudgetSpentError"] > 0,
    )
    under_way, later = block(paced=True)
    _, unpaced = block(paced=False)
    print(f"after an HTML 403: {under_way} were under way, {later} came later; unpaced {unpaced}", flush=True)
    yield Figure.none_of(
        "requests of any process after an HTML 403",
        later + max(0, under_way - PROCESSES * THREADS),
        tries=PROCESSES * THREADS,
        counter_test=f"processes that share nothing sent {unpaced}",
        has_teeth=unpaced > 0,
    )


if __name__ == "__main__":
    print(json.dumps(Work(**json.loads(sys.argv[1]))()))
