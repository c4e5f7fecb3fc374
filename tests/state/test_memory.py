from contextlib import closing

from pipedrive_tools.state.memory import Memory
from pipedrive_tools.state.store import Store


def memory(store: Store, account: str = "acme", agent: str = "sales") -> Memory:
    return Memory(store, account=account, agent=agent)


def test_kept(store: Store) -> None:
    """What was kept is there again, also for the next process, until it is replaced or forgotten."""
    mine = memory(store)
    mine.keep("plan", {"run": "a", "deals": [1, 2]})
    mine.keep("plan", {"run": "b"})

    with closing(Store(store.url)) as other:
        assert memory(other).get("plan") == {"run": "b"}
    mine.forget("plan")
    assert mine.get("plan") is None


def test_nobody_elses(store: Store) -> None:
    """Accounts and agents share nothing."""
    memory(store).keep("plan", 1)

    assert memory(store, account="other").get("plan") is None
    assert memory(store, agent="other").all("") == {}


def test_by_prefix(store: Store) -> None:
    """Names that begin alike are found together; marks of the database's patterns are no patterns here."""
    mine = memory(store)
    for name in ("put off deal 1", "put off deal 2", "plan", "put%deal"):
        mine.keep(name, name)

    assert list(mine.all("put off ")) == ["deal 1", "deal 2"]
    assert mine.all("put%") == {"deal": "put%deal"}


def test_swap(store: Store) -> None:
    """A value is replaced only while it is what was expected: of two who saw the same, one wins."""
    mine = memory(store)

    assert [mine.swap("plan", None, {"run": run}) for run in "ab"] == [True, False]
    assert [mine.swap("plan", {"run": "a"}, {"run": run}) for run in "cd"] == [True, False]
    assert mine.get("plan") == {"run": "c"}
