"""The fleet: one durable run per account, taken over from the dead."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from sales_follow_up.beats import Beats
from sales_follow_up.crew import reviewing, work
from sales_follow_up.fleet import Fleet, Outcome
from sales_follow_up.session import PACKAGED_POLICY

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.state.memory import Memory
from pipedrive_tools.state.store import Store
from tests.logins import ACCOUNT, log_in, sandbox_settings

LONG = 60
ACCOUNTS = ["acme/1", "beta/2", "gamma/3"]
VICTIM = """
import sys, threading
from pathlib import Path
from pipedrive_tools.state.store import Store
from sales_follow_up.fleet import Fleet

def act(account, run):
    Path(sys.argv[2]).touch()
    threading.Event().wait()

with Fleet(Store(sys.argv[1]), list, act, poll_seconds=0.05) as fleet:
    fleet.runs.queue("today", ["acme/1"])
    threading.Event().wait()
"""

STARTS: Final = """
import sys
from pipedrive_tools.state.store import Store
from sales_follow_up.fleet import Fleet

sys.stdin.read()
with Fleet(Store(sys.argv[1]), list, lambda account, run: {}):
    print("works", flush=True)
"""


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store in a database of its own."""
    with closing(Store(database_url)) as opened:
        yield opened


def states(fleet: Fleet) -> dict[str, str]:
    return {run.account: run.state for run in fleet.runs.latest()}


def until_over(fleet: Fleet) -> dict[str, str]:
    latest = time.monotonic() + LONG
    while {"waiting", "running"} & set((found := states(fleet)).values()):
        assert time.monotonic() < latest
        time.sleep(0.05)
    return found


def test_each_account_once(store: Store) -> None:
    """Every account is reviewed once, however often an occasion is queued; what failed can be sent again."""
    seen: Counter[str] = Counter()
    broken = threading.Event()
    broken.set()

    def act(account: str, run: str) -> Outcome:
        seen[run] += 1
        if account == "beta/2" and broken.is_set():
            raise ValueError("Ada's telephone number")
        return {"state": "done", "tokens": 7}

    with Fleet(store, lambda: ACCOUNTS, act, poll_seconds=0.05) as fleet:
        for _ in range(2):
            fleet.runs.queue("today", ACCOUNTS)
        assert until_over(fleet) == {"acme/1": "done", "beta/2": "failed", "gamma/3": "done"}
        assert set(seen.values()) == {1}
        assert [run.outcome for run in fleet.runs.latest()][1] == {
            "state": "failed",
            "why": "it failed with ValueError",
        }
        broken.clear()
        assert fleet.runs.retry() == ["beta/2"]
        assert set(until_over(fleet).values()) == {"done"}
    assert seen == {"today acme/1": 1, "today beta/2": 2, "today gamma/3": 1}


def test_taken_over(store: Store, tmp_path: Path) -> None:
    """The run of a worker that was killed is finished by another one, under the same name."""
    mark = tmp_path / "begun"
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, store.url, str(mark)], env={**os.environ, "PYTHONPATH": "agents"}
    )
    latest = time.monotonic() + LONG
    try:
        while not mark.exists():
            assert victim.poll() is None
            assert time.monotonic() < latest
            time.sleep(0.05)
    finally:
        victim.kill()
        victim.wait()
    runs: list[str] = []

    def act(_account: str, run: str) -> Outcome:
        runs.append(run)
        return {"state": "done"}

    with Fleet(store, list, act, poll_seconds=0.05, dead_seconds=0.5) as fleet:
        assert until_over(fleet) == {"acme/1": "done"}
    assert runs == ["today acme/1"]


def test_beats(store: Store) -> None:
    """Whoever stands still for long is dead, whoever counts on is not."""
    memory, clock = Memory(store, account="a", agent="a"), [0.0]
    me, other = Beats(memory, "me", 10, lambda: clock[0]), Beats(memory, "other")
    other.beat()
    assert me.dead() == []
    clock[0] = 11
    assert me.dead() == ["other"]
    other.beat()
    assert me.dead() == []
    clock[0] = 22
    assert me.dead() == ["other"]
    me.bury("other")
    assert me.dead() == []


def test_once(sandbox: Sandbox, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`fleet --once` reviews every login and prints figures, no names; each step is scheduled once."""
    settings = sandbox_settings(sandbox, database_url)
    log_in(settings)
    act = reviewing(settings, PACKAGED_POLICY, applies=True, country=None)

    assert work(settings, act, schedule=None, is_once=True, concurrency=2) == 0

    told = capsys.readouterr().out
    made = [
        each for each in sandbox.log() if each["method"] == "POST" and each["path"] == "/api/v2/activities"
    ]
    assert told.startswith(ACCOUNT)
    assert f"scheduled {len(made)}," in told
    assert made


def test_schedule(store: Store) -> None:
    """A schedule queues every account by itself."""
    fleet = Fleet(
        store,
        lambda: ACCOUNTS,
        lambda _account, _run: {"state": "done"},
        schedule="* * * * * *",
        poll_seconds=0.05,
    )
    with fleet:
        latest = time.monotonic() + LONG
        while list(states(fleet).values()) != ["done"] * 3:
            assert time.monotonic() < latest
            time.sleep(0.05)


def test_killed_after_the_last_step(sandbox: Sandbox, database_url: str) -> None:
    """A run whose result was lost gives it again and schedules nothing more; a new run would."""
    settings = sandbox_settings(sandbox, database_url)
    log_in(settings)
    sandbox.switch(burst_limits=False)
    act = reviewing(settings, PACKAGED_POLICY, applies=True, country=None)
    first, count = act(ACCOUNT, "today"), len(sandbox.records("activities"))

    assert act(ACCOUNT, "today") == first
    assert len(sandbox.records("activities")) == count
    act(ACCOUNT, "tomorrow")
    assert len(sandbox.records("activities")) > count


def test_many_start_at_once(store: Store) -> None:
    """Workers that start together on a new store do not lock each other out while its tables are made."""
    command = [sys.executable, "-c", STARTS, store.url]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdin
        worker.stdin.close()
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.read() == "works\n"
        worker.stdout.close()
        assert worker.wait() == 0
