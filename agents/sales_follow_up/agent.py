"""One run of the agent, from reading to report: plan first, then act on what was agreed to."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final

from rich.progress import Progress

from pipedrive_tools.errors import DeniedError
from pipedrive_tools.toolset import Toolset
from sales_follow_up.applying import CREATE, Outcome, apply
from sales_follow_up.consent import Answer, Consent
from sales_follow_up.proposals import Planner, Proposal, RulePlanner, propose
from sales_follow_up.reading import NEEDED, STEPS, read
from sales_follow_up.report import Report
from sales_follow_up.review import review
from sales_follow_up.screen import Screen

AGENT: Final = "sales-follow-up"
"""The name under which a policy file grants rights to this agent."""


class Apply(StrEnum):
    """What becomes of the proposals."""

    NONE = "none"
    ASK = "ask"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """The agent of one run. It reaches Pipedrive through the toolset only."""

    toolset: Toolset
    consent: Consent
    """The toolset's approver."""
    screen: Screen
    state: str
    """Address of the store, for whoever wants to read the audit trail."""
    planner: Planner = field(default_factory=RulePlanner)

    def run(self, *, apply: Apply, limit: int, today: date | None = None) -> Report:
        """Review, propose, show, and schedule what a person agrees to."""
        self._check_rights(apply)
        with self.screen.progress("Reading", len(STEPS)) as progress:
            book = read(self.toolset, today=today, begins=lambda step: _begin(progress, step))
        found = review(book)
        report = Report(
            book=book,
            review=found,
            proposals=propose(found.findings[:limit], book, self.planner),
            run=self.toolset.run,
            state=self.state,
        )
        self.screen.found(report)
        self.screen.proposals(report)
        return replace(report, outcomes=self._applied(report.proposals, apply))

    def _check_rights(self, apply: Apply) -> None:
        """Refuse before anything is sent, where the policy leaves no way to finish."""
        needed = (*NEEDED, CREATE) if apply is not Apply.NONE else NEEDED
        granted = self.toolset.names()
        for tool in needed:
            if tool not in granted:
                raise DeniedError(
                    f"the policy does not let {AGENT!r} use {tool!r}; whoever keeps the policy file can change it",
                    rule=tool,
                )

    def _applied(self, proposals: tuple[Proposal, ...], apply_: Apply) -> tuple[Outcome, ...]:
        if apply_ is Apply.NONE:
            return ()
        if apply_ is Apply.ASK:
            numbers = {each.finding.deal.id: number for number, each in enumerate(proposals, start=1)}

            def asked(proposal: Proposal) -> Answer:
                return self.screen.ask(numbers[proposal.finding.deal.id], proposal)

            return tuple(apply(proposals, self.toolset, self.consent, by="terminal", asked=asked))
        with self.screen.progress("Scheduling", len(proposals)) as progress:
            done = apply(proposals, self.toolset, self.consent, by="--apply all")
            return tuple(_counted(done, progress))


def _begin(progress: Progress, step: str) -> None:
    task = progress.tasks[0]
    progress.update(task.id, description=f"Reading {step}", completed=STEPS.index(step))


def _counted(outcomes: Iterable[Outcome], progress: Progress) -> Iterable[Outcome]:
    for outcome in outcomes:
        progress.advance(progress.task_ids[0])
        yield outcome
