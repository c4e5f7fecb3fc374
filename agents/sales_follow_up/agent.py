"""One run of the agent, from reading to report: plan first, then act on what was agreed to."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from sales_follow_up.applying import Outcome
from sales_follow_up.consent import Decide
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report
from sales_follow_up.review import Review
from sales_follow_up.steps import Steps


class Apply(StrEnum):
    """What becomes of the proposals."""

    NONE = "none"
    ASK = "ask"
    ALL = "all"


class Listener(Protocol):
    """Hears how a run goes on."""

    def reads(self, what: str) -> None:
        """The next list is being read."""

    def found(self, review: Review) -> None:
        """The review is done."""

    def proposed(self, proposals: Sequence[Proposal], *, goes_on: bool = False) -> None:
        """The gate has judged every proposal; `goes_on` where they are those of a run that was broken off."""

    def applied(self, outcome: Outcome) -> None:
        """One proposal was dealt with."""


class Runner(Protocol):
    """Whatever can run the steps in turn: `run` below, a graph, a workflow."""

    def __call__(self, steps: Steps, *, decide: Decide | None, listener: Listener) -> Report:
        """Run; without anybody who decides nothing is applied."""
        ...


def run(steps: Steps, *, decide: Decide | None, listener: Listener) -> Report:
    """Review, propose, show, and schedule what a person agrees to; or finish what an earlier run left."""
    steps.check_rights(writes=decide is not None)
    if decide is not None:
        steps.settle()
    found = steps.review(steps.read(listener.reads))
    listener.found(found)
    left = steps.resumed(found) if decide is not None else ()
    proposals = [each.proposal for each in left] or [
        steps.judge(steps.propose(case)) for case in steps.cases(found)
    ]
    listener.proposed(proposals, goes_on=bool(left))
    if decide is None:
        return steps.report(found, proposals)
    outcomes = []
    for outcome in steps.apply(left or decide(proposals)):
        listener.applied(outcome)
        outcomes.append(outcome)
    return steps.report(found, proposals, outcomes)
