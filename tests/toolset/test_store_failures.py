"""A store that cannot be written: no change is sent, and what is read without a row is not shown."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from pipedrive_tools.errors import StoreError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import spool
from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from tests.calls import calls
from tests.toolset.conftest import Open, writes

FULL: Final = Policy.full("a")
PADDING: Final = "x" * 40_000


pytestmark = pytest.mark.sqlite_only(
    "a full disk and harmed files; test_postgres_failures.py has the server's"
)


def file_of(settings: Settings) -> Path:
    return Path(str(settings.state).removeprefix("sqlite:///"))


def full_disk(toolset: Toolset) -> None:
    """Let this thread's connections write not one page more, as a full disk would."""
    for durable in (True, False):
        with toolset._store.hot(durable=durable) as connection:
            pages = connection.first("PRAGMA page_count")[0]
        with toolset._store.hot(durable=durable) as connection:
            connection.execute(f"PRAGMA max_page_count = {pages}")


def read_only(toolset: Toolset) -> None:
    for durable in (True, False):
        with toolset._store.hot(durable=durable) as connection:
            connection.execute("PRAGMA query_only = ON")


def broken(toolset: Toolset) -> None:
    path = toolset._store.path
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE audit")
        connection.execute("DROP TABLE usage")


def losing(toolset: Toolset, count: int) -> None:
    """Let the answers to the next commits of the store be lost."""
    hot, left = toolset._store.hot, [count]

    @contextmanager
    def unanswered(**kind: Any) -> Iterator[Hot]:
        with hot(**kind) as connection:
            yield connection
            if left[0] and not kind["durable"]:
                left[0] -= 1
                raise StoreError("the server is gone")  # before it has done anything
        if left[0]:
            left[0] -= 1
            raise StoreError("the server is gone")

    toolset._store.hot = unanswered  # type: ignore[method-assign,assignment]  # for this test


def states(settings: Settings) -> list[str]:
    with closing(sqlite3.connect(file_of(settings))) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM journal ORDER BY id")]


WAYS: Final = {"a full disk": full_disk, "a disk that is read-only": read_only, "a broken file": broken}
TOOLS: Final = ("create_note", "create_deal", "delete_note", "update_deal")


