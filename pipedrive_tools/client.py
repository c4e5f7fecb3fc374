"""The typed client: `perform` and `pages`, written once, and their two faces."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

from pipedrive_tools import auth, wire
from pipedrive_tools.endpoint import Call, Endpoint, Paging
from pipedrive_tools.errors import (
    ArgumentsError,
    DeniedError,
    NotFoundError,
    PipedriveToolsError,
    UnauthorizedError,
)
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import AsyncPort, BlockingPort, Port, drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.wire import Answer

R = TypeVar("R")
T = TypeVar("T")

POLL_WAITS_SECONDS: Final = (0.2, 0.4, 0.8, 1.5, 2.5, 4.0)
"""Waits between questions about a job: growing, and with an end."""
RUNNING: Final = frozenset({"not_started", "running"})


class Pace(Protocol):
    """Keeps calls inside Pipedrive's limits: asked before each request, told after it."""

    async def take(self, endpoint: Endpoint[..., Any], port: Port) -> Any:
        """Wait for a place to send from; raises where nothing may be sent for now."""
        ...

    async def done(self, place: Any, response: wire.Response | None, port: Port) -> None:
        """The answer is here, or there will be none."""
        ...

    async def told(self, error: PipedriveToolsError, port: Port) -> None:
        """Pipedrive refused or failed; a block or an empty day stops everybody."""
        ...


class Unpaced:
    """No limits but Pipedrive's own answers."""

    async def take(self, endpoint: Endpoint[..., Any], port: Port) -> Any:
        """Always free."""

    async def done(self, place: Any, response: wire.Response | None, port: Port) -> None:
        """Nothing to give back."""

    async def told(self, error: PipedriveToolsError, port: Port) -> None:
        """Nothing to stop."""


@dataclass(frozen=True)
class Line:
    """A way to Pipedrive: a port, a credential, a pace, and how patient to be."""

    port: Port
    credential: auth.Credential
    patience: Patience = field(default_factory=Patience)
    pace: Pace = field(default_factory=Unpaced)


Reader = Callable[[Call[Any], wire.Response], Answer]
"""How an answer is read: `wire.answer` gives plain JSON, `wire.typed_answer` the entry's type."""


async def perform(
    call: Call[Any], line: Line, *, page: str | int | None = None, read: Reader = wire.answer
) -> Answer:
    """Send a call, again where nothing can have happened twice, and follow the job it starts."""
    answer = await _deliver(call, line, page, read)
    if call.endpoint.job is None:
        return answer
    return await follow(call, answer, line)


async def _deliver(
    call: Call[Any], line: Line, page: str | int | None = None, read: Reader = wire.answer
) -> Answer:
    request = wire.request(call, page=page)
    attempt = 0
    renewed = False
    while True:
        attempt += 1
        try:
            answer = read(call, await _exchange(call, request, line))
        except PipedriveToolsError as error:
            await line.pace.told(error, line.port)
            if isinstance(error, UnauthorizedError) and not renewed:
                renewed = True
                if await line.credential.renewed(line.port):
                    continue
            wait = line.patience.wait_seconds(error, call.endpoint.effect, attempt)
            if wait is None:
                raise
            await line.port.sleep(wait)
        else:
            line.patience.reward()
            return answer if attempt == 1 else replace(answer, tokens=attempt * call.endpoint.cost)


async def _exchange(call: Call[Any], request: wire.Request, line: Line) -> wire.Response:
    """One request, signed, inside the limits."""
    headers = {**request.headers, **await line.credential.headers(line.port)}
    signed = wire.Request(request.method, request.path, headers, request.body)
    place = await line.pace.take(call.endpoint, line.port)
    try:
        response = await line.port.exchange(signed)
    except PipedriveToolsError:
        await line.pace.done(place, None, line.port)
        raise
    await line.pace.done(place, response, line.port)
    return response


