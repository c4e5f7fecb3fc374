"""The agent on webhooks: what happened to one deal or lead leads to a step for it, once, at the price of that one."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sales_follow_up.consent import Consent
from sales_follow_up.proposals import Proposal
from sales_follow_up.session import PACKAGED_POLICY
from sales_follow_up.steps import AGENT
from sales_follow_up.watch_demo import Company
from sales_follow_up.watching import Watch

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.hint import Hint
from pipedrive_tools.webhooks.receiver import arrival
from tests.agents.conftest import TODAY
from tests.webhooks.deliveries import body

ACCOUNT = "here"


class Desk:
    """The agent, its hint, and a company in which a colleague works."""

    def __init__(self, box: Sandbox, state: str, *, applies: bool = True) -> None:
        self.box, self.company = box, Company(box)
        self.store = Store(inbox.beside(state, "inbox"))
        self.settings = Settings(base_url=box.url, api_token=box.token, state=state)
        self.proposals: list[Proposal] = []
        consent, policy = Consent(), Policy.load(PACKAGED_POLICY)
        watch = Watch(
            consent=consent,
            applies=applies,
            today=TODAY,
            on_proposal=lambda proposal, _: self.proposals.append(proposal),
        )
        self.hint = Hint(
            self.store,
            ACCOUNT,
            lambda run, about: Toolset.connect(
                AGENT, policy, settings=self.settings, approver=consent, run=run, about=about
            ),
            watch,
        )

    def told(self, number: int | str, entity: str, action: str = "change", **data: Any) -> Item:
        sent = body(number, entity=entity, action=action, data=data)
        with self.store.transaction(durable=True) as connection:
            inbox.keep(connection, ACCOUNT, [arrival(events.parse(sent), sent)])
            return inbox.listed(connection, ACCOUNT, limit=1)[0]

    def hears(self, number: int | str, entity: str, action: str = "change") -> str:
        return self.hint(self.told(number, entity, action))

    def made(self) -> list[dict[str, Any]]:
        """What the agent has asked Pipedrive to schedule."""
        posts = [each for each in self.box.log() if each["method"] == "POST" and "activities" in each["path"]]
        return [each["body"] for each in posts]

    def tokens(self) -> int:
        return sum(each["cost"] for each in self.box.log())


@pytest.fixture
def desk(box: Sandbox, store_url: str) -> Iterator[Desk]:
    made = Desk(box, store_url)
    yield made
    made.store.close()


def test_the_last_step_is_done(desk: Desk) -> None:
    """A deal whose only planned step was marked as done gets its next one."""
    deal, step = desk.company.planned()
    desk.company.call("PATCH", f"v2/activities/{step['id']}", done=True)
    assert desk.hears(step["id"], "activity") == "scheduled"
    assert [each["deal_id"] for each in desk.made()] == [deal["id"]]


def test_a_deal_moved(desk: Desk) -> None:
    """A deal that moved and has nothing ahead gets a step; a second event about the same state changes nothing."""
    deal = desk.company.neglected()
    assert desk.hears(deal["id"], "deal") == "scheduled"
    assert desk.proposals[0].finding.about.id == deal["id"]
    assert desk.hears(deal["id"], "deal") != "scheduled"
    assert len(desk.made()) == 1


def test_a_lead_came_in(desk: Desk) -> None:
    """A new lead gets a first step, although no rule of the review presses yet; an old one that changed does not."""
    person = next(each for each in desk.box.records("persons") if not each["is_deleted"])
    for action, outcome in (("create", "scheduled"), ("change", "needs none")):
        lead = desk.company.call("POST", "v1/leads", title="Asked for a quote", person_id=person["id"])
        assert desk.hears(lead["id"], "lead", action) == outcome
    assert len([each for each in desk.made() if each.get("lead_id")]) == 1


def test_somebody_is_on_it(desk: Desk) -> None:
    """A deal with a step ahead is left alone."""
    deal, step = desk.company.planned()
    desk.company.call("PATCH", f"v2/activities/{step['id']}", due_date="2026-03-20")
    assert desk.hears(deal["id"], "deal") == "has a next step"


@pytest.mark.parametrize("entity", ["deal", "person", "note"])
def test_nothing_to_follow_up(desk: Desk, entity: str) -> None:
    """What is lost, gone, or hangs on no deal leads to nothing."""
    number = next(each["id"] for each in desk.box.records("deals") if each["status"] == "lost")
    known = {"deal": number, "person": 1, "note": 987654}
    assert desk.hears(known[entity], entity) in {
        "no open deal or lead",
        f"the policy does not let the agent read a {entity}",
    }
    assert desk.made() == []


def test_once(desk: Desk) -> None:
    """An event that is worked on again after its worker died schedules nothing twice."""
    item = desk.told(desk.company.neglected()["id"], "deal")
    assert desk.hint(item) == "scheduled"
    with desk.store.transaction(durable=True) as connection:
        connection.exec_driver_sql("DELETE FROM sightings")  # as if it had died just before it was written
    assert desk.hint(item) != "proposed"
    assert len(desk.made()) == 1


def test_only_told(box: Sandbox, store_url: str) -> None:
    """Without leave to apply, a proposal is told and nothing is written."""
    desk = Desk(box, store_url, applies=False)
    assert desk.hears(desk.company.neglected()["id"], "deal") == "proposed"
    assert (len(desk.proposals), desk.made()) == (1, [])
    desk.store.close()


def test_price(desk: Desk) -> None:
    """Once names are known, a change costs what hangs on one deal, not a review of all."""
    first, second = [each["id"] for each in desk.company.open_deals()][:2]
    desk.hears(first, "deal")
    before = desk.tokens()
    desk.hears(second, "deal")
    assert desk.tokens() - before <= 70


def test_demo() -> None:
    """`watch --demo` shows it all on a local Pipedrive: step done, lead in, webhook gone, sweep."""
    command = [sys.executable, "-c", "from sales_follow_up.command import main; main(['watch', '--demo'])"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    for told in (
        "an echo of our own call",
        "(webhook): scheduled",
        "(found by the sweep): scheduled",
        "done; what",
    ):
        assert told in done.stdout
