"""Many companies in one sandbox process, each at an address of its own, all with the same first records.

The records are made once and shared: a table replaces records and changes none, so a company costs its changes only.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from pipedrive_tools.sandbox import Switches
from pipedrive_tools.sandbox.api import Api
from pipedrive_tools.sandbox.clock import Clock
from pipedrive_tools.sandbox.control import application
from pipedrive_tools.sandbox.data import tables
from pipedrive_tools.sandbox.demo import HOSTILE_SHARE
from pipedrive_tools.sandbox.faults import Faults
from pipedrive_tools.sandbox.limits import Limits, plan_named
from pipedrive_tools.sandbox.requestlog import RequestLog
from pipedrive_tools.sandbox.routes import all_routes
from pipedrive_tools.sandbox.server import Server, listen, url_of
from pipedrive_tools.sandbox.store import Store
from pipedrive_tools.sandbox.world import World
from tests.torture.far_side import leave_with_the_parent

PLAN: Final = "ultimate"
SEATS: Final = 500


@dataclass(frozen=True)
class Companies:
    """The companies, judged over HTTP only."""

    urls: tuple[str, ...]
    first_activities: int
    """How many activities each has in the beginning."""
    client: httpx.Client

    def made(self, url: str) -> list[dict[str, Any]]:
        """The activities of a company that were not there in the beginning."""
        asked = self.client.get(f"{url}/_sandbox/records/activities").raise_for_status()
        found: list[dict[str, Any]] = asked.json()
        return found[self.first_activities :]

    def reset(self) -> None:
        """Let all companies go back to their first state; every login ends."""
        for url in self.urls:
            self.client.post(f"{url}/_sandbox/reset").raise_for_status()

    def switch(self, **values: Any) -> None:
        """Set switches of all companies anew."""
        for url in self.urls:
            self.client.post(f"{url}/_sandbox/switches", json=values).raise_for_status()


@contextmanager
def companies(count: int, *, deals: int, **switches: Any) -> Iterator[Companies]:
    """So many companies with so many open deals each."""
    wanted = {"count": count, "deals": deals, "switches": {"burst_limits": False, **switches}}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.companies", json.dumps(wanted)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        told = process.stdout.readline() if process.stdout else ""
        if not told:
            raise RuntimeError("the companies did not come up")
        with httpx.Client(timeout=30, trust_env=False) as client:
            first, *urls = told.split()
            yield Companies(tuple(urls), int(first), client)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


class ByPort:
    """Whichever company listens at a port answers there."""

    def __init__(self) -> None:
        self.listeners: list[socket.socket] = []
        self._apps: dict[int, ASGIApp] = {}

    def add(self, app: ASGIApp) -> None:
        """Let a company listen at a free port."""
        listener = listen("127.0.0.1", 0)
        self.listeners.append(listener)
        self._apps[listener.getsockname()[1]] = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        await self._apps[scope["server"][1]](scope, receive, send)


def main(wanted: str) -> None:
    """Serve until the parent is gone."""
    asked = json.loads(wanted)
    threading.Thread(target=leave_with_the_parent, daemon=True).start()
    clock, routes, switches = Clock(), all_routes(), Switches(**asked["switches"])
    first = tables("demo", today=clock.today(), deals=asked["deals"], seed=1, hostile_share=HOSTILE_SHARE)
    server = ByPort()
    for _ in range(asked["count"]):
        api = Api(
            world=World(Store(first, clock), clock, switches, PLAN),
            routes=routes,
            limits=Limits(plan_named(PLAN), SEATS, clock),
            log=RequestLog(),
            faults=Faults(()),
        )
        server.add(application(api))
    print(len(first["activities"]), *map(url_of, server.listeners), flush=True)
    Server(server).run(sockets=server.listeners)


if __name__ == "__main__":
    main(sys.argv[1])
