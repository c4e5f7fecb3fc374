"""What a person agreed to: a decision per proposal, and the approver that lets exactly those effects through."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipedrive_tools.endpoints import activities
from pipedrive_tools.gate.approval import Question, Ruling
from sales_follow_up.proposals import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One proposal and what a person said to it; an edited proposal holds the person's words."""

    proposal: Proposal
    says: Literal["yes", "no", "unasked"]
    by: str = ""
    is_edited: bool = False
    why: str = "not asked about"
    """Why it is left, where nobody was asked."""


Decide = Callable[[Sequence[Proposal]], Sequence[Decision]]
"""Whoever is asked: a person at a terminal, everything, nothing. The decisions follow the proposals."""


def all_of(proposals: Iterable[Proposal], by: str) -> tuple[Decision, ...]:
    """Yes to every proposal."""
    return tuple(Decision(proposal=each, says="yes", by=by) for each in proposals)


def none_of(proposals: Iterable[Proposal]) -> tuple[Decision, ...]:
    """Nobody was asked."""
    return tuple(Decision(proposal=each, says="unasked") for each in proposals)


def edited(proposal: Proposal, changes: Mapping[str, Any]) -> Proposal:
    """The proposal with a person's changes to its follow-up; a pydantic error says what does not fit."""
    follow_up = type(proposal.follow_up).model_validate(proposal.follow_up.model_dump() | dict(changes))
    return replace(proposal, follow_up=follow_up, verdict=None)


class Consent:
    """An approver that knows the proposals a person was shown and said yes to; each yes serves once."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def give(self, arguments: Mapping[str, Any], *, by: str) -> None:
        """Agree to one activity with exactly these arguments; `by` says how a person did."""
        call = activities.create.check(arguments)
        self._given[call.canonical] = by

    def __call__(self, question: Question) -> Ruling:
        """Answer the toolset."""
        by = self._given.pop(question.canonical, None)
        if by is None:
            return Ruling(answer="rejected", by="the list of what a person agreed to")
        return Ruling(answer="approved", by=by)
