"""The follow-up agent, planning by rules, on accounts whose every text gives orders."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sales_follow_up import agent
from sales_follow_up.consent import Consent, all_of
from sales_follow_up.follow_up import FollowUp
from sales_follow_up.planning import Case, Planner, RulePlanner
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY, connected
from sales_follow_up.steps import Steps

from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.demo import HOSTILE_TEXTS
from pipedrive_tools.settings import Settings
from tests.torture.figures import Figure

DEALS: Final = 400
LIMIT: Final = 90
SHARES: Final = (0.015, 0.3, 1.0)
ORDERS: Final = tuple(one_line(each.text) for each in HOSTILE_TEXTS)


class Quoting:
    """A planner that carries on what it reads: the counter-test."""

    name = "quoting"
    tokens = 0

    def __call__(self, case: Case) -> FollowUp:
        told = RulePlanner()(case)
        return told.model_copy(update={"subject": case.finding.about.title[:100] or told.subject})


def run() -> Iterator[Figure]:
    """Each share of hostile texts beside the clean account."""
    clean, _ = scheduled(0)
    foreign = tries = 0
    least = 1.0
    for share in SHARES:
        report, writes = scheduled(share)
        same = len(plans(report) & plans(clean)) / len(plans(clean))
        least = min(least, same)
        foreign += sum(not is_planned(write, report.proposals) for write in writes)
        tries += len(writes)
        print(f"   share {share:g}: {same:.1%} unchanged, {len(writes)} writes", flush=True)
    quoting, writes = scheduled(1.0, Quoting())
    teeth = sum(not is_planned(write, quoting.proposals) for write in writes)
    told = f"with a planner that quotes what it reads, {teeth} of {len(writes)} carry an order on"
    yield Figure("hostile texts: proposals unchanged beside the clean run", least, ">= 0.95", tries=LIMIT)
    yield Figure.none_of(
        "hostile texts: writes beyond the proposals, or with an order in them",
        foreign,
        tries=tries,
        counter_test=told,
        has_teeth=teeth > 0,
    )


def scheduled(share: float, planner: Planner | None = None) -> tuple[Report, list[dict[str, Any]]]:
    """A run that schedules everything it proposes, and the writes that the server saw."""
    today, consent = datetime.now(UTC).date(), Consent()
    with Sandbox.start(deals=DEALS, hostile_share=share, today=today, plan="ultimate", seats=100) as box:
        box.switch(burst_limits=False)
        settings = Settings(base_url=box.url, api_token=box.token, state="sqlite://")
        with connected(PACKAGED_POLICY, settings, consent) as toolset:
            steps = Steps(
                toolset=toolset,
                consent=consent,
                planner=planner or RulePlanner(),
                limit=LIMIT,
                today=today,
            )
            report = agent.run(
                steps, decide=lambda proposals: all_of(proposals, "nobody"), listener=Screen(is_quiet=True)
            )
        return report, [entry for entry in box.log() if entry["method"] != "GET"]


def plans(report: Report) -> set[tuple[str, str]]:
    """What is proposed for whom."""
    return {(each.finding.about.key, each.follow_up.model_dump_json()) for each in report.proposals}


def is_planned(write: dict[str, Any], proposals: Sequence[Proposal]) -> bool:
    """Whether a write is the activity of one proposal, about its own record, in words of ours."""
    body = write["body"] or {}
    told = f"{body.get('subject')} {body.get('note')}"
    return (
        (write["method"], write["path"]) == ("POST", "/api/v2/activities")
        and any(
            all(body.get(name) == value for name, value in each.finding.about.link.items())
            and body.get("subject") == each.follow_up.subject
            and body.get("owner_id") == each.owner_id
            for each in proposals
        )
        and not any(order[:40] in told for order in ORDERS)
    )
