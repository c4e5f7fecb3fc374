"""The queue on DBOS: events of one record run in order, those of different records in parallel, and none is lost.

DBOS keeps which events wait, which one each record is at, and how often it was tried; a worker that is killed goes
on where it was. What an event says stays in the inbox: the queue holds numbers only.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Event, Semaphore
from types import TracebackType
from typing import Any, Final, Self

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, WorkflowStatusString
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from pipedrive_tools.errors import PipedriveToolsError, SettingsError, StoreError
from pipedrive_tools.state.sqlite import prepare_file
from pipedrive_tools.webhooks.alone import alone

WORKFLOW: Final = "handle-event"
VERSION: Final = "1"
"""Of the workflow below: events that an older program queued are worked on by a newer one."""
SLEEPERS: Final = 200
"""Events that may be under way or waiting to be tried again at once; the others wait in the queue."""
POLL_SECONDS: Final = 0.1
LIVES: Final = 50
"""An event in whose hands so many workers died is given up."""
LAUNCH_SECONDS: Final = 60.0
"""How long a process waits for another one that makes the tables."""
STOP_SECONDS: Final = 30.0
"""How long those under way may take to end when the worker stops."""
WAITS: Final = (2.0, 6.0, 18.0, 54.0, 162.0, 486.0, 1458.0)
"""Seconds before each further try; after the last one, some 36 minutes on, an event is parked."""


def name_of(account: str) -> str:
    """What the queue of an account is called; DBOS keeps those of many accounts, and a fleet's, in one database."""
    return f"pipedrive-tools-webhooks-{hashlib.sha256(account.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """An event as the queue knows it."""

    id: int
    record: str
    turn: int
    """How often a person sent it again."""

    @property
    def name(self) -> str:
        """The same for the same turn of the same event; names of events that came together sort by arrival."""
        return f"{self.id:020d}-{self.turn}"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is done with the number of an event."""

    handle: Callable[[int], str]
    """Says in a few words what it did; raises where it did not come to an end."""
    finish: Callable[[int, str], None]
    """Told what was done; may wait for the disk, and takes no place while it does."""
    park: Callable[[int, str], None]
    """Told of an event that was tried for the last time, and why it failed."""


class StoppedError(BaseException):
    """The worker stops: the next one takes this event up. No `Exception`, which DBOS would take for an outcome."""


