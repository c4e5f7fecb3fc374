from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sales_follow_up.agent import Apply
from sales_follow_up.agent import run as run_agent
from sales_follow_up.consent import Consent, Decide, Decision, all_of, edited, none_of
from sales_follow_up.lists import UnreadError
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY
from sales_follow_up.steps import Steps

from pipedrive_tools.client import Pipedrive
from pipedrive_tools.endpoints import activities, deals
from pipedrive_tools.errors import DeniedError
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset

Start = Callable[..., Sandbox]
Run = Callable[..., Report]
Connected = Callable[..., Toolset]
Faults = Callable[[str], Path]

PACKAGED = PACKAGED_POLICY.read_text(encoding="utf-8")


def writes(box: Sandbox) -> list[dict[str, Any]]:
    return [entry for entry in box.log() if entry["method"] != "GET"]


def writer(box: Sandbox) -> Pipedrive:
    return Pipedrive(settings=Settings(base_url=box.url, api_token=box.token), writes=True)


def expected_body(arguments: dict[str, Any]) -> dict[str, Any]:
    """What an activity looks like on the wire: its person as the main participant, its note as HTML."""
    body = {name: value for name, value in arguments.items() if value is not None and name != "person_id"}
    if arguments["person_id"] is not None:
        body["participants"] = [{"person_id": arguments["person_id"], "primary": True}]
    return body | {"note": f"<p>{arguments['note']}</p>"}


def is_exactly(box: Sandbox, report: Report) -> bool:
    """The judge: whether the server saw the proposals, in their order, and no other write."""
    seen = [(entry["method"], entry["path"], _plain(entry["body"])) for entry in writes(box)]
    return seen == [
        ("POST", "/api/v2/activities", _plain(expected_body(each.arguments))) for each in report.proposals
    ]


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """A body without the markup around its note, which may carry a mark of the journal."""
    note = str(body.get("note", "")).removeprefix("<p>")
    return body | {"note": note.partition("</p>")[0].partition("<")[0].strip()}


def test_all(box: Sandbox, run: Run) -> None:
    """With `all`, exactly the proposals are scheduled and nothing else is written."""
    report = run(box)

    assert report.exit_status == 0
    assert len(report.proposals) == len(report.review.findings) > 10
    assert {outcome.state for outcome in report.outcomes} == {"scheduled"}
    assert is_exactly(box, report)
    assert report.review.account.tokens + report.tokens_applied == sum(entry["cost"] for entry in box.log())


@pytest.mark.parametrize(
    "write",
    [activities.create(subject="Call", type="call", deal_id=1), deals.update(deal_id=1, title="Mine")],
    ids=lambda call: call.endpoint.name,
)
def test_the_judge_sees_a_foreign_write(box: Sandbox, run: Run, write: Any) -> None:
    """The counter-test: one write that nobody proposed, and the judge says no."""
    report = run(box)
    with writer(box) as client:
        client.send(write)

    assert not is_exactly(box, report)


def test_none(box: Sandbox, run: Run) -> None:
    """With `none`, nothing is written."""
    report = run(box, apply=Apply.NONE)

    assert report.proposals
    assert report.outcomes == ()
    assert writes(box) == []


def test_second_run(box: Sandbox, run: Run) -> None:
    """A second run on the same day proposes nothing that the first one did."""
    first, second = run(box), run(box)

    assert first.proposals
    assert second.proposals == ()
    assert second.review.waiting == first.review.waiting + len(first.proposals)


def test_second_run_goes_on(box: Sandbox, run: Run) -> None:
    """With a limit the second run takes up where the first one stopped."""
    first, second = run(box, limit=4), run(box, limit=4)

    assert len(first.proposals) == len(second.proposals) == 4
    assert not {each.finding.about.id for each in first.proposals} & {
        each.finding.about.id for each in second.proposals
    }


