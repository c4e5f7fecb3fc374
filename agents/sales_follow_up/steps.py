"""The steps of a run, as plain functions of plain values, for whatever calls them in turn.

    settle -> read -> review -> cases -> propose (per case) -> judge -> decide -> apply -> report

Where an earlier run was killed after its person had agreed, `resumed` stands in for everything between `review` and
`apply`. `agent.run` is the shortest caller. A graph or a workflow calls the same ones; between two steps every value
can be written down with `as_json` and taken up again with `from_json`. Steps block: an event loop runs them in threads.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from pipedrive_tools.errors import DeniedError
from pipedrive_tools.toolset import Toolset
from sales_follow_up.applying import Outcome, apply
from sales_follow_up.calendars import workdays_of
from sales_follow_up.consent import Consent, Decision
from sales_follow_up.facts import Book
from sales_follow_up.planning import Case, Planner, RulePlanner, cases, propose
from sales_follow_up.proposals import CREATE, Proposal, judge
from sales_follow_up.reading import NEEDED, read
from sales_follow_up.report import Report
from sales_follow_up.review import Review, review
from sales_follow_up.snoozing import snoozed
from sales_follow_up.unfinished import Unfinished

AGENT: Final = "sales-follow-up"
"""The name under which a policy file grants rights to this agent."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of one run, with what they need. Pipedrive is reached through the toolset only."""

    toolset: Toolset
    consent: Consent
    """The toolset's approver."""
    planner: Planner = field(default_factory=RulePlanner)
    limit: int = 25
    """How many proposals at most."""
    today: date | None = None
    """Plan as on this day; None for today in the user's time zone."""
    since: date | None = None
    """Only what changed on this day or later."""
    country: str | None = None
    """Whose holidays are days off, such as `DE` or `DE-BY`."""
    state: str = ""
    """Address of the store, for whoever wants to read the audit trail."""

    def check_rights(self, *, writes: bool) -> None:
        """Refuse before anything is sent, where the policy leaves no way to finish."""
        granted = self.toolset.names()
        for tool in (*NEEDED, CREATE) if writes else NEEDED:
            if tool not in granted:
                raise DeniedError(
                    f"the policy does not let {AGENT!r} use {tool!r}; whoever keeps the policy file can change it",
                    rule=tool,
                )

    @cached_property
    def unfinished(self) -> Unfinished:
        """The plan of an earlier run that was broken off, as it stood before anything was read."""
        return Unfinished(self.toolset.memory)

    def settle(self) -> None:
        """Wait until it is known what became of each write that got no answer; what is read next shows them."""
        self.toolset.recover(wait=True)

    def read(self, begins: Callable[[str], None] = lambda _: None) -> Book:
        """Read in bulk; `begins` hears each of `reading.STEPS`."""
        _ = self.unfinished  # whoever writes from now on makes `apply` refuse
        return read(
            self.toolset,
            today=self.today,
            workdays=lambda today: workdays_of(self.country, today),
            begins=begins,
        )

    def review(self, book: Book) -> Review:
        """Find and rank by rules."""
        put_off = snoozed(self.toolset.memory, book.account.today)
        return review(book, snoozed=put_off, since=self.since)

    def cases(self, found: Review) -> tuple[Case, ...]:
        """What the planner is asked about."""
        return cases(found, self.limit)

    def propose(self, case: Case) -> Proposal:
        """Ask the planner about one case; the rules stand in where it fails."""
        return propose(case, self.planner)

    def judge(self, proposal: Proposal) -> Proposal:
        """Ask the gate about one proposal; nothing is sent."""
        return judge(proposal, self.toolset)

    def resumed(self, found: Review) -> tuple[Decision, ...]:
        """What a person agreed to in an earlier run of this day that was broken off; nothing where none was.

        The toolset must go on with that run, so that the journal recognises what was sent already. What nobody has
        sent and no longer needs a step is left.
        """
        plan = self.unfinished.plan
        if plan is None or (plan.run, plan.today) != (self.toolset.run, found.account.today):
            return ()
        needing = {finding.about.key for finding in found.findings}
        return tuple(each if self._still(each, needing) else _left(each) for each in plan.decisions)

    def _still(self, decision: Decision, needing: Collection[str]) -> bool:
        proposal = decision.proposal
        return proposal.finding.about.key in needing or self.toolset.repeats(CREATE, proposal.arguments)

    def apply(self, decisions: Sequence[Decision]) -> Iterator[Outcome]:
        """Schedule what a person agreed to. The plan is kept first, so that a killed run can be finished."""
        agreed = [each for each in decisions if each.says == "yes"]
        if agreed:
            self.unfinished.keep(self.toolset.run, agreed[0].proposal.planned_on, decisions)
        came_of_it: Counter[str] = Counter()
        for outcome in apply(decisions, self.toolset, self.consent):
            came_of_it += Counter({outcome.state: 1, "tokens": outcome.tokens})
            yield outcome
        if agreed:
            self.unfinished.finish(self.toolset.run, agreed[0].proposal.planned_on, came_of_it)

    def report(
        self, found: Review, proposals: Sequence[Proposal], outcomes: Sequence[Outcome] = ()
    ) -> Report:
        """Put together what was found, proposed and done."""
        return Report(
            review=found,
            proposals=tuple(proposals),
            model_tokens=self.planner.tokens,
            outcomes=tuple(outcomes),
            run=self.toolset.run,
            state=self.state,
        )


def _left(decision: Decision) -> Decision:
    return replace(decision, says="unasked", why="it needs no step any more")


def as_json(value: Any) -> Any:
    """A value of this agent, or a tuple of them, as plain JSON for a checkpoint."""
    if isinstance(value, tuple | list):
        return [as_json(each) for each in value]
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def from_json(kind: type[T], data: Any) -> T:
    """The value again: `from_json(Case, data)`."""
    return TypeAdapter(kind).validate_python(data)
