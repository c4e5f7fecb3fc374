"""The sockets and clocks: what a misbehaving server, host or network becomes."""

import asyncio
import gzip
import logging
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import httpx
import pytest

from pipedrive_tools import errors
from pipedrive_tools.ports import AsyncPort, BlockingPort, drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.testing import FakePort
from pipedrive_tools.wire import Request, Response
from tests.servers import Behaviour, free_port, saying, serving

CANARY = "canary0123456789canary0123456789canary01"
MEGABYTE = 1024 * 1024
SIGNED = Request("GET", "/api/v2/deals/7", {"x-api-token": CANARY})
JSON = b'{"success":true,"data":{"id":7}}'

Exchange: TypeAlias = Callable[[str, Settings], Response]


def blocking(origin: str, settings: Settings) -> Response:
    port = BlockingPort(origin, settings)
    try:
        return drive(port.exchange(SIGNED))
    finally:
        port.close()


def awaiting(origin: str, settings: Settings) -> Response:
    async def run() -> Response:
        port = AsyncPort(origin, settings)
        try:
            return await port.exchange(SIGNED)
        finally:
            await port.close()

    return asyncio.run(run())


both = pytest.mark.parametrize("exchange", [blocking, awaiting])


@both
def test_an_answer(exchange: Exchange) -> None:
    """An answer comes with its status, its headers in lower case, and its body."""
    with serving(saying(JSON, "X-Odd: Yes", status="201 Created")) as (origin, seen):
        found = exchange(origin, Settings())

    assert (found.status, found.headers["x-odd"], found.body) == (201, "Yes", JSON)
    assert b"GET /api/v2/deals/7 HTTP/1.1" in seen[0]
    assert f"x-api-token: {CANARY}".encode() in seen[0]


@both
@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_a_packed_answer(exchange: Exchange, encoding: str) -> None:
    """A gzip body is opened, in several members, too."""
    packed = gzip.compress(JSON[:9]) + gzip.compress(JSON[9:])
    with serving(saying(packed, f"content-encoding: {encoding}")) as (origin, _):
        assert exchange(origin, Settings()).body == JSON


@both
def test_a_packed_answer_without_a_body(exchange: Exchange) -> None:
    """An answer that has no body is not taken for a cut one."""
    with serving(saying(b"", "content-encoding: gzip", status="503 Gone")) as (origin, _):
        assert exchange(origin, Settings()).body == b""


