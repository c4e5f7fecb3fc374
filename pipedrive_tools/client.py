"""The typed client: `perform` and `pages`, written once, and their two faces."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, aclosing
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from pipedrive_tools import auth, wire
from pipedrive_tools.endpoint import Call, Endpoint, Paging
from pipedrive_tools.errors import (
    ArgumentsError,
    ConnectError,
    DeniedError,
    NotFoundError,
    NotJsonError,
    PipedriveToolsError,
    ScopeLackingError,
    UnauthorizedError,
)
from pipedrive_tools.line import Line, Pace, Unpaced
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import AsyncPort, BlockingPort, Port, drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import logins
from pipedrive_tools.state.limits import Limiter
from pipedrive_tools.state.rules import Caller
from pipedrive_tools.wire import Answer

RENEWALS: Final = 3
"""How often one call gets a new access token: each time the one it had was refused, and a newer one was there."""

R = TypeVar("R")
T = TypeVar("T")

POLL_WAITS_SECONDS: Final = (0.2, 0.4, 0.8, 1.5, 2.5, 4.0)
"""Waits between questions about a job: growing, and with an end."""
ENDED: Final = frozenset({"completed", "failed", "rejected"})
"""States after which a job does not change; after any other one we ask again (FACTS.md, section 11)."""


Reader = Callable[[Call[Any], wire.Response], Answer]
"""How an answer is read: `wire.answer` gives plain JSON, `wire.typed_answer` the entry's type."""


async def perform(
    call: Call[Any], line: Line, *, page: str | int | None = None, read: Reader = wire.answer
) -> Answer:
    """Send a call, again where nothing can have happened twice, and follow the job it starts."""
    answer = await _deliver(call if page is None else call.at(page), line, read)
    job = call.endpoint.job
    return answer if job is None else await follow(call, job, answer, line)


async def _deliver(call: Call[Any], line: Line, read: Reader = wire.answer) -> Answer:
    request = wire.request(call)
    attempt = sent = renewals = 0
    while True:
        attempt, sent = attempt + 1, sent + 1
        signature: Mapping[str, str] = {}
        try:
            _refuse_scope(call, line)
            response, signature = await _exchange(call, request, line)
            answer = read(call, response)
        except PipedriveToolsError as error:
            sent -= error.outcome == "not sent"
            error.tokens = sent * call.endpoint.cost
            await line.pace.told(error, line.port)
            if isinstance(error, UnauthorizedError) and renewals < RENEWALS:
                renewals += 1
                if await line.credential.renewed(line.port, signature):
                    continue
            wait = line.patience.wait_seconds(error, call.endpoint.effect, attempt)
            if wait is None:
                raise
            await line.port.sleep(wait)
        else:
            line.patience.reward()
            return answer if sent == 1 else replace(answer, tokens=sent * call.endpoint.cost)


def _refuse_scope(call: Call[Any], line: Line) -> None:
    """What Pipedrive would refuse is not sent."""
    if scope := auth.lacking(line.credential, call.endpoint):
        raise ScopeLackingError(
            f"{call.endpoint.name}: the login lacks the OAuth scope {scope}; add it to the app and log in again; "
            "nothing was sent",
            status=403,
        )


async def _exchange(
    call: Call[Any], request: wire.Request, line: Line
) -> tuple[wire.Response, Mapping[str, str]]:
    """One request inside the limits, and how it was signed: last of all, since what signs may expire."""
    place = await line.pace.take(call.endpoint, line.port)
    try:
        signature = await line.credential.headers(line.port)
        address = line.credential.origin + request.path  # a login names its own host
        signed = wire.Request(request.method, address, {**request.headers, **signature}, request.body)
    except BaseException:
        await line.pace.unsent(place, line.port)
        raise
    try:
        response = await line.port.exchange(signed)
    except ConnectError:
        await line.pace.unsent(place, line.port)
        raise
    except BaseException:  # a call that is cancelled gives its place back, too
        await line.pace.done(place, None, line.port)
        raise
    line.clock.saw(response)
    await line.pace.done(place, response, line.port)
    return response, signature


async def follow(call: Call[Any], job: Endpoint[..., Any], answer: Answer, line: Line) -> Answer:
    """Ask after a job until it ends or our patience does; a job that vanished is expired, not failed."""
    question = _question(call, job, answer)
    number = job.path_arguments[1]
    data = {number: question.values[number], "status": "not_started", "ask_again_with": job.name}
    tokens = answer.tokens
    for wait in POLL_WAITS_SECONDS:
        await line.port.sleep(wait)
        try:
            told = await _deliver(question, line)
        except NotFoundError as error:
            data["status"] = "expired"
            tokens += error.tokens
            break
        except PipedriveToolsError as error:  # the job goes on whether or not we can ask after it
            tokens += error.tokens
            if not error.retryable:
                break
            continue
        tokens += told.tokens
        data |= _filled(told.data)
        if data["status"] in ENDED:
            del data["ask_again_with"]
            break
    return replace(answer, data=data, tokens=tokens)


def _question(call: Call[Any], job: Endpoint[..., Any], answer: Answer) -> Call[Any]:
    """The call that asks after the job which an answer names; by then the change is under way."""
    target, number = job.path_arguments
    try:
        return job.check({target: call.target_id, number: answer.data[number]})
    except (ArgumentsError, LookupError, TypeError):
        raise NotJsonError(
            f"{call.endpoint.name}: the answer names no {number}; look before you send it again"
        ) from None


