"""A fleet on PostgreSQL whose workers are killed: 300 accounts of 200 deals, judged by the companies' own records.

An account of a killed worker must be taken over and come to the same activities as an account that nobody disturbed.
The counter-tests take the takeover away, and then the journal: accounts are left, and activities are doubled.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, Final, Self

import httpx
from cryptography.fernet import Fernet
from sales_follow_up.crew import reviewing
from sales_follow_up.fleet import Act, Fleet, Outcome, Run, Runs
from sales_follow_up.session import PACKAGED_POLICY
from sqlalchemy.exc import SQLAlchemyError

from pipedrive_tools import Pipedrive
from pipedrive_tools.auth import App, Login
from pipedrive_tools.endpoints import activities
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import journal
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.store import Store
from tests import postgres
from tests.logins import CALLBACK, app_of
from tests.torture.companies import Companies, companies
from tests.torture.figures import Figure
from tests.torture.kill_at_every_step import plain
from tests.torture.lives import ended, fork

NEEDS_QUIET: Final = True
ACCOUNTS: Final = 300
DEALS: Final = 200
WORKERS: Final = 3
KILL_SECONDS: Final = 5.0
LATENCY: Final = 0.05
DEAD_SECONDS: Final = 8.0
"""After so long without a beat a worker is taken for dead."""
BACK_SECONDS: Final = 20.0
"""By then an account of a killed worker waits for the next one: its beats, and a moment to look at the queue."""
LOOKS_SECONDS: Final = 0.5
"""The queue is looked at so often while accounts of killed workers are not back in it."""
QUIET_SECONDS: Final = 45.0
STARTING_SECONDS: Final = 60.0
SETTLING_SECONDS: Final = 5.0
"""How long the result of a run may take to be kept."""
TIMEOUTS: Final[dict[str, Any]] = {"timeout_seconds": 3.0, "connect_seconds": 1.0}
HASTY: Final = "\n[agents.sales-follow-up.recovery]\nsettle_seconds = 1.5\n"
OCCASION: Final = "proof"
MEASURED: Final = 16
"""Accounts whose throughput is measured, for each worker."""
BAR: Final = 2.2


@dataclass(frozen=True)
class Ground:
    """The companies, the store and the notes of the workers."""

    far: Companies
    settings: Settings
    folder: Path

    @property
    def everybody(self) -> list[str]:
        """Every login."""
        return [f"company-{place:03}/1" for place in range(len(self.far.urls))]

    @property
    def accounts(self) -> list[str]:
        """All that the fleet reviews; the last login is the one that nobody disturbs."""
        return self.everybody[:-1]

    def log_in(self) -> None:
        """Log in to each company; the logins are found at one address, and each calls its own company."""
        with closing(Store(self.settings.state)) as store:
            logins = Logins(self.settings, store)
            for account, url in zip(self.everybody, self.far.urls, strict=True):
                login = Login(App.of(app_of(url)), CALLBACK)
                told = httpx.get(login.url, trust_env=False).headers["location"]
                logins.vault(account).save(login.finish(told))

    def review_in_peace(self) -> None:
        """Review the last login, without a fleet."""
        pid = fork(lambda: print(f"   in peace: {self.reviews()(self.everybody[-1], 'in peace')}"))
        if ended(pid, wait=True):
            raise RuntimeError("the review without a fleet failed")

    def queue(self) -> None:
        """Queue one run for each account, as soon as a worker has made the tables."""
        latest = time.monotonic() + STARTING_SECONDS
        with closing(Store(self.settings.state)) as store, closing(Runs(store)) as runs:
            while True:
                try:
                    return runs.queue(OCCASION, self.accounts)
                except SQLAlchemyError:
                    if time.monotonic() > latest:
                        raise
                    time.sleep(0.1)

    def over(self) -> list[Run]:
        """The runs whose result is kept; those that have just ended may take a moment."""
        latest = time.monotonic() + SETTLING_SECONDS
        with closing(Store(self.settings.state)) as store, closing(Runs(store)) as runs:
            found = runs.latest()
            while {"waiting", "running"} & {run.state for run in found} and time.monotonic() < latest:
                time.sleep(0.2)
                found = runs.latest()
        return [run for run in found if run.state == "done"]

    def sent(self) -> set[str]:
        """The runs in which a write is on its way at this moment."""
        with closing(Store(self.settings.state)) as store, store.transaction(durable=False) as connection:
            return {row.run for row in journal.listed(connection, ("SENT",))}

    def made(self, place: int) -> Counter[str]:
        """What was scheduled in one company, whatever its number and moment; an activity twice counts twice."""
        made = self.far.made(self.far.urls[place])
        return Counter(plain({**each, "id": None}) for each in made)

    def reviews(self) -> Act:
        """What a worker does with an account."""
        policy = self.folder / "policy.toml"
        policy.write_text(PACKAGED_POLICY.read_text(encoding="utf-8") + HASTY, encoding="utf-8")
        return reviewing(self.settings, policy, applies=True, country=None)

    def sends_anew(self) -> Act:
        """The counter-test: the same steps by a client without a journal, which a second life sends again."""
        steps = [
            {name: each[name] for name in ("subject", "type", "due_date", "deal_id") if each.get(name)}
            for each in self.far.made(self.far.urls[-1])
        ]

        def act(account: str, _run: str) -> Outcome:
            with Pipedrive(settings=replace(self.settings, account=account), writes=True) as client:
                for step in steps:
                    client.send(activities.create(**step))
            return {"state": "done", "scheduled": len(steps)}

        return act


@contextmanager
def ground(far: Companies, server: str | None = None) -> Iterator[Ground]:
    """Companies in their first state and an empty store; what comes of the last one in peace is seen first."""
    far.reset()
    with ExitStack() as stack:
        if server is None:
            here = postgres.answers(postgres.address())
            server = postgres.address() if here else stack.enter_context(postgres.cluster()).url
        settings = app_of(
            far.urls[0],
            state=stack.enter_context(postgres.database(server)),
            state_key=Fernet.generate_key().decode(),
            **TIMEOUTS,
        )
        made = Ground(far, settings, Path(stack.enter_context(TemporaryDirectory())))
        made.log_in()
        made.review_in_peace()
        far.switch(latency=LATENCY)
        yield made


@dataclass(frozen=True)
class Notes:
    """What the workers wrote down: who began and ended which account, and when."""

    folder: Path

    def act(self, act: Act) -> Act:
        """The same act, noted."""
        file = (self.folder / f"{os.getpid()}.notes").open("a", buffering=1, encoding="utf-8")

        def noted(account: str, run: str) -> Outcome:
            file.write(f"begins {account} {time.monotonic()}\n")
            outcome = act(account, run)
            file.write(f"ends {account} {time.monotonic()}\n")
            return outcome

        return noted

    def moments(self, what: str, pid: int | str = "*") -> dict[str, list[float]]:
        """When each account began or ended, at one worker or at all of them."""
        found: dict[str, list[float]] = {}
        for file in self.folder.glob(f"{pid}.notes"):
            for line in file.read_text(encoding="utf-8").splitlines():
                said, account, moment = line.split()
                if said == what:
                    found.setdefault(account, []).append(float(moment))
        return {account: sorted(moments) for account, moments in found.items()}

    def count(self) -> int:
        """How much was noted so far."""
        return sum(len(file.read_bytes()) for file in self.folder.glob("*.notes"))

    def under_way(self, pid: int) -> set[str]:
        """What a worker has begun and not ended, and no other worker has begun since."""
        latest, ended = self.moments("begins"), self.moments("ends", pid)
        mine = self.moments("begins", pid)
        return {
            each for each, moments in mine.items() if each not in ended and moments[-1] == latest[each][-1]
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a fleet works, and how it is disturbed."""

    workers: int = WORKERS
    concurrency: int = 2
    """Accounts at once in each worker."""
    kill_seconds: float = KILL_SECONDS
    """A worker dies so often; 0 is never."""
    most_kills: int = 10_000
    takes_over: bool = True
    quiet_seconds: float = QUIET_SECONDS
    """Who waits is left where nothing has begun or ended for so long."""


