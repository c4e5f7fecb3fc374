"""Windows and budgets that processes share: one small file for each account, in a folder beside the store.

They are not in the store: a durable write holds its only write lock for as long as the disk takes, and a place in a
window cannot wait for that. Taking a place and giving it back costs some 25 microseconds (`python -m tests.benchmarks
limits`).
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from struct import Struct
from typing import Final, TypeVar

from pipedrive_tools.errors import StoreError
from pipedrive_tools.ports import Port
from pipedrive_tools.state.budget import Budget, Stop
from pipedrive_tools.state.later import Later
from pipedrive_tools.state.rules import FINGERPRINT_CHARACTERS, Caller
from pipedrive_tools.state.turns import Turns
from pipedrive_tools.state.window import Windows

T = TypeVar("T")
Work = Callable[[Windows, Budget], T]

NAME_CHARACTERS: Final = 16
"""Of the hash that names an account's file."""
MOST_CALLERS: Final = 64
"""Credentials of one account whose windows are kept; those that called last stay."""
BUDGET: Final = Struct("<dqqqBdd")
STOPS: Final[tuple[Stop, ...]] = ("", "day", "block")
CALLER: Final = Struct(f"<{FINGERPRINT_CHARACTERS}sI")
"""Whose windows follow, and in how many bytes."""


def beside(store: Path) -> Path:
    """The folder with the shared limits of a store."""
    return store.with_name(f"{store.stem}-limits")


class Slots:
    """A `limits.Home` for every process that opens the same folder; safe to share between threads."""

    clock = None
    """Its processes share those of their machine."""

    def __init__(self, folder: Path, caller: Caller) -> None:
        account = hashlib.sha256(caller.company.encode()).hexdigest()[:NAME_CHARACTERS]
        self._path = folder / account
        self._caller = caller.fingerprint.encode().ljust(FINGERPRINT_CHARACTERS, b"\0")
        try:
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            self._turns = Turns(self._path)
            self._held: tuple[bytes, Budget, dict[bytes, bytes], Windows] | None = None
            self._later: Later[Work[None]] = Later(self._flush)
            self.budget()
        except OSError as error:
            raise self._broken(error) from None

    async def act(self, work: Work[T], port: Port) -> T:
        """Do work on windows and budget, alone among all processes; an event loop waits for nobody's turn here."""
        try:
            if self._turns.begin(waits=False):
                return self._acted(work)
        except OSError as error:
            raise self._broken(error) from None
        return await port.run(self._wait_and_act, work)

    async def settle(self, work: Work[None], port: Port) -> None:  # noqa: ARG002  # other homes need it
        """Do work with the next that is done, or in a moment: a place is held for longer than that anyway."""
        self._later.add(work)

    def budget(self) -> Budget:
        """The account's day, as it is."""
        return self._wait_and_act(lambda _, budget: replace(budget))

    def close(self) -> None:
        """Do what waits, and close the file."""
        self._later.flush()
        self._turns.close()

    def _flush(self) -> None:
        with suppress(StoreError):  # the calls were sent: their leases end by themselves
            self._wait_and_act(lambda *_: None)

    def _wait_and_act(self, work: Work[T]) -> T:
        try:
            self._turns.begin(waits=True)
            return self._acted(work)
        except OSError as error:
            raise self._broken(error) from None

    def _acted(self, work: Work[T]) -> T:
        """The turn is ours: first what waited, then the work itself."""
        try:
            content = self._turns.read()
            if self._held is None or self._held[0] != content:
                self._held = (content, *self._opened(content))
            _, budget, others, windows = self._held
            for each in self._later.due():
                each(windows, budget)
            try:
                return work(windows, budget)
            finally:
                packed = _packed(budget, {self._caller: windows.pack()} | others)
                self._held = None  # until it is written
                self._turns.write(packed)
                self._held = (packed, budget, others, windows)
        finally:
            self._turns.end()

    def _opened(self, content: bytes) -> tuple[Budget, dict[bytes, bytes], Windows]:
        """The budget, the windows of others, and ours."""
        budget, callers = _unpacked(content)
        found = callers.pop(self._caller, None)
        return budget, callers, Windows.unpack(found, time.monotonic()) if found else Windows()

    def _broken(self, error: Exception) -> StoreError:
        return StoreError(f"the limits in {str(self._path)!r} cannot be kept: {error}; nothing was sent")


def _packed(budget: Budget, callers: dict[bytes, bytes]) -> bytes:
    """A budget and the windows of its callers as bytes, who called last in front."""
    told = (budget.resets_at, budget.spent, budget.reserved, budget.told_limit, STOPS.index(budget.stop))
    parts = [BUDGET.pack(*told, budget.stopped_at, budget.stopped_until)]
    for name, windows in list(callers.items())[:MOST_CALLERS]:
        parts += (CALLER.pack(name, len(windows)), windows)
    return b"".join(parts)


def _unpacked(content: bytes) -> tuple[Budget, dict[bytes, bytes]]:
    """The same as it was packed; what is empty has nothing spent and nobody waiting."""
    if not content:
        return Budget(), {}
    resets_at, spent, reserved, told_limit, stop, stopped_at, stopped_until = BUDGET.unpack_from(content)
    budget = Budget(resets_at, spent, reserved, told_limit, STOPS[stop], stopped_at, stopped_until)
    callers: dict[bytes, bytes] = {}
    place = BUDGET.size
    while place < len(content):
        name, length = CALLER.unpack_from(content, place)
        place += CALLER.size
        callers[name] = content[place : place + length]
        place += length
    return budget, callers
