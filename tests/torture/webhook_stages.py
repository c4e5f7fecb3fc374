"""Where the time of an answer goes: the receiver's own work, the write lock, and the disk."""

import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from sqlalchemy import Connection

from pipedrive_tools.state.inbox import Arrival
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.intake import Intake

REQUESTS: Final = "requests"
COMMITS: Final = "commits"

_MOMENTS: ContextVar[list[float]] = ContextVar("moments")


@dataclass(frozen=True, kw_only=True)
class Stages:
    """How long each stage of each answered request took, in seconds."""

    read: list[float]
    """From its last byte to the event that it holds."""
    queued: list[float]
    """Until its commit began: the one before it was under way."""
    locked: list[float]
    """Until the inbox could be written."""
    inserted: list[float]
    synced: list[float]
    answered: list[float]
    """From the disk to the answer."""
    own: list[float]
    """From its last byte to the answer, less the time in which a commit of the receiver waited for the disk."""


class TimedStore(Store):
    """A store that writes down when each transaction was asked for, could write, had written, and was on the disk."""

    def __init__(self, url: str, into: TextIO) -> None:
        self._into = into
        super().__init__(url, tidies_itself=False)

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Connection]:
        begun = time.perf_counter()
        with super().transaction(durable=durable) as connection:
            locked = time.perf_counter()
            yield connection
            written = time.perf_counter()
        _tell(self._into, begun, locked, written, time.perf_counter())


class TimedIntake(Intake):
    """An intake that notes when each event was handed over, and when it was kept."""

    async def keep(self, arrival: Arrival) -> None:
        moments = _MOMENTS.get()
        moments.append(time.perf_counter())
        await super().keep(arrival)
        moments.append(time.perf_counter())


def intake(folder: Path, url: str, account: str) -> Intake:
    """A timed intake on the inbox at this address, whose commits are written down in a folder."""
    return TimedIntake(TimedStore(url, (folder / COMMITS).open("w", buffering=1)), account)


def timed(app: Any, folder: Path) -> Any:
    """The receiver, with a line for each request that it answered."""
    into = (folder / REQUESTS).open("w", buffering=1)

    async def routed(scope: Any, receive: Any, send: Any) -> None:
        moments: list[float] = []
        _MOMENTS.set(moments)

        async def heard() -> Any:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                moments[:] = [time.perf_counter()]
            return message

        async def answered(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                _tell(into, *moments, time.perf_counter())

        await app(scope, heard, answered)

    return routed


def read(folder: Path, *, skip: int) -> Stages:
    """What a timed receiver wrote down, less the first requests."""
    commits = _told(folder / COMMITS)
    ends = [commit[-1] for commit in commits]
    rows = [
        (request, commits[bisect_right(ends, request[2]) - 1]) for request in _told(folder / REQUESTS)[skip:]
    ]
    waits = [(written, synced) for _, _, written, synced in commits]
    return Stages(
        read=[request[1] - request[0] for request, _ in rows],
        queued=[max(0.0, commit[0] - request[1]) for request, commit in rows],
        locked=[commit[1] - commit[0] for _, commit in rows],
        inserted=[commit[2] - commit[1] for _, commit in rows],
        synced=[commit[3] - commit[2] for _, commit in rows],
        answered=[request[3] - commit[3] for request, commit in rows],
        own=[_own(request[0], request[3], waits, ends) for request, _ in rows],
    )


def _own(begin: float, end: float, waits: Sequence[tuple[float, float]], ends: Sequence[float]) -> float:
    """The length of a span without what it shares with waits, which follow each other and do not overlap."""
    own = end - begin
    for wait_begin, wait_end in waits[bisect_right(ends, begin) :]:
        if wait_begin >= end:
            break
        own -= min(end, wait_end) - max(begin, wait_begin)
    return own


def _tell(into: TextIO, *moments: float) -> None:
    into.write(" ".join(map(str, moments)) + "\n")


def _told(path: Path) -> list[list[float]]:
    return [[float(each) for each in line.split()] for line in path.read_text().split("\n")[:-1]]
