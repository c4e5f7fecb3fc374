"""Rows that wait beside a store come into it once, in order, whatever becomes of their process."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state import audit, spool, usage
from pipedrive_tools.state.notes import Note
from pipedrive_tools.state.store import Store

NOTES_AND_WAITS: Final = """
import sys, time
from tests.state.test_spool import note, opened
store = opened(sys.argv[1])
for number in range(int(sys.argv[2])):
    assert store.notes.add(note(f"{sys.argv[3]}{number}", 2))
print("noted", flush=True)
time.sleep(60)
"""
FORKS: Final = """
import os, signal, sys
from tests.state.test_spool import note, opened
store = opened(sys.argv[1])
store.notes.add(note("parent", 0))
if child := os.fork():
    os.waitpid(child, 0)
else:
    store.notes.add(note("child", 0))
os.kill(os.getpid(), signal.SIGKILL)
"""


pytestmark = pytest.mark.sqlite_only("rows wait beside a file; on PostgreSQL they are written at once")


def entry(id: str) -> audit.Entry:
    return audit.Entry(
        id=id, run="r", agent="a", tool="get_deal", step="call", decision="allow", rule="deals = read",
        status="ok", sentence=f"Agent a: read {id}.", cost=2, account="acme",
    )  # fmt: skip


def note(id: str, tokens: int) -> Note:
    return Note.of(entry(id), tokens)


def opened(folder: str | Path) -> Store:
    return Store(f"sqlite:///{folder}/state.db")


def ids(store: Store) -> list[str]:
    with store.transaction(durable=False) as connection:
        assert audit.verify(connection) is None
        return [row.id for row in audit.rows(connection)]


def tokens(store: Store) -> int:
    with store.glance() as connection:
        return usage.read(connection, usage.Whose("acme", "r", "a")).run.tokens


def files(folder: Path) -> list[Path]:
    return sorted((folder / "state-spool").iterdir())


def another(folder: Path, count: int, name: str) -> "subprocess.Popen[str]":
    """A process that has noted so many calls and lives on."""
    command = [sys.executable, "-c", NOTES_AND_WAITS, str(folder), str(count), name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "noted\n"
    return process


def killed(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_who_reads_sees_them(tmp_path: Path) -> None:
    """What this process has noted is there for whoever looks, with the tokens, in order."""
    store, other = opened(tmp_path), opened(tmp_path)
    for number in range(200):
        assert store.notes.add(note(str(number), 2))

    assert ids(other) == [str(number) for number in range(200)]
    assert tokens(other) == 400
    other.close()
    store.close()
    assert files(tmp_path) == []


def test_they_come_by_themselves(tmp_path: Path) -> None:
    """Nobody asks, and a moment later they are in the store."""
    store = opened(tmp_path)
    store.notes.add(note("alone", 0))
    until = time.monotonic() + 30
    while files(tmp_path)[0].stat().st_size and time.monotonic() < until:
        time.sleep(0.02)

    with store.glance() as connection:
        assert connection.first("SELECT id FROM audit") == ("alone",)
    store.close()


def test_a_killed_process(tmp_path: Path) -> None:
    """Who opens the store next takes over what it left, once."""
    opened(tmp_path).close()
    killed(another(tmp_path, 150, "k"))
    assert len(files(tmp_path)) == 1

    for _ in range(2):
        store = opened(tmp_path)
        assert ids(store) == [f"k{number}" for number in range(150)]
        assert tokens(store) == 300
        store.close()
    assert files(tmp_path) == []


def test_one_killed_after_it_wrote(tmp_path: Path) -> None:
    """Rows that came into the store before their file could be emptied do not come twice."""
    opened(tmp_path).close()
    killed(another(tmp_path, 100, "k"))
    [left] = files(tmp_path)
    content = left.read_bytes()
    opened(tmp_path).close()
    left.write_bytes(content + json.dumps(note("new", 2)).encode() + b"\n")

    store = opened(tmp_path)
    assert ids(store) == [*(f"k{number}" for number in range(100)), "new"]
    store.close()


def test_one_that_lives(tmp_path: Path) -> None:
    """What a running process has noted is its own to write."""
    process = another(tmp_path, 1, "alive")
    store = opened(tmp_path)
    until = time.monotonic() + 30
    while (found := ids(store)) != ["alive0"] and time.monotonic() < until:
        time.sleep(0.02)
    assert found == ["alive0"]
    killed(process)
    store.close()


def test_a_line_that_was_cut_off(tmp_path: Path) -> None:
    """A failing machine may leave half a line; the others count."""
    opened(tmp_path).close()
    killed(another(tmp_path, 3, "k"))
    [left] = files(tmp_path)
    left.write_bytes(left.read_bytes()[:-20])

    store = opened(tmp_path)
    assert ids(store) == ["k0", "k1"]
    store.close()


def test_a_fork(tmp_path: Path) -> None:
    """A forked process notes for itself, and leaves alone what its parent has noted."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS, str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert len(files(tmp_path)) == 2

    store = opened(tmp_path)
    assert sorted(ids(store)) == ["child", "parent"]
    store.close()


def test_threads(tmp_path: Path) -> None:
    """Rows of many threads, flushed meanwhile, all arrive once, and those of each thread in order."""
    store = opened(tmp_path)

    def notes(name: str) -> None:
        for number in range(100):
            assert store.notes.add(note(f"{name}{number:03}", 1))
            if number % 10 == 0:
                store.notes.flush()

    threads = [Thread(target=notes, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = ids(store)
    for name in "abcd":
        assert [each for each in found if each[0] == name] == [f"{name}{number:03}" for number in range(100)]
    assert tokens(store) == len(found) == 400
    store.close()


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    """Rows go on waiting, in order; no more are taken until they could be written."""
    store = opened(tmp_path)
    with store.hot(durable=True) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    for name in "ab":
        store.notes.add(note(name, 1))
    with pytest.raises(StoreError, match="disk is full"):
        store.notes.flush()
    assert not store.notes.add(note("c", 1))

    with store.hot(durable=True) as connection:
        connection.execute("DROP TRIGGER full")
    assert ids(store) == ["a", "b"]
    assert tokens(store) == 2
    assert store.notes.add(note("c", 1))
    store.close()


def test_no_more_than_it_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many wait, the next is not taken."""
    monkeypatch.setattr(spool, "MOST_WAITING", 3)
    store = opened(tmp_path)
    assert [store.notes.add(note(name, 0)) for name in "abcd"] == [True, True, True, False]
    store.close()


def test_a_store_in_memory() -> None:
    """Nothing waits there: it costs nothing to write."""
    store = Store("sqlite://")
    assert not store.notes.may_wait
    store.close()