@dataclass
class Queue:
    """The worker of the queue; there is one in each process at most, since DBOS is one to a process."""

    url: str
    name: str
    """As `name_of` gives it; DBOS's application, its queue and its one executor are called so."""
    work: Work
    threads: int = 8
    """Events that are worked on at once."""
    waits: Sequence[float] = WAITS
    poll_seconds: float = POLL_SECONDS
    _engine: Engine = field(init=False, repr=False)
    _client: DBOSClient = field(init=False, repr=False)
    _places: Semaphore = field(init=False, repr=False)
    _busy: int = field(default=0, init=False, repr=False)
    _ended: Condition = field(default_factory=Condition, init=False, repr=False)
    _stops: Event = field(default_factory=Event, init=False, repr=False)

    def __enter__(self) -> Self:
        """Start to work, with what the last worker left."""
        _be_quiet(logging.ERROR)
        self._places = Semaphore(self.threads)
        self._engine = engine(self.url)
        DBOS(
            config={
                "name": self.name,
                "application_version": f"{self.name}-{VERSION}",  # DBOS wants it to be nobody else's
                "executor_id": self.name,  # there is one worker, and it takes up what the last one left
                "system_database_engine": self._engine,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "ERROR",
            }
        )

        def handle_event(number: int) -> None:
            self._run(number)

        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=LIVES)(handle_event)
        launch(self._engine)
        DBOS.register_queue(
            self.name,
            partition_concurrency=1,
            worker_concurrency=SLEEPERS,
            polling_interval_sec=self.poll_seconds,
            on_conflict="always_update",
        )
        self._client = DBOSClient(
            system_database_engine=self._engine,
            application_name=self.name,
            serializer=DBOSPortableJSONSerializer(),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: those under way may end, those that wait are taken up by the next worker."""
        with self._ended:
            self._stops.set()
            self._ended.wait_for(lambda: not self._busy, STOP_SECONDS)
        _be_quiet(logging.CRITICAL)  # its threads still ask for a database that is being closed
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=int(STOP_SECONDS))
        self._engine.dispose()

    def put(self, tickets: Iterable[Ticket]) -> None:
        """Hand events on in one transaction; those that the queue has already stay as they are."""
        with self._engine.begin() as connection:
            for each in tickets:
                self._client.enqueue_in_transaction(
                    connection,
                    {
                        "workflow_name": WORKFLOW,
                        "queue_name": self.name,
                        "workflow_id": each.name,
                        "queue_partition_key": each.record,
                    },
                    each.id,
                )

    def given_up(self) -> list[int]:
        """Numbers of events in whose hands too many workers died."""
        status = WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value
        found = self._client.list_workflows(
            status=status, application_name=self.name, name=WORKFLOW, load_input=False, load_output=False
        )
        return [int(each.workflow_id.partition("-")[0]) for each in found]

    def forget(self, names: Sequence[str]) -> None:
        """Drop what the queue remembers of events that are over."""
        if names:
            self._client.delete_workflows(list(names))

    def _run(self, number: int) -> None:
        """Try, wait longer each time, and give up; what went wrong is on the disk before the next wait begins.

        The first try leaves no trace: nearly every event needs no other, and a worker that dies in it tries anew.
        """
        problem = self._tried(number)
        for wait in self.waits:
            if not problem:
                return
            self._wait(DBOS.run_step({"name": "until"}, _moment_in, wait))
            problem = DBOS.run_step({"name": "try"}, self._tried, number)
        if problem:
            with self._under_way():
                self.work.park(number, problem)

    def _tried(self, number: int) -> str:
        """Nothing where it went well, otherwise why not, in words without anybody's data."""
        with self._under_way():
            try:
                with self._places:
                    outcome = self.work.handle(number)
                self.work.finish(number, outcome)
            except PipedriveToolsError as error:
                return str(error) or type(error).__name__
            except Exception as error:  # noqa: BLE001  # whatever a handler raises, its event is tried again
                return f"the handler failed with {type(error).__name__}"
        return ""

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        """Something that the end waits for, and that does not begin any more once the end has come."""
        with self._ended:
            if self._stops.is_set():
                raise StoppedError
            self._busy += 1
        try:
            yield
        finally:
            with self._ended:
                self._busy -= 1
                self._ended.notify_all()

    def _wait(self, until: float) -> None:
        """Until a moment that is on the disk: a worker that comes after this one waits for the rest only."""
        if self._stops.wait(max(0.0, until - time.time())):
            raise StoppedError


def _moment_in(seconds: float) -> float:
    return time.time() + seconds


def engine(url: str) -> Engine:
    """The database of the queue; SQLite with the settings that DBOS makes itself, and a write-ahead log."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address.set(drivername="postgresql+psycopg"), pool_size=20, pool_pre_ping=True)
    prepare_file(Path(str(address.database)))
    made = create_engine(url, pool_size=20, max_overflow=20)

    @event.listens_for(made, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    return made


def launch(engine: Engine) -> None:
    """Start DBOS; while one process makes its tables the others wait, since they would lock each other out."""
    address = engine.url.render_as_string(hide_password=False)
    latest = time.monotonic() + LAUNCH_SECONDS
    while True:
        try:
            with alone(address, "launch"):
                DBOS.launch()
                return
        except SettingsError:
            if time.monotonic() > latest:
                raise StoreError("another process has been making the queue's tables for too long") from None
        time.sleep(LAUNCH_SECONDS / 600)


def _be_quiet(level: int) -> None:
    """DBOS speaks of its service at each start, and would print what handlers raise."""
    logging.getLogger("dbos").setLevel(level)
