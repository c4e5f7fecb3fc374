"""The typed client: sending, trying again, paging, following a job; in both colours where they are wired."""

import asyncio
import logging
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pipedrive_tools import auth, errors
from pipedrive_tools.client import POLL_WAITS_SECONDS, AsyncPipedrive, Pipedrive, pages, perform
from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints import account, deals, leads, notes
from pipedrive_tools.line import Line
from pipedrive_tools.pacing import LONGEST_WAIT_SECONDS, Patience
from pipedrive_tools.ports import Port, drive
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.testing import FakePort, Reply, response
from pipedrive_tools.wire import Answer, Request, Response
from tests.servers import free_port

CANARY = "canary0123456789canary0123456789canary01"
LEAD = "adf21080-0e10-11eb-879b-05d71fb426ec"
JOB = "4b40248c-945d-4802-9996-60cddc88bd43"
DEAL = {"success": True, "data": {"id": 7, "title": "x"}}
GET, WRITE = deals.get(deal_id=7), deals.update(deal_id=7, title="x")
BURST = response({"success": False, "error": "Request over limit"}, 429)
DAY = response({"success": False, "error": "daily request budget exceeded"}, 429, {"retry-after": "3939"})
DOWN = response(b"", 503)


def line(port: Port, **changes: Any) -> Line:
    return Line(port, auth.ApiToken(CANARY), Patience(3), **changes)


def page(*numbers: int, cursor: str | None = None) -> dict[str, Any]:
    return {
        "success": True,
        "data": [{"id": number} for number in numbers],
        "additional_data": {"next_cursor": cursor},
    }


def query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


@dataclass(frozen=True)
class Case:
    """Replies to one call, and what it comes to: how many were used, what was raised, what it cost."""

    name: str
    call: Call[Any]
    replies: tuple[Reply, ...]
    sent: int
    raises: type[errors.PipedriveToolsError] | None = None
    tokens: int = 0


