"""Schedules what was agreed to, one activity after the other, and says what became of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.toolset import ToolResult, Toolset
from sales_follow_up.consent import Consent, Decision
from sales_follow_up.proposals import CREATE, Proposal

FAILURES_IN_A_ROW: Final = 3
"""After so many the rest is left alone: the account is down, blocked or out of tokens."""

State = Literal["scheduled", "rehearsed", "declined", "refused", "failed", "unknown", "left"]
"""`unknown` may have been scheduled: no answer came. `left` was not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one proposal."""

    proposal: Proposal
    state: State
    detail: str = ""
    """Why it was not scheduled, in one line."""
    activity_id: int | None = None
    audit_id: str | None = None
    undo: str | None = None
    """The command that takes it back."""
    tokens: int = 0


def apply(decisions: Iterable[Decision], toolset: Toolset, consent: Consent) -> Iterator[Outcome]:
    """Schedule what a person said yes to; after a refusal by the policy nothing more is tried."""
    stopped = ""
    failures = 0
    for decision in decisions:
        if decision.says == "no":
            yield Outcome(proposal=decision.proposal, state="declined")
            continue
        if (verdict := decision.proposal.verdict) and verdict.decision == "deny":
            yield Outcome(proposal=decision.proposal, state="refused", detail=verdict.why)
            continue
        if stopped or decision.says == "unasked":
            yield Outcome(proposal=decision.proposal, state="left", detail=stopped or decision.why)
            continue
        outcome = schedule(decision, toolset, consent)
        failures = failures + 1 if outcome.state in {"failed", "unknown"} else 0
        if outcome.state == "refused" or failures == FAILURES_IN_A_ROW:
            stopped = "not tried after what happened before"
        yield outcome


def schedule(decision: Decision, toolset: Toolset, consent: Consent) -> Outcome:
    """Schedule one; a second time with the same toolset gives the first result again."""
    proposal = decision.proposal
    consent.give(proposal.arguments, by=decision.by)
    result = toolset.call(CREATE, proposal.arguments)
    data: dict[str, Any] = result.data if isinstance(result.data, dict) else {}
    state = _state(result, data)
    done = state == "scheduled"
    return Outcome(
        proposal=proposal,
        state=state,
        detail="" if done else one_line(result.text),
        activity_id=data.get("id"),
        audit_id=result.audit_id,
        undo=result.undo if done else None,
        tokens=result.cost,
    )


def _state(result: ToolResult, data: dict[str, Any]) -> State:
    match result.status:
        case "ok":
            return "rehearsed" if data.get("dry_run") is True else "scheduled"
        case "denied" | "needs_approval":
            return "refused"
        case "unknown":
            return "unknown"
        case "failed" | "invalid":
            return "failed"
