"""Writes of unknown outcome: looked for after the settle time, then adopted, sent again or parked.

Nothing is ever sent again before somebody has looked, and only one recoverer holds a row at a time. Exactly
once holds as long as Pipedrive commits nothing later than the settle time (RELIABILITY.md, section 2).
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from pipedrive_tools.client import Line, perform
from pipedrive_tools.endpoint import Call, Effect
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.gate import taint
from pipedrive_tools.gate.verdict import Taint, Verdict, decide
from pipedrive_tools.state import journal
from pipedrive_tools.state.journal import Intent
from pipedrive_tools.toolset.books import Decided
from pipedrive_tools.toolset.lookup import look_for, stored_call
from pipedrive_tools.toolset.marker import marked
from pipedrive_tools.toolset.way import Desk, look

LEASE_SECONDS: Final = 300.0
TRIES: Final = 3
"""How often one write is sent at most."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of one write."""

    id: str
    tool: str
    state: journal.State
    how: str


async def recover(desk: Desk, line: Line) -> list[Settled]:
    """Settle every write of this agent whose time has come; the others wait and block nobody."""
    rows = [row for row in await line.port.run(_open_rows, desk) if _is_due(row, desk)]
    settled = [await _settle(desk, row, line) for row in rows if await line.port.run(_lease, desk, row)]
    desk.run.unsettled = bool(await line.port.run(_open_rows, desk))
    return settled


def next_due(desk: Desk) -> float | None:
    """Seconds until the next write can be settled; None when none waits."""
    rows = _open_rows(desk)
    settle = desk.policy.of(desk.agent).recovery.settle_seconds
    return min((max(0.0, row.changed + settle - time.time()) for row in rows), default=None)


def _open_rows(desk: Desk) -> list[Intent]:
    with desk.books.store.transaction(durable=False) as connection:
        return [row for row in journal.listed(connection, ("UNKNOWN", "SENT")) if row.agent == desk.agent]


def _is_due(row: Intent, desk: Desk) -> bool:
    """A row in SENT may be under way in another process until its answer can no longer come."""
    settle = desk.policy.of(desk.agent).recovery.settle_seconds
    patience = desk.settings.timeout_seconds + desk.settings.connect_seconds if row.state == "SENT" else 0.0
    return time.time() >= row.changed + max(settle, patience)


def _lease(desk: Desk, row: Intent) -> bool:
    with desk.books.store.transaction(durable=True) as connection:
        return journal.take_lease(connection, row, LEASE_SECONDS)


async def _settle(desk: Desk, row: Intent, line: Line) -> Settled:
    call = stored_call(row)
    try:
        found, record = await look_for(desk, row, call, line)
    except PipedriveToolsError as error:
        return await _write_down(desk, row, call, "UNKNOWN", f"could not be looked into: {error}", None, line)
    if found == "found":
        return await _write_down(desk, row, call, "DONE", "found, and adopted", record, line)
    if found == "moved":
        return await _write_down(
            desk, row, call, "PARKED", "the record moved on; a person must look", None, line
        )
    recovery = desk.policy.of(desk.agent).recovery
    if recovery.absent == "park" or row.tries >= TRIES or call.endpoint.effect is Effect.CONVERT:
        return await _write_down(desk, row, call, "PARKED", "not found; a person must decide", None, line)
    return await _send_again(desk, row, call, line)


async def _send_again(desk: Desk, row: Intent, call: Call[Any], line: Line) -> Settled:
    """Send a write that did not happen, if the policy still allows it."""
    try:
        looked = await look(desk, call, line)
        verdict = decide(
            desk.policy, desk.agent, call, facts=looked.facts, counters=desk.run.counters, taint=Taint()
        )
        if verdict.decision == "deny":
            return await _write_down(
                desk, row, call, "PARKED", f"no longer allowed ({verdict.rule})", None, line
            )
        await line.port.run(_again, desk, row)
        answer = await perform(marked(call, row.id, desk.policy.of(desk.agent).recovery), line)
    except PipedriveToolsError as error:
        state: journal.State = "UNKNOWN" if error.outcome == "unknown" else "FAILED"
        return await _write_down(desk, row, call, state, f"sent again: {error}", None, line)
    return await _write_down(
        desk, row, call, "DONE", "not found, so sent again", answer.data, line, tokens=answer.tokens
    )


def _again(desk: Desk, row: Intent) -> None:
    with desk.books.store.transaction(durable=True) as connection:
        journal.send_again(connection, row.id)


async def _write_down(
    desk: Desk,
    row: Intent,
    call: Call[Any],
    state: journal.State,
    how: str,
    data: Any,
    line: Line,
    *,
    tokens: int = 0,
) -> Settled:
    how = taint.one_line(how)[:200]
    status = {"DONE": "ok", "FAILED": "failed"}.get(state, "unknown")
    verdict = Verdict("allow", "recovery")
    decided = Decided(id=row.id, call=call, verdict=verdict, before=row.image or None, approver="")
    await line.port.run(
        desk.books.finish,
        decided,
        state,
        status=status,
        tokens=tokens,
        counted=0,
        outcome=how,
        data=data,
        error=how,
    )
    return Settled(id=row.id, tool=row.tool, state=state, how=how)
