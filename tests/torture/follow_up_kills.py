"""The follow-up agent killed at every step and run again: the same activities as without a kill, none doubled."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sales_follow_up import agent
from sales_follow_up.consent import Consent, all_of
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY, connected
from sales_follow_up.steps import Steps
from sales_follow_up.unfinished import NAME
from sqlalchemy import select

from pipedrive_tools.state.schema import memory
from pipedrive_tools.state.store import Store
from tests.torture import strace
from tests.torture.far_side import FarSide
from tests.torture.figures import Figure
from tests.torture.kill_at_every_step import MOST_OF_ONE, PATIENT, TIMEOUTS, alone, empty_store, held

SYSCALLS: Final = ("pwrite64", "fdatasync", "sendto", "recvfrom")
LIMIT: Final = 3
"""Fewer than there is to do, so that a plan made anew would be another one."""
POINTS: Final = 100
HASTY: Final = "\n[agents.sales-follow-up.recovery]\nsettle_seconds = 0.3\n"


@dataclass(frozen=True)
class Point:
    """One kill and what came of it."""

    syscall: str
    number: int
    is_same: bool
    doubled: int


@dataclass(frozen=True)
class Account:
    """One account, and the store of whoever runs the agent on it."""

    far: FarSide
    folder: Path

    def prepare(self) -> None:
        """The first state of everything."""
        self.far.reset()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        shutil.copy(empty_store(), self.folder / "state.db")
        policy = PACKAGED_POLICY.read_text(encoding="utf-8") + HASTY
        (self.folder / "policy.toml").write_text(policy, encoding="utf-8")

    def run(self, **timeouts: float) -> None:
        """One process that runs the agent."""
        settings = self.far.settings(f"sqlite:///{self.folder / 'state.db'}", **timeouts)
        consent, today = Consent(), datetime.now(UTC).date()
        with connected(self.folder / "policy.toml", settings, consent, goes_on_from=today) as toolset:
            steps = Steps(toolset=toolset, consent=consent, limit=LIMIT, today=today)
            agent.run(
                steps, decide=lambda proposals: all_of(proposals, "nobody"), listener=Screen(is_quiet=True)
            )

    def kill(self, syscall: str, number: int) -> bool:
        """A run that dies at this step; false when there is no such step."""
        return strace.traced(
            lambda: lambda: self.run(**PATIENT),
            syscalls=[syscall],
            inject=[f"{syscall}:signal=SIGKILL:when={number}"],
            output=self.folder / "trace",
        ).was_killed

    @property
    def was_over(self) -> bool:
        """Whether the killed run had told the store that it is done, so that the next one is a second run."""
        store = Store(f"sqlite:///{self.folder / 'state.db'}")
        with store.transaction(durable=False) as connection:
            kept = connection.scalar(select(memory.c.value).where(memory.c.name == NAME))
        store.close()
        return kept is not None and not json.loads(kept)["decisions"]


def points(account: Account, *, every: int = 1, forgets: bool = False) -> Iterator[Point]:
    """Every step of a run, or every so many-th, one kill each; with `forgets` the store is gone, too."""
    account.prepare()
    alone(lambda: account.run(**TIMEOUTS))
    wanted = held(account.far)["activities"]
    for syscall in SYSCALLS:
        for number in range(1, MOST_OF_ONE, every):
            account.prepare()
            if not account.kill(syscall, number):
                break
            if account.was_over:
                continue
            if forgets:
                (account.folder / "state.db").unlink()
            alone(lambda: account.run(**TIMEOUTS))
            found = held(account.far)["activities"]
            yield Point(syscall, number, found == wanted, max(0, found.total() - wanted.total()))


def walk(*, every: int = 1, forgets: bool = False) -> list[Point]:
    """The points, with a sandbox and a folder of one's own."""
    with FarSide() as far, tempfile.TemporaryDirectory() as folder:
        return list(points(Account(far, Path(folder) / "lives"), every=every, forgets=forgets))


def run() -> Iterator[Figure]:
    """The whole proof."""
    if not strace.is_there():
        print(f"   {strace.MISSING}", file=sys.stderr)
        yield Figure("follow-up killed at every step: strace", 0, "== 1", holds=False)
        return
    found = walk()
    elsewhere = [point for point in found if not point.is_same]
    for point in elsewhere:
        print(f"      {point}", flush=True)
    teeth = sum(not point.is_same for point in walk(every=5, forgets=True))
    told = f"where the store is lost with the process, {teeth} of a fifth of the same kills end elsewhere"
    name = "follow-up killed at every step: "
    yield Figure(name + "points", len(found), f">= {POINTS}")
    yield Figure.none_of(
        name + "ends elsewhere", len(elsewhere), tries=len(found), counter_test=told, has_teeth=teeth > 0
    )
    doubled = sum(point.doubled for point in found)
    yield Figure.none_of(
        name + "doubled activities", doubled, tries=len(found), counter_test=told, has_teeth=teeth > 0
    )
