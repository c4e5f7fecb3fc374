"""The way of one call, step by step (DESIGN.md, section 4). Every door ends here, and nothing goes around it."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipedrive_tools import render
from pipedrive_tools.client import Line, perform
from pipedrive_tools.endpoint import Call, Endpoint
from pipedrive_tools.endpoints import account, catalogue, pipelines
from pipedrive_tools.errors import ArgumentsError, PipedriveToolsError, StoreError
from pipedrive_tools.gate import approval, scope, taint
from pipedrive_tools.gate.approval import Approver, Question, Ruling
from pipedrive_tools.gate.guard import guarded, unmoved
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.redact import Redaction
from pipedrive_tools.gate.scope import Facts
from pipedrive_tools.gate.verdict import Counters, Verdict, deal_value, decide, grant
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.journal import new_id
from pipedrive_tools.toolset.books import Begun, Books, Decided
from pipedrive_tools.toolset.marker import marked
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.toolset.run import Run
from pipedrive_tools.wire import Answer

UNKNOWN_TOOL = Verdict("deny", "tools", "no such tool is granted to this agent")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that stands around a call and that the model cannot reach."""

    agent: str
    policy: Policy
    settings: Settings
    books: Books
    run: Run
    approver: Approver
    redaction: Redaction
    """Fields that the agent is never shown."""
    tag: str
    """Tag of the fence around foreign text."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A call after the gate has looked at what it touches."""

    call: Call[Any]
    facts: Facts
    tokens: int

    @property
    def before(self) -> Mapping[str, Any] | None:
        """The record as it is now."""
        return self.facts.of(self.call)


async def serve(desk: Desk, name: str, arguments: Mapping[str, Any], line: Line) -> ToolResult:
    """Take one call all the way."""
    endpoint = _granted(desk, name)
    if endpoint is None:
        return await _refused(desk, name, f"Use {name}", UNKNOWN_TOOL, line)
    try:
        call = endpoint.check(arguments)
    except ArgumentsError as error:
        return await _invalid(desk, endpoint, error, line)
    return await judge(desk, call, line)


async def judge(desk: Desk, call: Call[Any], line: Line, *, version: str | None = None) -> ToolResult:
    """Take a checked call from the decision on; `version` is what the record must still be in."""
    verdict = _decided(desk, call, None)
    if verdict.decision == "deny":
        return await _refused(desk, call.endpoint.name, desk.books.said(call), verdict, line)
    if call.endpoint.effect.writes:
        return await _write(desk, call, line, version)
    return await _read(desk, call, verdict, line)


def _granted(desk: Desk, name: str) -> Endpoint[..., Any] | None:
    """The tool, if the policy lets this agent use it; unknown and not granted are one and the same."""
    endpoint = catalogue.get(name)
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


async def _read(desk: Desk, call: Call[Any], verdict: Verdict, line: Line) -> ToolResult:
    """A read is decided, sent and written down afterwards in one row."""
    if verdict.decision == "ask":
        ruling = await _ask(desk, call, None, line)
        if ruling.answer != "approved":
            return await _unapproved(desk, call, None, verdict, ruling, line)
    cost, said = call.endpoint.cost, desk.books.said(call)
    desk.run.start(cost)
    try:
        answer = await perform(call, line)
    except PipedriveToolsError as error:
        number = await line.port.run(
            desk.books.note,
            call.endpoint.name,
            said,
            verdict,
            status="failed",
            outcome=_short(error),
            tokens=cost,
        )
        return ToolResult(
            text=render.failure(error, wrote=False), status="failed", cost=cost, audit_id=number
        )
    finally:
        desk.run.end(cost)
    desk.run.read_foreign_text()
    number = await line.port.run(
        desk.books.note, call.endpoint.name, said, verdict, status="ok", outcome="done", tokens=answer.tokens
    )
    return _rendered(desk, call, answer, number)


async def _write(desk: Desk, call: Call[Any], line: Line, version: str | None) -> ToolResult:
    """A write is looked at, decided again with what was found, asked about, written down, and only then sent."""
    try:
        looked = await look(desk, call, line)
        verdict = _decided(desk, call, looked.facts)
        if verdict.decision == "deny":
            return await _refused(
                desk, call.endpoint.name, desk.books.said(call, looked.before), verdict, line
            )
        unmoved(call, looked.before, version)
        hidden = desk.redaction.names(call.endpoint.resource)
        looked = replace(looked, call=guarded(call, looked.before, hidden=hidden))
        if desk.settings.dry_run or getattr(call.args, "dry_run", False):
            return await _rehearsed(desk, looked, verdict, line)
        return await _agree_and_send(desk, looked, verdict, line)
    except ArgumentsError as error:
        return await _invalid(desk, call.endpoint, error, line)
    except StoreError as error:
        return ToolResult(text=render.failure(error, wrote=True), status="failed")
    except PipedriveToolsError as error:
        return await _unread(desk, call, error, line)


