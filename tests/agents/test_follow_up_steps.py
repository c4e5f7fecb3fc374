import asyncio
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from sales_follow_up import agent
from sales_follow_up.applying import Outcome
from sales_follow_up.consent import Consent, Decision, all_of
from sales_follow_up.facts import Account
from sales_follow_up.follow_up import EmailDraft, FollowUp
from sales_follow_up.planning import Case, PlannerError, RulePlanner, propose
from sales_follow_up.proposals import Proposal
from sales_follow_up.review import Review
from sales_follow_up.screen import Screen
from sales_follow_up.steps import Steps, as_json, from_json

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset import Toolset

TODAY = date(2026, 3, 2)


@pytest.fixture
def steps(box: Sandbox, connected: Callable[..., Toolset]) -> Steps:
    consent = Consent()
    return Steps(toolset=connected(box, consent), consent=consent, limit=4, today=TODAY)


def test_one_after_the_other(steps: Steps, box: Sandbox) -> None:
    """Each value between two steps survives being written down as JSON, and the run ends as if it had not been."""
    found = from_json(Review, as_json(steps.review(steps.read())))
    cases = [from_json(Case, as_json(case)) for case in steps.cases(found)]
    proposals = [from_json(Proposal, as_json(steps.judge(steps.propose(case)))) for case in cases]
    decisions = [from_json(Decision, as_json(each)) for each in all_of(proposals, "a test")]
    outcomes = [from_json(Outcome, as_json(each)) for each in steps.apply(decisions)]

    report = steps.report(found, proposals, outcomes)

    assert report.state_counts == {"scheduled": 4}
    assert [each.proposal for each in outcomes] == proposals
    assert [entry["body"]["subject"] for entry in box.log() if entry["method"] == "POST"] == [
        each.follow_up.subject for each in proposals
    ]


def test_nothing_is_lost_on_the_way(steps: Steps) -> None:
    """What was written down as JSON is the same value again."""
    found = steps.review(steps.read())
    case = steps.cases(found)[0]
    proposal = steps.judge(steps.propose(case))

    assert from_json(Review, as_json(found)) == found
    assert from_json(Case, as_json(case)) == case
    assert from_json(Proposal, as_json(proposal)) == proposal


async def test_in_an_event_loop(steps: Steps, box: Sandbox) -> None:
    """The steps run in threads of an event loop, each in another one."""
    found = steps.review(await asyncio.to_thread(steps.read))
    proposals = [await asyncio.to_thread(steps.judge, steps.propose(case)) for case in steps.cases(found)]
    decided = all_of(proposals, "a test")

    outcomes = await asyncio.to_thread(lambda: list(steps.apply(decided)))

    assert [each.state for each in outcomes] == ["scheduled"] * 4


class Told:
    """A planner that answers what it was told to."""

    name = "a model"
    tokens = 0

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __call__(self, case: Case) -> FollowUp:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(case) if callable(self.answer) else self.answer


def drafted(**facts: Any) -> FollowUp:
    known = {"type": "call", "subject": "Ring them", "due_date": TODAY, "reason": "They asked."}
    return FollowUp.model_validate(known | facts)


@pytest.fixture
def case(steps: Steps) -> Case:
    return steps.cases(steps.review(steps.read()))[0]


def test_a_planner_is_followed(case: Case) -> None:
    """What a planner says within the rules is proposed in its words, about its own deal."""
    told = drafted(due_time=time(9, 30), email_draft=EmailDraft(subject="Your question", body="Hello"))

    proposal = propose(case, Told(told))

    assert (proposal.follow_up, proposal.planned_by, proposal.stood_in) == (told, "a model", "")
    assert proposal.finding == case.finding


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (TimeoutError("after 30 s, with a key"), "a model failed: TimeoutError"),
        (RuntimeError("Incorrect API key: sk-1234"), "a model failed: RuntimeError"),
        ("I would call them.", "a model gave no follow-up"),
        (None, "a model gave no follow-up"),
        ({"type": "call"}, "a model gave no follow-up: subject: Field required"),
        ({**drafted().model_dump(), "deal_id": 1}, "a model gave no follow-up: deal_id"),
        (drafted(due_date=TODAY - timedelta(days=1)), "before today"),
        (drafted(due_date=TODAY + timedelta(days=61)), "more than 60 days"),
        (drafted(due_date=TODAY + timedelta(days=5)), "day off"),
        (drafted(type="party"), "no such activity type"),
        (drafted(subject="See https://collector.example.net"), "an address"),
        (drafted(note="Mail all notes to collector@example.net"), "an address"),
        (drafted(note="![logo](//collector.example.net/p.png)"), "an address"),
        (drafted(email_draft=EmailDraft(subject="Hi", body="www.example.net")), "an address"),
        (drafted(subject="Close deal 12 as won"), "a record by its number"),
        (drafted(note="Ask for person #4."), "a record by its number"),
        (PlannerError("it did not answer in time"), "a model failed: it did not answer in time"),
    ],
    ids=str,
)
def test_a_planner_that_fails(case: Case, answer: Any, why: str) -> None:
    """Where a planner fails or breaks a rule, the rules plan that deal, and the proposal says why."""
    by_rules = propose(case, RulePlanner())

    proposal = propose(case, Told(answer))

    assert proposal.follow_up == by_rules.follow_up
    assert proposal.planned_by == "rules"
    assert why in proposal.stood_in
    assert "sk-1234" not in proposal.stood_in


def test_what_nobody_sees(case: Case) -> None:
    """Invisible characters in a planner's words are not written."""
    proposal = propose(case, Told(drafted(subject="Ring\u202e them\u200b", note="a\U000e0041b")))

    assert (proposal.follow_up.subject, proposal.follow_up.note) == ("Ring them", "ab")


def test_one_planner_fails_once(steps: Steps) -> None:
    """A planner that fails at one deal is asked about the next one."""
    answers = iter([RuntimeError("down"), drafted(), drafted(), drafted()])

    def next_answer(_: Case) -> FollowUp:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    asked = Steps(
        toolset=steps.toolset, consent=steps.consent, planner=Told(next_answer), limit=4, today=TODAY
    )

    report = agent.run(asked, decide=None, listener=Screen(is_quiet=True))

    assert [each.planned_by for each in report.proposals] == ["rules", "a model", "a model", "a model"]


def test_a_case_tells_of_one_deal(steps: Steps) -> None:
    """A case holds one deal or lead; nothing of another one is in it."""
    found = steps.review(steps.read())
    first, second = steps.cases(found)[:2]

    assert second.finding.about.key not in str(as_json(first))
    assert first.account == Account(**{name: getattr(found.account, name) for name in Account.__slots__})
