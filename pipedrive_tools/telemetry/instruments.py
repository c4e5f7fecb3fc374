"""OpenTelemetry's tracer and meters, where an application has set a provider; nothing at all elsewhere.

Names are OpenTelemetry's conventions where there are any (general attributes, HTTP, messaging, GenAI), else they
begin with `pipedrive.`. `url.full` is left out on purpose: addresses hold numbers of records and words searched for.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import TracerProvider

NAME: Final = "pipedrive_tools"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Bounds of a histogram of seconds, as the HTTP conventions have them."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What may be told of a row of the audit trail."""

    tool: str
    """A name of the catalogue; what a model made up is `_OTHER`."""
    agent: str
    account: str
    decision: str
    rule: str
    """Of the policy."""
    status: str
    tokens: int
    answer: str
    """What a person said who was asked: approved, rejected or pending; empty where nobody was."""


class Queue(Protocol):
    """A queue of events that can be looked at."""

    def backlog(self) -> tuple[str, float, dict[str, int]]:
        """Whose it is, how many seconds the oldest open event waits, and how many events are in each state."""
        ...


class Instruments:
    """Everything that is measured. What takes no part of a span or an attribute is never handed in."""

    def __init__(
        self, tracers: "TracerProvider | None" = None, meters: "MeterProvider | None" = None
    ) -> None:
        from opentelemetry import metrics, trace  # noqa: PLC0415  # an extra

        self.tracer: Final = trace.get_tracer(NAME, tracer_provider=tracers)
        self.error: Final = trace.Status(trace.StatusCode.ERROR)
        self._observation: Final = metrics.Observation
        meter = metrics.get_meter(NAME, meter_provider=meters)

        def seconds(name: str, description: str) -> metrics.Histogram:
            return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=SECONDS)

        self.call_seconds: Final = seconds("pipedrive.call.duration", "How long calls of tools take.")
        self.wait_seconds: Final = seconds("pipedrive.limiter.wait", "How long calls waited for a place.")
        self.sent_seconds: Final = seconds(
            "http.client.request.duration", "Duration of HTTP client requests."
        )
        self.taken_seconds: Final = seconds(
            "http.server.request.duration", "Duration of HTTP server requests."
        )
        self.work_seconds: Final = seconds("messaging.process.duration", "Duration of processing operation.")
        self._calls: Final = meter.create_counter("pipedrive.calls", "{call}", "Calls in the audit trail.")
        self._tokens: Final = meter.create_counter(
            "pipedrive.tokens", "{token}", "Pipedrive API tokens spent."
        )
        self._denials: Final = meter.create_counter("pipedrive.denials", "{call}", "Calls that were refused.")
        self._asked: Final = meter.create_counter(
            "pipedrive.approvals", "{question}", "Questions to a person."
        )
        self.retries: Final = meter.create_counter("pipedrive.retries", "{request}", "Requests sent again.")
        self._refreshes: Final = meter.create_counter("pipedrive.refreshes", "{refresh}", "Logins refreshed.")
        self._queues: Final[list[Queue]] = []
        meter.create_observable_gauge(
            "pipedrive.webhooks.oldest", [self._oldest], "s", "Age of the oldest event that is not over."
        )
        meter.create_observable_gauge(
            "pipedrive.webhooks.events", [self._events], "{event}", "Events that wait, are queued or parked."
        )

    def row(self, row: Row) -> None:
        """Count a row of the audit trail."""
        whose = {"gen_ai.tool.name": row.tool, "gen_ai.agent.name": row.agent}
        outcome = {"pipedrive.decision": row.decision, "pipedrive.outcome": row.status}
        self._calls.add(1, {**whose, **outcome})
        if row.tokens:
            self._tokens.add(row.tokens, {**whose, "pipedrive.account": row.account})
        if row.status == "denied":
            self._denials.add(1, {**whose, "pipedrive.rule": row.rule})
        if row.answer:
            self._asked.add(1, {**whose, "pipedrive.approval": row.answer})

    def refreshed(self, *, is_new: bool) -> None:
        """Count a question for a new access token, and whether one came."""
        self._refreshes.add(1, {"pipedrive.outcome": "ok" if is_new else "failed"})

    @contextmanager
    def watching(self, queue: Queue) -> Iterator[None]:
        """Tell how long a queue is while the block lasts."""
        self._queues.append(queue)
        try:
            yield
        finally:
            self._queues.remove(queue)

    def _oldest(self, _options: "CallbackOptions") -> "Iterable[Observation]":
        for account, seconds, _ in self._backlogs():
            yield self._observation(seconds, {"pipedrive.account": account})

    def _events(self, _options: "CallbackOptions") -> "Iterable[Observation]":
        for account, _, states in self._backlogs():
            for state in ("new", "queued", "parked"):
                found = {"pipedrive.account": account, "pipedrive.state": state}
                yield self._observation(states.get(state, 0), found)

    def _backlogs(self) -> Iterator[tuple[str, float, dict[str, int]]]:
        return (queue.backlog() for queue in tuple(self._queues))


_FINDING: Final = Lock()
_used: Instruments | None = None


def use(tracers: "TracerProvider | None" = None, meters: "MeterProvider | None" = None) -> Instruments:
    """Tell these providers, in place of those that the application has set for everybody."""
    global _used  # noqa: PLW0603  # one for the process, as OpenTelemetry's own providers are
    _used = Instruments(tracers, meters)
    return _used


def forget() -> None:
    """Tell nobody, until a provider is found anew."""
    global _used  # noqa: PLW0603  # see above
    _used = None


def instruments() -> Instruments | None:
    """What to measure with; None, after a look or two, where nobody has set a provider."""
    if _used is not None:
        return _used
    trace, metrics = sys.modules.get("opentelemetry.trace"), sys.modules.get("opentelemetry.metrics")
    is_set = (trace and _is_real(trace.get_tracer_provider())) or (
        metrics and _is_real(metrics.get_meter_provider())
    )
    if not is_set:
        return None
    with _FINDING:
        return _used or use()


@contextmanager
def refreshing() -> Iterator[None]:
    """Ask for a new access token while the block lasts, and have it counted."""
    is_new = False
    try:
        yield
        is_new = True
    finally:
        if told := instruments():
            told.refreshed(is_new=is_new)


def _is_real(provider: Any) -> bool:
    """Whether a provider is more than the stand-ins that OpenTelemetry's interface brings itself."""
    return not type(provider).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics"))