def resetting(connection: socket.socket, _head: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def hanging_up(_connection: socket.socket, _head: bytes) -> None:
    pass


def chattering(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


def stalling(connection: socket.socket, _head: bytes) -> None:
    connection.settimeout(5)
    connection.recv(1)


def stalling_within(connection: socket.socket, head: bytes) -> None:
    saying(JSON[:9], length=len(JSON))(connection, head)
    stalling(connection, head)


def dripping(connection: socket.socket, head: bytes) -> None:
    saying(b"", length=10_000)(connection, head)
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.05)


@dataclass(frozen=True)
class Case:
    """What a server does, and what becomes of the call."""

    name: str
    behave: Behaviour
    kind: type[errors.PipedriveToolsError]
    says: str


CASES = [
    Case("reset", resetting, errors.UnreachableError, "broke before the answer"),
    Case("hang-up", hanging_up, errors.UnreachableError, "broke before the answer"),
    Case("cut", saying(JSON[:9], length=len(JSON)), errors.UnreachableError, "broke before the answer"),
    Case("not-http", chattering, errors.UnreachableError, "broke before the answer"),
    Case("stall", stalling, errors.UnreachableError, "in time"),
    Case("stall-within", stalling_within, errors.UnreachableError, "in time"),
    Case("drip", dripping, errors.UnreachableError, "in time"),
    Case("no-gzip", saying(JSON, "content-encoding: gzip"), errors.NotJsonError, "not the gzip"),
    Case(
        "cut-gzip",
        saying(gzip.compress(JSON)[:-8], "content-encoding: gzip"),
        errors.NotJsonError,
        "cut short",
    ),
    Case(
        "brotli", saying(JSON, "content-encoding: br"), errors.NotJsonError, "'br', which was not asked for"
    ),
    Case("packed-twice", saying(JSON, "content-encoding: gzip, gzip"), errors.NotJsonError, "not asked for"),
    Case(
        "packed-for-ever",
        saying(JSON, f"content-encoding: {'x' * 999}"),
        errors.NotJsonError,
        "'xxxxxxxxxxxxxxxxxxxx'",
    ),
    Case("huge", saying(b"x" * 3000), errors.AnswerTooLargeError, "2,000 bytes"),
    Case(
        "huge-when-opened",
        saying(gzip.compress(b"x" * 3000), "content-encoding: gzip"),
        errors.AnswerTooLargeError,
        "2,000 bytes",
    ),
]


@both
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_server_that_misbehaves(case: Case, exchange: Exchange) -> None:
    """Whatever a server does becomes one typed error in our own words, without the credential."""
    with serving(case.behave) as (origin, seen):
        begun = time.monotonic()
        with pytest.raises(errors.PipedriveToolsError) as caught:
            exchange(origin, Settings(timeout_seconds=0.3, connect_seconds=0.3, answer_limit_bytes=2000))
        took = time.monotonic() - begun

    assert type(caught.value) is case.kind
    assert case.says in str(caught.value)
    assert CANARY not in str(caught.value)
    assert len(str(caught.value)) < 200
    assert len(seen) == 1
    assert took < 3


@both
def test_nobody_listens(exchange: Exchange) -> None:
    """Where no connection comes about, the error says that nothing was sent."""
    with pytest.raises(errors.ConnectError, match="check the network") as caught:
        exchange(f"http://127.0.0.1:{free_port()}", Settings())

    assert caught.value.outcome == "not sent"


SILENCES: list[tuple[type[httpx.TransportError], type[errors.UnreachableError], str]] = [
    (httpx.ConnectError, errors.ConnectError, "check the network"),
    (httpx.ConnectTimeout, errors.ConnectError, "check the network"),
    (httpx.PoolTimeout, errors.ConnectError, "check the network"),
    (httpx.ReadTimeout, errors.UnreachableError, "in time"),
    (httpx.WriteTimeout, errors.UnreachableError, "in time"),
    (httpx.ReadError, errors.UnreachableError, "broke"),
    (httpx.WriteError, errors.UnreachableError, "broke"),
    (httpx.CloseError, errors.UnreachableError, "broke"),
    (httpx.RemoteProtocolError, errors.UnreachableError, "broke"),
    (httpx.LocalProtocolError, errors.UnreachableError, "broke"),
]


@pytest.mark.parametrize(
    ("raised", "kind", "says"), SILENCES, ids=lambda value: getattr(value, "__name__", "")
)
def test_silence(raised: type[httpx.TransportError], kind: type[errors.UnreachableError], says: str) -> None:
    """Only where no connection came about was nothing sent; the library's own words stay inside."""

    def fail(_request: httpx.Request) -> httpx.Response:
        raise raised(f"x-api-token: {CANARY}")

    port = BlockingPort("http://localhost", Settings(), transport=httpx.MockTransport(fail))
    with pytest.raises(errors.UnreachableError, match=says) as caught:
        drive(port.exchange(SIGNED))
    port.close()

    assert type(caught.value) is kind
    assert CANARY not in str(caught.value)


@both
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(exchange: Exchange, status: str) -> None:
    """Nothing is sent to where a redirect points, least of all a credential."""
    with serving(saying(JSON)) as (elsewhere, strangers):
        with serving(saying(b"", f"location: {elsewhere}/steal", status=status)) as (origin, seen):
            assert exchange(origin, Settings()).status == int(status[:3])
        assert (len(seen), strangers) == (1, [])
        httpx.get(elsewhere, headers={"x-api-token": CANARY}, trust_env=False)
        assert CANARY.encode() in strangers[0], "the stranger hears what is sent to it"


@both
def test_the_environment_gives_no_proxy(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment see no call: a credential goes to one host only."""
    with serving(saying(JSON)) as (proxy, strangers), serving(saying(JSON)) as (origin, seen):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        exchange(origin, Settings())

    assert (len(seen), strangers) == (1, [])


@both
def test_no_credential_in_a_log(exchange: Exchange, caplog: pytest.LogCaptureFixture) -> None:
    """Not even the chattiest logging shows a credential."""
    caplog.set_level(logging.DEBUG)
    with serving(saying(JSON)) as (origin, _):
        exchange(origin, Settings())
        assert CANARY not in caplog.text
        assert "send_request_headers" in caplog.text, "the log is on"


@both
def test_no_credential_in_a_failure(exchange: Exchange) -> None:
    """No error that the HTTP library made, and no word of it, comes out of the port."""
    with serving(resetting) as (origin, _), pytest.raises(errors.UnreachableError) as caught:
        exchange(origin, Settings())

    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None
    assert CANARY not in repr(caught.value)


def test_a_bomb_is_not_opened() -> None:
    """A small body that opens to 200 MB takes hardly more memory than the limit."""
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(b"x" * MEGABYTE) for _ in range(200)) + packer.flush()

    assert len(bomb) < MEGABYTE
    assert _peak(bomb, limit=MEGABYTE) < 6 * MEGABYTE
    assert _peak(bomb, limit=300 * MEGABYTE) > 200 * MEGABYTE, "an opened bomb is seen"


def _peak(packed: bytes, limit: int) -> int:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(packed))

    port = BlockingPort(
        "http://localhost", Settings(answer_limit_bytes=limit), transport=httpx.MockTransport(answer)
    )
    tracemalloc.start()
    try:
        with pytest.raises(errors.AnswerTooLargeError):
            drive(port.exchange(SIGNED))
    except pytest.fail.Exception:
        pass  # under the larger limit it is opened
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        port.close()
    return peak


def test_the_limit_itself_is_not_over_it() -> None:
    """A body of exactly the limit is taken, and one byte more is not."""
    for size, fits in ((2000, True), (2001, False)):
        with serving(saying(b"x" * size)) as (origin, _):
            if fits:
                assert len(blocking(origin, Settings(answer_limit_bytes=2000)).body) == size
            else:
                with pytest.raises(errors.AnswerTooLargeError):
                    blocking(origin, Settings(answer_limit_bytes=2000))


def test_waits_and_work() -> None:
    """The blocking port waits and works here and now; the async one lets the loop go on."""

    async def both_at_once() -> tuple[str, list[str]]:
        port, order = AsyncPort("http://localhost", Settings()), list[str]()

        async def other() -> None:
            await port.sleep(0.05)
            order.append("other")

        def slow(name: str) -> str:
            time.sleep(0.2)
            order.append(name)
            return threading.current_thread().name

        name, _ = await asyncio.gather(port.run(slow, "work"), other())
        await port.close()
        return name, order

    name, order = asyncio.run(both_at_once())
    assert order == ["other", "work"]
    assert name != threading.current_thread().name

    port = BlockingPort("http://localhost", Settings())
    begun = time.monotonic()
    drive(port.sleep(0.05))
    assert time.monotonic() - begun >= 0.05
    assert drive(port.run(threading.current_thread)) is threading.current_thread()
    port.close()


def test_the_driver_does_not_wait() -> None:
    """A core that awaits something else than its port is told so, and comes to its end."""
    ended: list[bool] = []

    async def strange() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            ended.append(True)

    with pytest.raises(RuntimeError, match="something other than its blocking port"):
        drive(strange())
    assert ended == [True]


def test_the_driver_lets_errors_through() -> None:
    """What the core raises comes out as it is."""
    with pytest.raises(errors.ConnectError):
        drive(FakePort().answers(errors.ConnectError("x")).exchange(SIGNED))


def test_the_fake_port() -> None:
    """The fake answers from its queue, then makes answers up, and tells what it was asked."""
    fake = FakePort().answers({"data": 1}, Response(204, {}, b""))

    assert fake.left == 2
    assert drive(fake.exchange(SIGNED)).body == b'{"data":1}'
    assert drive(fake.exchange(SIGNED)).status == 204
    with pytest.raises(AssertionError, match="no reply is queued for GET /api/v2/deals/7"):
        drive(fake.exchange(SIGNED))
    assert (
        drive(fake.then(lambda request: {"data": request.path}).exchange(SIGNED)).body
        == b'{"data":"/api/v2/deals/7"}'
    )
    assert (fake.left, len(fake.requests)) == (0, 4)
    assert drive(fake.run(max, 1, 2)) == 2
    assert drive(fake.sleep(99)) is None
    assert fake.sleeps == [99]
