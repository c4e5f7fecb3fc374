"""One durable run for each account, on DBOS: each account alone with itself, any number of workers.

DBOS keeps which runs wait, who is at work on each, and what came of it. A worker that is killed stops to beat; another
one gives its runs back to the queue. A run that is begun again has the same name, so that the journal recognises what
was sent and nothing is scheduled twice.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import Any, Final, Self

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy import Engine

from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.state import inbox
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.queue import engine, launch
from sales_follow_up.beats import DEAD_SECONDS, Beats, new_name, of_fleet
from sales_follow_up.beats import FLEET as NAME
from sales_follow_up.lists import UnreadError

QUEUE: Final = "accounts"
VERSION: Final = "1"
RUN: Final = "review-account"
OCCASION: Final = "queue-accounts"
LIVES: Final = 50
LOG: Final = logging.getLogger(__name__)

Outcome = dict[str, Any]
Act = Callable[[str, str], Outcome]
"""Reviews an account in the run of this name, and gives figures without anybody's data."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of one account."""

    occasion: str
    account: str
    state: str
    """waiting, running, done, refused or failed."""
    outcome: Outcome
    turn: int = 0

    @property
    def id(self) -> str:
        """What DBOS calls it."""
        return f"{self.occasion} {self.account} {self.turn}"


class Runs:
    """The runs that DBOS keeps beside a store."""

    def __init__(self, store: Store) -> None:
        self.engine: Final[Engine] = engine(inbox.beside(store.url, "fleet"))
        self._client = DBOSClient(
            system_database_engine=self.engine,
            application_name=NAME,
            serializer=DBOSPortableJSONSerializer(),
        )

    def queue(self, occasion: str, accounts: Sequence[str], turn: int = 0) -> None:
        """Queue one run for each account; one that is there already stays as it is."""
        with self.engine.begin() as connection:
            for account in accounts:
                self._client.enqueue_in_transaction(
                    connection,
                    {
                        "workflow_name": RUN,
                        "queue_name": QUEUE,
                        "workflow_id": f"{occasion} {account} {turn}",
                        "queue_partition_key": account,
                    },
                    occasion,
                    account,
                )

    def latest(self) -> list[Run]:
        """The last run of each account."""
        found: dict[str, Run] = {}
        for each in self._client.list_workflows(name=RUN, load_input=False):
            occasion, account, turn = each.workflow_id.rsplit(" ", 2)
            outcome: Outcome = each.output if isinstance(each.output, dict) else {}
            found[account] = Run(
                occasion=occasion,
                account=account,
                state=_state(each.status, outcome),
                outcome=outcome,
                turn=int(turn),
            )
        return sorted(found.values(), key=lambda run: run.account)

    def retry(self, accounts: Sequence[str] = ()) -> list[str]:
        """Queue once more what did not end well, under its name; gives the accounts."""
        again = [
            run
            for run in self.latest()
            if run.state in {"failed", "refused"} and (not accounts or run.account in accounts)
        ]
        for run in again:
            self.queue(run.occasion, [run.account], run.turn + 1)
        return [run.account for run in again]

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _state(status: str, outcome: Outcome) -> str:
    if status == "SUCCESS":
        return str(outcome.get("state", "failed"))
    return {"ENQUEUED": "waiting", "DELAYED": "waiting", "PENDING": "running"}.get(status, "failed")


@dataclass
class Fleet:
    """One worker; there is one in each process at most, since DBOS is one to a process."""

    store: Store
    accounts: Callable[[], Sequence[str]]
    act: Act
    concurrency: int = 4
    """Accounts at once in each worker; the worker that started last decides for all."""
    schedule: str | None = None
    """When all accounts are queued, in cron's words and UTC; None leaves it as it was."""
    poll_seconds: float = 1.0
    dead_seconds: float = DEAD_SECONDS
    runs: Runs = field(init=False)
    _beats: Beats = field(init=False, repr=False)
    _stops: Event = field(default_factory=Event, init=False, repr=False)
    _clerk: Thread = field(init=False, repr=False)

    def __enter__(self) -> Self:
        """Start to work."""
        logging.getLogger("dbos").setLevel(logging.ERROR)
        me = new_name()
        self._beats = Beats(of_fleet(self.store), me, self.dead_seconds)
        self._beats.beat()
        self.runs = Runs(self.store)
        DBOS(
            config={
                "name": NAME,
                "application_version": VERSION,
                "executor_id": me,
                "system_database_engine": self.runs.engine,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "ERROR",
            }
        )
        self._work()
        self._clerk = Thread(target=self._run, name="fleet-clerk", daemon=True)
        self._clerk.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; what is under way is taken over by another worker, or by the next one."""
        self._stops.set()
        self._clerk.join()
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=30)
        self.runs.close()

    def take_over(self) -> None:
        """Give the runs of dead workers back to the queue."""
        for name in self._beats.dead():
            DBOS._recover_pending_workflows([name])  # noqa: SLF001  # DBOS offers it to its paid service only
            self._beats.bury(name)

    def _work(self) -> None:
        def review_account(occasion: str, account: str) -> Outcome:
            try:
                return self.act(account, f"{occasion} {account}")
            except (PipedriveToolsError, UnreadError) as error:
                return {"state": "failed", "why": one_line(str(error))}
            except Exception as error:  # noqa: BLE001  # one account's trouble is not the others'
                return {"state": "failed", "why": f"it failed with {type(error).__name__}"}

        def queue_accounts(moment: datetime, _context: Any) -> None:
            self.runs.queue(f"{moment:%Y-%m-%dT%H:%MZ}", self.accounts())

        DBOS.workflow(name=RUN, max_recovery_attempts=LIVES)(review_account)
        planned = DBOS.workflow(name=OCCASION, max_recovery_attempts=LIVES)(queue_accounts)
        launch(self.runs.engine)
        DBOS.register_queue(
            QUEUE,
            partition_concurrency=1,
            worker_concurrency=self.concurrency,
            polling_interval_sec=self.poll_seconds,
            on_conflict="always_update",
        )
        if self.schedule:
            DBOS.apply_schedules([{"schedule_name": NAME, "workflow_fn": planned, "schedule": self.schedule}])

    def _run(self) -> None:
        while not self._stops.wait(self.dead_seconds / 10):
            try:
                self._beats.beat()
                self.take_over()
            except Exception as error:  # noqa: BLE001  # the database will be back
                LOG.warning("the fleet's store cannot be reached, trying again: %s", type(error).__name__)


def now() -> str:
    """The name of an occasion that begins now."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
