"""What is told of webhooks: requests, events that are worked on, how many wait; never what an event says."""

import asyncio
from threading import Event
from typing import Any

import httpx
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from pipedrive_tools.errors import UnfinishedEventError
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.intake import Intake
from pipedrive_tools.webhooks.receiver import PATH, application
from pipedrive_tools.webhooks.seen import counted
from pipedrive_tools.webhooks.worker import Worker
from tests.telling import Told
from tests.webhooks.deliveries import HEADERS, body, credential

ACCOUNT = "https://acme.pipedrive.com"
CANARY = "canary-of-an-event"


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def post(store: Store, content: bytes, headers: dict[str, str]) -> int:
    with Intake(store, ACCOUNT) as intake:
        transport = httpx.ASGITransport(application(intake, credential))
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            return (await client.post(PATH, content=content, headers=headers)).status_code


async def test_received(store: Store, told: Told) -> None:
    """Each request has a span and counts, those that are turned away too."""
    assert await post(store, body(7, data={"title": CANARY}), HEADERS) == 204
    assert await post(store, body(8), {**HEADERS, "authorization": f"Basic {CANARY}"}) == 401
    taken, refused = told.named(f"POST {PATH}")
    assert taken.kind is SpanKind.SERVER
    assert attributes(taken) == {
        "http.request.method": "POST",
        "http.route": PATH,
        "http.response.status_code": 204,
    }
    assert attributes(refused)["http.response.status_code"] == 401
    statuses = {
        each["http.response.status_code"] for each, _ in told.metrics()["http.server.request.duration"]
    }
    assert statuses == {204, 401}
    assert CANARY not in told


def test_worked_on(store: Store, database_url: str, told: Told) -> None:
    """An event that is worked on has a span; one that cannot be yet is an error of its span, in each try."""
    assert asyncio.run(post(store, body(7, data={"title": CANARY}), HEADERS)) == 204
    assert asyncio.run(post(store, body(1, entity=CANARY), HEADERS)) == 204
    over: list[str] = []
    both = Event()

    def act(item: Item) -> str:
        if item.record.startswith("deal"):
            return "done"
        raise UnfinishedEventError(CANARY)

    def ended(item: Item, _outcome: str) -> None:
        over.append(item.record)
        if len(over) == 2:
            both.set()

    worker = Worker(store, ACCOUNT, inbox.beside(database_url, "queue"), act, waits=(0.01,), on_end=ended)
    with worker:
        assert both.wait(60)
    [done], failed = told.named("process deal"), told.named("process _OTHER")
    assert attributes(done) == {
        "messaging.system": "pipedrive",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "pipedrive.kind": "deal",
        "pipedrive.source": "webhook",
        "pipedrive.account": ACCOUNT,
    }
    assert [span.status.status_code for span in failed] == [StatusCode.ERROR] * 2
    assert attributes(failed[0])["error.type"] == "UnfinishedEventError"
    assert CANARY not in told


async def test_backlog(store: Store, told: Told) -> None:
    """How many events wait and for how long is told as long as somebody has the inbox open, and no longer."""
    assert await post(store, body(7), HEADERS) == 204
    with counted(store, ACCOUNT):
        metrics = told.metrics()
    assert {found["pipedrive.state"]: count for found, count in metrics["pipedrive.webhooks.events"]} == {
        "new": 1,
        "queued": 0,
        "parked": 0,
    }
    [(found, seconds)] = metrics["pipedrive.webhooks.oldest"]
    assert found == {"pipedrive.account": ACCOUNT}
    assert 0 <= seconds < 60
    assert "pipedrive.webhooks.oldest" not in told.metrics()


async def test_nobody_listens(store: Store) -> None:
    """Without a provider the same happens, untold."""
    assert await post(store, body(7), HEADERS) == 204
    with counted(store, ACCOUNT):
        pass
