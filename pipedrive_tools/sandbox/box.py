"""`Sandbox`: a local Pipedrive that runs in a thread of this process, and `serve` for one in the foreground."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from copy import deepcopy
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, get_args

from pipedrive_tools.errors import SandboxError
from pipedrive_tools.sandbox.api import Api
from pipedrive_tools.sandbox.clock import Clock
from pipedrive_tools.sandbox.control import application
from pipedrive_tools.sandbox.credentials import DEMO_TOKEN, TOKEN_LENGTH
from pipedrive_tools.sandbox.data import tables
from pipedrive_tools.sandbox.demo import HOSTILE_SHARE
from pipedrive_tools.sandbox.faults import Faults, from_file
from pipedrive_tools.sandbox.limits import Limits, plan_named
from pipedrive_tools.sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from pipedrive_tools.sandbox.requestlog import RequestLog
from pipedrive_tools.sandbox.routes import all_routes
from pipedrive_tools.sandbox.server import START_SECONDS, Server, listen, url_of
from pipedrive_tools.sandbox.store import Store
from pipedrive_tools.sandbox.switches import Switches
from pipedrive_tools.sandbox.world import World

T = TypeVar("T")

Data = Literal["demo", "empty"]


def build(
    *,
    data: Data = "demo",
    deals: int = 400,
    plan: str = "growth",
    seats: int = 1,
    today: date | None = None,
    seed: int = 1,
    hostile_share: float = HOSTILE_SHARE,
    faults: Path | str | None = None,
    token: str | None = None,
    switches: Switches | None = None,
    request_log: Path | str | None = None,
) -> Api:
    """The API of one company, not yet listening."""
    if token is not None and len(token) != TOKEN_LENGTH:
        raise SandboxError(f"the API token must have {TOKEN_LENGTH} characters, not {len(token)}")
    if data not in get_args(Data):
        raise SandboxError(f"a sandbox begins with one of {', '.join(get_args(Data))}, not with {data!r}")
    if seats < 1 or deals < 0:
        raise SandboxError("a company has at least one seat and no less than 0 deals")
    clock = Clock.on(today)
    plan_found = plan_named(plan)
    struck = Faults(from_file(Path(faults)) if faults else ())
    begun = tables(data, today=clock.today(), deals=deals, seed=seed, hostile_share=hostile_share)
    store = Store(begun, clock)
    return Api(
        world=World(store, clock, switches or Switches(), plan),
        routes=all_routes(),
        limits=Limits(plan_found, seats, clock),
        log=RequestLog(Path(request_log) if request_log else None),
        faults=struck,
        only_token=token,
    )


class Sandbox:
    """A local Pipedrive in a thread of its own; `Sandbox.start()` makes one."""

    def __init__(self, api: Api, *, host: str, port: int) -> None:
        self._api = api
        listener = listen(host, port)
        self.url = url_of(listener)
        """Where it listens; what stands before `/api`."""
        self.token = api.only_token or DEMO_TOKEN
        """An API token that it accepts."""
        self.client_id, self.client_secret = CLIENT_ID, CLIENT_SECRET
        """The app that its OAuth server knows."""
        self._server = Server(application(api))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(listener)), name="pipedrive-sandbox", daemon=True
        )
        self._thread.start()
        if not self._server.is_up.wait(START_SECONDS):
            raise SandboxError("the sandbox did not come up")

    @classmethod
    def start(
        cls,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        data: Data = "demo",
        deals: int = 400,
        plan: str = "growth",
        seats: int = 1,
        today: date | None = None,
        seed: int = 1,
        hostile_share: float = HOSTILE_SHARE,
        faults: Path | str | None = None,
        token: str | None = None,
        switches: Switches | None = None,
        request_log: Path | str | None = None,
    ) -> Self:
        """Start a sandbox; port 0 is any free one."""
        api = build(
            data=data,
            deals=deals,
            plan=plan,
            seats=seats,
            today=today,
            seed=seed,
            hostile_share=hostile_share,
            faults=faults,
            token=token,
            switches=switches,
            request_log=request_log,
        )
        return cls(api, host=host, port=port)

    def log(self) -> list[dict[str, Any]]:
        """Every request so far, oldest first."""
        return self._there(self._api.log.entries)

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt to deliver an event so far, and every event that was lost, oldest first."""
        return self._there(self._api.deliveries.entries)

    def pending(self) -> int:
        """How many events are on their way, those that wait for another attempt among them."""
        return self._there(lambda: self._api.deliveries.pending)

    def records(self, resource: str) -> list[dict[str, Any]]:
        """The records of a resource as the server holds them; a copy."""
        tables = self._api.world.store.tables
        if resource not in tables:
            raise SandboxError(f"no records are called {resource!r}; there are: {', '.join(tables)}")
        return self._there(lambda: [deepcopy(dict(each)) for each in tables[resource].records()])

    def put(self, resource: str, record: Mapping[str, Any]) -> None:
        """Add a record or replace the one with its key, as somebody does in Pipedrive's own settings."""
        self._there(lambda: self._api.world.store[resource].put(dict(record)))

    def remove(self, resource: str, key: int | str) -> None:
        """Take a record out for good, as somebody does in Pipedrive's own settings."""
        self._there(lambda: self._api.world.store[resource].remove(key))

    def reset(self) -> None:
        """Go back to the first state: records, log, limits, faults and switches."""
        self._there(self._api.reset)

    def switch(self, **values: Any) -> None:
        """Set switches anew while it runs."""
        self._there(lambda: self._api.switch(self._api.world.switches.changed(values)))

    def expire(self) -> None:
        """End the life of every access token that its OAuth server gave out."""
        self._there(self._api.oauth.expire)

    def stop(self) -> None:
        """Stop listening and end the thread; a second stop does nothing."""
        self._server.should_exit = True
        self._thread.join()
        self._api.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def _run(self, listener: Any) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self._server.serve(sockets=[listener])
        finally:
            self._api.deliveries.close()

    def _there(self, act: Callable[[], T]) -> T:
        """Act in the server's loop, which alone touches the state."""
        if self._loop is None or not self._thread.is_alive():
            return act()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(act())
            except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(START_SECONDS)


def serve(
    port: int = 8765,
    host: str = "127.0.0.1",
    *,
    data: Data = "demo",
    deals: int = 400,
    plan: str = "growth",
    seats: int = 1,
    today: date | None = None,
    seed: int = 1,
    faults: Path | str | None = None,
    token: str | None = None,
    switches: Switches | None = None,
    request_log: Path | str | None = None,
    ready: Callable[[str, str], None] = lambda _url, _token: None,
) -> None:
    """Run a sandbox until the process is told to end; `ready` hears its address and a token it accepts."""
    listener = listen(host, port)
    try:
        api = build(
            data=data,
            deals=deals,
            plan=plan,
            seats=seats,
            today=today,
            seed=seed,
            faults=faults,
            token=token,
            switches=switches,
            request_log=request_log,
        )
        url, accepted = url_of(listener), api.only_token or DEMO_TOKEN
        Server(application(api), up=lambda: ready(url, accepted)).run(sockets=[listener])
        api.log.close()
    finally:
        listener.close()
