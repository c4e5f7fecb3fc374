"""A receiver, a worker and Pipedrive as processes of their own, two of which are killed and started again.

Each life is a fork of this warm process. What each of them did is in files that only grow: a line is written after
the answer came, or after the work was done, and so survives whoever wrote it.
"""

import http.client
import json
import os
import queue
import signal
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any, Final

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Arrival, Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks import events, serving
from pipedrive_tools.webhooks.hint import run_of
from pipedrive_tools.webhooks.intake import Intake
from pipedrive_tools.webhooks.receiver import PATH, Receiver
from pipedrive_tools.webhooks.worker import Worker
from tests.torture.lives import ended, fork

ACCOUNT: Final = "here"
BASIC: Final = "Basic " + b64encode(b"hook:secret").decode()
HEADERS: Final = {"authorization": BASIC, "content-type": "application/json"}
SCHEDULE: Final = (0.0, 0.03, 0.3, 1.5)
"""Seconds before each attempt: Pipedrive's, a hundred times as fast."""
CONNECTIONS: Final = 8
RECORDS: Final = 2_000
DUPLICATES: Final = 0.1
WAITS: Final = (0.5, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0, 16.0)
LINE: Final = 9
"""Bytes of a line in a file: eight digits and the end."""


def body(number: int, padding: int = 0) -> bytes:
    """The event of this number."""
    meta = {
        "action": "change",
        "entity": "deal",
        "entity_id": str(number % RECORDS + 1),
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "webhook_id": "31",
        "timestamp": "2026-08-18T09:30:00.000Z",
        "version": "2.0",
        "change_source": "app",
    }
    data = {"id": number % RECORDS + 1, "number": number, "padding": "x" * padding}
    return json.dumps({"meta": meta, "data": data, "previous": {}}).encode()


def known(shown: str | None) -> str | None:
    """The webhook that shows this header."""
    return "hook" if shown == BASIC else None