NO_WAY, SILENCE = errors.ConnectError("x"), errors.UnreachableError("x")
CASES = [
    Case("read", GET, (DEAL,), 1, tokens=1),
    Case("read-after-silence", GET, (SILENCE, DEAL), 2, tokens=2),
    Case("read-after-500", GET, (response(b"", 500), DEAL), 2, tokens=2),
    Case("read-after-cut-json", GET, (response(b'{"da'), DEAL), 2, tokens=2),
    Case("read-after-no-connection", GET, (NO_WAY, DEAL), 2, tokens=1),
    Case("read-after-two", GET, (DOWN, BURST, DEAL), 3, tokens=3),
    Case("read-after-three", GET, (DOWN, DOWN, DOWN, DEAL), 3, errors.ServerError, tokens=3),
    Case("read-of-nobody", GET, (NO_WAY, NO_WAY, NO_WAY), 3, errors.ConnectError, tokens=0),
    Case("read-that-is-wrong", GET, (response(b"", 400), DEAL), 1, errors.BadRequestError, tokens=1),
    Case("read-when-blocked", GET, (response(b"<html>", 403), DEAL), 1, errors.BlockedError, tokens=1),
    Case("read-on-a-spent-day", GET, (DAY, DEAL), 1, errors.DailyLimitError, tokens=1),
    Case(
        "read-redirected",
        GET,
        (Response(302, {"location": "//evil"}, b""), DEAL),
        1,
        errors.RedirectError,
        tokens=1,
    ),
    Case("write", WRITE, (DEAL,), 1, tokens=5),
    Case("write-after-silence", WRITE, (SILENCE, DEAL), 1, errors.UnreachableError, tokens=5),
    Case("write-after-500", WRITE, (response(b"", 500), DEAL), 1, errors.ServerError, tokens=5),
    Case("write-after-cut-json", WRITE, (response(b'{"da'), DEAL), 1, errors.NotJsonError, tokens=5),
    Case("write-after-409", WRITE, (response(b"", 409), DEAL), 1, errors.ConflictError, tokens=5),
    Case("write-after-no-connection", WRITE, (NO_WAY, NO_WAY, DEAL), 3, tokens=5),
    Case("write-after-burst", WRITE, (BURST, BURST, DEAL), 3, tokens=15),
    Case("write-after-bursts", WRITE, (BURST, BURST, BURST, DEAL), 3, errors.BurstLimitError, tokens=15),
    Case(
        "write-after-burst-and-silence", WRITE, (BURST, SILENCE, DEAL), 2, errors.UnreachableError, tokens=10
    ),
    Case("write-on-a-spent-day", WRITE, (DAY, DEAL), 1, errors.DailyLimitError, tokens=5),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_trying_again(case: Case) -> None:
    """A call is sent again only where nothing can have happened twice, and every try is counted."""
    port = FakePort().answers(*case.replies)
    try:
        tokens = drive(perform(case.call, line(port))).tokens
    except errors.PipedriveToolsError as error:
        assert type(error) is case.raises  # noqa: PT017  # half of the cases pass
        tokens = error.tokens
    else:
        assert case.raises is None

    assert len(port.requests) == case.sent
    assert len(port.sleeps) == case.sent - 1
    assert all(0 < wait <= LONGEST_WAIT_SECONDS for wait in port.sleeps)
    assert tokens == case.tokens
    assert len({(each.method, each.path, each.body) for each in port.requests}) == 1


def test_a_dead_server() -> None:
    """Against a server that is gone, 1,000 reads send 1.05 requests each at most."""
    port = FakePort().then(lambda _request: DOWN)
    way = line(port)
    for _ in range(1000):
        with pytest.raises(errors.ServerError):
            drive(perform(GET, way))

    assert 1000 < len(port.requests) <= 1050


def test_a_long_wait_is_shown() -> None:
    """A wait of an hour is told to the caller and never slept."""
    port = FakePort().answers(DAY)
    with pytest.raises(errors.DailyLimitError) as caught:
        drive(perform(GET, line(port)))

    assert caught.value.wait_seconds == 3939
    assert port.sleeps == []


class Renewable:
    """A credential that another one can be had for, once or as often as it is asked."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked = 0

    async def headers(self, _port: Port) -> dict[str, str]:
        return {"authorization": f"Bearer {self.asked}"}

    @property
    def origin(self) -> str:
        return ""

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset()

    async def renewed(self, _port: Port, refused: Mapping[str, str]) -> bool:
        assert refused == {"authorization": f"Bearer {self.asked}"}
        self.asked += 1
        return self.asked <= self.times


@pytest.mark.parametrize(
    ("times", "replies", "sent"),
    [
        pytest.param(1, (response(b"", 401), DEAL), 2, id="renewed"),
        pytest.param(9, (*[response(b"", 401)] * 9, DEAL), 4, id="renewed-three-times-at-most"),
        pytest.param(0, (response(b"", 401), DEAL), 1, id="not-renewed"),
    ],
)
def test_a_credential_that_has_expired(times: int, replies: tuple[Reply, ...], sent: int) -> None:
    """After a 401, a fresh credential gets another try, for a write as well; a refused one does not go on for ever."""
    port, credential = FakePort().answers(*replies), Renewable(times)
    way = Line(port, credential, Patience(3))
    if port.left > sent:
        with pytest.raises(errors.UnauthorizedError):
            drive(perform(WRITE, way))
    elif times:
        try:
            drive(perform(WRITE, way))
        except errors.UnauthorizedError:
            assert times > 1  # only where the second was refused, too

    assert [each.headers["authorization"] for each in port.requests] == [f"Bearer {n}" for n in range(sent)]


class Gate:
    """A pace that notes what it is told."""

    def __init__(self) -> None:
        self.taken = 0
        self.never_left = 0
        self.given_back: list[Response | None] = []
        self.heard: list[errors.PipedriveToolsError] = []

    async def take(self, _endpoint: Any, _port: Port) -> str:
        self.taken += 1
        return "place"

    async def done(self, place: Any, response: Response | None, _port: Port) -> None:
        assert place == "place"
        self.given_back.append(response)

    async def unsent(self, place: Any, _port: Port) -> None:
        assert place == "place"
        self.never_left += 1

    async def told(self, error: errors.PipedriveToolsError, _port: Port) -> None:
        self.heard.append(error)


class Cancelled(BaseException):
    """What ends a task from outside."""


class Cancelling(FakePort):
    """A network in which the task ends while it waits for the answer."""

    async def exchange(self, request: Request) -> Response:  # noqa: ARG002  # the port's
        raise Cancelled


def test_every_place_is_given_back() -> None:
    """A place to send from is given back after an answer, after silence, and when the call is cancelled."""
    gate = Gate()
    drive(perform(GET, line(FakePort().answers(SILENCE, DEAL), pace=gate)))
    drive(perform(GET, line(FakePort().answers(NO_WAY, DEAL), pace=gate)))
    with pytest.raises(Cancelled):
        drive(perform(GET, line(Cancelling(), pace=gate)))

    assert gate.taken == len(gate.given_back) + gate.never_left
    assert [each is None for each in gate.given_back] == [True, False, False, True]
    assert gate.never_left == 1
    assert gate.heard == [SILENCE, NO_WAY]


def walked(call: Call[Any], *replies: Reply) -> tuple[list[Answer], FakePort]:
    port = FakePort().answers(*replies)

    async def walk() -> list[Answer]:
        return [answer async for answer in pages(call, line(port))]

    return drive(walk()), port


def test_pages_by_cursor() -> None:
    """A v2 list is walked by its cursor, 500 records a page, its filters repeated, until no cursor is given."""
    found, port = walked(deals.list_(status=["open"]), page(1, 2, cursor="a b"), page(cursor="c"), page(3))

    assert [len(each.data) for each in found] == [2, 0, 1]
    assert [query(each) for each in port.requests] == [
        {"status": "open", "limit": "500"},
        {"status": "open", "limit": "500", "cursor": "a b"},
        {"status": "open", "limit": "500", "cursor": "c"},
    ]


SHAPES: dict[str, Callable[[int, bool], dict[str, Any]]] = {
    "nested": lambda start, more: {
        "pagination": {"start": start, "limit": 2, "more_items_in_collection": more}
        | ({"next_start": start + 2} if more else {})
    },
    "flat": lambda start, more: {"start": start, "limit": 2, "more_items_in_collection": more},
    "none": lambda _start, _more: {},
    "without-start": lambda _start, more: {"more_items_in_collection": more},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_pages_by_offset(shape: str) -> None:
    """A v1 list is walked to its end in each of the shapes that v1 has, and no record comes twice."""

    def serve(request: Request) -> Reply:
        start = int(query(request).get("start", 0))
        data = [{"id": number} for number in range(start, min(start + 2, 5))]
        return {"success": True, "data": data, "additional_data": SHAPES[shape](start, start + 2 < 5)}

    port = FakePort().then(serve)
    client = Pipedrive(CANARY, settings=Settings(), port=port)
    found = [note.id for batch in client.pages(notes.list_(limit=2)) for note in batch]

    assert found == [0, 1, 2, 3, 4]
    assert len(port.requests) == 3


def test_size_of_a_page() -> None:
    """A page is as large as the API allows, or as large as is asked for."""
    sizes = {
        call.endpoint.name: query(walked(call, {"success": True, "data": data})[1].requests[0])["limit"]
        for call, data in (
            (deals.list_(), []),
            (notes.list_(), []),
            (deals.search(term="an"), {"items": []}),
            (leads.list_(limit=7), []),
        )
    }

    assert sizes == {"list_deals": "500", "list_notes": "500", "search_deals": "100", "list_leads": "7"}


@pytest.mark.parametrize(
    ("call", "replies", "sent"),
    [
        pytest.param(deals.list_(), [page(1, cursor="a"), page(2, cursor="a")], 2, id="the-same-cursor"),
        pytest.param(
            deals.list_(), [page(1, cursor="a"), page(2, cursor="b"), page(3, cursor="a")], 3, id="in-a-ring"
        ),
        pytest.param(deals.list_(cursor="a"), [page(1, cursor="a")], 1, id="the-cursor-that-was-given"),
        pytest.param(deals.list_(), [page(1, cursor="a"), page(1, cursor="b")], 2, id="the-same-page"),
        pytest.param(deals.list_(), [page(1, cursor="")], 1, id="an-empty-cursor"),
    ],
)
def test_a_walk_ends(call: Call[Any], replies: list[Reply], sent: int) -> None:
    """A server that repeats itself does not keep us walking."""
    found, port = walked(call, *replies)

    assert len(port.requests) == sent
    assert len({str(each.data) for each in found}) == len(found)


def test_a_page_is_tried_again() -> None:
    """Silence in the middle of a walk repeats that page only."""
    found, port = walked(deals.list_(), page(1, cursor="a"), SILENCE, page(2))

    assert [each.data for each in found] == [[{"id": 1}], [{"id": 2}]]
    assert [query(each).get("cursor") for each in port.requests] == [None, "a", "a"]


def test_what_has_no_pages() -> None:
    """A call that gives no list in pages is refused before anything is sent."""
    client = Pipedrive(CANARY, settings=Settings(), port=FakePort())
    for call in (GET, WRITE, account.list_users()):
        with pytest.raises(errors.ArgumentsError, match="has no pages"):
            list(client.pages(call))  # type: ignore[arg-type]  # which a type checker sees


def test_both_colours_walk(sandbox: Sandbox) -> None:
    """Both clients walk the same pages of the same list."""
    settings = Settings(base_url=sandbox.url, api_token=sandbox.token)
    call = deals.list_(limit=7)
    with Pipedrive(settings=settings) as client:
        one = list(client.pages(call))

    async def walk() -> list[list[deals.Deal]]:
        async with AsyncPipedrive(settings=settings) as client:
            assert (await client.send(deals.get(deal_id=1))).id == 1
            return [batch async for batch in client.pages(call)]

    assert asyncio.run(walk()) == one
    assert len(one) > 3
    assert {len(batch) for batch in one[:-1]} == {7}
    ids = [deal.id for batch in one for deal in batch]
    assert len(ids) == len(set(ids))


def many(size: int) -> FakePort:
    """10,000 deals in pages of this size."""

    def serve(request: Request) -> Reply:
        start = int(query(request).get("cursor", 0))
        data = [
            {"id": number, "title": f"Deal {number} " + "x" * 100} for number in range(start, start + size)
        ]
        end = start + size >= 10_000
        return {
            "success": True,
            "data": data,
            "additional_data": {"next_cursor": None if end else str(start + size)},
        }

    return FakePort().then(serve)


def test_memory_of_a_walk() -> None:
    """Walking 10,000 deals holds a page or two, not the list."""

    def peak(keep: list[Any] | None) -> int:
        client = Pipedrive(CANARY, settings=Settings(), port=many(500))
        tracemalloc.start()
        seen = 0
        for batch in client.pages(deals.list_()):
            seen += len(batch)
            if keep is not None:
                keep.append(batch)
        _, found = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert seen == 10_000
        return found

    assert peak(None) * 3 < peak([]), "keeping them all is seen"


def test_a_walk_that_is_left() -> None:
    """Leaving a walk half way leaves nothing behind, inside a running loop as well."""
    client = Pipedrive(CANARY, settings=Settings(), port=many(100))

    async def leave() -> None:
        for _ in client.pages(deals.list_()):
            break
        async with AsyncPipedrive(CANARY, settings=Settings(), port=many(100)) as other:
            async for _ in other.pages(deals.list_()):
                break

    asyncio.run(leave(), debug=True)
    for _ in client.pages(deals.list_()):
        break


def test_a_blocking_client_in_a_running_loop(sandbox: Sandbox) -> None:
    """The blocking client works where an event loop runs, as in a notebook."""

    async def cell() -> str | None:
        with Pipedrive(settings=Settings(base_url=sandbox.url, api_token=sandbox.token)) as client:
            return client.send(deals.get(deal_id=1)).title

    assert asyncio.run(cell())


def converted(*polls: Reply) -> tuple[Answer, FakePort]:
    port = FakePort().answers({"success": True, "data": {"conversion_id": JOB}}, *polls)
    return drive(perform(leads.convert(lead_id=LEAD), line(port))), port


def told(status: str, **further: Any) -> dict[str, Any]:
    return {"success": True, "data": {"conversion_id": JOB, "status": status, "deal_id": None} | further}


ASK = "get_lead_conversion_status"
GONE = response({"success": False, "error": "Entity was not found"}, 404)


@dataclass(frozen=True)
class Job:
    """What is told of a conversion, and what the call gives in the end."""

    name: str
    polls: tuple[Reply, ...]
    status: str
    tokens: int
    deal_id: int | None = None
    ask_again: bool = False


RUNNING = told("running")
JOBS = [
    Job("completed-at-once", (told("completed", deal_id=9),), "completed", 41, 9),
    Job("completed", (told("not_started"), RUNNING, told("completed", deal_id=9)), "completed", 43, 9),
    Job("failed", (RUNNING, told("failed")), "failed", 42),
    Job("rejected", (told("rejected"),), "rejected", 41),
    Job("never-ends", (RUNNING,) * 6, "running", 46, ask_again=True),
    Job("a-state-nobody-knows", (told("queued"),) * 6, "queued", 46, ask_again=True),
    Job("expired", (RUNNING, GONE), "expired", 42, ask_again=True),
    Job("silence-between", (SILENCE, SILENCE, SILENCE, told("completed", deal_id=9)), "completed", 44, 9),
    Job("no-connection-between", (NO_WAY, told("completed", deal_id=9)), "completed", 41, 9),
    Job("blocked", (RUNNING, response(b"<html>", 403)), "running", 42, ask_again=True),
    Job("day-is-spent", (DAY,), "not_started", 41, ask_again=True),
    Job("no-record", ({"success": True, "data": None}, told("completed", deal_id=9)), "completed", 42, 9),
]


@pytest.mark.parametrize("job", [pytest.param(job, id=job.name) for job in JOBS])
def test_a_conversion_is_followed(job: Job) -> None:
    """A conversion is asked after until it ends or our patience does; each question is counted, tries included."""
    answer, port = converted(*job.polls)

    assert answer.data == (
        {"conversion_id": JOB, "status": job.status}
        | ({"deal_id": job.deal_id} if job.deal_id else {})
        | ({"ask_again_with": ASK} if job.ask_again else {})
    )
    assert answer.tokens == job.tokens
    assert port.left == 0
    assert [each.method for each in port.requests] == ["POST"] + ["GET"] * len(job.polls)


def test_questions_are_spaced() -> None:
    """The waits between questions grow and have an end."""
    _, port = converted(*(RUNNING,) * 6)

    assert tuple(port.sleeps) == POLL_WAITS_SECONDS
    assert sorted(POLL_WAITS_SECONDS) == list(POLL_WAITS_SECONDS)
    assert sum(POLL_WAITS_SECONDS) < 15


@pytest.mark.parametrize(
    "data", [None, True, [], {}, {"conversion_id": None}, {"conversion_id": "../users"}], ids=str
)
def test_a_conversion_without_a_number(data: Any) -> None:
    """A conversion that began without telling its number is an outcome nobody knows, never one not sent."""
    port = FakePort().answers({"success": True, "data": data})
    with pytest.raises(errors.NotJsonError, match="look before you send it again") as caught:
        drive(perform(leads.convert(lead_id=LEAD), line(port)))

    assert caught.value.outcome == "unknown"
    assert len(port.requests) == 1


def test_a_conversion_in_the_type_that_is_promised() -> None:
    """The client gives a conversion as the entry's type, with how far it is."""
    port = FakePort().answers({"success": True, "data": {"conversion_id": JOB}}, told("completed", deal_id=9))
    client = Pipedrive(CANARY, settings=Settings(), writes=True, port=port)
    found = client.send(leads.convert(lead_id=LEAD))

    assert (found.conversion_id, found.model_extra) == (JOB, {"status": "completed", "deal_id": 9})


WRITES = [
    deals.create(title="x"),
    WRITE,
    deals.delete(deal_id=7),
    leads.convert(lead_id=LEAD),
]


@dataclass(frozen=True)
class Refusal:
    """A client, a change to the call, and why it is not sent."""

    name: str
    writes: bool
    settings: Settings
    arguments: dict[str, Any]
    rule: str


REFUSALS = [
    Refusal("read-only", False, Settings(), {}, "client is read-only"),
    Refusal("rehearsal-by-setting", True, Settings(dry_run=True), {}, "dry_run"),
    Refusal("rehearsal-by-call", True, Settings(), {"dry_run": True}, "dry_run"),
    Refusal("version", True, Settings(), {"expect_version": "2026-01-01T00:00:00Z"}, "expect_version"),
]


def refused(refusal: Refusal, port: FakePort) -> Iterator[Callable[[Call[Any]], None]]:
    client = Pipedrive(CANARY, settings=refusal.settings, writes=refusal.writes, port=port)
    other = AsyncPipedrive(CANARY, settings=refusal.settings, writes=refusal.writes, port=port)
    yield client.send
    yield lambda call: asyncio.run(other.send(call))


@pytest.mark.parametrize("refusal", [pytest.param(refusal, id=refusal.name) for refusal in REFUSALS])
def test_a_write_that_is_refused(refusal: Refusal) -> None:
    """A client that may not write, or cannot keep what the call asks for, sends nothing; in both colours."""
    port = FakePort()
    for send in refused(refusal, port):
        for call in (
            WRITES if not refusal.arguments else [deals.update(deal_id=7, title="x", **refusal.arguments)]
        ):
            with pytest.raises(errors.DeniedError) as caught:
                send(call)
            assert caught.value.rule == refusal.rule
            assert repr(call.endpoint.name) in str(caught.value)

    assert port.requests == []


def test_a_write_that_is_allowed() -> None:
    """A client that may write sends, and a read is never refused."""
    port = FakePort().answers(DEAL, DEAL)

    assert Pipedrive(CANARY, settings=Settings(), writes=True, port=port).send(WRITE).title == "x"
    assert Pipedrive(CANARY, settings=Settings(dry_run=True), port=port).send(GET).id == 7
    assert [each.method for each in port.requests] == ["PATCH", "GET"]


def test_the_environment(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    """Left alone, a client is what the environment says; a token that is given wins."""
    monkeypatch.setenv("PIPEDRIVE_BASE_URL", sandbox.url)
    monkeypatch.setenv("PIPEDRIVE_API_TOKEN", "x")
    with pytest.raises(errors.UnauthorizedError), Pipedrive() as client:
        client.send(GET)
    with Pipedrive(sandbox.token) as client:
        assert client.send(deals.get(deal_id=1)).id == 1


def test_no_credential_no_client() -> None:
    """Without a credential, or with a foreign host, no client is made."""
    for kind in (Pipedrive, AsyncPipedrive):
        with pytest.raises(errors.SettingsError, match="PIPEDRIVE_API_TOKEN"):
            kind(settings=Settings())
        with pytest.raises(errors.SettingsError, match=r"evil\.example"):
            kind(CANARY, settings=Settings(base_url="https://evil.example"))


def test_no_credential_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of a client shows its credential: not its parts, not its errors, not the log."""
    caplog.set_level(logging.DEBUG)
    settings = Settings(base_url=f"http://127.0.0.1:{free_port()}", api_token=CANARY, attempts=1)
    with Pipedrive(settings=settings) as client:
        with pytest.raises(errors.ConnectError) as caught:
            client.send(GET)
        shown = [repr(client), repr(vars(client)), repr(client._line), str(caught.value), repr(caught.value)]
    port = FakePort().answers(DEAL)
    drive(perform(GET, line(port)))

    assert CANARY not in "".join(shown) + caplog.text + repr(port.requests)
    assert port.requests[0].headers["x-api-token"] == CANARY, "it was there to be shown"


FAULTS: list[tuple[dict[str, Any], type[errors.PipedriveToolsError]]] = [
    *(
        ({"kind": "status", "status": status}, kind)
        for status, kind in (
            (400, errors.BadRequestError),
            (401, errors.UnauthorizedError),
            (402, errors.AccountClosedError),
            (403, errors.ForbiddenError),
            (404, errors.NotFoundError),
            (405, errors.MethodError),
            (408, errors.ConflictError),
            (409, errors.ConflictError),
            (410, errors.GoneError),
            (415, errors.FeatureOffError),
            (422, errors.UnprocessableError),
            (429, errors.BurstLimitError),
            (500, errors.ServerError),
            (501, errors.ServerError),
            (502, errors.ServerError),
            (503, errors.ServerError),
            (504, errors.ServerError),
        )
    ),
    (
        {"kind": "status", "status": 403, "shape": "gateway", "error": "Scope and URL mismatch"},
        errors.ScopeError,
    ),
    ({"kind": "status", "status": 429, "retry_after": 3939}, errors.DailyLimitError),
    ({"kind": "html_403"}, errors.BlockedError),
    ({"kind": "reset_before"}, errors.UnreachableError),
    ({"kind": "reset_after"}, errors.UnreachableError),
    ({"kind": "cut_connection"}, errors.UnreachableError),
    ({"kind": "stall"}, errors.UnreachableError),
    ({"kind": "commit_then_502"}, errors.ServerError),
    ({"kind": "cut_json"}, errors.NotJsonError),
    ({"kind": "not_json"}, errors.NotJsonError),
    ({"kind": "redirect"}, errors.RedirectError),
    ({"kind": "huge", "size_bytes": 3_000_000}, errors.AnswerTooLargeError),
]


@pytest.mark.parametrize(
    ("fault", "kind"),
    FAULTS,
    ids=lambda value: str(value.get("status", value["kind"])) if isinstance(value, dict) else "",
)
def test_a_fault_of_the_sandbox(
    sandbox: Sandbox, fault: dict[str, Any], kind: type[errors.PipedriveToolsError]
) -> None:
    """Over real HTTP, too, each fault is its one error, and a write that met it was sent once."""
    open_deals = (each for each in sandbox.records("deals") if each["status"] == "open")
    deal = next(each["id"] for each in open_deals if not each["is_archived"])
    settings = Settings(
        base_url=sandbox.url,
        api_token=sandbox.token,
        timeout_seconds=0.5,
        answer_limit_bytes=1_000_000,
    )
    httpx.post(
        f"{sandbox.url}/_sandbox/faults", json={"faults": [fault | {"method": "PATCH"}]}, trust_env=False
    )
    with (
        Pipedrive(settings=settings, writes=True) as client,
        pytest.raises(errors.PipedriveToolsError) as caught,
    ):
        client.send(deals.update(deal_id=deal, title="y"))

    assert type(caught.value) is kind
    sent = 3 if kind is errors.BurstLimitError else 1  # a refusal may be repeated, up to the cap
    assert [each["method"] for each in sandbox.log()] == ["PATCH"] * sent
    with Pipedrive(settings=settings) as other:
        assert other.send(deals.get(deal_id=deal)).id == deal, "the fault strikes writes only"


def test_many_threads() -> None:
    """One client serves many threads at once, each with its own answer."""
    numbers = count(1)

    def serve(request: Request) -> Reply:
        next(numbers)
        return {"success": True, "data": {"id": int(request.path.rsplit("/", 1)[1])}}

    client = Pipedrive(CANARY, settings=Settings(), port=FakePort().then(serve))
    found: list[bool] = []

    def work(start: int) -> None:
        found.extend(
            client.send(deals.get(deal_id=number)).id == number for number in range(start, start + 50)
        )

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [True] * 400
    assert next(numbers) == 401
