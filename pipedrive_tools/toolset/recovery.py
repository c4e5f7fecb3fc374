"""Writes of unknown outcome: looked for after the settle time, then adopted, sent again or parked.

Nothing is ever sent again before somebody has looked, and only one recoverer holds a row at a time. Exactly
once holds as long as Pipedrive commits nothing later than the settle time (RELIABILITY.md, section 2).
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from pipedrive_tools.client import perform
from pipedrive_tools.endpoint import Call
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.gate import taint
from pipedrive_tools.gate.verdict import Counters, Taint, Verdict, decide
from pipedrive_tools.line import Line
from pipedrive_tools.state import journal
from pipedrive_tools.state.journal import Intent
from pipedrive_tools.toolset.decided import Decided
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.haste import answer_seconds, in_time, untouched_seconds
from pipedrive_tools.toolset.looking import look
from pipedrive_tools.toolset.lookup import Doubt, look_for, stored_call
from pipedrive_tools.toolset.marker import marked
from pipedrive_tools.toolset.reserve import reserved

LEASE_ANSWERS: Final = 8
"""A row is held as long as so many answers may take; whoever takes longer has lost it and sends nothing."""
TRIES: Final = 3
"""How often one write is sent at most."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of one write."""

    id: str
    tool: str
    state: journal.State
    how: str


@dataclass(frozen=True)
class Held:
    """A row that this recoverer holds."""

    desk: Desk
    row: Intent
    call: Call[Any]
    lease: float
    """Until when; also what proves that it is still held."""


_IN_DOUBT: Final[dict[Doubt, tuple[journal.State, str]]] = {
    "moved": ("PARKED", "the record moved on; a person must look"),
    "crowded": ("PARKED", "too many newer records to look through; a person must look"),
    "rival": ("UNKNOWN", "the same write is under way elsewhere; it is looked for again later"),
}
TAKEN_OVER: Final = "another write or recoverer came first"


async def recover(desk: Desk, line: Line) -> list[Settled]:
    """Settle every write of this agent whose time has come; the others wait and block nobody."""
    rows = [row for row in await line.port.run(_open_rows, desk) if _due(row, desk) <= time.time()]
    settled = []
    for row in rows:
        lease = await line.port.run(_lease, desk, row)
        if lease is not None:
            settled.append(await _settle(Held(desk, row, stored_call(row), lease), line))
    desk.run.unsettled = bool(await line.port.run(_open_rows, desk))
    return settled


def next_due(desk: Desk) -> float | None:
    """Seconds until the next write can be settled; None when none waits."""
    return min((max(0.0, _due(row, desk) - time.time()) for row in _open_rows(desk)), default=None)


def _open_rows(desk: Desk) -> list[Intent]:
    with desk.books.store.transaction(durable=False) as connection:
        rows = journal.listed(connection, ("UNKNOWN", "SENT"))
    mine = (desk.books.account, desk.agent)
    return [row for row in rows if (row.account, row.agent) == mine]


def _due(row: Intent, desk: Desk) -> float:
    """When a row can be looked into; one in SENT may be under way until its answer can no longer come."""
    settle = desk.policy.of(desk.agent).recovery.settle_seconds
    wait = untouched_seconds(desk.settings, settle) if row.state == "SENT" else settle
    return max(row.changed + wait, row.lease)


def _lease(desk: Desk, row: Intent) -> float | None:
    with desk.books.store.transaction(durable=True) as connection:
        return journal.take_lease(connection, row, LEASE_ANSWERS * answer_seconds(desk.settings))


async def _settle(held: Held, line: Line) -> Settled:
    try:
        found, record = await look_for(held.desk, held.row, held.call, line)
    except PipedriveToolsError as error:
        return await _write_down(held, "UNKNOWN", f"could not be looked into: {error}", None, line)
    if found == "found":
        return await _write_down(held, "DONE", "found, and adopted", record, line)
    if found != "absent":
        state, how = _IN_DOUBT[found]
        return await _write_down(held, state, how, None, line)
    if held.desk.settings.dry_run:
        return await _write_down(held, "UNKNOWN", "not found; a rehearsal sends nothing", None, line)
    if held.desk.policy.of(held.desk.agent).recovery.absent == "park" or held.row.tries >= TRIES:
        return await _write_down(held, "PARKED", "not found; a person must decide", None, line)
    return await _send_again(held, line)


async def _send_again(held: Held, line: Line) -> Settled:
    """Send a write that did not happen, if the policy still allows it and nobody else has taken it over."""
    desk, call = held.desk, held.call
    try:
        looked = await look(desk, call, line, held.row.id)
        verdict = decide(  # it was counted when it was first sent
            desk.policy, desk.agent, call, facts=looked.facts, counters=Counters(), taint=Taint()
        )
        if verdict.decision == "deny":
            return await _write_down(held, "PARKED", f"no longer allowed ({verdict.rule})", None, line)
        async with reserved(call, line) as at_once:
            if not await line.port.run(_again, held):
                return Settled(id=held.row.id, tool=held.row.tool, state="UNKNOWN", how=TAKEN_OVER)
            settle = desk.policy.of(desk.agent).recovery
            hasty = in_time(at_once, desk.settings, settle.settle_seconds)
            answer = await perform(marked(call, held.row.id, settle), hasty)
    except PipedriveToolsError as error:
        state: journal.State = "FAILED" if error.outcome == "refused" else "UNKNOWN"
        return await _write_down(held, state, f"sent again: {error}", None, line)
    return await _write_down(
        held, "DONE", "not found, so sent again", answer.data, line, tokens=answer.tokens
    )


def _again(held: Held) -> bool:
    with held.desk.books.store.hot(durable=True) as connection:
        return journal.send_again(connection, held.row.id, lease=held.lease)


async def _write_down(
    held: Held, state: journal.State, how: str, data: Any, line: Line, *, tokens: int = 0
) -> Settled:
    """Write an outcome down, unless another recoverer or the sender itself has done so."""
    desk, row = held.desk, held.row
    how = taint.one_line(how)[:200]
    status = {"DONE": "ok", "FAILED": "failed"}.get(state, "unknown")
    decided = Decided(
        id=row.id,
        call=held.call,
        asked=held.call,
        verdict=Verdict("allow", "recovery"),
        before=row.image or None,
        said=desk.books.said(held.call, row.image or None),
    )
    written = await line.port.run(
        desk.books.finish,
        decided,
        state,
        status=status,
        tokens=tokens,
        counted=0,
        outcome=how,
        data=data,
        error=how,
        lease=held.lease,
    )
    if not written:
        return Settled(id=row.id, tool=row.tool, state="UNKNOWN", how=TAKEN_OVER)
    return Settled(id=row.id, tool=row.tool, state=state, how=how)
