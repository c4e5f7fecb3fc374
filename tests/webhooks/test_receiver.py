"""The receiver: who is let in, what is taken, and what it may cost."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Arrival
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.intake import Intake
from pipedrive_tools.webhooks.receiver import HEALTH, PATH, Bounds, Health, Receiver, application
from pipedrive_tools.webhooks.serving import served
from tests.webhooks.deliveries import HEADERS, body, credential

ACCOUNT = "https://acme.pipedrive.com"


class Kept:
    """An intake that keeps in memory, or cannot."""

    def __init__(self, *, is_broken: bool = False) -> None:
        self.arrivals: list[Arrival] = []
        self.is_broken = is_broken

    async def keep(self, arrival: Arrival) -> None:
        if self.is_broken:
            raise StoreError("the disk is full")
        self.arrivals.append(arrival)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def door(kept: Kept) -> AsyncIterator[httpx.AsyncClient]:
    receiver = Receiver(kept, credential, Bounds(body_bytes=4096, body_seconds=0.2))
    transport = httpx.ASGITransport(receiver)
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
        yield client


async def test_taken(door: httpx.AsyncClient, kept: Kept) -> None:
    """An event with our credential is kept as it came, and answered with 204."""
    sent = body(412)
    answer = await door.post("/", content=sent, headers=HEADERS)
    assert answer.status_code == 204
    [arrival] = kept.arrivals
    assert (arrival.record, arrival.body, arrival.source) == ("deal:412", sent, "webhook")
    assert arrival.number is not None
    assert arrival.number.startswith("31:")


async def test_kinds_that_nobody_told_us_of(door: httpx.AsyncClient, kept: Kept) -> None:
    """An event about a new kind of record is kept, not refused."""
    answer = await door.post("/", content=body(7, entity="spaceship"), headers=HEADERS)
    assert (answer.status_code, kept.arrivals[0].record) == (204, "spaceship:7")


@pytest.mark.parametrize("shown", [None, "Basic bm9ib2R5Og==", "Bearer x", ""])
async def test_strangers(door: httpx.AsyncClient, kept: Kept, shown: str | None) -> None:
    """Without our credential nothing is read, and nothing is kept."""
    reads = 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal reads
        reads += 1
        yield body()

    headers = {"content-type": "application/json"} | ({} if shown is None else {"authorization": shown})
    answer = await door.post("/", content=content(), headers=headers)
    assert (answer.status_code, reads, kept.arrivals) == (401, 0, [])
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert answer.headers["connection"] == "close"


async def test_two_credentials(door: httpx.AsyncClient, kept: Kept) -> None:
    """Two headers that could both be meant are none."""
    headers = [*HEADERS.items(), ("authorization", "Basic x")]
    answer = await door.post("/", content=body(), headers=headers)
    assert (answer.status_code, kept.arrivals) == (401, [])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-encoding": "gzip"}, 415),
        ({"content-length": "4097"}, 413),
        ({"content-length": "9" * 400}, 413),
        ({"content-length": "-1"}, 400),
        ({"content-length": "1e3"}, 400),
    ],
)
async def test_heads(door: httpx.AsyncClient, kept: Kept, headers: dict[str, str], status: int) -> None:
    """What the head gives away is refused before the body is read."""
    reads = 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal reads
        reads += 1
        yield body()

    answer = await door.post("/", content=content(), headers=HEADERS | headers)
    assert (answer.status_code, reads, kept.arrivals) == (status, 0, [])


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"{}", b'{"meta": {}}', b"\xff\xfe", b"[" * 3000])
async def test_no_event(door: httpx.AsyncClient, kept: Kept, sent: bytes) -> None:
    """A body that is no event, such as one that was cut off, is refused, so that it is sent again."""
    answer = await door.post("/", content=sent, headers=HEADERS)
    assert (answer.status_code, kept.arrivals) == (400, [])


async def test_long_without_saying_so(door: httpx.AsyncClient, kept: Kept) -> None:
    """A body that says nothing of its length is read up to the limit, and no further."""
    parts = 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal parts
        while True:
            parts += 1
            yield b"x" * 1024

    answer = await door.post("/", content=content(), headers=HEADERS)
    assert (answer.status_code, parts, kept.arrivals) == (413, 5, [])


async def test_slow(door: httpx.AsyncClient, kept: Kept) -> None:
    """A body that trickles is given up in time."""

    async def content() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    answer = await door.post("/", content=content(), headers=HEADERS)
    assert (answer.status_code, kept.arrivals) == (408, [])


async def test_all_bodies_together(kept: Kept) -> None:
    """Bodies under way share one bound; one more than fits is turned away, and is welcome afterwards."""
    receiver = Receiver(kept, credential, Bounds(body_bytes=4096, bodies_bytes=4096))
    full, done = asyncio.Event(), asyncio.Event()

    async def content() -> AsyncIterator[bytes]:
        full.set()
        await done.wait()
        yield body()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(receiver), base_url="http://receiver") as door:
        first = asyncio.create_task(door.post("/", content=content(), headers=HEADERS))
        await full.wait()
        turned_away = await door.post("/", content=body(), headers=HEADERS)
        done.set()
        assert ((await first).status_code, turned_away.status_code) == (204, 503)
        assert (await door.post("/", content=body(), headers=HEADERS)).status_code == 204


async def test_a_disk_that_is_full() -> None:
    """An event that could not be kept is not acknowledged."""
    receiver = Receiver(Kept(is_broken=True), credential)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(receiver), base_url="http://receiver") as door:
        assert (await door.post("/", content=body(), headers=HEADERS)).status_code == 503


async def test_get(door: httpx.AsyncClient) -> None:
    """Only POST brings an event."""
    answer = await door.get("/", headers=HEADERS)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_on_the_disk_before_the_answer(store: Store) -> None:
    """When the answer is there, so is the event; what comes at once shares commits; twice the same is kept once."""
    commits: list[int] = []
    with Intake(store, ACCOUNT, on_kept=commits.append) as intake:
        app = application(intake, credential)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://receiver") as door:
            sent = [body(number) for number in range(40)]
            posts = (door.post(PATH, content=each, headers=HEADERS) for each in [*sent, *sent[:8]])
            answers = await asyncio.gather(*posts)
            with store.transaction(durable=False) as connection:
                kept = inbox.listed(connection, ACCOUNT, "new", limit=100)
    assert {answer.status_code for answer in answers} == {204}
    assert sorted(item.body for item in kept) == sorted(sent)
    assert sum(commits) == 48
    assert len(commits) < 48


async def test_same_number_under_another_hook(store: Store) -> None:
    """The same event from two webhooks is one; two events with the same number from two webhooks are two."""
    same = {"told_by": "both"}
    one = body(1, id="0190b0a4-0000-7000-8000-000000000001", webhook_id="31", data=same)
    twin = body(1, id="0190b0a4-0000-7000-8000-000000000002", webhook_id="32", data=same)
    other = body(2, id="0190b0a4-0000-7000-8000-000000000001", webhook_id="32")
    with Intake(store, ACCOUNT) as intake:
        app = application(intake, credential)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://receiver") as door:
            for each in (one, twin, other):
                await door.post(PATH, content=each, headers=HEADERS)
    with store.transaction(durable=False) as connection:
        assert [item.record for item in inbox.fresh(connection, ACCOUNT)] == ["deal:1", "deal:2"]


def test_on_a_socket(store: Store) -> None:
    """It is served on a real socket, and a head without a body gets its answer before one is sent."""
    with Intake(store, ACCOUNT) as intake, served(application(intake, credential)) as url:
        assert httpx.post(url, content=body(), headers=HEADERS).status_code == 204
        host, port = url.removeprefix("http://").removesuffix(PATH).split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(
                f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                "content-length: 100000000\r\nexpect: 100-continue\r\n\r\n".encode()
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 401")
            while connection.recv(1000):
                pass  # the connection ends with the refusal


async def test_health(store: Store) -> None:
    """Anybody may ask whether the inbox can be reached, and learns no more than that."""
    with Intake(store, ACCOUNT) as intake:
        transport = httpx.ASGITransport(application(intake, credential))
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            answer = await client.get(HEALTH)
            assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_health_without_a_database(tmp_path: Path) -> None:
    """While the inbox cannot be reached the answer is 503."""
    url = f"sqlite:///{tmp_path}/folder/inbox.db"
    (tmp_path / "folder").mkdir()
    broken = Store(url)
    broken.close()
    shutil.rmtree(tmp_path / "folder")
    transport = httpx.ASGITransport(Starlette(routes=[Route(HEALTH, endpoint=Health(broken))]))
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
        assert (await client.get(HEALTH)).status_code == 503
