import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state import audit
from pipedrive_tools.state.store import Store
from tests.state.chains import entry

MANY_THREADS = 40


@pytest.mark.sqlite_only("a file has a mode")
def test_who_may_read_it(tmp_path: Path) -> None:
    """The store and its side files belong to their owner alone, also where the file was there before."""
    old = tmp_path / "old.db"
    old.touch(mode=0o644)
    old.chmod(0o644)
    for path in (tmp_path / "folder" / "new.db", old):
        store = Store(f"sqlite:///{path}")
        with store.hot(durable=True) as connection:
            audit.append(connection, entry(1))
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob(f"{path.name}*")}
        store.close()
        assert set(modes.values()) == {0o600}, modes


@pytest.mark.sqlite_only("a file has a place; test_postgres_failures.py has the server's")
@pytest.mark.parametrize("kind", ["a folder", "no database", "no folder to make"])
def test_a_store_that_cannot_be_opened(kind: str, tmp_path: Path) -> None:
    """What is no store is one line that names it."""
    path = tmp_path / "state.db"
    if kind == "a folder":
        path.mkdir()
    elif kind == "no database":
        path.write_text("not a database, but long enough to be read as one " * 40)
    else:
        path.write_text("a file")
        path /= "below.db"

    with pytest.raises(StoreError, match="cannot be opened") as caught:
        Store(f"sqlite:///{path}")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "   ", "state.db", "mysql://x/y"])
def test_an_address_that_is_none(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An address that is no address of a known database is refused in one line; an empty one is the default."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    if not url:
        Store(url).close()
        assert list(tmp_path.rglob("state.db"))
        return

    with pytest.raises(StoreError) as caught:
        Store(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", [None, pytest.param("sqlite://", marks=pytest.mark.sqlite_only("the other engine has no memory"))]
)
def test_threads(url: str | None, store_url: str) -> None:
    """Many threads at once append to one unbroken chain; none waits for another one's connection."""
    store = Store(url or store_url)
    together = threading.Barrier(MANY_THREADS)

    def work(number: int) -> None:
        together.wait(20)
        for durable in (False, True, False):
            with store.hot(durable=durable) as connection:
                audit.append(connection, entry(number))
        together.wait(60)  # nobody's connection is free before everybody has worked

    with ThreadPoolExecutor(MANY_THREADS) as pool:
        list(pool.map(work, range(MANY_THREADS)))
    with store.transaction(durable=False) as connection:
        assert audit.verify(connection) is None
        assert len(list(audit.rows(connection))) == MANY_THREADS * 3
    store.close()


@pytest.mark.sqlite_only("a file has a size")
def test_a_full_disk(tmp_path: Path) -> None:
    """A store that takes no more is one line, leaves no half of a transaction, and works again afterwards."""
    store = Store(f"sqlite:///{tmp_path / 'state.db'}")
    with store.hot(durable=True) as connection:
        audit.append(connection, entry(1))
        pages = connection.first("PRAGMA page_count")[0]
    with store.hot(durable=True) as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        with store.hot(durable=True) as connection:
            for number in range(2, 400):
                audit.append(connection, entry(number))

    with pytest.raises(StoreError, match=r"cannot be written: .*full; nothing was sent"):
        fill()
    with store.transaction(durable=False) as reader:
        assert [row.seq for row in audit.rows(reader)] == [1]
    with store.hot(durable=True) as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    fill()
    store.close()


def test_reading(store: Store) -> None:
    """Who only reads sees what was committed, and waits for nobody who writes."""
    with store.hot(durable=True) as connection:
        audit.append(connection, entry(1))
    with store.hot(durable=False) as writer:
        audit.append(writer, entry(2))
        with store.reading() as reader:
            assert len(list(audit.rows(reader))) == 1
    with store.reading() as reader:
        assert len(list(audit.rows(reader))) == 2


@pytest.mark.sqlite_only("a file has a log beside it")
def test_tidying(tmp_path: Path) -> None:
    """The log of a store that does not tidy itself grows until its owner tidies; then its place is used again."""
    store, log = Store(f"sqlite:///{tmp_path / 'state.db'}", tidies_itself=False), tmp_path / "state.db-wal"

    def write(rows: int) -> int:
        for number in range(rows):
            with store.hot(durable=False) as connection:
                audit.append(connection, entry(number))
        return log.stat().st_size

    few, many = write(10), write(500)
    assert many > few
    store.tidy()
    assert write(100) == many
    store.close()
