"""A way to Pipedrive, as the core is given it: a port, a credential, a pace, and how patient to be."""

import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from pipedrive_tools import auth, wire
from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import Port


class Pace(Protocol):
    """Keeps calls inside Pipedrive's limits: asked before each request, told after it."""

    async def take(self, endpoint: Endpoint[..., Any], port: Port) -> Any:
        """Wait for a place to send from; raises where nothing may be sent for now."""
        ...

    async def done(self, place: Any, response: wire.Response | None, port: Port) -> None:
        """The answer is here, or there will be none."""
        ...

    async def unsent(self, place: Any, port: Port) -> None:
        """Not a byte of the call has left."""
        ...

    async def told(self, error: PipedriveToolsError, port: Port) -> None:
        """Pipedrive refused or failed; a block or an empty day stops everybody."""
        ...

    def until(self, latest: float) -> "Pace":
        """The same pace, where no call waits beyond a moment of the monotonic clock."""
        ...


class Unpaced:
    """No limits but Pipedrive's own answers."""

    async def take(self, endpoint: Endpoint[..., Any], port: Port) -> Any:
        """Always free."""

    async def done(self, place: Any, response: wire.Response | None, port: Port) -> None:
        """Nothing to give back."""

    async def unsent(self, place: Any, port: Port) -> None:
        """Nothing to give back."""

    async def told(self, error: PipedriveToolsError, port: Port) -> None:
        """Nothing to stop."""

    def until(self, latest: float) -> "Unpaced":  # noqa: ARG002  # nobody waits
        """Nobody waits."""
        return self


@dataclass(frozen=True)
class Around:
    """A pace around another one, which does what that one does where it has nothing of its own to do."""

    pace: Pace

    async def done(self, place: Any, response: wire.Response | None, port: Port) -> None:
        """The answer is here, or there will be none."""
        await self.pace.done(place, response, port)

    async def unsent(self, place: Any, port: Port) -> None:
        """Not a byte of the call has left."""
        await self.pace.unsent(place, port)

    async def told(self, error: PipedriveToolsError, port: Port) -> None:
        """Pipedrive refused or failed."""
        await self.pace.told(error, port)


@dataclass
class FarClock:
    """Pipedrive's clock beside ours, as the last answer showed it."""

    _date: str = ""
    _seen: float = 0.0

    def saw(self, response: wire.Response) -> None:
        """Remember when the answer says it was made; worked out only when asked for."""
        if date := response.headers.get("date"):
            self._date, self._seen = date, time.time()

    @property
    def ahead_seconds(self) -> float | None:
        """How far Pipedrive's clock is ahead of ours; None where no answer has told."""
        try:
            return parsedate_to_datetime(self._date).timestamp() - self._seen
        except ValueError:
            return None


@dataclass(frozen=True)
class Line:
    """A way to Pipedrive: a port, a credential, a pace, and how patient to be."""

    port: Port
    credential: auth.Credential
    patience: Patience = field(default_factory=Patience)
    pace: Pace = field(default_factory=Unpaced)
    clock: FarClock = field(default_factory=FarClock)
