"""A call that somebody watches: a span for it, one for each request, what it waited, a line in the log.

The call's line is replaced by one that tells what passes through it; no rule and no other step knows of it.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES
from pipedrive_tools.gate.verdict import Verdict
from pipedrive_tools.line import Line
from pipedrive_tools.telemetry import Instruments, Row, Who, about, instruments
from pipedrive_tools.toolset.result import ToolResult

LOG: Final = logging.getLogger("pipedrive_tools.calls")
OTHER: Final = "_OTHER"
"""A tool whose name is not ours: it came from a model, which may have put anything into it."""
UNDO: Final = "undo"


@dataclass
class Watched:
    """One call while it is watched."""

    tool: str
    line: Line
    """The call's way to Pipedrive."""
    result: ToolResult | None = None
    verdict: Verdict | None = None
    """The gate's last word, as the audit trail has it."""


_WATCHED: ContextVar[Watched | None] = ContextVar("pipedrive_tools_watched", default=None)


def listens() -> bool:
    """Whether anybody wants to hear of calls."""
    return instruments() is not None or LOG.isEnabledFor(logging.INFO)


@contextmanager
def watched(tool: str, whose: Who, line: Line) -> Iterator[Watched]:
    """Watch a call while the block lasts; the call is to go the way that is given, and to leave its result."""
    told, call = instruments(), Watched(_known(tool), line)
    if told is not None:
        from pipedrive_tools.toolset.watched_line import told_of  # noqa: PLC0415  # imports an extra

        call.line = told_of(line, whose.account, told)
    began, token = time.perf_counter(), _WATCHED.set(call)
    with about(whose):
        try:
            with _span(call, whose, told):
                yield call
        finally:
            _WATCHED.reset(token)
            _tell(call, whose, told, time.perf_counter() - began)


def noted(tool: str, whose: Who, verdict: Verdict, *, status: str, tokens: int, approver: str) -> None:
    """Count a row of the audit trail, where somebody listens."""
    if (call := _WATCHED.get()) is not None:
        call.verdict = verdict
    if (told := instruments()) is None:
        return
    is_open = status == "needs_approval"
    answer = "pending" if is_open else "rejected" if status == "denied" else "approved"
    row = Row(
        tool=_known(tool),
        agent=whose.agent,
        account=whose.account,
        decision=verdict.decision,
        rule=verdict.rule,
        status=status,
        tokens=tokens,
        answer=answer if approver or is_open else "",
    )
    told.row(row)


def _known(tool: str) -> str:
    return tool if tool in catalogue or tool in COMPOSITES or tool == UNDO else OTHER


@contextmanager
def _span(call: Watched, whose: Who, told: Instruments | None) -> Iterator[None]:
    """The span of a tool call; an exception's text stays out of it."""
    if told is None:
        yield
        return
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.tool,
        "gen_ai.agent.name": whose.agent,
        "pipedrive.run": whose.run,
        "pipedrive.account": whose.account,
    }
    with told.tracer.start_as_current_span(
        f"execute_tool {call.tool}",
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        finally:
            result = call.result
            span.set_attribute("pipedrive.outcome", result.status if result else "paused")
            if call.verdict:
                span.set_attribute("pipedrive.decision", call.verdict.decision)
            if result:
                span.set_attribute("pipedrive.tokens", result.cost)
            if result and result.audit_id:
                span.set_attribute("pipedrive.audit_id", result.audit_id)
            if result and result.status in {"failed", "unknown"}:
                span.set_attribute("error.type", result.status)
                span.set_status(told.error)


def _tell(call: Watched, whose: Who, told: Instruments | None, seconds: float) -> None:
    status = call.result.status if call.result else "paused"
    if told is not None:
        attributes = {
            "gen_ai.tool.name": call.tool,
            "gen_ai.agent.name": whose.agent,
            "pipedrive.outcome": status,
        }
        told.call_seconds.record(seconds, attributes)
    if LOG.isEnabledFor(logging.INFO):
        more = {
            "tool": call.tool,
            "decision": call.verdict.decision if call.verdict else None,
            "outcome": status,
            "tokens": call.result.cost if call.result else 0,
            "seconds": round(seconds, 4),
            "audit_id": call.result.audit_id if call.result else None,
        }
        LOG.info("%s: %s", call.tool, status, extra=more)
