"""Calls that the sandbox makes itself: HTTP to this machine and to no other, over connections that stay open."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
NO_ANSWER: Final = 0
"""Status of a call that got none."""
LARGEST_ANSWER: Final = 2**20
IDLE: Final = 64
"""Connections to one receiver that are kept open."""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Address:
    """Where a call goes."""

    host: str
    port: int
    path: str

    @classmethod
    def on_this_machine(cls, url: str) -> "Address | None":
        """The address of a URL, where it is plain HTTP to this machine."""
        try:
            parts = urlsplit(url)
            port = parts.port or 80
        except ValueError:
            return None
        if parts.scheme != "http" or parts.hostname not in THIS_MACHINE or not url.isascii():
            return None
        path = parts.path or "/"
        return cls(parts.hostname, port, f"{path}?{parts.query}" if parts.query else path)

    @property
    def authority(self) -> str:
        """Host and port as a request names them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Outgoing:
    """The connections of one sandbox to whoever receives from it."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[Connection]] = {}

    async def send(
        self, method: str, address: Address, headers: Mapping[str, str], body: bytes, *, within_seconds: float
    ) -> int:
        """The status of the answer, or 0 where none came in time."""
        lines = [f"{method} {address.path} HTTP/1.1", f"host: {address.authority}"]
        lines += [*(f"{name}: {text}" for name, text in headers.items()), f"content-length: {len(body)}"]
        request = "\r\n".join([*lines, "", ""]).encode() + body
        try:
            async with asyncio.timeout(within_seconds):
                return await self._exchange(address, request)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            return NO_ANSWER

    def close(self) -> None:
        """Close every connection that is kept open."""
        for connections in self._idle.values():
            for _, writer in connections:
                writer.transport.abort()
        self._idle.clear()

    async def _exchange(self, address: Address, request: bytes) -> int:
        idle = self._idle.setdefault((address.host, address.port), [])
        while idle:
            connection = idle.pop()
            try:
                return await self._over(connection, request, idle)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                if getattr(error, "partial", b""):
                    raise
                # the other side has closed it meanwhile: no answer, and nothing was taken
        opened = await asyncio.open_connection(address.host, address.port, limit=LARGEST_ANSWER)
        return await self._over(opened, request, idle)

    async def _over(self, connection: Connection, request: bytes, idle: list[Connection]) -> int:
        reader, writer = connection
        stays = False
        try:
            writer.write(request)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head.split(" ", 2)[1])
            length = next(
                (line[15:].strip() for line in head.split("\r\n") if line.startswith("content-length:")), None
            )
            if length is not None and int(length) <= LARGEST_ANSWER and "connection: close" not in head:
                await reader.readexactly(int(length))
                stays = len(idle) < IDLE
            return status
        finally:
            if stays:
                idle.append(connection)
            else:
                writer.transport.abort()