@pytest.mark.parametrize(("count", "most_tokens"), [(400, 150), (1000, 250)])
def test_cost(start: Start, run: Run, count: int, most_tokens: int) -> None:
    """A review costs the same handful of pages whatever the deals hold."""
    box = start(deals=count)

    report = run(box, apply=Apply.NONE)

    assert report.review.deals == count
    assert report.review.account.tokens <= most_tokens
    assert report.review.account.tokens == sum(entry["cost"] for entry in box.log())


def test_pages(start: Start, run: Run) -> None:
    """Lists are read to their end, 500 records a page, by cursor and by offset; no call is about a single deal."""
    box = start(deals=1900)

    report = run(box, apply=Apply.NONE)

    paged = {"list_deals", "list_activities", "list_notes", "list_leads"}
    asked = [entry for entry in box.log() if entry["tool"] in paged]
    assert report.review.deals == 1900
    assert {entry["query"]["limit"] for entry in asked} == {"500"}
    assert {entry["tool"] for entry in asked if "cursor" in entry["query"]} == {
        "list_deals",
        "list_activities",
    }
    assert {entry["tool"] for entry in asked if "start" in entry["query"]} == {"list_notes", "list_leads"}
    assert report.review.account.gaps == ()
    assert not [entry for entry in box.log() if "deal_id" in entry["query"]]


def test_no_open_deals(start: Start, run: Run) -> None:
    """An account without deals gives an empty report."""
    report = run(start(data="empty"))

    assert (report.review.deals, report.proposals, report.exit_status) == (0, (), 0)


UNREADABLE = "[[faults]]\nkind = 'status'\nstatus = {status}\npath = '{path}'\n"


@pytest.mark.parametrize("status", [403, 500])
def test_activities_cannot_be_read(start: Start, run: Run, faults: Faults, status: int) -> None:
    """Without the activities nobody knows who waits: every deal is skipped, that is said, nothing is written."""
    box = start(faults=faults(UNREADABLE.format(status=status, path="/activities$")))

    report = run(box)

    assert len(report.review.unjudged) == report.review.deals + report.review.leads > 0
    assert report.proposals == ()
    assert report.exit_status == 1
    assert any("no deal was judged" in gap for gap in report.review.account.gaps)
    assert writes(box) == []


def test_half_the_activities(start: Start, run: Run, faults: Faults) -> None:
    """A list that breaks off after its first page counts as not read at all."""
    broken = UNREADABLE.format(status=500, path="/activities$") + "nth = 2\ntimes = 100\n"
    box = start(deals=900, faults=faults(broken))

    report = run(box)

    assert sum(entry["status"] == 200 for entry in box.log() if entry["tool"] == "list_activities") == 1
    assert report.proposals == ()


@pytest.mark.parametrize(
    ("path", "gap", "lost"),
    [
        ("/stages$", "having gone cold", {"gone_cold"}),
        ("/pipelines$", "having gone cold", {"gone_cold"}),
        ("/persons$", "deleted persons", {"person_deleted"}),
        ("/users$", "owners who left", set()),
        ("/users/me$", "day in UTC", set()),
        ("/activityTypes$", "usual activity types", set()),
    ],
)
def test_less_can_be_checked(
    start: Start, run: Run, faults: Faults, path: str, gap: str, lost: set[str]
) -> None:
    """What cannot be read is named, costs the signals that need it, and stops nothing else."""
    whole = run(start(), apply=Apply.NONE)

    report = run(start(faults=faults(UNREADABLE.format(status=403, path=path))), apply=Apply.NONE)

    assert any(gap in each for each in report.review.account.gaps)
    assert set(whole.review.signals) - set(report.review.signals) == lost
    assert report.exit_status == 0


def test_done_activities_cannot_be_read(start: Start, run: Run, faults: Faults) -> None:
    """Without what was done, no deal is called cold."""
    broken = UNREADABLE.format(status=500, path="/activities$") + "nth = 2\ntimes = 100\n"
    box = start(faults=faults(broken))  # the open ones of a small account are one page

    report = run(box, apply=Apply.NONE)

    assert report.proposals
    assert "gone_cold" not in report.review.signals
    assert any("having gone cold" in gap for gap in report.review.account.gaps)


