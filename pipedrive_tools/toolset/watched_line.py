"""The line of a watched call: tells of each request that passes, what it waited and what is sent again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind

from pipedrive_tools.endpoint import Effect, Endpoint
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.line import Around, Line
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import Port
from pipedrive_tools.telemetry import Instruments
from pipedrive_tools.wire import Request, Response

P = ParamSpec("P")
T = TypeVar("T")

REFUSED: Final = 400
DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass
class Passing:
    """The request that is under way."""

    account: str
    route: str = ""
    """Path of its endpoint, names in braces for what is filled in."""
    waited: float = 0.0
    """Seconds that it has waited for its place."""
    resends: int = 0
    """How often it was sent before."""
    why: str = ""
    """The error for which it is sent again."""


def told_of(line: Line, account: str, tells: Instruments) -> Line:
    """A line that tells of what passes through it."""
    passing = Passing(account)
    return replace(
        line,
        port=_Port(line.port, passing, tells),
        pace=_Pace(line.pace, passing, tells),
        patience=_Patience(
            line.patience.attempts, line.patience.random, whole=line.patience, passing=passing
        ),
    )


@dataclass(frozen=True)
class _Port:
    """A port that makes a span of each request."""

    port: Port
    passing: Passing
    tells: Instruments

    async def exchange(self, request: Request) -> Response:
        """Send one request and read its answer."""
        passing = self.passing
        address = urlsplit(
            request.path if "://" in request.path else passing.account
        )  # it begins with the host
        labels: dict[str, str | int] = {"http.request.method": request.method}
        if passing.route:
            labels["url.template"] = passing.route
        if address.hostname:
            labels["server.address"] = address.hostname
            labels["server.port"] = address.port or DEFAULT_PORTS.get(address.scheme, 0)
        more: dict[str, str | int | float] = {"pipedrive.limiter.wait": passing.waited}
        if passing.resends:
            more["http.request.resend_count"] = passing.resends
            self.tells.retries.add(1, {"url.template": passing.route, "error.type": passing.why})
        began = time.perf_counter()
        with self.tells.tracer.start_as_current_span(
            f"{request.method} {passing.route}".rstrip(),
            kind=SpanKind.CLIENT,
            attributes={**labels, **more},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                response = await self.port.exchange(request)
                labels["http.response.status_code"] = response.status
                if response.status >= REFUSED:
                    labels["error.type"] = str(response.status)
            except BaseException as error:
                labels["error.type"] = type(error).__name__
                raise
            finally:
                span.set_attributes(labels)
                if "error.type" in labels:
                    span.set_status(self.tells.error)
                self.tells.sent_seconds.record(time.perf_counter() - began, labels)
        return response

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self.port.sleep(seconds)

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work."""
        return await self.port.run(work, *args, **kwargs)


@dataclass(frozen=True)
class _Pace(Around):
    """A pace that tells how long calls wait for their place."""

    passing: Passing
    tells: Instruments

    async def take(self, endpoint: Endpoint[..., Any], port: Port) -> Any:
        """Wait for a place to send from."""
        passing = self.passing
        if passing.route != endpoint.path:
            passing.route, passing.resends = endpoint.path, 0
        waiting = _Waiting(port)
        try:
            return await self.pace.take(endpoint, waiting)
        finally:
            passing.waited = waiting.seconds
            if waiting.seconds:
                self.tells.wait_seconds.record(waiting.seconds, {"pipedrive.account": passing.account})

    def until(self, latest: float) -> "_Pace":
        """The same, waiting no longer than that."""
        return replace(self, pace=self.pace.until(latest))


@dataclass
class _Waiting:
    """A port that counts how long somebody sleeps on it."""

    port: Port
    seconds: float = 0.0

    async def exchange(self, request: Request) -> Response:
        """Send one request."""
        return await self.port.exchange(request)

    async def sleep(self, seconds: float) -> None:
        """Wait, and count it."""
        began = time.perf_counter()
        try:
            await self.port.sleep(seconds)
        finally:
            self.seconds += time.perf_counter() - began

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work."""
        return await self.port.run(work, *args, **kwargs)


@dataclass
class _Patience(Patience):
    """The line's patience, which tells what is sent again."""

    whole: Patience = field(default_factory=Patience)
    passing: Passing = field(default_factory=lambda: Passing(""))

    def wait_seconds(self, error: PipedriveToolsError, effect: Effect, attempt: int) -> float | None:
        """How long to wait before the next try, or None to give up."""
        wait = self.whole.wait_seconds(error, effect, attempt)
        if wait is not None:
            self.passing.resends, self.passing.why = self.passing.resends + 1, type(error).__name__
        return wait

    def reward(self) -> None:
        """Give a point back for a call that went well."""
        self.passing.resends = 0
        self.whole.reward()