async def _agree_and_send(desk: Desk, looked: Looked, verdict: Verdict, line: Line) -> ToolResult:
    """Ask a person where the verdict is ask, look again at what they agreed to, and send."""
    if verdict.decision != "ask":
        return await _send(desk, looked, verdict, Ruling(answer="approved"), line)
    ruling = await _ask(desk, looked.call, looked.before, line)
    if ruling.answer != "approved":
        return await _unapproved(desk, looked.call, looked.before, verdict, ruling, line)
    await _unmoved(desk, looked, line)
    return await _send(desk, looked, verdict, ruling, line)


async def look(desk: Desk, call: Call[Any], line: Line) -> Looked:
    """Read what the call touches: the record it changes, and what decides about its scope."""
    records = desk.policy.of(desk.agent).records
    me = await _me(desk, line) if "me" in (records.owners or ()) else None
    facts, tokens = Facts(me=me), 0
    while (reading := scope.next_reading(records, call, facts)) is not None:
        answer = await perform(reading, line)
        tokens += answer.tokens
        key = (reading.endpoint.resource, _number(reading))
        facts = replace(facts, records={**facts.records, key: answer.data or {}})
    if tokens:
        await line.port.run(desk.books.spend, tokens)
    return Looked(call=call, facts=facts, tokens=tokens)


def _number(reading: Call[Any]) -> int | str:
    if reading.target_id is None:
        raise ArgumentsError(f"{reading.endpoint.name} names no record")
    return reading.target_id


async def _me(desk: Desk, line: Line) -> int | None:
    """The API user, asked for once a run."""
    if desk.run.me is None:
        answer = await perform(account.get_current_user(), line)
        await line.port.run(desk.books.spend, answer.tokens)
        desk.run.me = answer.data.get("id") if isinstance(answer.data, dict) else None
    return desk.run.me


async def _unmoved(desk: Desk, looked: Looked, line: Line) -> None:
    """Look again just before sending what a person approved."""
    if looked.before is None:
        return
    again = await look(desk, looked.call, line)
    if (again.before or {}).get("update_time") != looked.before.get("update_time"):
        raise ArgumentsError(
            f"{looked.call.endpoint.name}: the record moved on since it was approved; read it and ask again. "
            "Nothing was changed"
        )


async def _ask(desk: Desk, call: Call[Any], before: Mapping[str, Any] | None, line: Line) -> Ruling:
    if "stage_id" in call.values and desk.run.stages is None:
        desk.run.stages = await _stages(desk, line)
    question = Question(
        digest=approval.digest(desk.agent, call, (before or {}).get("update_time")),
        agent=desk.agent,
        run=desk.run.name,
        tool=call.endpoint.name,
        effect=desk.books.said(call, before),
    )
    ruling = await line.port.run(desk.approver, question)
    return await ruling if isinstance(ruling, Awaitable) else ruling


async def _stages(desk: Desk, line: Line) -> Mapping[int, str]:
    """Names of the stages, so that a person is asked in words; numbers do where they cannot be read."""
    try:
        answer = await perform(pipelines.list_stages(limit=500), line)
    except PipedriveToolsError:
        return {}
    await line.port.run(desk.books.spend, answer.tokens)
    return {stage["id"]: stage["name"] for stage in answer.data or ()}


