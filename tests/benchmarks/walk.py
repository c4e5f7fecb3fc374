"""Walking 10,000 deals with the typed client over a bare httpx loop, and what stays in memory."""

import gc
import tracemalloc
from collections.abc import Iterator

import httpx

from pipedrive_tools import Pipedrive, Settings
from pipedrive_tools.endpoints import deals
from tests.benchmarks.server import Server, server
from tests.figures import Figure, ratio

DEALS = 10_000
PAGE = 500


def run() -> Iterator[Figure]:
    """Time and memory of a walk."""
    with server(DEALS) as box:
        settings = Settings(base_url=box.url, api_token=box.token)
        with Pipedrive(settings=settings) as client, httpx.Client(headers={"x-api-token": box.token}) as bare:
            value, note = ratio(lambda: _walk(client), lambda: _bare(bare, box), rounds=8, warm_up=1)
            yield Figure("walking 10,000 deals over a bare httpx loop", value, "<= 1.15", note)
            gc.collect()
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            assert _walk(client) >= DEALS
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            yield Figure("memory growth of that walk, MB", (peak - before) / 1e6, "<= 20")


def _walk(client: Pipedrive) -> int:
    return sum(len(page) for page in client.pages(deals.list_(status=["open"])))


def _bare(client: httpx.Client, box: Server) -> int:
    query: dict[str, str | int] = {"status": "open", "limit": PAGE}
    count = 0
    while True:
        answer = client.get(f"{box.url}/api/v2/deals", params=query).json()
        count += len(answer["data"])
        cursor = answer["additional_data"]["next_cursor"]
        if cursor is None:
            return count
        query["cursor"] = cursor
