"""Schedules what was agreed to, one activity after the other, and says what became of each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from pipedrive_tools.endpoints import activities
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.toolset import ToolResult, Toolset
from sales_follow_up.consent import Answer, Consent
from sales_follow_up.proposals import Proposal

CREATE: Final = activities.create.name
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


def apply(
    proposals: Iterable[Proposal],
    toolset: Toolset,
    consent: Consent,
    *,
    by: str,
    asked: Callable[[Proposal], Answer] = lambda _: "all",
) -> Iterator[Outcome]:
    """Schedule each proposal that `asked` says yes to; after a refusal by the policy nothing more is tried."""
    answer: Answer | None = None
    stopped = ""
    failures = 0
    for proposal in proposals:
        if stopped:
            yield Outcome(proposal=proposal, state="left", detail=stopped)
            continue
        answer = answer if answer == "all" else asked(proposal)
        if answer in {"no", "quit"}:
            stopped = "not asked about" if answer == "quit" else ""
            yield Outcome(proposal=proposal, state="declined")
            continue
        outcome = _schedule(proposal, toolset, consent, by)
        failures = failures + 1 if outcome.state in {"failed", "unknown"} else 0
        if outcome.state == "refused" or failures == FAILURES_IN_A_ROW:
            stopped = "not tried after what happened before"
        yield outcome


def _schedule(proposal: Proposal, toolset: Toolset, consent: Consent, by: str) -> Outcome:
    consent.give(proposal.arguments, by=by)
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
