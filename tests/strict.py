"""A far side that only counts: a strict rolling window on arrival, behind a network that delays and bunches.

It runs in a process of its own and says what it saw when its input ends. Everything is one short GET or POST.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import IO, Final

WINDOW_SECONDS: Final = 2.0
SEARCHES: Final = 10
INBOUND_SECONDS: Final = (0.005, 0.03)
OUTBOUND_SECONDS: Final = (0.015, 0.035)
"""About 50 milliseconds there and back, with what the machine itself takes."""
SPIKE_SECONDS: Final = (0.1, 0.25)
SPIKES: Final = 0.02
OK: Final = b'{"success":true,"data":{"id":1}}'
FULL: Final = b'{"success":false,"error":"request over limit","errorCode":429}'


class Strict:
    """The windows, and what came of every call."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.calls: deque[float] = deque()
        self.searches: deque[float] = deque()
        self.accepted: list[float] = []
        self.seen: Counter[str] = Counter()
        self.random = Random(7)

    def admit(self, *, is_search: bool) -> bool:
        """Count a call that has arrived, if it fits."""
        now = time.monotonic()
        windows = [(self.calls, self.limit), *([(self.searches, SEARCHES)] if is_search else [])]
        for window, _ in windows:
            while window and window[0] <= now - WINDOW_SECONDS:
                window.popleft()
        fits = all(len(window) < limit for window, limit in windows)
        if fits:
            for window, _ in windows:
                window.append(now)
            self.accepted.append(now)
        self.seen["searches" if is_search else "calls"] += 1
        self.seen["refused"] += not fits
        return fits

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(self._delay(INBOUND_SECONDS))
                fits = self.admit(is_search=b"search" in head.split(b"\r\n", 1)[0])
                await asyncio.sleep(self._delay(OUTBOUND_SECONDS))
                body = OK if fits else FULL
                writer.write(
                    b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
                    b"x-ratelimit-limit: %d\r\nx-ratelimit-remaining: 0\r\n\r\n%b"
                    % (200 if fits else 429, len(body), self.limit, body)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _delay(self, between: tuple[float, float]) -> float:
        spike = self.random.uniform(*SPIKE_SECONDS) if self.random.random() < SPIKES / 2 else 0.0
        return self.random.uniform(*between) + spike

    async def run(self) -> None:
        """Serve until the input ends, then say what was seen."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(json.dumps({**self.seen, "accepted": self.accepted}), flush=True)


class Seen:
    """What a strict server saw, once it has ended."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.accepted: list[float] = []
        self.calls = self.searches = self.refused = 0

    def read(self, told: IO[str]) -> None:
        """Take over what the server says at its end."""
        seen = json.loads(told.readline())
        self.accepted = seen["accepted"]
        self.calls, self.searches = seen.get("calls", 0), seen.get("searches", 0)
        self.refused = seen.get("refused", 0)

    def share(self, limit: int, start: float, end: float) -> float:
        """How much of the allowed rate was used between two moments, from the first call to the last one."""
        inside = [each for each in self.accepted if start <= each < end]
        return len(inside) / (limit * ((inside[-1] - inside[0]) / WINDOW_SECONDS + 1))


@contextmanager
def strict_server(limit: int) -> Iterator[Seen]:
    """A strict server in a process of its own; what it saw is there when this ends."""
    command = [sys.executable, "-m", "tests.strict", str(limit)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = Seen(int(process.stdout.readline()))
        yield seen
        process.stdin.close()
        seen.read(process.stdout)
        process.kill()


if __name__ == "__main__":
    asyncio.run(Strict(int(sys.argv[1])).run())
