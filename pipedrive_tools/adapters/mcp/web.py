"""The server over streamable HTTP: whose requests are let in, and the socket that they come through."""

import hmac
import logging
import socket
from collections.abc import Callable, Collection
from typing import Any, Final

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pipedrive_tools.errors import SettingsError

PATH: Final = "/mcp"
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
SHUTDOWN_SECONDS: Final = 5


class Bearer:
    """Lets nobody in who does not bring the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401."""
        if scope["type"] == "lifespan" or self._opens(scope):
            await self._app(scope, receive, send)
            return
        refused = PlainTextResponse(
            "send the bearer token\n", status_code=401, headers={"WWW-Authenticate": "Bearer"}
        )
        await refused(scope, receive, send)

    def _opens(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        return hmac.compare_digest(token.strip(), self._token) and scheme.lower() == b"bearer"


def guarded(server: MCPServer[Any], *, token: str, hosts: Collection[str] = ()) -> ASGIApp:
    """The server as an ASGI application that asks for the token and for a Host and an Origin it knows.

    A browser that was lured to a foreign page names that page in Origin, or in Host where its name was bent to
    this machine. `hosts` are names under which clients know the server, besides those of this machine.
    """
    if not token.strip() or not token.isascii():
        raise SettingsError("streamable HTTP needs a bearer token of ASCII characters")
    names = [f"[{name}]" if ":" in name else name for name in dict.fromkeys([*LOOPBACK, *hosts])]
    addresses = [address for name in names for address in (name, f"{name}:*")]
    security = TransportSecuritySettings(
        allowed_hosts=addresses,
        allowed_origins=[f"{scheme}://{each}" for each in addresses for scheme in ("http", "https")],
    )
    return Bearer(server.streamable_http_app(streamable_http_path=PATH, transport_security=security), token)


async def serve_http(
    server: MCPServer[Any],
    *,
    token: str,
    host: str = "127.0.0.1",
    port: int = 8767,
    hosts: Collection[str] = (),
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until a signal comes; `ready` is told the address once somebody listens there."""
    app = guarded(server, token=token, hosts=[host, *hosts])
    with _listen(host, port) as listener:
        ready(f"http://{_authority(listener)}{PATH}")
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        await uvicorn.Server(config).serve([listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(
            f"cannot listen on {host}:{port}: {reason}; choose another port, or 0 for any free one"
        ) from error


def _authority(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
