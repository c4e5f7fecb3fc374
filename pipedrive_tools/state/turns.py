"""A small file whose bytes processes change one after the other, each seeing what the one before has left.

What is written goes beside what stands, and one short write at the end makes it count: a process that is killed
on the way leaves the old bytes. After a power failure bytes that do not fit their checksum count as none.
"""

import os
import zlib
from pathlib import Path
from struct import Struct
from threading import Lock
from typing import Final

try:
    import fcntl
except ImportError:  # there is none on Windows, where only the threads of one process take turns
    fcntl = None  # type: ignore[assignment]  # a module, or nothing

MAGIC: Final = b"pd-turn1"
HEAD: Final = Struct("<8sI")
"""What the file is, and which of its two areas counts."""
AREA_HEAD: Final = Struct("<II")
"""Checksum and length of what an area holds."""
FIRST_AREA: Final = 4096
AREA_BYTES: Final = 1 << 20
"""Room of an area; the file has holes, so it takes no more of the disk than what is written."""
READ_BYTES: Final = 4096
"""What is read at first; seldom is there more."""


class Turns:
    """The file, open in this process; safe to share between threads, and opened anew after a fork."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file, self._process, self._lock, self._area = -1, 0, Lock(), 0
        self._open()

    def begin(self, *, waits: bool) -> bool:
        """Take the turn, which only `end` gives back; without waiting it may not be had."""
        if self._process != os.getpid():
            self._open()  # a lock that was taken before the fork belongs to the parent
        lock = self._lock
        if not lock.acquire(blocking=waits):
            return False
        try:
            self._check_open()
            if fcntl:
                fcntl.flock(self._file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.release()
            return False
        except BaseException:
            lock.release()
            raise
        return True

    def end(self) -> None:
        """Give the turn back."""
        try:
            if fcntl and self._file >= 0:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._lock.release()

    def read(self) -> bytes:
        """What counts now; nothing in a new file, or in one whose first write was cut off."""
        head = os.pread(self._file, HEAD.size, 0)
        if not any(head):
            return b""
        magic, self._area = HEAD.unpack(head) if len(head) == HEAD.size else (b"", 0)
        if magic != MAGIC or self._area > 1:
            raise OSError("it is another kind of file; move it away")
        start = FIRST_AREA + self._area * AREA_BYTES
        found = os.pread(self._file, READ_BYTES, start)
        if len(found) < AREA_HEAD.size:
            return b""
        checksum, length = AREA_HEAD.unpack_from(found)
        end = AREA_HEAD.size + length
        if end > len(found) and length <= AREA_BYTES:
            found += os.pread(self._file, end - len(found), start + len(found))
        content = found[AREA_HEAD.size : end]
        return content if zlib.crc32(content) == checksum else b""

    def write(self, content: bytes) -> None:
        """Let these bytes count from now on."""
        if AREA_HEAD.size + len(content) > AREA_BYTES:
            raise OSError("too many callers wait at once")
        area = 1 - self._area
        head = AREA_HEAD.pack(zlib.crc32(content), len(content))
        self._write(head + content, FIRST_AREA + area * AREA_BYTES)
        self._write(HEAD.pack(MAGIC, area), 0)
        self._area = area

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lock, self._process, self._area = Lock(), os.getpid(), 0

    def _check_open(self) -> None:
        if self._file < 0:
            raise OSError("it was closed")

    def _write(self, content: bytes, place: int) -> None:
        if os.pwrite(self._file, content, place) != len(content):
            raise OSError("the disk is full")
