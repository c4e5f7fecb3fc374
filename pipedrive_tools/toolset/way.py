"""The way of one call, step by step (DESIGN.md, section 4). Every door ends here, and nothing goes around it."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipedrive_tools import auth, render
from pipedrive_tools.client import Line, perform
from pipedrive_tools.endpoint import Call, Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.errors import (
    ArgumentsError,
    BudgetSpentError,
    GoneError,
    NotFoundError,
    PipedriveToolsError,
    StillBlockedError,
    StoreError,
)
from pipedrive_tools.gate import approval, scope, taint
from pipedrive_tools.gate.approval import Question, Ruling
from pipedrive_tools.gate.guard import guarded, unmoved
from pipedrive_tools.gate.scope import Facts
from pipedrive_tools.gate.verdict import Counters, Verdict, deal_value, decide, grant
from pipedrive_tools.render import CONCISE, Shape
from pipedrive_tools.state.journal import Intent, new_id
from pipedrive_tools.toolset import names
from pipedrive_tools.toolset.advice import next_tools
from pipedrive_tools.toolset.books import Begun, Decided
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.haste import in_time
from pipedrive_tools.toolset.marker import marked
from pipedrive_tools.toolset.reserve import reserved
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.wire import Answer

SPENT = Verdict("deny", "approval", "the approval was used, withdrawn or has expired")
HALTED = Verdict("deny", "limits", "Pipedrive takes no calls for now")
UNREAD = Verdict("deny", "target", "what it touches could not be read")
UNKNOWN_TOOL = Verdict("deny", "tools", "no such tool is granted to this agent")


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A call after the gate has looked at what it touches."""

    call: Call[Any]
    asked: Call[Any]
    """The call as it came."""
    facts: Facts
    number: str
    """Number of the call in the books."""

    @property
    def before(self) -> Mapping[str, Any] | None:
        """The record as it is now."""
        return self.facts.of(self.call)


async def serve(desk: Desk, name: str, arguments: Mapping[str, Any], line: Line) -> ToolResult:
    """Take one call all the way."""
    endpoint = _granted(desk, name)
    if endpoint is None:
        return await _refused(desk, name, f"Use {name}", UNKNOWN_TOOL, line)
    number = new_id()
    if desk.directory.is_due:
        await line.port.run(desk.directory.look)
    try:
        shape, rest = Shape.taken(endpoint, arguments)
        call = endpoint.check(await names.resolved(desk, endpoint, rest, line, number))
    except ArgumentsError as error:
        return await _invalid(desk, endpoint, error, line, number)
    return await judge(desk, call, line, number=number, shape=shape)


async def judge(
    desk: Desk,
    call: Call[Any],
    line: Line,
    *,
    version: str | None = None,
    number: str | None = None,
    shape: Shape = CONCISE,
) -> ToolResult:
    """Take a checked call from the decision on; `version` is what the record must still be in."""
    number = number or new_id()
    verdict = _decided(desk, call, None)
    if scope := auth.lacking(line.credential, call.endpoint):
        verdict = Verdict("deny", render.SCOPES, f"the login lacks the OAuth scope {scope}")
    if verdict.decision == "deny":
        return await _refused(desk, call.endpoint.name, desk.books.said(call), verdict, line, number)
    if not call.endpoint.effect.writes:
        return await _read(desk, call, verdict, line, number, shape)
    if not _rehearses(desk, call) and (first := await line.port.run(desk.books.repeat_of, call)):
        return await _repeated(desk, call, first, line, number)
    result = await _write(desk, call, line, version, number)
    if call.endpoint.target and result.status != "denied":
        desk.run.read_foreign_text()  # the answer, a refusal and a rehearsal show the record, too
    return result


def _rehearses(desk: Desk, call: Call[Any]) -> bool:
    """Whether the effect is only shown: the settings are a floor, a call may ask for it."""
    return desk.settings.dry_run or bool(getattr(call.args, "dry_run", False))


def _granted(desk: Desk, name: str) -> Endpoint[..., Any] | None:
    """The tool, if the policy lets this agent use it; unknown and not granted are one and the same."""
    endpoint = catalogue.get(name) if desk.offers(name) else None
    if endpoint is None or grant(desk.policy, desk.agent, endpoint).decision == "deny":
        return None
    return endpoint