def _filled(status: Any) -> dict[str, Any]:
    found = status if isinstance(status, dict) else {}
    return {name: value for name, value in found.items() if value is not None}


async def pages(
    call: Call[list[T]], line: Line, *, read: Reader = wire.answer
) -> AsyncGenerator[Answer, None]:
    """Every page of a list, one after the other, as large as the API lets a page be."""
    endpoint = call.endpoint
    if endpoint.paging is Paging.NONE:
        raise ArgumentsError(f"{endpoint.name} has no pages; use send")
    if "limit" not in call.values:
        call = replace(call, values={**call.values, "limit": endpoint.page_limit})
    page: str | int | None = None
    seen = {None, call.values.get(endpoint.paging.value)}
    before: Any = None
    while True:
        answer = await perform(call, line, page=page, read=read)
        if answer.data and answer.data == before:
            return  # the server pays no heed to where we are
        yield answer
        seen.add(page)
        page, before = answer.next_page, answer.data
        if page in seen:
            return


async def _typed(call: Call[R], line: Line) -> R:
    """The answer in the type that the entry promises; a job's is put together first."""
    if call.endpoint.job:
        return call.endpoint.parse((await perform(call, line)).data)
    data: R = (await perform(call, line, read=wire.typed_answer)).data
    return data


async def _next(walk: AsyncGenerator[Answer, None]) -> Answer | None:
    return await anext(walk, None)


def _settings(settings: Settings | None, api_token: str | None) -> Settings:
    found = settings or Settings.from_env()
    return replace(found, api_token=api_token) if api_token else found


def _refuse_write(call: Call[Any], settings: Settings, writes: bool) -> None:
    """Refuse what this client may not send, and what it cannot keep: only a toolset rehearses and compares."""
    name = call.endpoint.name
    if not call.endpoint.effect.writes:
        return
    if not writes:
        raise DeniedError(
            f"{name!r} changes data and this client is read-only; ask for one with writes=True",
            rule="client is read-only",
        )
    if settings.dry_run or getattr(call.args, "dry_run", False):
        raise DeniedError(f"{name!r} is only to be rehearsed, which a Toolset does", rule="dry_run")
    if getattr(call.args, "expect_version", None):
        raise DeniedError(
            f"{name!r} expects a version, which a Toolset compares and this client does not",
            rule="expect_version",
        )


class Pipedrive:
    """The blocking client; read-only unless `writes=True`. Works inside a running event loop too.

    `send` gives the type that the entry promises and raises an error of `errors`; `pages` walks a list. A `port`
    that is handed in, such as `testing.FakePort`, stands for the network and is its maker's to close. Calls keep to
    Pipedrive's limits, those of a port that is handed in excepted; only a `Toolset` shares them between processes.
    """

    def __init__(
        self,
        api_token: str | None = None,
        *,
        settings: Settings | None = None,
        writes: bool = False,
        port: Port | None = None,
    ) -> None:
        self._settings, self._writes = _settings(settings, api_token), writes
        self._closing = ExitStack()
        login = self._closing.enter_context(logins.found(self._settings))
        pace: Pace = Unpaced()
        if port is None:
            port = own = BlockingPort(login.origin, self._settings)
            self._closing.callback(own.close)
            pace = Limiter.of(self._settings, Caller.of(login.credential, login.origin, login.account))
        self._line = Line(port, login.credential, Patience(self._settings.attempts), pace)

    def send(self, call: Call[R]) -> R:
        """Send one call and give what it answers."""
        _refuse_write(call, self._settings, self._writes)
        return drive(_typed(call, self._line))

    def pages(self, call: Call[list[T]]) -> Iterator[list[T]]:
        """Walk a list page by page; a page holds 500 records where the API allows it."""
        walk = pages(call, self._line, read=wire.typed_answer)
        try:
            while (answer := drive(_next(walk))) is not None:
                yield answer.data
        finally:
            drive(walk.aclose())

    def close(self) -> None:
        """Close the connections."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncPipedrive:
    """The same client for an event loop; see `Pipedrive`."""

    def __init__(
        self,
        api_token: str | None = None,
        *,
        settings: Settings | None = None,
        writes: bool = False,
        port: Port | None = None,
    ) -> None:
        self._settings, self._writes = _settings(settings, api_token), writes
        self._closing = AsyncExitStack()
        login = self._closing.enter_context(logins.found(self._settings))
        pace: Pace = Unpaced()
        if port is None:
            port = own = AsyncPort(login.origin, self._settings)
            self._closing.push_async_callback(own.close)
            pace = Limiter.of(self._settings, Caller.of(login.credential, login.origin, login.account))
        self._line = Line(port, login.credential, Patience(self._settings.attempts), pace)

    async def send(self, call: Call[R]) -> R:
        """Send one call and give what it answers."""
        _refuse_write(call, self._settings, self._writes)
        return await _typed(call, self._line)

    async def pages(self, call: Call[list[T]]) -> AsyncIterator[list[T]]:
        """Walk a list page by page; a page holds 500 records where the API allows it."""
        async with aclosing(pages(call, self._line, read=wire.typed_answer)) as walk:
            async for answer in walk:
                yield answer.data

    async def close(self) -> None:
        """Close the connections."""
        await self._closing.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
