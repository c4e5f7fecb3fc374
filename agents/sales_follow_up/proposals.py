"""One dated next step for each deal: what a planner may say, and the planner that needs no model.

Nothing that is written into Pipedrive quotes text from Pipedrive: subjects and reasons are made of our own words,
numbers and dates. So a text in the account that gives orders is never carried on to the next reader.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from sales_follow_up.facts import Book
from sales_follow_up.phrases import reason, step
from sales_follow_up.review import Finding
from sales_follow_up.workdays import is_workday, workday_after, workday_from, workday_until

STEPS_A_DAY: Final = 8
"""New steps that one owner gets for one day; the rest goes to the next working days."""

USUAL_TYPES: Final = ("call", "task", "email")
"""Taken in this order where an account has switched the wanted type off."""


def _working(day: date) -> date:
    if not is_workday(day):
        raise ValueError("a working day is due")
    return day


class FollowUp(BaseModel):
    """The next step with one deal. It names no record: the caller binds it to the deal that was planned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", max_length=60)]
    subject: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    due_date: Annotated[date, AfterValidator(_working)]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class Planner(Protocol):
    """Plans the next step of one deal and sees nothing but that deal."""

    def follow_up(self, finding: Finding, *, due: date, types: frozenset[str]) -> FollowUp:
        """The step, due on `due` or a working day near it, of a type that the account has."""
        ...


class RulePlanner:
    """Plans by the signal that presses most, with fixed wording. Free, and the same every time."""

    def follow_up(self, finding: Finding, *, due: date, types: frozenset[str]) -> FollowUp:
        """The step that goes with the leading signal."""
        wanted, subject = step(finding)
        usable = [each for each in (wanted, *USUAL_TYPES) if each in types or not types]
        kind = usable[0] if usable else min(types)
        return FollowUp(type=kind, subject=subject, due_date=due, reason=reason(finding))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A follow-up bound to its deal."""

    finding: Finding
    follow_up: FollowUp
    owner_id: int | None

    @property
    def arguments(self) -> dict[str, Any]:
        """What `create_activity` is called with: this deal, its owner and its person, and no other record."""
        deal, plan = self.finding.deal, self.follow_up
        return {
            "subject": plan.subject,
            "type": plan.type,
            "due_date": plan.due_date.isoformat(),
            "deal_id": deal.id,
            "person_id": None if deal.person_is_gone else deal.person_id,
            "owner_id": self.owner_id,
            "note": plan.reason,
        }


def propose(findings: Iterable[Finding], book: Book, planner: Planner) -> tuple[Proposal, ...]:
    """One proposal per finding, in the same order; an owner's day is filled before the next one is begun."""
    given: Counter[int | None] = Counter()
    proposals = []
    for finding in findings:
        owner = owner_of(finding, book)
        due = _due(finding, book.today, given[owner])
        given[owner] += 1
        planned = planner.follow_up(finding, due=due, types=book.activity_types)
        proposals.append(Proposal(finding, planned, owner))
    return tuple(proposals)


def owner_of(finding: Finding, book: Book) -> int | None:
    """Whoever owns the deal; the user of this run where the owner has left."""
    owner = finding.deal.owner_id
    return book.user_id if owner is None or owner in book.gone_user_ids else owner


def _due(finding: Finding, today: date, already: int) -> date:
    """The owner's next free working day, but never past a close date that is near."""
    due = workday_after(today, already // STEPS_A_DAY)
    closing = finding.deal.expected_close
    if closing is None or closing < today:
        return due
    return min(due, max(workday_from(today), workday_until(closing)))
