"""A read: decided, sent, and written down afterwards in one row."""

from dataclasses import replace
from typing import Any

from pipedrive_tools import render
from pipedrive_tools.client import perform
from pipedrive_tools.endpoint import Call
from pipedrive_tools.errors import (
    GoneError,
    NotFoundError,
    PipedriveToolsError,
)
from pipedrive_tools.gate.verdict import Verdict
from pipedrive_tools.line import Line
from pipedrive_tools.render import Shape
from pipedrive_tools.toolset import names
from pipedrive_tools.toolset.asking import ask
from pipedrive_tools.toolset.decided import Ending
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.endings import if_gone, noted, refused, rendered, short, unapproved
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.wire import Answer

SPENT = Verdict("deny", "approval", "the approval was used, withdrawn or has expired")


async def read(
    desk: Desk, call: Call[Any], verdict: Verdict, line: Line, number: str, shape: Shape
) -> ToolResult:
    """A read is decided, sent and written down afterwards in one row."""
    said, approver = desk.books.said(call), ""
    if verdict.decision == "ask":
        ruling = await ask(desk, call, None, line)
        if ruling.answer != "approved":
            return await unapproved(desk, call, None, verdict, ruling, line, number)
        if ruling.ticket and not await line.port.run(desk.books.spends_approval, ruling.ticket):
            return await refused(desk, call.endpoint.name, said, SPENT, line, number)
        approver = ruling.by
    cost = call.endpoint.cost
    if limited := desk.policy.of(desk.agent).limits.for_tokens:
        await line.port.run(desk.books.refresh)
    if limited or approver:  # else nothing has moved since the verdict
        again = desk.run.start_if(cost, lambda counters: desk.decided(call, None, counters))
        if again.decision == "deny":
            return await refused(desk, call.endpoint.name, said, again, line, number)
    else:
        desk.run.start(cost)
    try:
        return await _sent_read(desk, call, verdict, said, approver, line, number, shape)
    finally:
        desk.run.end(cost)


async def _sent_read(
    desk: Desk,
    call: Call[Any],
    verdict: Verdict,
    said: str,
    approver: str,
    line: Line,
    number: str,
    shape: Shape,
) -> ToolResult:
    """The call on the wire, its row in the books."""
    cost = call.endpoint.cost
    try:
        answer = await perform(call, line)
    except PipedriveToolsError as error:
        looking = desk.books.looked(number)
        await noted(
            desk,
            line,
            number,
            call.endpoint.name,
            said,
            verdict,
            Ending("failed", short(error), cost, approver),
        )
        return ToolResult(
            text=render.failure(error, wrote=False, advice=if_gone(desk, call, error)),
            status="failed",
            cost=cost + looking,
            audit_id=number,
            is_gone=isinstance(error, NotFoundError | GoneError),
        )
    desk.run.read_foreign_text()
    await _learned(desk, call, answer, line, number)
    looking = desk.books.looked(number)
    await noted(
        desk, line, number, call.endpoint.name, said, verdict, Ending("ok", "done", answer.tokens, approver)
    )
    if looking:
        answer = replace(answer, tokens=answer.tokens + looking)
    return rendered(desk, call, answer, number, shape)


async def _learned(desk: Desk, call: Call[Any], answer: Answer, line: Line, number: str) -> None:
    """Keep the names that an answer tells, and have those at hand with which it is shown."""
    if name := desk.directory.feeds(call, answer.next_page):
        await line.port.run(desk.directory.keep, name, answer.data or [])
    await names.for_showing(desk, call.endpoint.resource, answer.data, line, number)
