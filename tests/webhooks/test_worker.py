"""The worker on its queue: order, parallel work, tries, and what a person finds parked."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from pipedrive_tools.errors import SettingsError, StoreError
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Arrival, Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.worker import Worker

ACCOUNT = "https://acme.pipedrive.com"
LONG = 60


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(inbox.beside(database_url, "inbox"))
    yield opened
    opened.close()


class Desk:
    """A store with events, and workers for it."""

    def __init__(self, store: Store, queue_url: str) -> None:
        self.store, self.url = store, queue_url

    def put(self, *names: str, account: str = ACCOUNT) -> None:
        """Events named after their record: `a1` and `a2` are about `a`."""
        arrivals = [Arrival(content=name, number=None, record=name[0], body=name.encode()) for name in names]
        with self.store.transaction(durable=True) as connection:
            inbox.keep(connection, account, arrivals)

    def worker(
        self,
        act: Callable[[str], None],
        *,
        waits: Sequence[float] = (0.01, 0.02),
        ends: int = 0,
        account: str = ACCOUNT,
    ) -> tuple[Worker, threading.Event]:
        """A worker, and a flag that is set after so many ends."""
        over, left = threading.Event(), threading.Semaphore(0)

        def worked(item: Item) -> str:
            act(item.body.decode())
            return "worked on"

        def ended(_item: Item, _outcome: str) -> None:
            left.release()
            if left._value >= ends:
                over.set()

        worker = Worker(
            self.store, account, self.url, worked, waits=waits, poll_seconds=0.02, threads=4, on_end=ended
        )
        return worker, over

    def states(self, account: str = ACCOUNT) -> dict[str, str]:
        with self.store.reading() as connection:
            return {item.content: item.state for item in inbox.listed(connection, account, limit=100)}


@pytest.fixture
def desk(store: Store, database_url: str) -> Desk:
    return Desk(store, inbox.beside(database_url, "queue"))


def test_order_and_parallel_work(desk: Desk) -> None:
    """Events of one record are worked on in the order of arrival, those of three records at the same time."""
    together = threading.Barrier(3, timeout=LONG)
    seen: list[str] = []

    def act(name: str) -> None:
        together.wait()
        seen.append(name)

    desk.put(*(f"{record}{number}" for number in range(4) for record in "abc"))
    worker, over = desk.worker(act, ends=12)
    with worker:
        assert over.wait(LONG)
    assert {record: [name for name in seen if name[0] == record] for record in "abc"} == {
        record: [f"{record}{number}" for number in range(4)] for record in "abc"
    }
    assert set(desk.states().values()) == {"done"}


def test_tries(desk: Desk) -> None:
    """What fails is tried again; what fails to the end is parked, and the record's next event goes on."""
    tries: list[str] = []

    def act(name: str) -> None:
        tries.append(name)
        if name == "a1" or (name == "b1" and tries.count("b1") < 3):
            raise ValueError("Ada's telephone number")

    desk.put("a1", "a2", "b1")
    worker, over = desk.worker(act, ends=3)
    with worker:
        assert over.wait(LONG)
    assert (tries.count("a1"), tries.count("b1"), tries.count("a2")) == (3, 3, 1)
    assert tries.index("a2") > max(index for index, name in enumerate(tries) if name == "a1")
    assert desk.states() == {"a1": "parked", "a2": "done", "b1": "done"}
    with desk.store.transaction(durable=False) as connection:
        [parked] = inbox.listed(connection, ACCOUNT, "parked")
    assert parked.outcome == "the handler failed with ValueError"


def test_sent_again_by_a_person(desk: Desk) -> None:
    """A parked event can be worked on once more, and can be given up."""
    broken = threading.Event()
    broken.set()

    def act(_name: str) -> None:
        if broken.is_set():
            raise ValueError

    desk.put("a1", "b1")
    worker, over = desk.worker(act, waits=(), ends=2)
    with worker:
        assert over.wait(LONG)
        broken.clear()
        with desk.store.transaction(durable=True) as connection:
            numbers = {item.content: item.id for item in inbox.listed(connection, ACCOUNT, "parked")}
            assert inbox.settle(connection, ACCOUNT, numbers["b1"], "discarded")
            assert not inbox.settle(connection, ACCOUNT, numbers["b1"], "new")
        over.clear()
        with desk.store.transaction(durable=True) as connection:
            assert inbox.settle(connection, ACCOUNT, numbers["a1"], "new")
        assert over.wait(LONG)
    assert desk.states() == {"a1": "done", "b1": "discarded"}


def test_the_next_worker(desk: Desk) -> None:
    """A worker that stops leaves what waits to be tried again to the next one, which keeps to the waits."""
    failed = threading.Event()

    def fails(_name: str) -> None:
        failed.set()
        raise ValueError

    desk.put("a1")
    worker, _ = desk.worker(fails, waits=(1.0,))
    with worker:
        assert failed.wait(LONG)
    assert desk.states() == {"a1": "queued"}
    tries: list[str] = []
    worker, over = desk.worker(tries.append, waits=(1.0,), ends=1)
    with worker:
        assert over.wait(LONG)
    assert desk.states() == {"a1": "done"}


def test_another_account(desk: Desk) -> None:
    """What waits in the queue of another account is left to its own worker, which has its own rights."""
    failed = threading.Event()

    def fails(_name: str) -> None:
        failed.set()
        raise ValueError

    desk.put("a1", account="https://other.pipedrive.com")
    other, _ = desk.worker(fails, waits=(LONG,), account="https://other.pipedrive.com")
    with other:
        assert failed.wait(LONG)
    desk.put("b1")
    seen: list[str] = []
    worker, over = desk.worker(seen.append, ends=1)
    with worker:
        assert over.wait(LONG)
    assert seen == ["b1"]
    assert desk.states("https://other.pipedrive.com") == {"a1": "queued"}


def test_one_worker(desk: Desk) -> None:
    """A second worker for the same events is refused, not let into the order of the first."""
    with desk.worker(print)[0], pytest.raises(SettingsError, match="another worker"), desk.worker(print)[0]:
        pass


def test_forgotten(desk: Desk) -> None:
    """Events that are long over are forgotten, parked ones stay."""

    def act(name: str) -> None:
        if name == "b1":
            raise ValueError

    desk.put("a1", "b1")
    worker, over = desk.worker(act, waits=(), ends=2)
    with worker:
        assert over.wait(LONG)
        worker.kept_seconds = -1
        worker.tidy()
    assert desk.states() == {"b1": "parked"}


def test_files_beside() -> None:
    """Inbox and queue have files of their own beside SQLite's; elsewhere they share the database."""
    assert inbox.beside("sqlite:////var/lib/x/state.db", "inbox") == "sqlite:////var/lib/x/state-inbox.db"
    assert inbox.beside("postgresql://db/x", "inbox") == "postgresql://db/x"
    with pytest.raises(StoreError, match="in memory"):
        inbox.beside("sqlite://", "inbox")
