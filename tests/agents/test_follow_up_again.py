"""Runs that follow each other on one account and one store."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sales_follow_up import agent
from sales_follow_up.applying import Outcome
from sales_follow_up.consent import Consent, Decide, Decision, all_of
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY, connected
from sales_follow_up.snoozing import NoSuchKeyError, key_of, snooze
from sales_follow_up.steps import Steps
from sales_follow_up.unfinished import OtherRunError

from pipedrive_tools.client import Pipedrive
from pipedrive_tools.endpoints import activities, deals
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.store import Store

TODAY = date(2026, 3, 2)
HASTY = "\n[agents.sales-follow-up.recovery]\nsettle_seconds = 0.2\n"


class Killed(BaseException):
    """Stands for a process that is gone."""


class Dying(Screen):
    """A listener after whose so many-th outcome the process is gone."""

    def __init__(self, outcomes: int) -> None:
        super().__init__(is_quiet=True)
        self.left = outcomes

    def applied(self, outcome: Outcome) -> None:
        super().applied(outcome)
        self.left -= 1
        if not self.left:
            raise Killed


def agreed(proposals: Sequence[Proposal]) -> Sequence[Decision]:
    return all_of(proposals, "a test")


def nobody(proposals: Sequence[Proposal]) -> Sequence[Decision]:
    raise AssertionError("nobody is asked twice")


@dataclass
class Machine:
    """Processes that run the agent one after the other, on a store that outlives them."""

    box: Sandbox
    folder: Path
    state: str

    @property
    def settings(self) -> Settings:
        return Settings(
            base_url=self.box.url,
            api_token=self.box.token,
            state=self.state,
        )

    @property
    def policy(self) -> Path:
        path = self.folder / "policy.toml"
        path.write_text(PACKAGED_POLICY.read_text(encoding="utf-8") + HASTY, encoding="utf-8")
        return path

    def run(
        self,
        decide: Decide | None = agreed,
        *,
        dies_after: int = 0,
        limit: int = 6,
        today: date = TODAY,
        **options: Any,
    ) -> Report:
        consent = Consent()
        day = today if decide else None
        with connected(self.policy, self.settings, consent, goes_on_from=day) as toolset:
            steps = Steps(toolset=toolset, consent=consent, limit=limit, today=today, **options)
            return agent.run(steps, decide=decide, listener=Dying(dies_after))

    def snooze(self, key: str, until: date) -> None:
        with connected(self.policy, self.settings, Consent()) as toolset:
            snooze(toolset.memory, key, until)

    @property
    def written(self) -> list[dict[str, Any]]:
        return [entry["body"] for entry in self.box.log() if entry["method"] == "POST"]

    def by_hand(self) -> Pipedrive:
        return Pipedrive(settings=self.settings, writes=True)


@pytest.fixture
def machine(box: Sandbox, tmp_path: Path, store_url: str) -> Machine:
    return Machine(box, tmp_path, store_url)


def keys(report: Report) -> list[str]:
    return [each.finding.about.key for each in report.proposals]


@pytest.mark.parametrize("outcomes", [1, 3, 6])
def test_a_killed_run_is_finished_by_the_next(machine: Machine, outcomes: int) -> None:
    """The next run does what was agreed to and no more: the same writes as of a run that nobody killed."""
    other = replace(machine, state="sqlite://")
    undisturbed, wanted = other.run(), machine.written
    machine.box.reset()

    with pytest.raises(Killed):
        machine.run(dies_after=outcomes)
    report = machine.run(nobody)

    assert machine.written == wanted
    assert [each.follow_up for each in report.proposals] == [each.follow_up for each in undisturbed.proposals]
    assert {outcome.state for outcome in report.outcomes} == {"scheduled"}
    assert not set(keys(machine.run())) & set(keys(report))


def test_without_the_plan_it_would_not(machine: Machine) -> None:
    """The counter-test: with its memory gone, the next run does other things than were agreed to."""
    with pytest.raises(Killed):
        machine.run(dies_after=3)
    with closing(Store(machine.state)) as store, store.transaction(durable=True) as connection:
        connection.exec_driver_sql("DELETE FROM memory")
    machine.run()

    assert len(machine.written) == 9


def test_an_answer_that_was_lost(machine: Machine) -> None:
    """An activity that was made though nobody heard of it is found by the next run, and not made again."""
    machine.box.switch(commit_then_fail="reset")
    machine.run(limit=2)
    machine.box.switch(commit_then_fail="off")

    machine.run(limit=2)

    made = [each["deal_id"] for each in machine.box.records("activities") if each["add_time"] >= "2026-03-02"]
    assert len(made) == len(set(made)) == 4


def test_somebody_was_faster(machine: Machine) -> None:
    """What needs no step any more when the run is finished is left: somebody else has taken care of it."""
    with pytest.raises(Killed):
        machine.run(dies_after=2)
    planned = machine.run(None).proposals[0].finding.about
    with machine.by_hand() as client:
        client.send(activities.create(subject="Mine", type="call", due_date="2026-03-05", **planned.link))

    report = machine.run(nobody)

    assert [each.state for each in report.outcomes].count("left") == 1
    assert len(machine.written) == 6


def test_looking_finishes_nothing(machine: Machine) -> None:
    """A run that only looks leaves a broken-off one as it is."""
    with pytest.raises(Killed):
        machine.run(dies_after=2)

    machine.run(None)

    assert len(machine.written) == 2


def test_a_plan_of_another_day(machine: Machine) -> None:
    """What was agreed to on another day is not taken up: the day is planned anew."""
    with pytest.raises(Killed):
        machine.run(dies_after=2)

    report = machine.run(today=TODAY + timedelta(days=1))

    assert len(report.outcomes) == 6
    assert {each.planned_on for each in report.proposals} == {TODAY + timedelta(days=1)}


def test_two_at_once(machine: Machine) -> None:
    """Of two runs that read the same, the one that wrote first wins; the other one stops and writes nothing."""

    def slowly(proposals: Sequence[Proposal]) -> Sequence[Decision]:
        machine.run()
        return agreed(proposals)

    with pytest.raises(OtherRunError, match="run again"):
        machine.run(slowly)

    assert len(machine.written) == 6


def test_snoozed(machine: Machine) -> None:
    """What was put off is left out until its day, and is back on it."""
    first = keys(machine.run(None))[0]
    machine.snooze(first, TODAY + timedelta(days=3))

    for day, is_back in ((0, False), (2, False), (3, True)):
        report = machine.run(None, today=TODAY + timedelta(days=day), limit=1000)
        assert (first in keys(report)) is is_back
        assert report.review.snoozed == int(not is_back)


@pytest.mark.parametrize("text", ["", "0", "-3", "deal", "\uff17", "12345678-1234-1234-1234-12345678901"])
def test_no_id(text: str) -> None:
    """What is neither a number nor a UUID is refused before anything is kept."""
    with pytest.raises(NoSuchKeyError, match="number of a deal"):
        key_of(text)


def test_ids() -> None:
    """Deals go by number, leads by UUID, however it is written."""
    assert key_of("007") == "deal 7"
    assert key_of("12345678-ABCD-1234-1234-123456789012") == "lead 12345678-abcd-1234-1234-123456789012"


def test_since(machine: Machine) -> None:
    """With a day, only what changed on it or later is judged; the rest is counted and nothing else changes."""
    whole = machine.run(None, limit=1000)
    latest = max(each.finding.about.changed for each in whole.proposals if each.finding.about.changed)
    old = next(each.finding.about for each in whole.proposals if each.finding.about.kind == "deal")
    with machine.by_hand() as client:
        client.send(deals.update(deal_id=old.id, title="Changed"))

    report = machine.run(None, limit=1000, since=TODAY)

    changed = {each.finding.about.key for each in whole.proposals if each.finding.about.changed == TODAY}
    assert latest <= TODAY
    assert set(keys(report)) == {old.key} | changed
    assert report.review.unchanged + report.review.needing + report.review.quiet == (
        whole.review.needing + whole.review.quiet
    )


def test_holidays(machine: Machine) -> None:
    """Where a country is named nothing is due on its holidays; elsewhere it is."""
    good_friday = date(2026, 4, 3)

    german = machine.run(None, today=good_friday, country="DE").proposals
    others = machine.run(None, today=good_friday).proposals

    assert {each.follow_up.due_date for each in german} == {date(2026, 4, 7)}
    assert {each.follow_up.due_date for each in others} == {good_friday}