async def follow(call: Call[Any], answer: Answer, line: Line) -> Answer:
    """Ask after a job until it ends or our patience does; a job that vanished is expired, not failed."""
    job = call.endpoint.job
    if job is None or not isinstance(answer.data, dict):
        return answer
    data = {
        "conversion_id": answer.data.get("conversion_id"),
        "status": "not_started",
        "ask_again_with": job.name,
    }
    names = job.path_arguments
    question = job.check({names[0]: call.target_id, names[1]: data["conversion_id"]})
    tokens = answer.tokens
    for wait in POLL_WAITS_SECONDS:
        await line.port.sleep(wait)
        tokens += job.cost
        try:
            status = (await _deliver(question, line)).data
        except NotFoundError:
            return replace(answer, data=data | {"status": "expired"}, tokens=tokens)
        except PipedriveToolsError:
            continue  # the job goes on whether or not we could ask after it
        data |= status if isinstance(status, dict) else {}
        if data["status"] not in RUNNING:
            del data["ask_again_with"]
            break
    return replace(answer, data=data, tokens=tokens)


async def pages(call: Call[list[T]], line: Line, *, read: Reader = wire.answer) -> AsyncIterator[Answer]:
    """Every page of a list, one after the other, as large as the API lets a page be."""
    endpoint = call.endpoint
    if endpoint.paging is Paging.NONE:
        raise ArgumentsError(f"{endpoint.name} has no pages; use send")
    if "limit" not in call.values:
        call = replace(call, values={**call.values, "limit": endpoint.page_limit})
    page: str | int | None = None
    while True:
        answer = await perform(call, line, page=page, read=read)
        yield answer
        if answer.next_page is None or answer.next_page == page:
            return
        page = answer.next_page


async def _typed(call: Call[R], line: Line) -> R:
    """The answer in the type that the entry promises; a job's is put together first."""
    if call.endpoint.job:
        return call.endpoint.parse((await perform(call, line)).data)
    data: R = (await perform(call, line, read=wire.typed_answer)).data
    return data


async def _next(walk: AsyncIterator[Answer]) -> Answer | None:
    return await anext(walk, None)


def _settings(settings: Settings | None, api_token: str | None) -> Settings:
    found = settings or Settings.from_env()
    return replace(found, api_token=api_token) if api_token else found


def _refuse_write(call: Call[Any], writes: bool) -> None:
    if call.endpoint.effect.writes and not writes:
        raise DeniedError(
            f"{call.endpoint.name!r} changes data and this client is read-only; ask for one with writes=True",
            rule="client is read-only",
        )


class Pipedrive:
    """The blocking client; read-only unless `writes=True`. Works inside a running event loop too.

    `send` gives the type that the entry promises and raises an error of `errors`; `pages` walks a list.
    """

    def __init__(
        self, api_token: str | None = None, *, settings: Settings | None = None, writes: bool = False
    ) -> None:
        found = _settings(settings, api_token)
        self._writes = writes
        credential, origin = auth.credential(found), auth.origin(found)
        self._port = BlockingPort(origin, found)
        self._line = Line(self._port, credential, Patience(found.attempts))

    def send(self, call: Call[R]) -> R:
        """Send one call and give what it answers."""
        _refuse_write(call, self._writes)
        return drive(_typed(call, self._line))

    def pages(self, call: Call[list[T]]) -> Iterator[list[T]]:
        """Walk a list page by page; a page holds 500 records where the API allows it."""
        walk = pages(call, self._line, read=wire.typed_answer)
        while (answer := drive(_next(walk))) is not None:
            yield answer.data

    def close(self) -> None:
        """Close the connections."""
        self._port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncPipedrive:
    """The same client for an event loop; see `Pipedrive`."""

    def __init__(
        self, api_token: str | None = None, *, settings: Settings | None = None, writes: bool = False
    ) -> None:
        found = _settings(settings, api_token)
        self._writes = writes
        credential, origin = auth.credential(found), auth.origin(found)
        self._port = AsyncPort(origin, found)
        self._line = Line(self._port, credential, Patience(found.attempts))

    async def send(self, call: Call[R]) -> R:
        """Send one call and give what it answers."""
        _refuse_write(call, self._writes)
        return await _typed(call, self._line)

    async def pages(self, call: Call[list[T]]) -> AsyncIterator[list[T]]:
        """Walk a list page by page; a page holds 500 records where the API allows it."""
        async for answer in pages(call, self._line, read=wire.typed_answer):
            yield answer.data

    async def close(self) -> None:
        """Close the connections."""
        await self._port.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
