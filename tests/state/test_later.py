import gc
import subprocess
import sys
import threading
import time
from threading import Event

from pipedrive_tools.state.later import Later


class Owner:
    """Somebody with work that may wait."""

    def __init__(self, moment_seconds: float = 60.0) -> None:
        self.done: list[str] = []
        self.flushed = Event()
        self.later: Later[str] = Later(self.flush, moment_seconds)

    def flush(self) -> None:
        self.done += self.later.due()
        self.flushed.set()


def test_work_waits_for_the_next() -> None:
    """Nothing is done by itself within the moment; whoever comes by takes all of it, in order."""
    owner = Owner()
    for work in "abc":
        owner.later.add(work)
    assert owner.done == []

    assert list(owner.later.due()) == ["a", "b", "c"]
    assert list(owner.later.due()) == []


def test_work_is_done_when_nobody_comes() -> None:
    """After the moment a thread does it, again and again."""
    owner = Owner(moment_seconds=0.01)
    for work in "ab":
        owner.flushed.clear()
        owner.later.add(work)
        assert owner.flushed.wait(10)

    assert owner.done == ["a", "b"]


def test_work_is_done_at_once_where_it_must() -> None:
    """A flush does not wait for the moment, and without work it does nothing."""
    owner = Owner()
    owner.later.flush()
    assert not owner.flushed.is_set()
    owner.later.add("a")
    owner.later.flush()

    assert owner.done == ["a"]


def test_the_thread_ends_with_its_owner() -> None:
    """Whoever is forgotten leaves no thread behind."""
    before = set(threading.enumerate())
    owner = Owner(moment_seconds=0.01)
    owner.later.add("a")
    (thread,) = (each for each in set(threading.enumerate()) - before if each.name == "later")
    del owner
    gc.collect()
    thread.join(10)

    assert not thread.is_alive()


ENDING = """
from pipedrive_tools.state.later import Later
class Owner:
    def __init__(self):
        self.later = Later(self.flush, 60.0)
    def flush(self):
        print(*self.later.due(), flush=True)
owner = Owner()
owner.later.add("done at the end")
"""
FORKING = """
import os
owner = Owner()
owner.later.add("of the parent")
if os.fork() == 0:
    owner.later.flush()
    owner.later.add("of the child")
    owner.later.flush()
    os._exit(0)
os.wait()
"""


def run(code: str) -> list[str]:
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return told.stdout.splitlines()


def test_work_is_done_when_python_ends() -> None:
    """A program that closes nothing loses nothing, and does not wait."""
    started = time.monotonic()

    assert run(ENDING) == ["done at the end"]
    assert time.monotonic() - started < 30


def test_a_forked_process_leaves_its_parents_work_alone() -> None:
    """What waited at a fork is done once, by the parent."""
    told = run(ENDING.replace('owner = Owner()\nowner.later.add("done at the end")\n', "") + FORKING)

    assert sorted(told) == ["of the child", "of the parent"]
