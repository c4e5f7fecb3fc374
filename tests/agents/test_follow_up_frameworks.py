"""The agent in LangGraph and in LlamaIndex: the same proposals, the same writes, and pauses that outlive a process."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from sales_follow_up import agent, langchain_agent, llamaindex_agent
from sales_follow_up.agent import Runner
from sales_follow_up.answers import answers_of, decisions_of
from sales_follow_up.consent import Consent, Decision, all_of, edited
from sales_follow_up.planning import PlannerError
from sales_follow_up.report import Report
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY
from sales_follow_up.steps import AGENT, Steps
from sales_follow_up.unfinished import OtherRunError

from pipedrive_tools.errors import DeniedError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset
from tests.agents.conftest import TODAY

FRAMEWORKS: Final = (langchain_agent, llamaindex_agent)
LIMIT: Final = 6

NewSteps = Callable[..., Steps]


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def new_steps(box: Sandbox, store_url: str) -> Iterator[NewSteps]:
    """The steps of a run as another process would make them: the same store, its own toolset."""
    with ExitStack() as stack:

        def made(run: str, rights: str | None = None, **more: Any) -> Steps:
            consent = Consent()
            settings = Settings(base_url=box.url, api_token=box.token, state=store_url)
            policy = Policy.load(PACKAGED_POLICY) if rights is None else Policy.parse(rights)
            toolset = Toolset.connect(AGENT, policy, settings=settings, approver=consent, run=run)
            stack.enter_context(toolset)
            return Steps(toolset=toolset, consent=consent, limit=LIMIT, today=TODAY, **more)

        yield made


def quiet() -> Screen:
    return Screen(is_quiet=True)


def writes(box: Sandbox) -> list[tuple[str, str, Any]]:
    """Every request that may have changed something; the journal's mark, which is drawn by lot, left out."""
    return [
        (
            entry["method"],
            entry["path"],
            {**entry["body"], "note": entry["body"].get("note", "").partition("</p>")[0]},
        )
        for entry in box.log()
        if entry["method"] != "GET"
    ]


def everything(proposals: Any) -> Any:
    return all_of(proposals, "a test")


def some(proposals: Any) -> list[Decision]:
    """Yes, no, an edited yes, and the rest not asked about."""
    first, second, third, *rest = proposals
    return [
        Decision(proposal=first, says="yes", by="a test"),
        Decision(proposal=second, says="no", by="a test"),
        Decision(proposal=edited(third, {"subject": "In my words"}), says="yes", by="a test", is_edited=True),
        *(Decision(proposal=each, says="unasked") for each in rest),
    ]


class Moody:
    """A planner that fails for every third deal."""

    name = "a model"
    tokens = 0

    def __call__(self, case: Any) -> Any:
        if case.finding.about.id % 3 == 0:
            raise PlannerError("it did not answer in time")
        return {
            "type": "task",
            "subject": f"Look after it, day {case.due}",
            "due_date": case.due,
            "reason": "x",
        }


@pytest.mark.parametrize("decide", [everything, some, None], ids=["all", "some", "none"])
@pytest.mark.parametrize(
    "planned",
    [
        pytest.param({}, id="rules"),
        pytest.param(
            {"planner": Moody()},
            id="planner",
            marks=pytest.mark.sqlite_only("who plans changes nothing there"),
        ),
    ],
)
def test_parity(box: Sandbox, new_steps: NewSteps, decide: Any, planned: Any) -> None:
    """Plain, as a graph and as a workflow: the same findings, proposals, outcomes and writes, by the sandbox's log."""
    reports: list[Report] = []
    seen = []
    for number, run in enumerate((agent.run, langchain_agent.run, llamaindex_agent.run)):
        box.reset()
        box.switch(burst_limits=False)
        run_: Runner = run
        reports.append(run_(new_steps(f"run{number}", **planned), decide=decide, listener=quiet()))
        seen.append(writes(box))

    assert len(reports[0].proposals) == LIMIT
    assert len(seen[0]) == {everything: LIMIT, some: 2, None: 0}[decide]
    assert seen[1] == seen[0]
    assert seen[2] == seen[0]
    for report in reports[1:]:
        assert report.proposals == reports[0].proposals
        assert report.review == reports[0].review
        assert [(each.state, each.proposal) for each in report.outcomes] == [
            (each.state, each.proposal) for each in reports[0].outcomes
        ]


CHILD: Final = """
import os, signal, sys, time
sys.path[:0] = ["agents", "."]
from datetime import date
from pathlib import Path
from sales_follow_up import {module}
from sales_follow_up.consent import Consent, all_of
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY
from sales_follow_up.steps import AGENT, Steps
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset

def wait(proposals):
    print("asked", flush=True)
    time.sleep(60)

class Fragile(Screen):
    left = {writes}

    def applied(self, outcome):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

consent = Consent()
settings = Settings(base_url={url!r}, api_token={token!r}, state={state!r})
toolset = Toolset.connect(AGENT, Policy.load(PACKAGED_POLICY), settings=settings, approver=consent, run="paused")
steps = Steps(toolset=toolset, consent=consent, limit={limit}, today=date(2026, 3, 2))
decide = (lambda proposals: all_of(proposals, "a test")) if {writes} else wait
{module}.run(steps, decide=decide, listener=Fragile(is_quiet=True), kept_in=Path({kept!r}))
"""


