"""The steps of a run, as plain functions of plain values, for whatever calls them in turn.

    read -> review -> cases -> propose (per case) -> judge -> decide -> apply -> report

`agent.run` is the shortest caller. A graph or a workflow calls the same ones; between two steps every value can be
written down with `as_json` and taken up again with `from_json`. Steps block: an event loop runs them in a thread.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from pipedrive_tools.errors import DeniedError
from pipedrive_tools.toolset import Toolset
from sales_follow_up.applying import Outcome, apply
from sales_follow_up.consent import Consent, Decision
from sales_follow_up.facts import Book
from sales_follow_up.planning import Case, Planner, RulePlanner, cases, propose
from sales_follow_up.proposals import CREATE, Proposal, judge
from sales_follow_up.reading import NEEDED, read
from sales_follow_up.report import Report
from sales_follow_up.review import Review, review

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

    def read(self, begins: Callable[[str], None] = lambda _: None) -> Book:
        """Read in bulk; `begins` hears each of `reading.STEPS`."""
        return read(self.toolset, today=self.today, begins=begins)

    def review(self, book: Book) -> Review:
        """Find and rank by rules."""
        return review(book)

    def cases(self, found: Review) -> tuple[Case, ...]:
        """What the planner is asked about."""
        return cases(found, self.limit)

    def propose(self, case: Case) -> Proposal:
        """Ask the planner about one case; the rules stand in where it fails."""
        return propose(case, self.planner)

    def judge(self, proposal: Proposal) -> Proposal:
        """Ask the gate about one proposal; nothing is sent."""
        return judge(proposal, self.toolset)

    def apply(self, decisions: Iterable[Decision]) -> Iterator[Outcome]:
        """Schedule what a person agreed to."""
        return apply(decisions, self.toolset, self.consent)

    def report(
        self, found: Review, proposals: Sequence[Proposal], outcomes: Sequence[Outcome] = ()
    ) -> Report:
        """Put together what was found, proposed and done."""
        return Report(
            review=found,
            proposals=tuple(proposals),
            outcomes=tuple(outcomes),
            run=self.toolset.run,
            state=self.state,
        )


def as_json(value: Any) -> Any:
    """A value of this agent, or a tuple of them, as plain JSON for a checkpoint."""
    if isinstance(value, tuple | list):
        return [as_json(each) for each in value]
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def from_json(kind: type[T], data: Any) -> T:
    """The value again: `from_json(Case, data)`."""
    return TypeAdapter(kind).validate_python(data)
