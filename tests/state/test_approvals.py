import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from pipedrive_tools.state import approvals
from pipedrive_tools.state.approvals import Approval
from pipedrive_tools.state.store import Store

RACERS = 4


def asked(store: Store, *, digest: str = "d", lifetime: float = 900) -> Approval:
    with store.transaction(durable=True) as connection:
        return approvals.ask(
            connection,
            account="c",
            digest=digest,
            agent="a",
            run="r",
            tool="delete_deal",
            effect="Delete deal 5",
            lifetime_seconds=lifetime,
        )


def ruled(store: Store, id: str, *, approved: bool) -> bool:
    with store.transaction(durable=True) as connection:
        return approvals.decide(connection, id, approved=approved, approver="Ann")


def used(store: Store, id: str) -> bool:
    with store.hot(durable=True) as connection:
        return approvals.use(connection, "c", id)


def test_one_question(store: Store) -> None:
    """The same question waits once; another digest is another question."""
    first = asked(store)

    assert asked(store).id == first.id
    assert asked(store, digest="e").id != first.id
    assert first.state == "pending"


def test_it_serves_once(store: Store) -> None:
    """An approval serves once, and only after a yes; afterwards the question is a new one."""
    first = asked(store)

    assert not used(store, first.id)
    assert ruled(store, first.id, approved=True)
    assert asked(store).state == "approved"
    assert used(store, first.id)
    assert not used(store, first.id)
    assert asked(store).id != first.id


def test_a_no(store: Store) -> None:
    """A rejected question stays rejected: it cannot be used, asked again or turned into a yes."""
    first = asked(store)

    assert ruled(store, first.id, approved=False)
    assert not ruled(store, first.id, approved=True)
    assert not used(store, first.id)
    assert asked(store).state == "rejected"


def test_it_expires(store: Store) -> None:
    """What is too old can be neither answered nor used, and is asked anew."""
    late, answered_late = asked(store, lifetime=0.05), asked(store, digest="e", lifetime=0.4)
    assert ruled(store, answered_late.id, approved=True)
    time.sleep(0.5)

    assert not ruled(store, late.id, approved=True)
    assert not used(store, answered_late.id)
    assert asked(store).id != late.id
    assert asked(store, digest="e").state == "pending"


def _races(url: str, id: str) -> bool:
    store = Store(url)
    won = used(store, id)
    store.close()
    return won


def test_processes_race(store: Store) -> None:
    """Of several processes that use one approval at once, one succeeds."""
    ids = [asked(store, digest=str(number)).id for number in range(10)]
    for each in ids:
        assert ruled(store, each, approved=True)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(RACERS, mp_context=spawn) as pool:
        tries = [[pool.submit(_races, store.url, each) for _ in range(RACERS)] for each in ids]
        won = [sum(each.result() for each in racing) for racing in tries]

    assert won == [1] * len(ids)


def test_the_list(store: Store) -> None:
    """Questions are listed newest first, all or those in one state."""
    first, second = asked(store), asked(store, digest="e")
    ruled(store, first.id, approved=True)
    with store.transaction(durable=False) as connection:
        assert [each.id for each in approvals.listed(connection)] == [second.id, first.id]
        assert [each.id for each in approvals.listed(connection, state="pending")] == [second.id]