def child(
    box: Sandbox, state: str, kept: Path, framework: ModuleType, *, writes: int = 0
) -> subprocess.Popen[str]:
    """A run in a process of its own, named `paused`, that is killed after so many writes, or waits for its person."""
    program = CHILD.format(
        module=framework.__name__.rpartition(".")[2],
        url=box.url,
        token=box.token,
        state=state,
        limit=LIMIT,
        kept=str(kept),
        writes=writes,
    )
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda each: each.__name__.rpartition(".")[2])
def test_a_restart(
    box: Sandbox, new_steps: NewSteps, store_url: str, tmp_path: Path, framework: ModuleType
) -> None:
    """A run that is killed while a person is asked goes on in another process, into exactly the write agreed to."""
    kept = tmp_path / "kept"
    with child(box, store_url, kept, framework) as running:
        assert running.stdout
        assert running.stdout.readline() == "asked\n"
        running.send_signal(signal.SIGKILL)
    reads = len(box.log())

    def one(proposals: Any) -> list[Decision]:
        return [
            Decision(proposal=each, says="yes" if number == 2 else "no", by="Ada")
            for number, each in enumerate(proposals)
        ]

    assert writes(box) == []
    assert kept.stat().st_mode & 0o777 == 0o600
    report = framework.run(new_steps("paused"), decide=one, listener=quiet(), kept_in=kept)

    (write,) = writes(box)
    assert write[2]["subject"] == report.proposals[2].follow_up.subject
    assert write[2]["deal_id"] == report.proposals[2].finding.about.id
    assert [entry["path"] for entry in box.log()[reads:] if entry["method"] == "GET"] == []
    assert [each.state for each in report.outcomes].count("declined") == LIMIT - 1


def never(_: Any) -> Any:
    """A person who must not be asked."""
    raise AssertionError("asked again")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (langchain_agent, langchain_agent),
        (llamaindex_agent, llamaindex_agent),
        (langchain_agent, llamaindex_agent),
    ],
    ids=["langchain", "llamaindex", "one after the other"],
)
def test_killed_between_two_writes(
    box: Sandbox, new_steps: NewSteps, store_url: str, tmp_path: Path, first: ModuleType, then: ModuleType
) -> None:
    """A run that is killed between two writes is finished by the next process: nothing is asked or done twice."""
    with child(box, store_url, tmp_path / "kept", first, writes=3) as running:
        running.wait(60)
    before = len(writes(box))
    kept = tmp_path / ("kept" if first is then else "other")
    report = then.run(new_steps("paused"), decide=never, listener=quiet(), kept_in=kept)

    assert before == 3
    assert len(writes(box)) == LIMIT
    assert report.state_counts == {"scheduled": LIMIT}
    assert not kept.exists()


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda each: each.__name__.rpartition(".")[2])
def test_another_run_in_between(
    box: Sandbox, new_steps: NewSteps, tmp_path: Path, framework: ModuleType
) -> None:
    """While a run waits for its person another one writes: the first one refuses to write what may be there already."""
    run = partial(framework.run, kept_in=tmp_path / "kept")

    def away(_: Any) -> Any:
        raise Killed

    with pytest.raises(Killed):
        run(new_steps("first"), decide=away, listener=quiet())
    agent.run(new_steps("second"), decide=everything, listener=quiet())
    before = writes(box)

    with pytest.raises(OtherRunError):
        run(new_steps("first"), decide=everything, listener=quiet())
    assert writes(box) == before


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda each: each.__name__.rpartition(".")[2])
def test_an_error(box: Sandbox, new_steps: NewSteps, tmp_path: Path, framework: ModuleType) -> None:
    """An error comes out of the framework as it is, and leaves no run behind."""
    rights = f'[agents.{AGENT}]\ndeals = "read"\nactivities = "read"'
    kept = tmp_path / "kept"
    with pytest.raises(DeniedError, match="does not let"):
        framework.run(new_steps("bad", rights), decide=everything, listener=quiet(), kept_in=kept)

    assert box.log() == []
    assert not list(tmp_path.glob("kept*"))


def test_an_answer_brings_in_no_record(new_steps: NewSteps) -> None:
    """An answer about a record that was not proposed, or in another form, agrees to nothing."""
    steps = new_steps("answers")
    proposals = [steps.propose(case) for case in steps.cases(steps.review(steps.read()))]
    key = proposals[0].finding.about.key
    for answers in (None, True, [], {}, {"deal 999": {"says": "yes"}}, {key: "yes"}, {key: {"says": True}}):
        assert {each.says for each in decisions_of(proposals, answers)} == {"unasked"}

    assert decisions_of(proposals, answers_of(everything(proposals))) == everything(proposals)
    changed = decisions_of(proposals, answers_of(some(proposals)))[2]
    assert (changed.proposal.follow_up.subject, changed.is_edited) == ("In my words", True)