def _decided(desk: Desk, call: Call[Any], facts: Facts | None, counters: Counters | None = None) -> Verdict:
    return decide(
        desk.policy,
        desk.agent,
        call,
        facts=facts,
        counters=counters or desk.run.counters,
        taint=desk.run.taint,
    )


async def _read(
    desk: Desk, call: Call[Any], verdict: Verdict, line: Line, number: str, shape: Shape
) -> ToolResult:
    """A read is decided, sent and written down afterwards in one row."""
    said, approver = desk.books.said(call), ""
    if verdict.decision == "ask":
        ruling = await _ask(desk, call, None, line)
        if ruling.answer != "approved":
            return await _unapproved(desk, call, None, verdict, ruling, line, number)
        if ruling.ticket and not await line.port.run(desk.books.spends_approval, ruling.ticket):
            return await _refused(desk, call.endpoint.name, said, SPENT, line, number)
        approver = ruling.by
    cost = call.endpoint.cost
    if desk.policy.of(desk.agent).limits.for_tokens:
        await line.port.run(desk.books.refresh)
    again = desk.run.start(cost, lambda counters: _decided(desk, call, None, counters))
    if again.decision == "deny":
        return await _refused(desk, call.endpoint.name, said, again, line, number)
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
        await line.port.run(
            desk.books.note,
            call.endpoint.name,
            said,
            verdict,
            status="failed",
            outcome=_short(error),
            tokens=cost,
            approver=approver,
            number=number,
        )
        return ToolResult(
            text=render.failure(error, wrote=False, advice=_if_gone(desk, call, error)),
            status="failed",
            cost=cost + looking,
            audit_id=number,
            is_gone=isinstance(error, NotFoundError | GoneError),
        )
    desk.run.read_foreign_text()
    await _learned(desk, call, answer, line, number)
    looking = desk.books.looked(number)
    await line.port.run(
        desk.books.note,
        call.endpoint.name,
        said,
        verdict,
        status="ok",
        outcome="done",
        tokens=answer.tokens,
        approver=approver,
        number=number,
    )
    return _rendered(desk, call, replace(answer, tokens=answer.tokens + looking), number, shape)


async def _learned(desk: Desk, call: Call[Any], answer: Answer, line: Line, number: str) -> None:
    """Keep the names that an answer tells, and have those at hand with which it is shown."""
    if name := desk.directory.feeds(call, answer.next_page):
        await line.port.run(desk.directory.keep, name, answer.data or [])
    await names.for_showing(desk, call.endpoint.resource, answer.data, line, number)


async def _write(desk: Desk, call: Call[Any], line: Line, version: str | None, number: str) -> ToolResult:
    """A write is looked at, decided again with what was found, asked about, written down, and only then sent."""
    try:
        looked = await look(desk, call, line, number)
        verdict = _decided(desk, call, looked.facts)
        if verdict.decision == "deny":
            said = desk.books.said(call, looked.before)
            return await _refused(desk, call.endpoint.name, said, verdict, line, number)
        unmoved(call, looked.before, version)
        hidden = desk.redaction.names(call.endpoint.resource)
        looked = replace(
            looked, call=guarded(call, looked.before, hidden=hidden, labels=desk.directory.labels)
        )
        if _rehearses(desk, call):
            return await _rehearsed(desk, looked, verdict, line)
        return await _agree_and_send(desk, looked, verdict, line)
    except ArgumentsError as error:
        return await _invalid(desk, call.endpoint, error, line, number)
    except StoreError as error:
        return ToolResult(text=render.failure(error, wrote=True), status="failed")
    except PipedriveToolsError as error:
        return await _unread(desk, call, error, line, number)


async def _agree_and_send(desk: Desk, looked: Looked, verdict: Verdict, line: Line) -> ToolResult:
    """Ask a person where the verdict is ask, look and decide again once they agreed, and send."""
    if verdict.decision != "ask":
        return await _send(desk, looked, verdict, Ruling(answer="approved"), line)
    await names.for_asking(desk, looked.call.values, looked.call.endpoint.resource, line, looked.number)
    ruling = await _ask(desk, looked.call, looked.before, line)
    if ruling.answer != "approved":
        return await _unapproved(desk, looked.call, looked.before, verdict, ruling, line, looked.number)
    again = await _looked_again(desk, looked, line)
    now = _decided(desk, again.call, again.facts)
    if now.decision == "deny":
        said = desk.books.said(again.call, again.before)
        return await _refused(desk, again.call.endpoint.name, said, now, line, looked.number)
    return await _send(desk, again, verdict, ruling, line)


