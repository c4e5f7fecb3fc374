"""The place of a write, taken before its intent is written down (DESIGN.md, section 4, step 8).

What is on the disk as sent is then sent at once: a write that waited there could be taken for lost by a
recoverer, and be sent twice.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from pipedrive_tools.endpoint import Call, Endpoint
from pipedrive_tools.line import Around, Line
from pipedrive_tools.ports import Port


@dataclass
class _Held:
    """One place that is at hand."""

    place: Any


@dataclass(frozen=True)
class _Reserved(Around):
    """A pace whose first call need not wait."""

    held: _Held

    async def take(self, endpoint: Endpoint[..., Any], port: Port) -> Any:
        """Take the place at hand, or else wait for one."""
        place, self.held.place = self.held.place, None
        return await self.pace.take(endpoint, port) if place is None else place

    def until(self, latest: float) -> "_Reserved":
        """The same, waiting no longer than that."""
        return _Reserved(self.pace.until(latest), self.held)


@asynccontextmanager
async def reserved(call: Call[Any], line: Line) -> AsyncIterator[Line]:
    """The line with a place for the call, which is given back where the call is not sent after all."""
    held = _Held(await line.pace.take(call.endpoint, line.port))
    try:
        yield replace(line, pace=_Reserved(line.pace, held))
    finally:
        if held.place is not None:
            await line.pace.unsent(held.place, line.port)
