"""How a call may end, each written down and told to the model."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, ParamSpec

from pipedrive_tools import render
from pipedrive_tools.endpoint import Call, Endpoint
from pipedrive_tools.errors import (
    ArgumentsError,
    BudgetSpentError,
    NotFoundError,
    PipedriveToolsError,
    StillBlockedError,
)
from pipedrive_tools.gate import taint
from pipedrive_tools.gate.approval import Ruling
from pipedrive_tools.gate.verdict import Verdict
from pipedrive_tools.line import Line
from pipedrive_tools.render import CONCISE, Shape
from pipedrive_tools.state.journal import Intent, new_id
from pipedrive_tools.toolset.advice import next_tools
from pipedrive_tools.toolset.decided import Ending
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.looking import Looked
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.wire import Answer

P = ParamSpec("P")

HALTED: Final = Verdict("deny", "limits", "Pipedrive takes no calls for now")
UNREAD: Final = Verdict("deny", "target", "what it touches could not be read")


async def noted(
    desk: Desk, line: Line, number: str, tool: str, said: str, verdict: Verdict, ending: Ending
) -> None:
    """Write down a call that changed nothing."""
    await at_once(desk, line, desk.books.note, number, tool, said, verdict, ending)


async def at_once(
    desk: Desk, line: Line, write: Callable[P, None], /, *args: P.args, **kwargs: P.kwargs
) -> None:
    """Write down how a call ended; an event loop goes on where the store has to be waited for."""
    if desk.books.notes_at_once:
        write(*args, **kwargs)
    else:
        await line.port.run(write, *args, **kwargs)


def rendered(desk: Desk, call: Call[Any], answer: Answer, number: str, shape: Shape = CONCISE) -> ToolResult:
    """The answer, as the model reads it."""
    resources = (call.endpoint.resource, *call.endpoint.also_reads)
    if desk.redaction.fields:
        answer = replace(answer, data=desk.redaction.data(answer.data, *resources))
    desk.directory.saw(call, answer.data)
    text = render.result(
        call,
        answer,
        tag=desk.tag,
        limit_tokens=desk.settings.result_tokens,
        today=desk.limiter.today,
        labels=desk.directory.labels,
        shape=shape,
        left=desk.left,
    )
    undo = f"pipedrive-tools undo {number}" if call.endpoint.can_be_undone else None
    return ToolResult(
        text=text,
        status="ok",
        data=answer.data,
        next_page=answer.next_page,
        cost=answer.tokens,
        audit_id=number,
        undo=undo,
    )


async def repeated(desk: Desk, call: Call[Any], first: Intent, line: Line, number: str) -> ToolResult:
    """The first result again, saying so."""
    verdict = Verdict("allow", "repeat", "the same call of this run was sent already")
    is_done = first.state == "DONE"
    await noted(
        desk,
        line,
        number,
        call.endpoint.name,
        desk.books.said(call, first.image or None),
        verdict,
        Ending("ok" if is_done else "unknown", f"repeats {first.id}; nothing was sent"),
    )
    if not is_done:
        return ToolResult(
            text="The same call of this run was sent already and its outcome is not known yet. "
            "Do not send it again; look for it first.",
            status="unknown",
            audit_id=first.id,
        )
    shown = rendered(desk, call, Answer(first.answer, None, 0), first.id)
    return replace(shown, text=f"Already done in this run; this is the first result.\n{shown.text}")


async def refused(
    desk: Desk, name: str, said: str, verdict: Verdict, line: Line, number: str | None = None
) -> ToolResult:
    """The gate, or the login, does not allow it."""
    number = number or new_id()
    cost = desk.books.looked(number)
    await noted(desk, line, number, name, said, verdict, Ending("denied", "refused"))
    text = render.refusal(name, verdict.rule, verdict.reason)
    return ToolResult(text=text, status="denied", cost=cost, audit_id=number)


async def unapproved(
    desk: Desk,
    call: Call[Any],
    before: Mapping[str, Any] | None,
    verdict: Verdict,
    ruling: Ruling,
    line: Line,
    number: str,
) -> ToolResult:
    """Nobody has agreed: rejected by a person, or still waiting for one."""
    waiting = ruling.answer == "pending"
    status = "needs_approval" if waiting else "denied"
    shown = Verdict("ask" if waiting else "deny", verdict.rule, verdict.reason)
    outcome = "waits for a person" if waiting else f"rejected by {ruling.by}"
    cost = desk.books.looked(number)
    await noted(
        desk,
        line,
        number,
        call.endpoint.name,
        desk.books.said(call, before),
        shown,
        Ending(status, outcome, approver=ruling.by),
    )
    return ToolResult(
        text=render.unapproved(desk.books.said(call, before), ruling.ticket, waiting=waiting, by=ruling.by),
        status="needs_approval" if waiting else "denied",
        cost=cost,
        audit_id=number,
    )


async def rehearsed(desk: Desk, looked: Looked, verdict: Verdict, line: Line) -> ToolResult:
    """Only shown, not sent."""
    said, looking = desk.books.said(looked.call, looked.before), desk.books.looked(looked.number)
    await noted(
        desk,
        line,
        looked.number,
        looked.call.endpoint.name,
        said,
        verdict,
        Ending("ok", "rehearsed; nothing was sent"),
    )
    return ToolResult(
        text=render.rehearsal(said, verdict.decision, looked.call.endpoint.cost, looking),
        status="ok",
        data={"dry_run": True, "effect": said, "decision": verdict.decision},
        cost=looking,
        audit_id=looked.number,
    )


async def invalid(
    desk: Desk, endpoint: Endpoint[..., Any], error: ArgumentsError, line: Line, number: str | None = None
) -> ToolResult:
    """The arguments are wrong, and the model can mend them."""
    number = number or new_id()
    verdict = Verdict("deny", "arguments", "the arguments do not fit")
    said, cost = f"Use {endpoint.name}", desk.books.looked(number)
    await noted(desk, line, number, endpoint.name, said, verdict, Ending("invalid", "invalid"))
    advice = next_tools(desk, endpoint, error.arguments)
    return ToolResult(text=render.invalid(error, advice), status="invalid", cost=cost, audit_id=number)


async def unread(
    desk: Desk, call: Call[Any], error: PipedriveToolsError, line: Line, number: str
) -> ToolResult:
    """What the call touches could not be read, or no call may be made at present, so nothing was sent."""
    limited = isinstance(error, StillBlockedError | BudgetSpentError)
    verdict = HALTED if limited else UNREAD
    cost = desk.books.looked(number)
    await noted(
        desk,
        line,
        number,
        call.endpoint.name,
        desk.books.said(call),
        verdict,
        Ending("failed", short(error)),
    )
    text = render.failure(error, wrote=False, advice=if_gone(desk, call, error)) + "\nNothing was changed."
    return ToolResult(text=text, status="failed", cost=cost, audit_id=number)


def if_gone(desk: Desk, call: Call[Any], error: PipedriveToolsError) -> str:
    """Where to look for a record that is not there."""
    is_gone = isinstance(error, NotFoundError)
    return next_tools(desk, call.endpoint, call.endpoint.path_arguments[:1]) if is_gone else ""


def short(error: PipedriveToolsError) -> str:
    """An error as an outcome in the audit trail."""
    return taint.one_line(str(error))[:200]
