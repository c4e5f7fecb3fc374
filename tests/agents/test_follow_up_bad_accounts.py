"""Accounts that something is wrong with: a report that says what happened, and nothing half-done."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sales_follow_up.agent import Apply
from sales_follow_up.facts import Account, Book, Deal, Lead, OpenActivity
from sales_follow_up.history import History
from sales_follow_up.page import page
from sales_follow_up.planning import RulePlanner, cases, propose
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report
from sales_follow_up.review import Review, review

from pipedrive_tools.sandbox import Sandbox

TODAY = date(2026, 3, 2)
Start = Callable[..., Sandbox]
Run = Callable[..., Report]


def deal(number: int = 1, **facts: Any) -> Deal:
    known: dict[str, Any] = {"id": number, "title": "Renewal", "stage": None, "person_id": 5, "owner_id": 6}
    return Deal(**(known | facts))


def judged(*deals: Deal, **account: Any) -> tuple[Review, tuple[Proposal, ...]]:
    found = review(Book(account=Account(today=TODAY, **account), deals=deals))
    return found, tuple(propose(case, RulePlanner()) for case in cases(found, 1000))


def test_a_thousand_overdue_activities() -> None:
    """They are one signal with a thousand records, one proposal, and a reason of one sentence."""
    late = tuple(OpenActivity(number, TODAY - timedelta(days=number)) for number in range(1, 1001))

    found, (proposal,) = judged(deal(open_activities=late))

    assert found.signals == {"overdue_activity": 1}
    assert proposal.follow_up.reason == ("1000 activities are overdue, by 1000 days (since 2023-06-06).")
    assert len(str(proposal.arguments)) < 600


def test_currencies_that_nobody_converts() -> None:
    """Deals in currencies that nobody knows are ranked, each among its own, and told as they are."""
    found, proposals = judged(
        deal(1, value=5.0, currency="XXX"), deal(2, value=1e15, currency="???"), deal(3, currency="")
    )

    assert {each.score for each in found.findings} == {15.0}
    text = page(Report(review=found, proposals=proposals, run="a", state=""))
    assert "5 XXX" in text
    assert "1,000,000,000,000,000 ???" in text


def test_missing_stages(start: Start, run: Run, faults: Callable[[str], Path]) -> None:
    """Without stages no deal is called cold; the rest is found, and the page says what is not known."""
    broken = "[[faults]]\nkind = 'status'\nstatus = 403\npath = '/stages$'\n"

    report = run(start(faults=faults(broken)), apply=Apply.NONE)

    assert report.proposals
    assert "gone_cold" not in report.review.signals
    assert "stage not known" in page(report)


def test_deleted_owners() -> None:
    """What is owned by somebody who has left falls to whoever runs the agent; without either, to nobody."""
    _, (mine,) = judged(deal(), user_id=1, gone_user_ids=frozenset({6}))
    _, (nobodys,) = judged(deal(owner_id=None))

    assert (mine.owner_id, nobodys.owner_id) == (1, None)


@pytest.mark.parametrize(
    ("tool", "gap"),
    [
        ("leads", "no lead was looked at"),
        ("notes", "no owed reply was noticed"),
    ],
)
def test_rights_that_are_missing(box: Sandbox, run: Run, packaged: str, tool: str, gap: str) -> None:
    """A policy without these rights costs the signals that need them, and is told; the rest goes on."""
    without = packaged.replace(f'{tool} = "read"', f'{tool} = "off"')

    report = run(box, policy=without, limit=3)

    assert any(gap in each for each in report.review.account.gaps)
    assert report.state_counts == {"scheduled": 3}


def test_persons_that_nobody_may_see(box: Sandbox, run: Run, packaged: str) -> None:
    """Where persons cannot be read, a step that Pipedrive refuses for a deleted one fails alone, and says why."""
    report = run(box, policy=packaged.replace('persons = "read"', 'persons = "off"'), limit=12)

    assert any("deleted persons" in each for each in report.review.account.gaps)
    assert set(report.state_counts) <= {"scheduled", "failed"}
    assert all(outcome.detail for outcome in report.outcomes if outcome.state == "failed")
    assert report.state_counts["scheduled"] > report.state_counts["failed"]


def test_scopes_that_are_missing(start: Start, run: Run, faults: Callable[[str], Path]) -> None:
    """A login that may not see leads and notes gives a report on the deals that says so."""
    broken = "[[faults]]\nkind = 'status'\nstatus = 403\npath = '/(leads|notes)$'\ntimes = 100\n"

    report = run(start(faults=faults(broken)), limit=3)

    told = " ".join(report.review.account.gaps)
    assert "no lead was looked at" in told
    assert "no owed reply was noticed" in told
    assert report.state_counts == {"scheduled": 3}


def test_everything_of_leads() -> None:
    """An account of leads alone is judged like any other."""
    old = Lead(id="a", title="", added=TODAY - timedelta(days=40), value=3, currency="EUR", owner_id=2)
    found = review(Book(account=Account(today=TODAY), deals=(), leads=(old,)))

    (proposal,) = (propose(case, RulePlanner()) for case in cases(found, 5))

    assert proposal.arguments["lead_id"] == "a"
    assert "deal_id" not in proposal.arguments
    assert found.needing == 1


def test_nothing_hangs_on_others() -> None:
    """What belongs to records that are not looked at is passed over."""
    history = History("UTC", [1], ["a"])

    assert history.of(1).open == history.of("a").open == []
    assert not history.has_seen(3)
    assert history.has_seen(None)
