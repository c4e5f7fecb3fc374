"""Receivers of webhooks on a real socket: what came to them, and what they say to it."""

import json
import socketserver
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Delivery:
    """One call of a receiver."""

    method: str
    path: str
    credential: str
    """User and password, as they came."""
    event: dict[str, Any]

    @property
    def meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = self.event.get("meta", {})
        return meta


@dataclass
class Receiver:
    """An address, and what came there."""

    url: str = ""
    calls: list[Delivery] = field(default_factory=list)
    says: Callable[[Delivery], int] = lambda _delivery: 200

    @property
    def events(self) -> list[Delivery]:
        """The deliveries, without the looks at the address."""
        return [each for each in self.calls if each.event]

    def came(self, count: int) -> list[Delivery]:
        """So many events, once they are here."""
        until(lambda: len(self.events) >= count)
        return self.events


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; a test whose hope is in vain fails."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.002)


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that takes everything, unless it is told otherwise."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            _, _, coded = (self.headers.get("authorization") or "").partition(" ")
            event = json.loads(body) if body else {}
            delivery = Delivery(self.command, self.path, b64decode(coded).decode(), event)
            status = receiver.says(delivery)
            receiver.calls.append(delivery)
            if not status:
                self.close_connection = True
                return
            where = f"location: {receiver.url}/elsewhere\r\n" if 300 <= status < 400 else ""
            self.wfile.write(f"HTTP/1.1 {status} X\r\n{where}content-length: 0\r\n\r\n".encode())

        do_GET = do_POST = handle_any  # noqa: N815  # the library's names

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with Threads(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(5)