class Hasty:
    """The counter-test: an intake that answers first and commits a moment later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
        Thread(target=self._run, daemon=True).start()

    async def keep(self, arrival: Arrival) -> None:
        self._waiting.put(arrival)

    def _run(self) -> None:
        while True:
            time.sleep(0.1)
            batch = []
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            with self._store.transaction(durable=True) as connection:
                inbox.keep(connection, ACCOUNT, batch)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is tried."""

    events: int
    kills: int
    seed: int = 1
    writes_every: int = 20
    """One in so many events makes a guarded write in Pipedrive."""
    is_hasty: bool = False
    """Whether the receiver answers before it commits."""
    forgets: bool = False
    """Whether each try of an event is a run of its own, so that the journal cannot know it."""
    limit_seconds: float = 3_600.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of it."""

    acknowledged: int
    lost: int
    """Acknowledged, and never worked on."""
    kept_twice: int
    writes: int
    doubled: int
    missing: int
    parked: int
    given_up: int
    """Never acknowledged in four attempts, which is what the sweep is for."""
    kills: int
    seconds: float


@dataclass
class Stage:
    """The folder and the port on which everybody meets."""

    folder: Path
    port: int
    plan: Plan
    settings: Settings
    policy: Policy
    agent: str
    _files: dict[str, int] = field(default_factory=dict)

    @property
    def inbox_url(self) -> str:
        return f"sqlite:///{self.folder}/inbox.db"

    def store(self) -> Store:
        return Store(self.inbox_url)

    def note(self, name: str, number: int) -> None:
        """One more line in a file."""
        if name not in self._files:
            path = self.folder / name
            self._files[name] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self._files[name], f"{number:08d}\n".encode())

    def noted(self, name: str) -> list[int]:
        path = self.folder / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def progress(self) -> float:
        """How much of the sending and the working is done, from 0 to 1."""
        sizes = [path.stat().st_size for name in ("sent", "worked") if (path := self.folder / name).exists()]
        return sum(sizes) / (LINE * self.plan.events * (2 + DUPLICATES))

    def receive(self) -> None:
        """The life of a receiver."""
        if self.plan.is_hasty:
            self.serve(Receiver(Hasty(self.store()), known))
        else:
            store = Store(self.inbox_url, tidies_itself=False)
            self.serve(Receiver(Intake(store, ACCOUNT), known))

    def serve(self, app: Any) -> None:
        """Serve a receiver until it is killed."""
        serving.serve(app, "127.0.0.1", self.port, ready=lambda _: None)

    def work(self) -> None:
        """The life of a worker."""
        store, queue_url = self.store(), f"sqlite:///{self.folder}/queue.db"
        with Worker(store, ACCOUNT, queue_url, self.act, waits=WAITS, poll_seconds=0.05):
            while not (self.folder / "stop").exists():
                time.sleep(0.05)

    def act(self, item: Item) -> str:
        shown = events.parse(item.body).data
        number = int((shown.model_extra or {})["number"]) if shown else 0
        if number % self.plan.writes_every == 0:
            run = run_of(item) + (str(time.time_ns()) if self.plan.forgets else "")
            with Toolset.connect(self.agent, self.policy, settings=self.settings, run=run[:64]) as toolset:
                subject = {"subject": f"event {number}", "type": "call", "due_date": "2030-01-02"}
                result = toolset.call("create_activity", subject)
                if not result.ok:
                    raise RuntimeError(result.status)
        self.note("worked", number)
        return "worked on"

    def send(self) -> None:
        """The life of Pipedrive: every event once, one in ten twice, each until it is answered with 2xx."""
        random = Random(self.plan.seed)
        numbers = list(range(self.plan.events))
        numbers += random.sample(numbers, int(len(numbers) * DUPLICATES))
        window = 200
        order = sorted(range(len(numbers)), key=lambda place: place + random.uniform(0, window))
        wanted: queue.SimpleQueue[int] = queue.SimpleQueue()
        for place in order:
            wanted.put(numbers[place])
        threads = [Thread(target=self._deliver, args=(wanted,)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _deliver(self, wanted: "queue.SimpleQueue[int]") -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while True:
            try:
                number = wanted.get_nowait()
            except queue.Empty:
                return
            taken = any(self._attempt(connection, number, wait) for wait in SCHEDULE)
            self.note("acknowledged" if taken else "given up", number)
            self.note("sent", number)

    @staticmethod
    def _attempt(connection: http.client.HTTPConnection, number: int, wait: float) -> bool:
        time.sleep(wait)
        try:
            connection.request("POST", PATH, body(number), HEADERS)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        return 200 <= answer.status < 300

    def is_over(self) -> bool:
        store = self.store()
        with store.transaction(durable=False) as connection:
            counts = inbox.counts(connection, ACCOUNT)
        store.close()
        return not counts.get("new") and not counts.get("queued")


def survive(stage: Stage) -> int:
    """Send everything while receiver and worker are killed, each kill at its share of the way; gives the kills."""
    random, deadline = Random(stage.plan.seed), time.monotonic() + stage.plan.limit_seconds
    lives: dict[Callable[[], None], int] = {work: fork(work) for work in (stage.receive, stage.work)}
    sender, killed, sends = fork(stage.send), 0, True
    while sends or killed < stage.plan.kills or not stage.is_over():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not finished in time, after {killed} kills at {stage.progress():.0%}")
        time.sleep(0.02 if sends else 0.3)
        sends = sends and ended(sender) is None
        due = stage.progress() >= (killed + 1) / (stage.plan.kills + 1) or (not sends and stage.is_over())
        if due and killed < stage.plan.kills:
            victim = random.choice(list(lives))
            os.kill(lives[victim], signal.SIGKILL)
            ended(lives[victim], wait=True)
            killed += 1
            lives[victim] = fork(victim)
    for life in lives.values():
        os.kill(life, signal.SIGKILL)
        ended(life, wait=True)
    return killed


def judged(stage: Stage, subjects: list[str], *, kills: int, seconds: float) -> Outcome:
    """What was acknowledged, against what was worked on, and what Pipedrive holds in the end."""
    acknowledged, worked = set(stage.noted("acknowledged")), set(stage.noted("worked"))
    store = stage.store()
    with store.transaction(durable=False) as connection:
        items = inbox.listed(connection, ACCOUNT, limit=stage.plan.events * 2)
    store.close()
    made = Counter(subject for subject in subjects if subject.startswith("event "))
    wanted = {f"event {number}" for number in worked if number % stage.plan.writes_every == 0}
    return Outcome(
        acknowledged=len(acknowledged),
        lost=len(acknowledged - worked),
        kept_twice=len(items) - len({item.content for item in items}),
        writes=len(made),
        doubled=sum(count - 1 for count in made.values()),
        missing=len(wanted - set(made)),
        parked=sum(item.state == "parked" for item in items),
        given_up=len(set(stage.noted("given up")) - acknowledged),
        kills=kills,
        seconds=seconds,
    )
