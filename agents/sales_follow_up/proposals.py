"""A follow-up bound to its deal or lead, as the gate and a person judge it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pipedrive_tools.endpoints import activities
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.toolset import Toolset
from sales_follow_up.facts import Deal
from sales_follow_up.follow_up import FollowUp
from sales_follow_up.review import Finding

CREATE: Final = activities.create.name


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says to a proposal before a person is asked."""

    decision: Literal["ask", "allow", "deny"]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A follow-up about one deal or lead and no other."""

    finding: Finding
    follow_up: FollowUp
    owner_id: int | None
    planned_on: date
    zone: str = "UTC"
    planned_by: str = "rules"
    stood_in: str = ""
    """Why the rules stood in for the planner; empty where they did not."""
    verdict: Verdict | None = None
    """What the gate says; None before it was asked."""

    @property
    def arguments(self) -> dict[str, Any]:
        """What `create_activity` is called with: this record, its owner and its person, and no other."""
        about, plan = self.finding.about, self.follow_up
        is_gone = isinstance(about, Deal) and about.person_is_gone
        return {
            "subject": plan.subject,
            "type": plan.type,
            **_due(plan, self.zone),
            **about.link,
            "person_id": None if is_gone else about.person_id,
            "owner_id": self.owner_id,
            "note": plan.note or None,
        }


def judge(proposal: Proposal, toolset: Toolset) -> Proposal:
    """The proposal with what the gate says to it. Nothing is sent: the call is rehearsed."""
    if CREATE not in toolset.names():
        return replace(proposal, verdict=Verdict("deny", f"the policy does not grant {CREATE}"))
    result = toolset.call(CREATE, {**proposal.arguments, "dry_run": True})
    if not result.ok:
        return replace(proposal, verdict=Verdict("deny", one_line(result.text)))
    return replace(proposal, verdict=Verdict(result.data["decision"]))


def _due(plan: FollowUp, zone: str) -> dict[str, str]:
    """Day and time as the API wants them: together in UTC, which may be another day; a whole day stays itself."""
    if plan.due_time is None:
        return {"due_date": plan.due_date.isoformat()}
    due = datetime.combine(plan.due_date, plan.due_time, ZoneInfo(zone)).astimezone(UTC)
    return {"due_date": f"{due:%Y-%m-%d}", "due_time": f"{due:%H:%M}"}
