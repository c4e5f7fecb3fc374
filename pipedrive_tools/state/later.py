"""Work that may wait a moment: it is done with the next that cannot wait, else by a thread, else when Python ends."""

import atexit
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Thread
from types import MethodType
from typing import Any, Final, Generic, TypeVar, cast
from weakref import WeakMethod, WeakSet, finalize

T = TypeVar("T")

MOMENT_SECONDS: Final = 0.5
"""How long work waits for company."""


class Later(Generic[T]):
    """Pieces of work that wait; `flush` is a method that takes them all with `due` and does them."""

    def __init__(self, flush: Callable[[], None], moment_seconds: float = MOMENT_SECONDS) -> None:
        self._flush = WeakMethod(flush)
        self._moment_seconds = moment_seconds
        self._waiting: deque[T] = deque()
        self._begin()
        _ALL.add(self)

    def add(self, work: T) -> None:
        """Let a piece of work wait."""
        if self._process != os.getpid():
            self._waiting.clear()  # what waited at a fork is the parent's to do
            self._begin()
        self._waiting.append(work)
        if not self._wake.is_set():
            self._wake.set()
            if self._thread is None:
                self._start()

    def due(self, most: int | None = None) -> list[T]:
        """What has waited longest, or everything, which from now on is the caller's to do."""
        if self._process != os.getpid():
            return []
        count = len(self._waiting) if most is None else min(most, len(self._waiting))
        return [self._waiting.popleft() for _ in range(count)]

    def put_back(self, works: Sequence[T]) -> None:
        """Let work wait again that was taken and could not be done."""
        self._waiting.extendleft(reversed(works))

    def flush(self) -> None:
        """Do now what waits."""
        flush = self._flush()
        if flush and self._waiting and self._process == os.getpid():
            flush()

    def _begin(self) -> None:
        self._process, self._wake = os.getpid(), Event()
        self._thread: Thread | None = None

    def _start(self) -> None:
        self._thread = Thread(
            target=_watch, args=(self._wake, self._flush, self._moment_seconds), daemon=True, name="later"
        )
        self._thread.start()
        if owner := self._flush():
            whose = cast("MethodType", owner).__self__
            finalize(whose, self._wake.set).atexit = False  # the thread ends with its owner


def _watch(wake: Event, method: "WeakMethod[Callable[[], None]]", moment_seconds: float) -> None:
    while True:
        wake.wait()
        time.sleep(moment_seconds)
        wake.clear()
        if (flush := method()) is None:
            return
        flush()
        del flush


_ALL: Final["WeakSet[Later[Any]]"] = WeakSet()


@atexit.register
def _flush_all() -> None:
    for each in list(_ALL):
        each.flush()
