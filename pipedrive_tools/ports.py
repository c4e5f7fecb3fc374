"""All the I/O there is, behind one `Port`, and the driver that runs the core without an event loop.

The core awaits nothing but its port. `AsyncPort` awaits for real; `BlockingPort` never suspends, so `drive`
runs the same coroutines to their end in one step, inside a running loop (a notebook) as well as outside.
"""

import asyncio
import time
import zlib
from collections.abc import Callable, Coroutine
from typing import Any, Final, ParamSpec, Protocol, TypeVar

import httpx

from pipedrive_tools.errors import AnswerTooLargeError, ConnectError, NotJsonError, UnreachableError
from pipedrive_tools.settings import Settings
from pipedrive_tools.wire import Request, Response, unzip

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
        self._limit = settings.answer_limit_bytes
        self._client = httpx.Client(transport=transport, **_options(origin, settings))

    async def exchange(self, request: Request) -> Response:
        """Send one request and read its answer."""
        body = _Body(self._limit)
        try:
            response = self._client.send(_message(self._client, request), stream=True)
            try:
                body.encoding = response.headers.get("content-encoding", "")
                for chunk in response.iter_raw():
                    body.add(chunk)
            finally:
                response.close()
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
        self._client.close()


class AsyncPort:
    """Sockets and clocks of the running event loop."""

    def __init__(
        self, origin: str, settings: Settings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._limit = settings.answer_limit_bytes
        self._client = httpx.AsyncClient(transport=transport, **_options(origin, settings))

    async def exchange(self, request: Request) -> Response:
        """Send one request and read its answer."""
        body = _Body(self._limit)
        try:
            response = await self._client.send(_message(self._client, request), stream=True)
            try:
                body.encoding = response.headers.get("content-encoding", "")
                async for chunk in response.aiter_raw():
                    body.add(chunk)
            finally:
                await response.aclose()
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
        await self._client.aclose()


def drive(core: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of the core whose port never suspends."""
    try:
        core.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # StopIteration carries Any
    core.close()
    raise RuntimeError("the core awaited something other than its blocking port")


class _Body:
    """The body of an answer, opened and capped while it streams."""

    def __init__(self, limit: int) -> None:
        self.encoding = ""
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0
        self._inflater: zlib._Decompress | None = None

    def add(self, chunk: bytes) -> None:
        if self.encoding == "gzip":
            self._inflater = self._inflater or zlib.decompressobj(wbits=31)
            try:
                chunk = unzip(chunk, self._inflater, self._limit - self._size)
            except zlib.error:
                raise NotJsonError("the answer is not the gzip that it claims to be") from None
        elif self.encoding not in {"", "identity"}:
            raise NotJsonError(f"the answer is packed as {self.encoding!r}, which was not asked for")
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            raise AnswerTooLargeError(
                f"the answer passed {self._limit:,} bytes and was dropped; ask for less at once"
            )

    def __bytes__(self) -> bytes:
        return b"".join(self._chunks)


def _options(origin: str, settings: Settings) -> dict[str, Any]:
    """Redirects, .netrc and proxies of the environment are off: a credential goes to one host only."""
    return {
        "base_url": origin,
        "headers": HEADERS,
        "timeout": httpx.Timeout(settings.timeout_seconds, connect=settings.connect_seconds),
        "limits": httpx.Limits(
            max_connections=settings.connections, max_keepalive_connections=settings.connections
        ),
        "follow_redirects": False,
        "trust_env": False,
        "verify": origin.startswith("https:"),
    }


def _message(client: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    return client.build_request(
        request.method, request.path, headers=dict(request.headers), content=request.body
    )


def _response(response: httpx.Response, body: _Body) -> Response:
    headers = {name.lower(): text for name, text in response.headers.items()}
    return Response(response.status_code, headers, bytes(body))


def _silence(error: httpx.TransportError) -> UnreachableError:
    """Our own error in our own words: the library's text may hold addresses and headers."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ConnectError("no connection to Pipedrive came about; check the network and the base URL")
    if isinstance(error, httpx.TimeoutException):
        return UnreachableError("Pipedrive did not answer in time")
    return UnreachableError("the connection to Pipedrive broke before the answer was complete")
