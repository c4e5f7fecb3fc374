"""The ways to Pipedrive that one toolset holds open: one that blocks, and one for each event loop."""

import asyncio
from threading import Lock
from weakref import WeakKeyDictionary

from pipedrive_tools.auth import Credential
from pipedrive_tools.line import FarClock, Line, Pace
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import AsyncPort, BlockingPort
from pipedrive_tools.settings import Settings


class Lines:
    """Opened when first asked for, shared by every toolset that narrows this one, closed together.

    An asynchronous connection belongs to the loop that opened it, so each loop gets its own.
    """

    def __init__(self, origin: str, settings: Settings, credential: Credential, pace: Pace) -> None:
        self._origin, self._settings = origin, settings
        self._credential, self._pace = credential, pace
        self._patience = Patience(settings.attempts)
        self._clock = FarClock()
        self._blocking: tuple[BlockingPort, Line] | None = None
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[AsyncPort, Line]] = (
            WeakKeyDictionary()
        )
        self._lock = Lock()

    def blocking(self) -> Line:
        """The line that blocks its caller."""
        with self._lock:
            if self._blocking is None:
                port = BlockingPort(self._origin, self._settings)
                self._blocking = port, self._line(port)
            return self._blocking[1]

    def of_this_loop(self) -> Line:
        """The line of the running event loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if (found := self._by_loop.get(loop)) is None:
                port = AsyncPort(self._origin, self._settings)
                found = self._by_loop[loop] = port, self._line(port)
            return found[1]

    def close(self) -> None:
        """Close the blocking connections."""
        if self._blocking:
            self._blocking[0].close()

    async def aclose(self) -> None:
        """Close the connections of this loop, and the blocking ones."""
        found = self._by_loop.pop(asyncio.get_running_loop(), None)
        if found:
            await found[0].close()
        self.close()

    def _line(self, port: BlockingPort | AsyncPort) -> Line:
        return Line(port, self._credential, self._patience, self._pace, self._clock)
