"""What a run gave, as a value and as the JSON that `--json` prints.

today        the day that everything is counted from
run, state   the run and the store, as the audit trail has them
found        deals, leads, waiting, quiet, needing, snoozed, unchanged, unjudged (ids),
             signals (kind to count)
gaps         sentences on what could not be read or checked
proposals    deal_id or lead_id, title, value, currency, pipeline, stage, score,
             signals (kind, days, day, records), planned_by, stood_in, verdict (decision, why),
             follow_up (type, subject, due_date, due_time, note, email_draft, reason, confidence),
             outcome: null, or state, detail, activity_id, audit_id, undo
tokens       Pipedrive API tokens: review, apply; model tokens: model
exit_status  as the command ends: 0 done, 1 failed, 3 refused by the policy
"""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from sales_follow_up.applying import Outcome
from sales_follow_up.facts import Deal
from sales_follow_up.proposals import Proposal
from sales_follow_up.review import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run, complete."""

    review: Review
    proposals: tuple[Proposal, ...]
    model_tokens: int = 0
    """Model tokens that drafting took in this process."""
    outcomes: tuple[Outcome, ...] = ()
    """In the order of the proposals; empty where nothing was to be applied."""
    run: str
    state: str
    """Address of the store that holds the audit trail."""

    @property
    def state_counts(self) -> Counter[str]:
        """How many proposals ended in each state."""
        return Counter(outcome.state for outcome in self.outcomes)

    @property
    def tokens_applied(self) -> int:
        """Pipedrive API tokens spent on scheduling."""
        return sum(outcome.tokens for outcome in self.outcomes)

    @property
    def exit_status(self) -> int:
        """0 done, 1 failed, 3 refused by the policy."""
        counts = self.state_counts
        if counts["refused"]:
            return 3
        return (
            1 if counts["failed"] or counts["unknown"] or not self.review.account.activities_were_read else 0
        )

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        review, account = self.review, self.review.account
        outcomes = {outcome.proposal.finding.about.key: outcome for outcome in self.outcomes}
        return {
            "today": account.today,
            "run": self.run,
            "state": self.state,
            "found": {
                "deals": review.deals,
                "leads": review.leads,
                "waiting": review.waiting,
                "quiet": review.quiet,
                "needing": review.needing,
                "snoozed": review.snoozed,
                "unchanged": review.unchanged,
                "unjudged": review.unjudged,
                "signals": review.signals,
            },
            "gaps": account.gaps,
            "proposals": [_proposal(each, outcomes.get(each.finding.about.key)) for each in self.proposals],
            "tokens": {
                "review": account.tokens,
                "apply": self.tokens_applied,
                "model": self.model_tokens,
            },
            "exit_status": self.exit_status,
        }


def _proposal(proposal: Proposal, outcome: Outcome | None) -> dict[str, Any]:
    about = proposal.finding.about
    stage = about.stage if isinstance(about, Deal) else None
    return {
        **about.link,
        "title": about.title,
        "value": about.value,
        "currency": about.currency,
        "pipeline": stage.pipeline if stage else None,
        "stage": stage.name if stage else None,
        "score": round(proposal.finding.score, 2),
        "signals": [asdict(signal) for signal in proposal.finding.signals],
        "planned_by": proposal.planned_by,
        "stood_in": proposal.stood_in,
        "verdict": asdict(proposal.verdict) if proposal.verdict else None,
        "follow_up": proposal.follow_up.model_dump(),
        "outcome": _outcome(outcome) if outcome else None,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "state": outcome.state,
        "detail": outcome.detail,
        "activity_id": outcome.activity_id,
        "audit_id": outcome.audit_id,
        "undo": outcome.undo,
    }
