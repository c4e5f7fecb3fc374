"""What is told of webhooks where somebody listens: requests, events that are worked on, and how many wait.

Of an event only its kind and its source are told; a kind that we do not know came from outside and stays there.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.telemetry import instruments

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
KINDS: Final = frozenset(
    {"activity", "deal", "lead", "note", "organization", "person", "pipeline", "product"}
)
OTHER: Final = "_OTHER"
FAILED: Final = 500


@dataclass(frozen=True)
class Seen:
    """An ASGI application, each of whose requests has a span."""

    app: ASGIApp
    route: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        told = instruments()
        if told is None:
            await self.app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind  # noqa: PLC0415  # it is there where somebody listens

        method = scope["method"] if scope["method"] in METHODS else OTHER
        labels: dict[str, str | int] = {"http.request.method": method, "http.route": self.route}

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                labels["http.response.status_code"] = message["status"]
                if message["status"] >= FAILED:
                    labels["error.type"] = str(message["status"])
            await send(message)

        began = time.perf_counter()
        with told.tracer.start_as_current_span(
            f"{method} {self.route}",
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await self.app(scope, receive, watch)
            finally:
                span.set_attributes(labels)
                if "error.type" in labels:
                    span.set_status(told.error)
                told.taken_seconds.record(time.perf_counter() - began, labels)


@contextmanager
def processing(item: Item) -> Iterator[None]:
    """Work on an event while the block lasts."""
    told = instruments()
    if told is None:
        yield
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415  # it is there where somebody listens

    kind = item.record.partition(":")[0]
    labels = {
        "messaging.system": "pipedrive",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "pipedrive.kind": kind if kind in KINDS else OTHER,
        "pipedrive.source": item.source,
    }
    began = time.perf_counter()
    with told.tracer.start_as_current_span(
        f"process {labels['pipedrive.kind']}",
        kind=SpanKind.CONSUMER,
        attributes={**labels, "pipedrive.account": item.account},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            labels["error.type"] = type(error).__name__
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(told.error)
            raise
        finally:
            told.work_seconds.record(time.perf_counter() - began, labels)


@dataclass(frozen=True)
class Backlog:
    """The events of one account that are not over."""

    store: Store
    """Of the inbox."""
    account: str

    def backlog(self) -> tuple[str, float, dict[str, int]]:
        """Whose they are, how many seconds the oldest waits, and how many are in each state."""
        with self.store.transaction(durable=False) as connection:
            states = inbox.counts(connection, self.account)
            since = inbox.oldest(connection, self.account)
        waits = 0.0 if since is None else max(0.0, time.time() - since)
        return self.account, waits, {str(state): number for state, number in states.items()}


def counted(store: Store, account: str) -> AbstractContextManager[None]:
    """Tell how many events wait while the block lasts, where somebody listens."""
    told = instruments()
    return told.watching(Backlog(store, account)) if told else nullcontext()