async def look(desk: Desk, call: Call[Any], line: Line, number: str) -> Looked:
    """Read what the call touches: the record it changes, and what decides about its scope."""
    rights = desk.policy.of(desk.agent)
    me = await names.me(desk, line, number) if scope.needs_me(rights.records, call) else None
    counted = await line.port.run(desk.books.counted, call) if rights.limits.for_rows else frozenset()
    facts = Facts(me=me, counted=counted)
    while (reading := scope.next_reading(rights, call, facts)) is not None:
        answer = await _looked_at(desk, reading, line, number)
        record = _found(call, reading, answer.data)
        facts = replace(facts, records={**facts.records, scope.key_read(call, reading): record})
    return Looked(call=call, asked=call, facts=facts, number=number)


async def _looked_at(desk: Desk, reading: Call[Any], line: Line, number: str) -> Answer:
    """One of the gate's own reads; a refused one is counted at its price, too."""
    try:
        answer = await perform(reading, line)
    except PipedriveToolsError:
        await line.port.run(desk.books.spend, reading.endpoint.cost, number)
        raise
    await line.port.run(desk.books.spend, answer.tokens, number)
    return answer


def _found(call: Call[Any], reading: Call[Any], data: Any) -> Mapping[str, Any]:
    """The record that was read; a list shows the one that the call changes, or there is none."""
    record = (data or {}) if reading.target_id is not None else call.record_in(data)
    if record is None:
        raise NotFoundError(
            f"{call.endpoint.name}: there is no {call.target_id!r} among {call.endpoint.resource}; "
            f"{reading.endpoint.name} tells which there are",
            status=404,
        )
    found: Mapping[str, Any] = record
    return found


async def _looked_again(desk: Desk, looked: Looked, line: Line) -> Looked:
    """What a person approved, as it is just before it is sent; refused where the record moved on meanwhile."""
    again = await look(desk, looked.asked, line, looked.number)
    if (again.before or {}).get("update_time") != (looked.before or {}).get("update_time"):
        raise ArgumentsError(
            f"{looked.call.endpoint.name}: the record moved on since it was approved; read it and ask again. "
            "Nothing was changed"
        )
    return replace(again, call=looked.call, asked=looked.asked)


async def _ask(desk: Desk, call: Call[Any], before: Mapping[str, Any] | None, line: Line) -> Ruling:
    question = Question(
        digest=approval.digest(desk.books.account, desk.agent, call, (before or {}).get("update_time")),
        account=desk.books.account,
        agent=desk.agent,
        run=desk.run.name,
        tool=call.endpoint.name,
        canonical=call.canonical,
        effect=desk.books.said(call, before),
    )
    ruling = await line.port.run(desk.approver, question)
    return await ruling if isinstance(ruling, Awaitable) else ruling


async def _send(desk: Desk, looked: Looked, verdict: Verdict, ruling: Ruling, line: Line) -> ToolResult:
    """A place for the call, and only then the rest: nothing waits between the disk and the wire."""
    async with reserved(looked.call, line) as at_once:
        return await _send_at_once(desk, looked, verdict, ruling, at_once)


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
    )
    begun: Begun = await line.port.run(
        desk.books.begin,
        decided,
        check=lambda counters: _decided(desk, call, looked.facts, counters),
        approval=ruling.ticket or None,
    )
    if begun.repeat:
        return await _repeated(desk, call, begun.repeat, line, new_id())
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
        await line.port.run(
            desk.books.finish,
            decided,
            "DONE",
            status="ok",
            tokens=answer.tokens,
            outcome="done",
            data=answer.data,
        )
    except StoreError:
        return _unwritten(desk, decided)
    return _rendered(desk, call, replace(answer, tokens=answer.tokens + looking), begun.id)


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
            outcome=_short(error),
            error=_short(error),
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


def _rendered(desk: Desk, call: Call[Any], answer: Answer, number: str, shape: Shape = CONCISE) -> ToolResult:
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


