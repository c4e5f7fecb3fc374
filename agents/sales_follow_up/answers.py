"""What a person said to the proposals, as plain JSON that can cross a pause, and back.

An answer names its record. It can pick from the proposals that the paused run itself has written down and edit their
wording; it cannot bring in a record that was not proposed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sales_follow_up.consent import Decision, edited
from sales_follow_up.proposals import Proposal

Answers = dict[str, dict[str, Any]]


def answers_of(decisions: Iterable[Decision]) -> Answers:
    """The decisions, by the key of their record."""
    return {each.proposal.finding.about.key: _answer(each) for each in decisions}


def decisions_of(proposals: Sequence[Proposal], answers: Any) -> tuple[Decision, ...]:
    """The decisions about these proposals; what is not answered was not asked about."""
    said = answers if isinstance(answers, Mapping) else {}
    return tuple(_decision(each, said.get(each.finding.about.key)) for each in proposals)


def _answer(decision: Decision) -> dict[str, Any]:
    answer: dict[str, Any] = {"says": decision.says, "by": decision.by}
    if decision.is_edited:
        answer["follow_up"] = decision.proposal.follow_up.model_dump(mode="json")
    return answer


def _decision(proposal: Proposal, answer: Any) -> Decision:
    if not isinstance(answer, Mapping) or answer.get("says") not in {"yes", "no"}:
        return Decision(proposal=proposal, says="unasked")
    changes = answer.get("follow_up")
    return Decision(
        proposal=edited(proposal, changes) if changes else proposal,
        says="yes" if answer["says"] == "yes" else "no",
        by=str(answer.get("by", "")),
        is_edited=bool(changes),
    )