async def _send(desk: Desk, looked: Looked, verdict: Verdict, ruling: Ruling, line: Line) -> ToolResult:
    """The intent on the disk, the call on the wire, the outcome on the disk."""
    call = looked.call
    number = new_id()
    decided = Decided(
        id=number,
        call=call,
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
        return _repeated(desk, call, begun)
    if begun.refused:
        return ToolResult(
            text=render.refusal(call.endpoint.name, begun.refused.rule, begun.refused.reason),
            status="denied",
            cost=looked.tokens,
            audit_id=begun.id,
        )
    try:
        answer = await perform(marked(call, number, desk.policy.of(desk.agent).recovery), line)
    except PipedriveToolsError as error:
        return await _failed(desk, decided, error, looked.tokens, line)
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
    return _rendered(desk, call, replace(answer, tokens=answer.tokens + looked.tokens), begun.id)


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


def _rendered(desk: Desk, call: Call[Any], answer: Answer, number: str) -> ToolResult:
    resources = (call.endpoint.resource, *call.endpoint.also_reads)
    if desk.redaction.fields:
        answer = replace(answer, data=desk.redaction.data(answer.data, *resources))
    text = render.result(call, answer, tag=desk.tag, limit_tokens=desk.settings.result_tokens)
    undo = f"pipedrive-tools undo {number}" if call.endpoint.effect.writes else None
    return ToolResult(
        text=text,
        status="ok",
        data=answer.data,
        next_page=answer.next_page,
        cost=answer.tokens,
        audit_id=number,
        undo=undo,
    )


def _repeated(desk: Desk, call: Call[Any], begun: Begun) -> ToolResult:
    """The first result again, saying so."""
    first = begun.repeat
    if first is None or first.state != "DONE":
        return ToolResult(
            text="The same call of this run was sent already and its outcome is not known yet. "
            "Do not send it again; look for it first.",
            status="unknown",
            audit_id=begun.id,
        )
    shown = _rendered(desk, call, Answer(first.answer, None, 0), begun.id)
    return replace(shown, text=f"Already done in this run; this is the first result.\n{shown.text}")


async def _refused(desk: Desk, name: str, said: str, verdict: Verdict, line: Line) -> ToolResult:
    number = await line.port.run(desk.books.note, name, said, verdict, status="denied", outcome="refused")
    return ToolResult(
        text=render.refusal(name, verdict.rule, verdict.reason), status="denied", audit_id=number
    )


async def _unapproved(
    desk: Desk,
    call: Call[Any],
    before: Mapping[str, Any] | None,
    verdict: Verdict,
    ruling: Ruling,
    line: Line,
) -> ToolResult:
    """Nobody has agreed: rejected by a person, or still waiting for one."""
    waiting = ruling.answer == "pending"
    status = "needs_approval" if waiting else "denied"
    shown = Verdict("ask" if waiting else "deny", verdict.rule, verdict.reason)
    outcome = "waits for a person" if waiting else f"rejected by {ruling.by}"
    number = await line.port.run(
        desk.books.note,
        call.endpoint.name,
        desk.books.said(call, before),
        shown,
        status=status,
        outcome=outcome,
    )
    return ToolResult(
        text=render.unapproved(desk.books.said(call, before), ruling.ticket, waiting=waiting, by=ruling.by),
        status="needs_approval" if waiting else "denied",
        audit_id=number,
    )


async def _rehearsed(desk: Desk, looked: Looked, verdict: Verdict, line: Line) -> ToolResult:
    said = desk.books.said(looked.call, looked.before)
    number = await line.port.run(
        desk.books.note,
        looked.call.endpoint.name,
        said,
        verdict,
        status="ok",
        outcome="rehearsed; nothing was sent",
    )
    return ToolResult(
        text=render.rehearsal(said, verdict.decision, looked.call.endpoint.cost, looked.tokens),
        status="ok",
        data={"dry_run": True, "effect": said, "decision": verdict.decision},
        cost=looked.tokens,
        audit_id=number,
    )


async def _invalid(desk: Desk, endpoint: Endpoint[..., Any], error: ArgumentsError, line: Line) -> ToolResult:
    verdict = Verdict("deny", "arguments", "the arguments do not fit")
    number = await line.port.run(
        desk.books.note, endpoint.name, f"Use {endpoint.name}", verdict, status="invalid", outcome="invalid"
    )
    return ToolResult(text=render.invalid(error), status="invalid", audit_id=number)


async def _unread(desk: Desk, call: Call[Any], error: PipedriveToolsError, line: Line) -> ToolResult:
    """What the call touches could not be read, so nothing was sent."""
    verdict = Verdict("deny", "target", "what it touches could not be read")
    number = await line.port.run(
        desk.books.note,
        call.endpoint.name,
        desk.books.said(call),
        verdict,
        status="failed",
        outcome=_short(error),
    )
    return ToolResult(
        text=render.failure(error, wrote=False) + "\nNothing was changed.", status="failed", audit_id=number
    )


def _short(error: PipedriveToolsError) -> str:
    return taint.one_line(str(error))[:200]
