"""Rows on their way into a store's file: they are written there a moment later, many at once.

A row in SQLite costs a transaction, pages of its log and locks; here it costs one short write. The file is one
store's in one process and outlives both: whoever opens the store next takes over what a killed process left, so a row
is as safe here as in the store's own log. Each row is a line of JSON.
"""

import os
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, RLock
from typing import Any, Final
from weakref import WeakSet, finalize

from pydantic_core import from_json, to_json

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state.later import Later

try:
    import fcntl
except ImportError:  # there is none on Windows, and no way to see whether the owner of a file still runs
    fcntl = None  # type: ignore[assignment]  # a module, or nothing

MOST_WAITING: Final = 1000
"""Rows that may wait; where more would, the store cannot keep up."""
AT_ONCE: Final = 64
"""Rows of one transaction, so that others get their turn."""

Row = Sequence[Any]
Put = Callable[[Sequence[Row]], None]
"""Writes rows into the store, in one transaction."""


def beside(store: Path) -> Path:
    """The folder with what waits for a store."""
    return store.with_name(f"{store.stem}-spool")


class Spool:
    """Rows of one store; safe to share between threads, and begun anew after a fork."""

    def __init__(self, folder: Path, put: Put) -> None:
        self._folder, self._put = folder, put
        self._later: Later[Row] = Later(self._flush_quietly)
        self._process, self._file, self._size, self._waiting, self._is_stuck = os.getpid(), -1, 0, 0, False
        self._writing, self._flushing = Lock(), RLock()
        _OF_THIS_PROCESS.add(self)

    @property
    def takes_more(self) -> bool:
        """Whether a row may wait; none may while those before it cannot be written into the store."""
        return fcntl is not None and not self._is_stuck and self._waiting < MOST_WAITING

    def add(self, row: Row) -> bool:
        """Keep a row; false where it cannot be kept here."""
        line = b"\n" + to_json(row) + b"\n"  # whatever a full disk has left of the one before
        if self._process != os.getpid():
            self._forked()
        with self._writing:
            if not self._append(line):
                return False
            self._waiting += 1
            self._later.add(row)
        return True

    def _append(self, line: bytes) -> bool:
        try:
            if self._file < 0:
                self._open()
            if os.write(self._file, line) == len(line):
                self._size += len(line)
                return True
            os.ftruncate(self._file, self._size)
        except OSError:
            pass
        return False

    def flush(self) -> None:
        """Write into the store what waits, in order; it goes on waiting where that fails."""
        if not self._waiting or self._process != os.getpid():
            return
        with self._flushing:
            while rows := self._later.due(AT_ONCE):
                try:
                    self._put(rows)
                except BaseException:
                    self._is_stuck = True
                    self._later.put_back(rows)
                    raise
                self._written(len(rows))

    def close(self) -> None:
        """Write what waits and go; what cannot be written is left to whoever opens the store next."""
        self._flush_quietly()
        with self._flushing, self._writing:
            if self._file < 0 or self._process != os.getpid():
                return
            if not self._waiting:
                self._path.unlink(missing_ok=True)
            self._later.due()
            self._waiting = 0
            self._closing()
            self._file = -1

    def _forked(self) -> None:
        """What waited at a fork, and its file, are the parent's."""
        self._process, self._file, self._size, self._waiting, self._is_stuck = os.getpid(), -1, 0, 0, False
        self._writing, self._flushing = Lock(), RLock()

    def _open(self) -> None:
        """A file of our own, locked for as long as this process uses it."""
        self._folder.mkdir(exist_ok=True, mode=0o700)
        while True:
            self._path = self._folder / uuid.uuid4().hex
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            if _is_ours(file):
                break
            os.close(file)  # somebody took it for one that was left behind
        self._file, self._size, self._closing = file, 0, finalize(self, os.close, file)

    def _written(self, count: int) -> None:
        with self._writing:
            self._waiting, self._is_stuck = self._waiting - count, False
            if not self._waiting:
                os.ftruncate(self._file, 0)
                self._size = 0

    def _flush_quietly(self) -> None:
        with suppress(StoreError):  # the rows are in their file
            self.flush()


_OF_THIS_PROCESS: Final[WeakSet[Spool]] = WeakSet()


def flush(folder: Path) -> None:
    """Write into a store what waits for it in this process, so that it can be read there."""
    for each in list(_OF_THIS_PROCESS):
        if each._folder == folder:  # noqa: SLF001  # our own
            each.flush()


def adopt(folder: Path, put: Put) -> None:
    """Write into a store what processes left that run no more; a row may have been written before."""
    for path in _left(folder):
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            if _is_ours(file):
                if rows := list(_rows(path.read_bytes())):
                    put(rows)
                path.unlink(missing_ok=True)
        finally:
            os.close(file)


def _left(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if fcntl and folder.is_dir() else []


def _is_ours(file: int) -> bool:
    """Lock a file for as long as it is open, unless somebody else has it, or has done away with it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(file).st_nlink > 0


def _rows(content: bytes) -> Iterable[Row]:
    """Rows of a file; a line that a failing machine cut off or lost was not kept."""
    for line in filter(None, content.splitlines()):
        with suppress(ValueError):
            yield from_json(line)