def test_deals_cannot_be_read(start: Start, run: Run, faults: Faults) -> None:
    """Without the deals there is nothing to report."""
    box = start(faults=faults(UNREADABLE.format(status=403, path="/deals$")))

    with pytest.raises(UnreadError, match="list_deals could not be read"):
        run(box)


def test_a_hidden_activity(box: Sandbox, run: Run) -> None:
    """A deal that names a next activity which no list shows is skipped: somebody may be on it."""
    deal_id = run(box, apply=Apply.NONE, limit=1).proposals[0].finding.about.id
    box.switch(list_lag=600)
    with writer(box) as client:
        client.send(activities.create(subject="Call", type="call", deal_id=deal_id, due_date="2026-02-20"))

    report = run(box, apply=Apply.NONE)

    assert report.review.unjudged == (deal_id,)
    assert deal_id not in {each.finding.about.id for each in report.proposals}


def test_a_create_fails(start: Start, run: Run, faults: Faults) -> None:
    """One activity that is refused does not stop the others."""
    broken = "[[faults]]\nkind = 'status'\nstatus = 400\nmethod = 'POST'\npath = '/activities$'\nnth = 2\n"
    box = start(faults=faults(broken))

    report = run(box)

    assert [outcome.state for outcome in report.outcomes[:3]] == ["scheduled", "failed", "scheduled"]
    assert report.state_counts["failed"] == 1
    assert report.outcomes[1].detail
    assert report.exit_status == 1


@pytest.mark.parametrize("lost", ["502", "reset", "cut_json"])
def test_an_answer_is_lost(box: Sandbox, run: Run, lost: str) -> None:
    """An activity that was made though its answer was lost is never made twice, and never called a failure."""
    box.switch(commit_then_fail=lost)

    report = run(box, limit=2)

    assert {outcome.state for outcome in report.outcomes} <= {"unknown", "scheduled"}
    made = [each["deal_id"] for each in box.records("activities") if each["add_time"] >= "2026-03-02"]
    assert sorted(made) == sorted(each.finding.about.id for each in report.proposals)


def test_the_account_is_down(start: Start, run: Run, faults: Faults) -> None:
    """After three failures in a row the rest is left alone."""
    box = start(
        faults=faults("[[faults]]\nkind = 'status'\nstatus = 400\nmethod = 'POST'\npath = '/activities$'\n")
    )

    report = run(box)

    assert report.state_counts["failed"] == 3
    assert report.state_counts["left"] == len(report.proposals) - 3


def test_ceiling_of_the_policy(box: Sandbox, run: Run) -> None:
    """At the ceiling of the policy the run stops, says so, and the exit status tells."""
    report = run(box, policy=PACKAGED.replace("writes_per_run = 100", "writes_per_run = 2"))

    assert [outcome.state for outcome in report.outcomes[:4]] == ["scheduled", "scheduled", "refused", "left"]
    assert "writes_per_run" in report.outcomes[2].detail
    assert report.exit_status == 3
    assert len(writes(box)) == 2


@pytest.mark.parametrize(
    ("line", "apply", "tool"),
    [
        ('deals = "read"', Apply.NONE, "list_deals"),
        ('activities = "read"', Apply.NONE, "list_activities"),
        ('create_activity = "ask"', Apply.ALL, "create_activity"),
    ],
)
def test_rights_are_missing(box: Sandbox, run: Run, line: str, apply: Apply, tool: str) -> None:
    """Where the policy leaves no way to finish, nothing is sent at all."""
    with pytest.raises(DeniedError, match=tool):
        run(box, policy=PACKAGED.replace(line, f'{line.partition(" ")[0]} = "off"'), apply=apply)

    assert box.log() == []


