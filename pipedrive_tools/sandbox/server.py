"""The HTTP server under the sandbox: uvicorn on a socket of our own, in a thread or in the foreground."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pipedrive_tools.errors import SandboxError
from pipedrive_tools.sandbox.breakage import TRANSPORT

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 120
START_SECONDS = 30


class Protocol(HttpToolsProtocol):
    """HTTP with the connection in each request's scope, for the faults that cut it."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[TRANSPORT] = self.transport


class Server(uvicorn.Server):
    """A server that says when it is up; from then on it is the server that hears signals."""

    def __init__(self, app: ASGIApp, up: Callable[[], object] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                loop="asyncio",
                lifespan="off",
                ws="none",
                log_config=None,
                log_level=logging.CRITICAL,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,  # the answers carry the sandbox's own clock
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=1,
            )
        )
        self.is_up = threading.Event()
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self.is_up.set()
        self._up()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; a port in use is one clear error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle off only where the protocol is named, and an answer would wait 40 ms for it
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SandboxError(
            f"cannot listen on {host}:{port}: {reason}; choose another port, or 0 for any free one"
        ) from error
    listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return listener


def url_of(listener: socket.socket) -> str:
    """The address under which clients reach a socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