def larger_than_a_page(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments that do not fit into what is left of the store's last page."""
    field = {"create_note": "content", "create_deal": "title", "update_deal": "title"}[tool]
    return {**arguments, field: PADDING}


@pytest.mark.parametrize(
    ("way", "tool"),
    [(way, tool) for way in WAYS for tool in TOOLS if (way, tool) != ("a full disk", "delete_note")],
)
def test_a_change(way: str, tool: str, connect: Open, sandbox: Sandbox) -> None:
    """Where the intent cannot be written down, nothing is sent, and the answer says so."""
    toolset = connect(FULL)
    before = len(writes(sandbox))
    arguments = calls(sandbox)[tool]
    WAYS[way](toolset)
    if way == "a full disk":
        arguments = larger_than_a_page(tool, arguments)
    result = toolset.call(tool, arguments)

    assert result.status == "failed", result.text
    assert "store" in result.text
    assert "othing was" in result.text
    assert len(writes(sandbox)) == before


@pytest.mark.parametrize("way", ["a disk that is read-only", "a broken file"])
def test_a_read(way: str, connect: Open, settings: Settings) -> None:
    """While the store cannot be written a read's row waits beside it; once that was seen, no more are shown."""
    toolset = connect(FULL)
    assert toolset.call("list_deals", {"limit": 2}).ok
    WAYS[way](toolset)
    first = toolset.call("list_deals", {"limit": 3})
    assert first.ok
    [waiting] = spool.beside(file_of(settings)).iterdir()
    assert str(first.audit_id) in waiting.read_text()

    with pytest.raises(StoreError):
        toolset._store.notes.flush()
    later = toolset.call("list_deals", {"limit": 3})
    assert (later.status, later.data) == ("failed", None)
    assert "store" in later.text


@pytest.mark.parametrize("way", ["a disk that is read-only", "a broken file"])
def test_a_first_read(way: str, connect: Open) -> None:
    """The first read of a run does not wait: whoever goes on with the run must know of it."""
    toolset = connect(FULL)
    WAYS[way](toolset)
    result = toolset.call("list_deals", {"limit": 3})

    assert (result.status, result.data) == ("failed", None)
    assert "store" in result.text


def test_a_read_that_cannot_wait(connect: Open, settings: Settings) -> None:
    """A read whose row cannot wait is written at once, and not shown where that fails, too."""
    spool.beside(file_of(settings)).write_text("no folder")
    toolset = connect(FULL)
    assert toolset.call("list_deals", {"limit": 3}).ok
    assert [row.tool for row in toolset.trail()] == ["list_deals"]

    broken(toolset)
    result = toolset.call("list_deals", {"limit": 3})
    assert (result.status, result.data) == ("failed", None)
    assert "store" in result.text


def test_a_whole_store(connect: Open, sandbox: Sandbox) -> None:
    """The counter-test: the same calls go through where the store is whole."""
    toolset = connect(FULL)
    for tool in TOOLS:
        assert toolset.call(tool, calls(sandbox)[tool]).ok, tool


def test_an_outcome_that_waits(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """While the store cannot be written an outcome waits beside it, and nothing is sent twice meanwhile."""
    toolset = connect(FULL)
    store = Store(settings.state)
    with store.hot(durable=True) as connection:
        connection.execute(
            "CREATE TRIGGER failing BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
        )
    first = toolset.call("create_deal", {"title": "sent"})
    assert first.ok
    again = toolset.call("create_deal", {"title": "sent"})
    assert (again.status, again.data) == ("failed", None)
    assert "disk I/O error" in again.text

    with store.hot(durable=True) as connection:
        connection.execute("DROP TRIGGER failing")
    done = toolset.call("create_deal", {"title": "sent"})
    assert done.text.startswith("Already done")
    assert done.data == first.data
    assert [body["title"] for _, _, body in writes(sandbox)] == ["sent"]
    store.close()


def test_after_it_was_sent(connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """Where only the outcome cannot be written down, nobody knows: it stays open, and is not repeated."""
    toolset = connect(FULL)
    spool.beside(file_of(settings)).write_text("no folder")
    store = Store(settings.state)
    with store.hot(durable=True) as connection:
        connection.execute(
            "CREATE TRIGGER failing BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
        )
    result = toolset.call("create_deal", {"title": "sent"})
    assert result.status == "unknown"
    assert "Do not send it again" in result.text
    assert toolset.call("create_deal", {"title": "sent"}).status == "unknown"

    assert [body["title"] for _, _, body in writes(sandbox)] == ["sent"]
    with store.hot(durable=False) as connection:
        assert connection.execute("SELECT state FROM journal").fetchall() == [("SENT",)]
        steps = connection.execute(
            "SELECT step FROM audit WHERE tool = 'create_deal' ORDER BY seq"
        ).fetchall()
    assert steps[0] == ("decision",)
    store.close()


@pytest.mark.parametrize("more", [0, 1])
def test_a_commit_whose_answer_is_lost(
    more: int, connect: Open, sandbox: Sandbox, settings: Settings
) -> None:
    """An intent that the store has and did not confirm is taken back: nobody may send it later."""
    toolset = connect(FULL)
    losing(toolset, 1 + more)
    result = toolset.call("create_deal", {"title": "lost"})
    assert (result.status, writes(sandbox)) == ("failed", [])
    assert states(settings) == ["SENT" if more else "FAILED"]

    assert toolset.call("create_deal", {"title": "other"}).ok
    assert toolset.call("create_deal", {"title": "lost"}).ok
    assert [body["title"] for _, _, body in writes(sandbox)] == ["other", "lost"]
    toolset._store.notes.flush()
    assert states(settings) == ["FAILED", "DONE", "DONE"]
    [row] = [row for row in toolset.trail() if row.status == "failed"]
    assert "did not confirm" in row.sentence


def test_it_cannot_be_opened(sandbox: Sandbox, settings: Settings) -> None:
    """Without a store there is no toolset."""
    file_of(settings).write_text("no database " * 100)

    with pytest.raises(StoreError, match="cannot be opened"):
        Toolset.connect("a", FULL, settings=settings)
    assert sandbox.log() == []