def test_rights_for_looking_only(box: Sandbox, run: Run) -> None:
    """A policy without any write is enough to look."""
    looking = PACKAGED.replace('create_activity = "ask"', 'create_activity = "off"')

    assert run(box, policy=looking, apply=Apply.NONE).proposals


def test_rehearsal(box: Sandbox, run: Run) -> None:
    """Where a rehearsal is set, everything is said and nothing is sent."""
    report = run(box, dry_run=True)

    assert set(report.state_counts) == {"rehearsed"}
    assert writes(box) == []


def test_only_what_was_agreed_to(box: Sandbox, connected: Connected) -> None:
    """The gate lets through exactly the activity that a person agreed to, once, and nothing that differs."""
    consent = Consent()
    toolset = connected(box, consent)
    agreed = {"subject": "Call", "type": "call", "due_date": "2026-03-03", "deal_id": 1}
    consent.give(agreed, by="a test")

    assert toolset.call("create_activity", agreed | {"deal_id": 2}).status == "denied"
    assert toolset.call("create_activity", agreed | {"note": "more"}).status == "denied"
    assert toolset.call("create_activity", agreed).ok
    assert len(writes(box)) == 1
    assert [row.approver for row in toolset.trail() if row.status == "ok"] == ["a test"]


def steps_on(box: Sandbox, connected: Connected, limit: int) -> Steps:
    consent = Consent()
    return Steps(toolset=connected(box, consent), consent=consent, limit=limit, today=date(2026, 3, 2))


def states(steps: Steps, decide: Decide) -> list[str]:
    report = run_agent(steps, decide=decide, listener=Screen(is_quiet=True))
    return [outcome.state for outcome in report.outcomes]


def test_decisions_of_a_person(box: Sandbox, connected: Connected) -> None:
    """A no leaves one out, an edit is written in the person's words, what nobody was asked about is left."""
    shown: list[Proposal] = []

    def decide(proposals: Sequence[Proposal]) -> list[Decision]:
        shown.extend(proposals)
        first, second, third, *others = proposals
        in_other_words = edited(third, {"subject": "Visit", "due_date": "2026-03-09", "due_time": "09:30"})
        return [
            Decision(proposal=first, says="yes", by="a person"),
            Decision(proposal=second, says="no", by="a person"),
            Decision(proposal=in_other_words, says="yes", by="a person", is_edited=True),
            *none_of(others),
        ]

    assert states(steps_on(box, connected, 5), decide) == [
        "scheduled",
        "declined",
        "scheduled",
        "left",
        "left",
    ]
    kept, changed = [entry["body"] for entry in writes(box)]
    assert kept["deal_id"] == shown[0].finding.about.id
    assert (changed["deal_id"], changed["subject"]) == (shown[2].finding.about.id, "Visit")
    assert (changed["due_date"], changed["due_time"]) == ("2026-03-09", "08:30")


def test_nobody_decides(box: Sandbox, connected: Connected) -> None:
    """What nobody decided about is not written."""
    assert states(steps_on(box, connected, 3), none_of) == ["left", "left", "left"]
    assert writes(box) == []


def test_the_gate_judges_first(box: Sandbox, connected: Connected) -> None:
    """A proposal that the policy forbids is marked before anybody is asked, and the others are scheduled."""
    consent = Consent()
    mine = PACKAGED + "\n[agents.sales-follow-up.records]\nowners = [2]\n"
    steps = Steps(toolset=connected(box, consent, mine), consent=consent, limit=8, today=date(2026, 3, 2))

    report = run_agent(steps, decide=lambda all_: all_of(all_, "a test"), listener=Screen(is_quiet=True))

    verdicts = [each.verdict.decision for each in report.proposals if each.verdict]
    assert set(verdicts) == {"ask", "deny"}
    assert [outcome.state for outcome in report.outcomes] == [
        "refused" if verdict == "deny" else "scheduled" for verdict in verdicts
    ]
