"""One case per deal that presses, and a planner that answers with a `FollowUp`. Pure, but for what a planner does.

A planner sees one case and nothing else. Whatever it answers is checked; where it fails, answers nonsense or breaks
a rule, the rules plan that deal, and the proposal says so.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Protocol

from pydantic import ValidationError

from pipedrive_tools.gate.taint import one_line
from sales_follow_up.facts import Account, Deal
from sales_follow_up.follow_up import FollowUp
from sales_follow_up.phrases import reason, step
from sales_follow_up.proposals import Proposal
from sales_follow_up.review import Finding, Review

STEPS_A_DAY: Final = 8
"""New steps that one owner gets for one day; the rest goes to the next working days."""
LATEST_DAYS: Final = 60
"""No step is put off for longer."""
USUAL_TYPES: Final = ("call", "task", "email")
"""Taken in this order where an account has switched the wanted type off."""
BY_RULES: Final = "rules"
_ADDRESS: Final = re.compile(r"https?:|www\.|\]\(|\S@\S", re.IGNORECASE)
"""What leads out of the account. No planner is told an address, so one in its words comes from somebody's text."""
_RECORD: Final = re.compile(
    r"\b(deal|lead|person|contact|organi[sz]ation|activity|user)s?"
    r"( \d+\b(?! days?\b)|\W*(id|no|nr|number|#)\W*\d)",
    re.IGNORECASE,
)
"""A record by its number. No planner is told one, and a step is about its own record only."""
WORDS_QUOTED: Final = 7
"""So many words in a row of a text in the account are a quotation, which might carry orders to the next reader."""


class PlannerError(Exception):
    """A planner failed and says why, in words of our own that may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a planner is told: one deal or lead, why it needs a step, and when it is due."""

    finding: Finding
    account: Account
    owner_id: int | None
    due: date
    """The owner's next free working day, but never past a close date that is near."""


class Planner(Protocol):
    """Plans the next step of one case; may raise anything."""

    @property
    def name(self) -> str:
        """Who plans, for the report."""
        ...

    @property
    def tokens(self) -> int:
        """Model tokens spent so far in this process."""
        ...

    def __call__(self, case: Case) -> FollowUp:
        """The step, due on `case.due` or a working day near it, of a type that the account has."""
        ...


class RulePlanner:
    """Plans by the signal that presses most, with fixed wording. Free, and the same every time.

    Nothing that it writes quotes text from Pipedrive: a text in the account that gives orders is never carried on.
    """

    name: Final = BY_RULES
    tokens: Final = 0

    def __call__(self, case: Case) -> FollowUp:
        """The step that goes with the leading signal."""
        wanted, subject = step(case.finding)
        types = case.account.activity_types
        usable = [each for each in (wanted, *USUAL_TYPES) if each in types or not types]
        told = reason(case.finding)
        kind = usable[0] if usable else min(types)
        return FollowUp(type=kind, subject=subject, due_date=case.due, note=told, reason=told)


def cases(review: Review, limit: int) -> tuple[Case, ...]:
    """The findings that press most; an owner's day is filled before the next one is begun."""
    given: Counter[int | None] = Counter()
    made = []
    for finding in review.findings[:limit]:
        owner = review.account.owner_of(finding.about)
        due = _due(finding, review.account, given[owner])
        given[owner] += 1
        made.append(Case(finding=finding, account=review.account, owner_id=owner, due=due))
    return tuple(made)


def propose(case: Case, planner: Planner) -> Proposal:
    """One proposal; where the planner fails, the one that the rules make."""
    try:
        drafted = planner(case)
    except Exception as error:  # noqa: BLE001  # a planner is somebody else's code and a model's words
        return stood_in(case, f"{planner.name} failed: {_short(error)}")
    return accepted(case, drafted, by=planner.name)


def accepted(case: Case, drafted: object, *, by: str) -> Proposal:
    """The proposal with what a planner drafted, as far as it keeps to the rules."""
    try:
        follow_up = FollowUp.model_validate(drafted).cleaned
    except ValidationError as error:
        return stood_in(case, f"{by} gave no follow-up: {_short(error)}")
    if objection := objection_to(follow_up, case):
        return stood_in(case, f"{by} was not followed: {objection}")
    return _bound(case, follow_up, by)


def stood_in(case: Case, why: str) -> Proposal:
    """The proposal of the rules in the place of a planner that failed."""
    return replace(_bound(case, RulePlanner()(case), BY_RULES), stood_in=why)


def _bound(case: Case, follow_up: FollowUp, by: str) -> Proposal:
    """A follow-up about the deal or lead of the case and no other."""
    return Proposal(
        finding=case.finding,
        follow_up=follow_up,
        owner_id=case.owner_id,
        planned_on=case.account.today,
        zone=case.account.zone,
        planned_by=by,
    )


def objection_to(follow_up: FollowUp, case: Case) -> str:
    """The first rule that a step breaks, in words; empty where it keeps to all."""
    account, due = case.account, follow_up.due_date
    rules: tuple[tuple[bool, str], ...] = (
        (due < account.today, "it is due before today"),
        (due > account.today + timedelta(days=LATEST_DAYS), f"it is due in more than {LATEST_DAYS} days"),
        (not account.workdays.includes(due), "it is due on a day off"),
        (
            bool(account.activity_types) and follow_up.type not in account.activity_types,
            "the account has no such activity type",
        ),
        (any(map(_ADDRESS.search, follow_up.texts)), "its words hold an address"),
        (any(map(_RECORD.search, follow_up.texts)), "its words name a record by its number"),
        (_quotes(follow_up, case), "its words repeat a text of the account"),
    )
    return next((told for is_broken, told in rules if is_broken), "")


def _quotes(follow_up: FollowUp, case: Case) -> bool:
    about = case.finding.about
    foreign = {run for text in (about.title, *(said.text for said in about.said)) for run in _runs(text)}
    return any(run in foreign for text in follow_up.texts for run in _runs(text))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every few words in a row, without case and punctuation."""
    words = re.findall(r"\w+", text.casefold())
    return (tuple(words[at : at + WORDS_QUOTED]) for at in range(len(words) - WORDS_QUOTED + 1))


def _short(error: Exception) -> str:
    if isinstance(error, PlannerError):
        return str(error)
    if isinstance(error, ValidationError):
        wrong = error.errors(include_input=False, include_url=False)[0]
        return one_line(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}")[:120]
    return type(error).__name__


def _due(finding: Finding, account: Account, already: int) -> date:
    due = account.workdays.after(account.today, already // STEPS_A_DAY)
    about = finding.about
    closing = about.expected_close if isinstance(about, Deal) else None
    if closing is None or closing < account.today:
        return due
    earliest = account.workdays.first_from(account.today)
    return min(due, max(earliest, account.workdays.last_until(closing)))
