"""The receiver on a socket: uvicorn, with a bound on connections and on the time that a request's head may take."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipedrive_tools.errors import SettingsError
from pipedrive_tools.webhooks.receiver import PATH

CONNECTIONS: Final = 500
"""At once; more are answered with 503."""
HEAD_SECONDS: Final = 10.0
"""How long the head of a request may take, and how long a connection may say nothing."""
SHUTDOWN_SECONDS: Final = 5


class Impatient(H11Protocol):
    """uvicorn's pure HTTP/1.1, which bounds the size of a head, and here its time as well."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection is given its time for a first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """The clock runs while a head is not complete, however often another byte of it comes."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._deadline is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._forget()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def config(app: Starlette, **options: Any) -> uvicorn.Config:
    """How uvicorn is to serve the receiver."""
    return uvicorn.Config(
        app,
        http=Impatient,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=int(HEAD_SECONDS),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        **options,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that is listened on; port 0 is any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(
            f"cannot listen on {host}:{port}: {reason}; choose another port, or 0 for any free one"
        ) from error


def address(listener: socket.socket) -> str:
    """Where a listener takes events, as this machine calls it."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


class Told(uvicorn.Server):
    """A server that says when it is up; from then on it is the server that hears signals."""

    def __init__(self, app: Starlette, up: Callable[[], object]) -> None:
        super().__init__(config(app))
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self._up()


def serve(app: Starlette, host: str, port: int, *, ready: Callable[[str], None]) -> None:
    """Serve until a signal comes; `ready` is told the address once somebody listens there."""
    with listen(host, port) as listener:
        Told(app, lambda: ready(address(listener))).run([listener])


@contextmanager
def served(app: Starlette, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve in a thread while the block lasts; gives the address."""
    started = Event()
    with listen(host, port) as listener:
        server = Told(app, started.set)
        thread = Thread(
            target=lambda: asyncio.run(server.serve([listener])), name="webhooks-receiver", daemon=True
        )
        thread.start()
        started.wait(SHUTDOWN_SECONDS)
        try:
            yield address(listener)
        finally:
            server.should_exit = True
            thread.join()
