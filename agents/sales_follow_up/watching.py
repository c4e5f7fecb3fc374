"""The agent's rules for one deal or lead, a moment after something happened to it.

A webhook told that a deal moved, an activity was done, a lead came in. What hangs on that one deal is read, judged by
the same rules as in a whole review, and a step is proposed, within the same gate and budgets.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, TypeVar, cast

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import account, activities, deals, leads, notes, pipelines
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks.hint import Change
from sales_follow_up.applying import Outcome, apply
from sales_follow_up.consent import Consent, all_of
from sales_follow_up.facts import Book
from sales_follow_up.lists import Lists
from sales_follow_up.planning import Planner, RulePlanner, cases, propose
from sales_follow_up.proposals import Proposal, judge
from sales_follow_up.reading import read
from sales_follow_up.review import Finding, Review, review
from sales_follow_up.signals import Signal
from sales_follow_up.snoozing import snoozed
from sales_follow_up.workdays import Workdays

SELDOM_CHANGED: Final = frozenset(
    entry.name
    for entry in (
        account.list_users,
        account.list_activity_types,
        pipelines.list_pipelines,
        pipelines.list_stages,
        account.get_current_user,
    )
)
"""Read once while the agent watches: they cost more than all that hangs on one deal."""

T = TypeVar("T")


@dataclass(frozen=True)
class Subject:
    """What is looked at: one deal or one lead, as it was just read."""

    link: str
    """`deal_id` or `lead_id`: how activities and notes name it."""
    record: Mapping[str, Any]

    @property
    def entry(self) -> Endpoint[..., list[Any]]:
        """The list that it stands in."""
        return cast("Endpoint[..., list[Any]]", deals.list_ if self.link == "deal_id" else leads.list_)


class OneOf(Lists):
    """The lists of an account, with one deal or lead in them and what hangs on it."""

    def __init__(self, toolset: Toolset, subject: Subject, kept: dict[str, Any]) -> None:
        super().__init__(toolset)
        self._subject, self._kept = subject, kept

    def one(self, entry: Endpoint[..., T]) -> T:
        """The answer of an entry that has no pages, read once if it seldom changes."""
        return cast("T", self._once(entry.name, lambda: super(OneOf, self).one(entry)))

    def records(self, entry: Endpoint[..., list[T]], **arguments: Any) -> Iterator[T]:
        """The records of a list, as far as they belong to the subject."""
        subject = self._subject
        if entry.name in {deals.list_.name, leads.list_.name}:
            return iter(entry.parse([subject.record]) if entry.name == subject.entry.name else [])
        if entry.name in {activities.list_.name, notes.list_.name}:
            return super().records(entry, **arguments, **{subject.link: subject.record["id"]})
        return iter(self._once(entry.name, lambda: list(super(OneOf, self).records(entry, **arguments))))

    def _once(self, name: str, read: Callable[[], Any]) -> Any:
        if name not in SELDOM_CHANGED:
            return read()
        if name not in self._kept:
            self._kept[name] = read()
        return self._kept[name]


@dataclass
class Watch:
    """Handles changes: a webhook handler that keeps what seldom changes between two of them.

    One change at a time: a deal that moved and its activity that was done are two events about one deal, and must not
    both find it without a next step.
    """

    consent: Consent
    """The toolsets' approver."""
    applies: bool = False
    """Whether proposals are scheduled; else they are only told."""
    planner: Planner = field(default_factory=RulePlanner)
    today: date | None = None
    workdays: Callable[[date], Workdays] = lambda _: Workdays()
    on_proposal: Callable[[Proposal, Outcome | None], None] = lambda _proposal, _outcome: None
    _kept: dict[str, Any] = field(default_factory=dict, init=False)

    def __call__(self, change: Change, toolset: Toolset) -> str:
        """Propose the next step for the deal or lead that a change touches; says in a few words what came of it."""
        subject = subject_of(change, toolset)
        if subject is None:
            return "no open deal or lead"
        book = read(
            toolset,
            today=self.today,
            workdays=self.workdays,
            lists=OneOf(toolset, subject, self._kept),
        )
        found = self._reviewed(book, toolset, is_new_lead=_is_new_lead(change))
        if not found.findings:
            return "has a next step" if found.waiting else "needs none"
        [case] = cases(found, 1)
        return self._proposed(judge(propose(case, self.planner), toolset), toolset)

    def _reviewed(self, book: Book, toolset: Toolset, *, is_new_lead: bool) -> Review:
        """By the rules of a whole review; and a lead that has just come in wants a first step."""
        found = review(book, snoozed=snoozed(toolset.memory, book.account.today))
        if is_new_lead and not found.findings and not found.waiting and book.leads:
            first = Finding(book.leads[0], (Signal("no_next_activity"),), 0.0)
            return replace(found, findings=(first,))
        return found

    def _proposed(self, proposal: Proposal, toolset: Toolset) -> str:
        if not self.applies:
            self.on_proposal(proposal, None)
            return "proposed"
        [outcome] = apply(all_of([proposal], "--apply all"), toolset, self.consent)
        self.on_proposal(proposal, outcome)
        if outcome.state in {"unknown", "failed"}:
            raise UnscheduledError(f"the step could not be scheduled: {outcome.state}")
        return outcome.state


class UnscheduledError(Exception):
    """A step could not be scheduled yet; the event is tried again, in the same run."""


def subject_of(change: Change, toolset: Toolset) -> Subject | None:
    """The open deal or the lead that a change is about: itself, or what an activity or a note hangs on."""
    record: Mapping[str, Any] = change.record or {}
    match change.event.meta.entity:
        case "deal":
            return _open_deal(record)
        case "lead":
            return Subject("lead_id", record) if record and not record.get("is_archived") else None
        case "activity" | "note":
            shown = record or _last_state(change)
            return _parent(shown.get("deal_id"), shown.get("lead_id"), toolset)
    return None


def _last_state(change: Change) -> Mapping[str, Any]:
    """What an event tells of a record that is gone; only its links are used."""
    previous = change.event.previous
    return (previous.model_extra or {}) if previous else {}


def _parent(deal_id: Any, lead_id: Any, toolset: Toolset) -> Subject | None:
    if isinstance(deal_id, int):
        found = toolset.call(deals.get.name, {"deal_id": deal_id})
        return _open_deal(found.data) if found.ok else None
    if isinstance(lead_id, str):
        found = toolset.call(leads.get.name, {"lead_id": lead_id})
        return Subject("lead_id", found.data) if found.ok else None
    return None


def _open_deal(record: Mapping[str, Any]) -> Subject | None:
    is_open = record.get("status") == "open" and not record.get("is_archived")
    return Subject("deal_id", record) if is_open else None


def _is_new_lead(change: Change) -> bool:
    return change.event.meta.entity == "lead" and change.event.meta.action == "create"
