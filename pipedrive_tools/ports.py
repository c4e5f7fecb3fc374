"""All the I/O there is, behind one `Port`, and the driver that runs the core without an event loop.

The core awaits nothing but its port. `AsyncPort` awaits for real; `BlockingPort` never suspends, so `drive`
runs the same coroutines to their end in one step, inside a running loop (a notebook) as well as outside.
"""

import asyncio
import time
import zlib
from collections.abc import Callable, Coroutine, Mapping
from functools import lru_cache
from typing import Any, Final, ParamSpec, Protocol, TypeVar, cast

import httpx

from pipedrive_tools.errors import AnswerTooLargeError, ConnectError, NotJsonError, UnreachableError
from pipedrive_tools.settings import Settings
from pipedrive_tools.wire import Gunzip, Request, Response

P = ParamSpec("P")
T = TypeVar("T")

HEADERS: Final = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "pipedrive-tools"}


class Port(Protocol):
    """What the core may ask of the outside world."""

    async def exchange(self, request: Request) -> Response:
        """Send one request and read its answer; raises `UnreachableError` when there is none."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work, such as a write to the store, without holding up anybody else."""
        ...


class BlockingPort:
    """Sockets and clocks that block the caller."""

    def __init__(self, origin: str, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        self._settings, self._wire = settings, _Wire(origin, settings)
        self._transport = transport or httpx.HTTPTransport(**_options(origin, settings))

    async def exchange(self, request: Request) -> Response:
        """Send one request and read its answer."""
        body = _Body(self._settings)
        try:
            response = self._transport.handle_request(self._wire.message(request))
            stream = cast("httpx.SyncByteStream", response.stream)
            try:
                body.start(response.headers.get("content-encoding", ""))
                for chunk in stream:
                    body.add(chunk)
            finally:
                stream.close()
        except httpx.TransportError as error:
            raise _silence(error) from None
        return _response(response, body)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: ASYNC251  # this port blocks: that is its promise

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work here and now."""
        return work(*args, **kwargs)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


class AsyncPort:
    """Sockets and clocks of the running event loop."""

    def __init__(
        self, origin: str, settings: Settings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._settings, self._wire = settings, _Wire(origin, settings)
        self._transport = transport or httpx.AsyncHTTPTransport(**_options(origin, settings))

    async def exchange(self, request: Request) -> Response:
        """Send one request and read its answer."""
        body = _Body(self._settings)
        try:
            response = await self._transport.handle_async_request(self._wire.message(request))
            stream = cast("httpx.AsyncByteStream", response.stream)
            try:
                body.start(response.headers.get("content-encoding", ""))
                async for chunk in stream:
                    body.add(chunk)
            finally:
                await stream.aclose()
        except httpx.TransportError as error:
            raise _silence(error) from None
        return _response(response, body)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work in a thread, so that the loop goes on."""
        return await asyncio.to_thread(work, *args, **kwargs)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def drive(core: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of the core whose port never suspends."""
    try:
        core.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # StopIteration carries Any
    core.close()
    raise RuntimeError("the core awaited something other than its blocking port")


class _Body:
    """The body of an answer, opened and capped while it streams, in bytes and in time."""

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.answer_limit_bytes
        # A timeout of the HTTP library counts from byte to byte: an answer that drips would never end.
        self._until = time.monotonic() + settings.connect_seconds + settings.timeout_seconds
        self._gunzip: Gunzip | None = None
        self._chunks: list[bytes] = []
        self._size = 0

    def start(self, encoding: str) -> None:
        """Know how the body is packed, before any of it is read."""
        if encoding.strip().lower() in {"gzip", "x-gzip"}:
            self._gunzip = Gunzip()
        elif encoding.strip().lower() not in {"", "identity"}:
            raise NotJsonError(f"the answer is packed as {encoding[:20]!r}, which was not asked for")

    def add(self, chunk: bytes) -> None:
        """Take a piece, or refuse the whole."""
        if time.monotonic() > self._until:
            raise UnreachableError("Pipedrive did not end its answer in time")
        if self._gunzip:
            chunk = self._opened(self._gunzip, chunk)
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            raise AnswerTooLargeError(
                f"the answer passed {self._limit:,} bytes and was dropped; ask for less at once"
            )

    def _opened(self, gunzip: Gunzip, chunk: bytes) -> bytes:
        try:
            return gunzip.open(chunk, self._limit - self._size)
        except zlib.error:
            raise NotJsonError("the answer is not the gzip that it claims to be") from None

    def __bytes__(self) -> bytes:
        """The whole body; one that was cut inside its gzip is refused."""
        if self._gunzip and self._chunks and not self._gunzip.is_whole:
            raise NotJsonError("the answer is cut short: its gzip has no end")
        return b"".join(self._chunks)


class _Wire:
    """A request as the library's transport takes it: no redirects, no cookies, no .netrc, as a client would add."""

    def __init__(self, origin: str, settings: Settings) -> None:
        self._origin = origin
        timeout = httpx.Timeout(settings.timeout_seconds, connect=settings.connect_seconds)
        self._extensions = {"timeout": timeout.as_dict()}
        self._last: tuple[tuple[bytes, Mapping[str, str]], httpx.Headers] | None = None

    def message(self, request: Request) -> httpx.Request:
        """The request on its way; one without a host goes to the port's own."""
        address = _parsed(request.path if "://" in request.path else self._origin + request.path)
        headers = self._headers(address.netloc, request.headers)
        return httpx.Request(
            request.method, address, headers=headers, content=request.body, extensions=self._extensions
        )

    def _headers(self, host: bytes, own: Mapping[str, str]) -> httpx.Headers:
        """The headers; mostly those of the request before, which are copied in less time than they are read."""
        if self._last is None or self._last[0] != (host, own):
            self._last = ((host, own), httpx.Headers({"host": host.decode("ascii"), **HEADERS, **own}))
        return self._last[1]


@lru_cache(maxsize=256)
def _parsed(address: str) -> httpx.URL:
    return httpx.URL(address)


def _options(origin: str, settings: Settings) -> dict[str, Any]:
    """Proxies of the environment are off: a credential goes to one host only."""
    return {
        "limits": httpx.Limits(
            max_connections=settings.connections, max_keepalive_connections=settings.connections
        ),
        "trust_env": False,
        "verify": origin.startswith("https:"),
    }


def _response(response: httpx.Response, body: _Body) -> Response:
    headers: dict[str, str] = {}
    for raw_name, raw_text in response.headers.raw:
        name, text = raw_name.decode("ascii").lower(), raw_text.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return Response(response.status_code, headers, bytes(body))


def _silence(error: httpx.TransportError) -> UnreachableError:
    """Our own error in our own words: the library's text may hold addresses and headers."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ConnectError("no connection to Pipedrive came about; check the network and the base URL")
    if isinstance(error, httpx.TimeoutException):
        return UnreachableError("Pipedrive did not answer in time")
    return UnreachableError("the connection to Pipedrive broke before the answer was complete")
