"""The receiver: a Starlette application that takes Pipedrive's events into the inbox and answers before any work.

In this order, so that a stranger costs nothing: method, credential, kind and size of the body, and only then the
body itself, within a time and within the memory that all bodies share. A 2xx means that the event is on the disk.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Protocol

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pipedrive_tools.errors import EventError, StoreError
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Arrival, Source
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.intake import Intake
from pipedrive_tools.webhooks.seen import Seen

PATH: Final = "/webhooks"
HEALTH: Final = "/health"
HEALTH_SECONDS: Final = 1.0
KEPT: Final = 204

Credential = Callable[[str | None], str | None]
"""Who shows this header `Authorization`; None where nobody does whom we know."""


class _Keeps(Protocol):
    async def keep(self, arrival: Arrival) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What one request, and all together, may take."""

    body_bytes: int = 1024 * 1024
    """The largest event: a note of 100 kB, twice, each letter escaped, fits."""
    bodies_bytes: int = 24 * 1024 * 1024
    """Memory that all bodies under way share."""
    body_seconds: float = 5.0
    """How long a body may take; Pipedrive itself waits ten seconds for all of it."""


class RefusedBodyError(Exception):
    """A request is turned away with a status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass
class Receiver:
    """One address that takes events; an ASGI endpoint."""

    intake: _Keeps
    credential: Credential
    bounds: Bounds = field(default_factory=Bounds)
    _under_way: int = field(default=0, init=False)
    _desk: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="webhooks-credential"), init=False
    )
    """Credentials are read from the store now and then: not on the event loop."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = Response(status_code=await self._taken(request))
        except RefusedBodyError as refused:
            response = _refusal(refused)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _taken(self, request: Request) -> int:
        if request.method != "POST":
            raise RefusedBodyError(405, "send events with POST")
        given = request.headers.getlist("authorization")
        loop = asyncio.get_running_loop()
        shown = given[0] if len(given) == 1 else None
        try:
            who = await loop.run_in_executor(self._desk, self.credential, shown)
        except StoreError:
            raise RefusedBodyError(503, "credentials cannot be read now; send it again") from None
        if who is None:
            raise RefusedBodyError(401, "show the credential of a webhook")
        body = await self._body(request)
        try:
            event = events.parse(body)
        except EventError as error:
            raise RefusedBodyError(400, str(error)) from None
        try:
            await self.intake.keep(arrival(event, body))
        except StoreError:
            raise RefusedBodyError(503, "the event could not be kept; send it again") from None
        return KEPT

    async def _body(self, request: Request) -> bytes:
        length = _announced(request, self.bounds.body_bytes)
        with self._room(length):
            try:
                async with asyncio.timeout(self.bounds.body_seconds):
                    return await _read(request, self.bounds.body_bytes)
            except TimeoutError:
                raise RefusedBodyError(408, "the body came too slowly; send it again") from None

    @contextmanager
    def _room(self, length: int) -> Iterator[None]:
        """Memory for one body while it is read."""
        if self._under_way + length > self.bounds.bodies_bytes:
            raise RefusedBodyError(503, "too much is under way; send it again")
        self._under_way += length
        try:
            yield
        finally:
            self._under_way -= length


@dataclass
class Health:
    """Answers 200 while the inbox can be reached, else 503; an ASGI endpoint that costs a look a second at most."""

    store: Store
    _looked: float = field(default=-HEALTH_SECONDS, init=False)
    _is_well: bool = field(default=False, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if time.monotonic() - self._looked >= HEALTH_SECONDS:
            self._looked = time.monotonic()  # others that ask meanwhile hear what was so a moment ago
            self._is_well = await asyncio.to_thread(self._reaches)
        status, said = (200, "ok\n") if self._is_well else (503, "the inbox cannot be reached\n")
        await Response(said, status, media_type="text/plain")(scope, receive, send)

    def _reaches(self) -> bool:
        try:
            with self.store.transaction(durable=False) as connection:
                inbox.listed(connection, "", limit=1)
        except StoreError:
            return False
        return True


def application(intake: Intake, credential: Credential, *, bounds: Bounds | None = None) -> Starlette:
    """The receiver as an application that any ASGI server can serve; `PATH` is where it takes events."""
    endpoint = Receiver(intake, credential, bounds or Bounds())
    return Starlette(
        routes=[Route(PATH, endpoint=Seen(endpoint, PATH)), Route(HEALTH, endpoint=Health(intake.store))]
    )


def arrival(event: events.Event, body: bytes, *, source: Source = "webhook") -> Arrival:
    """An event as the inbox keeps it."""
    number = event.keys[0] if len(event.keys) > 1 else None
    return Arrival(content=event.content, number=number, record=event.record, body=body, source=source)


def _announced(request: Request, most: int) -> int:
    """How long the body says it is, or may become; refused before a byte of it is read."""
    kinds = request.headers.getlist("content-type")
    if len(kinds) != 1 or kinds[0].partition(";")[0].strip().lower() != "application/json":
        raise RefusedBodyError(415, "send application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedBodyError(415, "send the body as it is, without Content-Encoding")
    lengths: Sequence[str] = request.headers.getlist("content-length")
    if not lengths:
        return most
    if len(lengths) > 1 or not lengths[0].isascii() or not lengths[0].isdecimal():
        raise RefusedBodyError(400, "send one Content-Length")
    if len(lengths[0]) > len(str(most)) or int(lengths[0]) > most:
        raise RefusedBodyError(413, f"an event has at most {most} bytes")
    return int(lengths[0])


async def _read(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise RefusedBodyError(413, f"an event has at most {most} bytes")
        parts.append(part)
    return b"".join(parts)


def _refusal(refused: RefusedBodyError) -> Response:
    """One line; the connection ends with it, so that nothing more of the body is read."""
    headers = {"connection": "close"}
    if refused.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Basic realm="webhooks", charset="UTF-8"'
    if refused.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["allow"] = "POST"
    return Response(f"{refused}\n", refused.status, headers, media_type="text/plain")
