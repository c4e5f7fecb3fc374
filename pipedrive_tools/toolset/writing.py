"""A write: looked at, decided with what was found, asked about, on the disk, and only then on the wire."""

from dataclasses import replace
from typing import Any

from pipedrive_tools import render
from pipedrive_tools.client import perform
from pipedrive_tools.endpoint import Call
from pipedrive_tools.errors import (
    ArgumentsError,
    PipedriveToolsError,
    StoreError,
)
from pipedrive_tools.gate.approval import Ruling
from pipedrive_tools.gate.guard import guarded, unmoved
from pipedrive_tools.gate.verdict import Verdict, deal_value
from pipedrive_tools.line import Line
from pipedrive_tools.toolset import names
from pipedrive_tools.toolset.asking import ask
from pipedrive_tools.toolset.decided import Begun, Decided
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.endings import (
    at_once,
    invalid,
    refused,
    rehearsed,
    rendered,
    repeated,
    short,
    unapproved,
    unread,
)
from pipedrive_tools.toolset.haste import in_time
from pipedrive_tools.toolset.looking import Looked, look, looked_again
from pipedrive_tools.toolset.marker import marked
from pipedrive_tools.toolset.reserve import reserved
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.wire import Answer


async def write(desk: Desk, call: Call[Any], line: Line, version: str | None, number: str) -> ToolResult:
    """A write is looked at, decided again with what was found, asked about, written down, and only then sent."""
    try:
        looked = await look(desk, call, line, number)
        verdict = desk.decided(call, looked.facts)
        if verdict.decision == "deny":
            said = desk.books.said(call, looked.before)
            return await refused(desk, call.endpoint.name, said, verdict, line, number)
        unmoved(call, looked.before, version)
        hidden = desk.redaction.names(call.endpoint.resource)
        looked = replace(
            looked, call=guarded(call, looked.before, hidden=hidden, labels=desk.directory.labels)
        )
        if desk.rehearses(call):
            return await rehearsed(desk, looked, verdict, line)
        return await _agree_and_send(desk, looked, verdict, line)
    except ArgumentsError as error:
        return await invalid(desk, call.endpoint, error, line, number)
    except StoreError as error:
        return ToolResult(text=render.failure(error, wrote=True), status="failed")
    except PipedriveToolsError as error:
        return await unread(desk, call, error, line, number)


async def _agree_and_send(desk: Desk, looked: Looked, verdict: Verdict, line: Line) -> ToolResult:
    """Ask a person where the verdict is ask, look and decide again once they agreed, and send."""
    if verdict.decision != "ask":
        return await _send(desk, looked, verdict, Ruling(answer="approved"), line)
    await names.for_asking(desk, looked.call.values, looked.call.endpoint.resource, line, looked.number)
    ruling = await ask(desk, looked.call, looked.before, line)
    if ruling.answer != "approved":
        return await unapproved(desk, looked.call, looked.before, verdict, ruling, line, looked.number)
    try:
        again = await looked_again(desk, looked, line)
    except ArgumentsError:
        if first := await line.port.run(desk.books.repeat_of, looked.asked):
            return await repeated(desk, looked.asked, first, line, looked.number)  # an equal call moved it
        raise
    now = desk.decided(again.call, again.facts)
    if now.decision == "deny":
        said = desk.books.said(again.call, again.before)
        return await refused(desk, again.call.endpoint.name, said, now, line, looked.number)
    return await _send(desk, again, verdict, ruling, line)


async def _send(desk: Desk, looked: Looked, verdict: Verdict, ruling: Ruling, line: Line) -> ToolResult:
    """A place for the call, and only then the rest: nothing waits between the disk and the wire."""
    async with reserved(looked.call, line) as ready:
        return await _send_at_once(desk, looked, verdict, ruling, ready)


async def _send_at_once(
    desk: Desk, looked: Looked, verdict: Verdict, ruling: Ruling, line: Line
) -> ToolResult:
    """The intent on the disk, the call on the wire, the outcome on the disk."""
    call, number = looked.call, looked.number
    looking = desk.books.looked(number)
    decided = Decided(
        id=number,
        call=call,
        asked=looked.asked,
        verdict=verdict,
        before=looked.before,
        approver=ruling.by,
        value=deal_value(call, looked.facts),
        said=desk.books.said(call, looked.before),
    )
    begun: Begun = await line.port.run(
        desk.books.begin,
        decided,
        check=lambda counters: desk.decided(call, looked.facts, counters),
        approval=ruling.ticket or None,
    )
    if begun.repeat:
        return await repeated(desk, call, begun.repeat, line, number)
    if begun.refused:
        return ToolResult(
            text=render.refusal(call.endpoint.name, begun.refused.rule, begun.refused.reason),
            status="denied",
            cost=looking,
            audit_id=begun.id,
        )
    try:
        answer = await _exchanged(desk, call, number, line)
    except PipedriveToolsError as error:
        return await _failed(desk, decided, error, looking, line)
    try:
        await at_once(desk, line, desk.books.done, decided, answer.data, answer.tokens)
    except StoreError:
        return _unwritten(desk, decided)
    return rendered(desk, call, replace(answer, tokens=answer.tokens + looking), begun.id)


async def _exchanged(desk: Desk, call: Call[Any], number: str, line: Line) -> Answer:
    """The write on the wire; one that is broken off stays open in the journal and is looked into."""
    recovery = desk.policy.of(desk.agent).recovery
    try:
        hasty = in_time(line, desk.settings, recovery.settle_seconds)
        return await perform(marked(call, number, recovery), hasty)
    except PipedriveToolsError:
        raise
    except BaseException:
        desk.run.unsettled = True
        raise


async def _failed(
    desk: Desk, decided: Decided, error: PipedriveToolsError, looked_tokens: int, line: Line
) -> ToolResult:
    """A refusal is a failure; silence is a state of its own, to be looked into before anything is sent again."""
    unknown = error.outcome == "unknown"
    desk.run.unsettled = desk.run.unsettled or unknown
    cost = decided.call.endpoint.cost
    try:
        await line.port.run(
            desk.books.finish,
            decided,
            "UNKNOWN" if unknown else "FAILED",
            status="unknown" if unknown else "failed",
            tokens=cost,
            outcome=short(error),
            error=short(error),
        )
    except StoreError:
        return _unwritten(desk, decided)
    return ToolResult(
        text=render.failure(error, wrote=True),
        status="unknown" if unknown else "failed",
        cost=cost + looked_tokens,
        audit_id=decided.id,
    )


def _unwritten(desk: Desk, decided: Decided) -> ToolResult:
    """The call was sent and its outcome could not be written down: the store still has it as under way."""
    desk.run.unsettled = True
    return ToolResult(
        text=f"{decided.call.endpoint.name} was sent, but the state store could not be written afterwards. "
        "Do not send it again; what became of it is looked into once the store can be written.",
        status="unknown",
        audit_id=decided.id,
    )