async def _repeated(desk: Desk, call: Call[Any], first: Intent, line: Line, number: str) -> ToolResult:
    """The first result again, saying so."""
    verdict = Verdict("allow", "repeat", "the same call of this run was sent already")
    is_done = first.state == "DONE"
    await line.port.run(
        desk.books.note,
        call.endpoint.name,
        desk.books.said(call, first.image or None),
        verdict,
        status="ok" if is_done else "unknown",
        outcome=f"repeats {first.id}; nothing was sent",
        number=number,
    )
    if not is_done:
        return ToolResult(
            text="The same call of this run was sent already and its outcome is not known yet. "
            "Do not send it again; look for it first.",
            status="unknown",
            audit_id=first.id,
        )
    shown = _rendered(desk, call, Answer(first.answer, None, 0), first.id)
    return replace(shown, text=f"Already done in this run; this is the first result.\n{shown.text}")


async def _refused(
    desk: Desk, name: str, said: str, verdict: Verdict, line: Line, number: str | None = None
) -> ToolResult:
    number = number or new_id()
    cost = desk.books.looked(number)
    await line.port.run(
        desk.books.note, name, said, verdict, status="denied", outcome="refused", number=number
    )
    text = render.refusal(name, verdict.rule, verdict.reason)
    return ToolResult(text=text, status="denied", cost=cost, audit_id=number)


async def _unapproved(
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
    await line.port.run(
        desk.books.note,
        call.endpoint.name,
        desk.books.said(call, before),
        shown,
        status=status,
        outcome=outcome,
        number=number,
        approver=ruling.by,
    )
    return ToolResult(
        text=render.unapproved(desk.books.said(call, before), ruling.ticket, waiting=waiting, by=ruling.by),
        status="needs_approval" if waiting else "denied",
        cost=cost,
        audit_id=number,
    )


async def _rehearsed(desk: Desk, looked: Looked, verdict: Verdict, line: Line) -> ToolResult:
    said, looking = desk.books.said(looked.call, looked.before), desk.books.looked(looked.number)
    number = await line.port.run(
        desk.books.note,
        looked.call.endpoint.name,
        said,
        verdict,
        status="ok",
        outcome="rehearsed; nothing was sent",
        number=looked.number,
    )
    return ToolResult(
        text=render.rehearsal(said, verdict.decision, looked.call.endpoint.cost, looking),
        status="ok",
        data={"dry_run": True, "effect": said, "decision": verdict.decision},
        cost=looking,
        audit_id=number,
    )


async def _invalid(
    desk: Desk, endpoint: Endpoint[..., Any], error: ArgumentsError, line: Line, number: str | None = None
) -> ToolResult:
    number = number or new_id()
    verdict = Verdict("deny", "arguments", "the arguments do not fit")
    said, cost = f"Use {endpoint.name}", desk.books.looked(number)
    await line.port.run(
        desk.books.note, endpoint.name, said, verdict, status="invalid", outcome="invalid", number=number
    )
    advice = next_tools(desk, endpoint, error.arguments)
    return ToolResult(text=render.invalid(error, advice), status="invalid", cost=cost, audit_id=number)


async def _unread(
    desk: Desk, call: Call[Any], error: PipedriveToolsError, line: Line, number: str
) -> ToolResult:
    """What the call touches could not be read, or no call may be made at present, so nothing was sent."""
    limited = isinstance(error, StillBlockedError | BudgetSpentError)
    verdict = HALTED if limited else UNREAD
    cost = desk.books.looked(number)
    await line.port.run(
        desk.books.note,
        call.endpoint.name,
        desk.books.said(call),
        verdict,
        status="failed",
        outcome=_short(error),
        number=number,
    )
    text = render.failure(error, wrote=False, advice=_if_gone(desk, call, error)) + "\nNothing was changed."
    return ToolResult(text=text, status="failed", cost=cost, audit_id=number)


def _if_gone(desk: Desk, call: Call[Any], error: PipedriveToolsError) -> str:
    """Where to look for a record that is not there."""
    is_gone = isinstance(error, NotFoundError)
    return next_tools(desk, call.endpoint, call.endpoint.path_arguments[:1]) if is_gone else ""


def _short(error: PipedriveToolsError) -> str:
    return taint.one_line(str(error))[:200]
