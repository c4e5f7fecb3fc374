"""How fast the sandbox starts and answers, and what it holds."""

import time
from collections.abc import Iterator

import httpx

from tests.benchmarks.server import server
from tests.figures import Figure

READS = 3_000


def run() -> Iterator[Figure]:
    """Single reads a second over one connection, and a start with 10,000 deals."""
    with server() as box, httpx.Client(base_url=box.url, headers={"x-api-token": box.token}) as client:
        transport = client._transport
        request = client.build_request("GET", "/api/v2/deals/33")
        for _ in range(200):
            transport.handle_request(request).read()
        start = time.perf_counter()
        for _ in range(READS):
            transport.handle_request(request).read()
        seconds = time.perf_counter() - start
    yield Figure("single reads the sandbox answers in a second", READS / seconds, ">= 1000", "one connection")
    start = time.perf_counter()
    with server(10_000) as box:
        yield Figure("seconds to start with 10,000 deals", time.perf_counter() - start, "<= 5")
        yield Figure("memory of the sandbox with 10,000 deals, MB", box.resident_bytes / 1e6, "<= 300")