class Deaf(Fleet):
    """The counter-test: a worker that takes nothing over."""

    def take_over(self) -> None:
        """Nothing."""


@dataclass
class Orphan:
    """An account of a killed worker."""

    account: str
    lost: float
    """When its worker was killed."""
    back: float | None = None
    """When it was seen to wait in the queue again, or to be at work again."""


@dataclass
class Crowd:
    """Worker processes on one ground, and what becomes of those that are killed."""

    ground: Ground
    act: Act
    plan: Plan
    lives: list[int] = field(default_factory=list)
    kills: int = 0
    inside: int = 0
    """Kills that met a write on its way."""
    orphans: list[Orphan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.notes = Notes(self.ground.folder)

    def __enter__(self) -> Self:
        """Start the workers."""
        self.lives = [fork(self._life) for _ in range(self.plan.workers)]
        self.ground.queue()
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        for pid in self.lives:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                ended(pid, wait=True)

    def finish(self) -> None:
        """Kill and replace, until every account was reviewed, or nothing happens any more."""
        random, wanted = Random(len(self.ground.accounts)), set(self.ground.accounts)
        kill_at = time.monotonic() + self.plan.kill_seconds
        seen, since = 0, time.monotonic()
        look_at = since
        while missing := wanted - set(self.notes.moments("ends")):
            time.sleep(0.1)
            if any(ended(pid) is not None for pid in self.lives):
                raise RuntimeError("a worker ended by itself")
            now = time.monotonic()
            if self.plan.kill_seconds and now > kill_at and self.kills < self.plan.most_kills:
                # Towards the end an idle one may be met: else whoever works on the last account would die each time.
                is_ending = len(missing) <= len(self.lives) * self.plan.concurrency
                place = random.randrange(len(self.lives))
                kill_at += self.plan.kill_seconds * self._kill(place, even_idle=is_ending)
            if now > look_at:
                self._look()
                look_at = now + LOOKS_SECONDS
            count = self.notes.count()
            seen, since = (count, now) if count != seen else (seen, since)
            if now > since + self.plan.quiet_seconds:
                return

    def waited(self, orphan: Orphan) -> float:
        """Seconds until the next worker began with an account; until now where none did."""
        return self._begun(orphan, time.monotonic()) - orphan.lost

    def _begun(self, orphan: Orphan, default: float) -> float:
        begun = self.notes.moments("begins")[orphan.account]
        return next((each for each in begun if each > orphan.lost), default)

    def _look(self) -> None:
        """See which accounts of killed workers are back in the queue."""
        if not (gone := [each for each in self.orphans if each.back is None]):
            return
        with closing(Store(self.ground.settings.state)) as store, closing(Runs(store)) as runs:
            waiting = {run.account for run in runs.latest() if run.state == "waiting"}
        now = time.monotonic()
        for orphan in gone:
            orphan.back = now if orphan.account in waiting else (self._begun(orphan, 0.0) or None)

    def _kill(self, place: int, *, even_idle: bool) -> bool:
        """Kill a worker and start another one; one that has nothing to do only where that is asked for."""
        pid = self.lives[place]
        if not even_idle and not self.notes.under_way(pid):
            return False
        os.kill(pid, signal.SIGKILL)
        ended(pid, wait=True)
        now, lost = time.monotonic(), self.notes.under_way(pid)
        self.kills += 1
        self.inside += bool(self.ground.sent() & {f"{OCCASION} {account}" for account in lost})
        self.orphans += [Orphan(account, now) for account in lost]
        self.lives[place] = fork(self._life)
        return True

    def _life(self) -> None:
        kind = Fleet if self.plan.takes_over else Deaf
        with (
            closing(Store(self.ground.settings.state)) as store,
            kind(
                store,
                list,
                self.notes.act(self.act),
                concurrency=self.plan.concurrency,
                poll_seconds=0.1,
                dead_seconds=DEAD_SECONDS,
            ),
        ):
            Event().wait()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found when it was over."""

    accounts: int
    kills: int
    inside: int
    orphans: int
    """Accounts that lost their worker, each time counted."""
    longest_absence: float
    """Seconds until such an account was back in the queue."""
    longest_wait: float
    """Seconds until the next worker began with such an account: DBOS draws lots among the accounts that wait."""
    left: int
    """Accounts without one finished run, or whose result is not that of an account that nobody disturbed."""
    again: int
    """Accounts whose review came to its end and was lost before that was known."""
    elsewhere: int
    """Accounts whose activities are not those of one that nobody disturbed."""
    doubled: int
    scheduled: int
    seconds: float


def judged(crowd: Crowd) -> Found:
    """Compare every account with one that nobody disturbed."""
    ground, ends, now = crowd.ground, crowd.notes.moments("ends"), time.monotonic()
    begins = [moment for each in crowd.notes.moments("begins").values() for moment in each]
    wanted = ground.made(-1)
    made = [ground.made(place) for place in range(len(ground.accounts))]
    results = Counter(run.account for run in ground.over() if run.outcome.get("scheduled") == wanted.total())
    return Found(
        accounts=len(ground.accounts),
        kills=crowd.kills,
        inside=crowd.inside,
        orphans=len(crowd.orphans),
        longest_absence=max(((each.back or now) - each.lost for each in crowd.orphans), default=0.0),
        longest_wait=max((crowd.waited(each) for each in crowd.orphans), default=0.0),
        left=sum(results[account] != 1 for account in ground.accounts),
        again=sum(len(moments) > 1 for moments in ends.values()),
        elsewhere=sum(each != wanted for each in made),
        doubled=sum(number - 1 for each in made for number in each.values()),
        scheduled=sum(each.total() for each in made),
        seconds=max(moment for each in ends.values() for moment in each) - min(begins),
    )


def survive(ground: Ground, plan: Plan, act: Act) -> Found:
    """Let a fleet review every account, and judge it."""
    with Crowd(ground, act, plan) as crowd:
        crowd.finish()
        return judged(crowd)


def rate(far: Companies, workers: int) -> float:
    """Accounts that so many workers review in a second, one at a time each."""
    with ground(far) as here:
        plan = Plan(workers=workers, concurrency=1, kill_seconds=0.0)
        return len(here.accounts) / survive(here, plan, here.reviews()).seconds


def run() -> Iterator[Figure]:
    """The counter-tests, the kills, and how much more three workers do than one."""
    few = Plan(kill_seconds=2.0, most_kills=4)
    with companies(13, deals=DEALS) as far:
        with ground(far) as here:
            quiet = replace(few, takes_over=False, quiet_seconds=3 * DEAD_SECONDS)
            deaf = survive(here, quiet, here.reviews())
            print(f"   takes nothing over: {deaf}", flush=True)
        with ground(far) as here:
            forgetful = survive(here, few, here.sends_anew())
            print(f"   writes without a journal: {forgetful}", flush=True)
    with companies(ACCOUNTS + 1, deals=DEALS) as far, ground(far) as here:
        found = survive(here, Plan(), here.reviews())
        print(f"   {found}", flush=True)
    yield Figure("fleet: kills that met a write on its way", found.inside, ">= 5", tries=found.kills)
    yield Figure.none_of(
        f"fleet: accounts not reviewed exactly once, {WORKERS} workers, {found.kills} killed",
        found.left + found.elsewhere,
        tries=found.accounts,
        counter_test=f"without the takeover {deaf.left} of {deaf.accounts} are left",
        has_teeth=deaf.left > 0 and found.orphans > 0,
    )
    yield Figure.none_of(
        f"fleet: activities doubled over {found.kills} kills",
        found.doubled,
        tries=found.scheduled,
        counter_test=f"without the journal {forgetful.doubled} of {forgetful.scheduled} are doubled",
        has_teeth=forgetful.doubled > 0,
    )
    yield Figure(
        "fleet: seconds until an account of a killed worker was back in the queue, the longest",
        found.longest_absence,
        f"<= {BACK_SECONDS:g}",
        tries=found.orphans,
        counter_test=f"without the takeover {deaf.longest_absence:.0f} s and for ever",
    )
    with companies(MEASURED + 1, deals=DEALS) as far:
        alone = rate(far, 1)
    with companies(WORKERS * MEASURED + 1, deals=DEALS) as far:
        together = rate(far, WORKERS)
    print(f"   accounts a second: {alone:.2f} with one worker, {together:.2f} with {WORKERS}", flush=True)
    yield Figure(f"fleet: throughput of {WORKERS} workers over that of one", together / alone, f">= {BAR}")
