"""Fills a demo: plans first, records from them, the truth beside them, hostile texts last.

Each part draws from a stream of its own, so that a change in one leaves the others as they were.
"""

from random import Random

from pipedrive_tools.sandbox.demo.activities import Activities
from pipedrive_tools.sandbox.demo.borders import BORDERS
from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.contacts import organization_records, person_records
from pipedrive_tools.sandbox.demo.contents import Demo
from pipedrive_tools.sandbox.demo.custom import CustomValues
from pipedrive_tools.sandbox.demo.deals import Deals, People
from pipedrive_tools.sandbox.demo.drawing import drawn
from pipedrive_tools.sandbox.demo.lead_definitions import lead_field_records
from pipedrive_tools.sandbox.demo.leads import Leads
from pipedrive_tools.sandbox.demo.notes import Names, Notes
from pipedrive_tools.sandbox.demo.plans import Fate, Past, Plan, closed_plan, open_plan
from pipedrive_tools.sandbox.demo.planting import Planter
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.sizes import Sizes
from pipedrive_tools.sandbox.demo.truth import DealTruth, deal_truth


class Filling:
    """Fills a base with deals and what belongs to them, in an order in which nothing refers to what is not there."""

    def __init__(self, demo: Demo, sizes: Sizes, *, seed: int, hostile_share: float) -> None:
        self._demo = demo
        self._sizes = sizes
        self._seed = seed
        self._calendar = Calendar(demo.today)
        self._planter = Planter(self._stream("hostile"), hostile_share)
        self._activities = Activities(self._stream("activities"), self._calendar)
        self._plans = _plans(self._stream("plans"), sizes)

    def fill(self) -> None:
        """Fill all lists."""
        self._contacts()
        self._deals()
        self._leads()
        self._more_activities()
        self._demo.activities.extend(self._activities.records)
        self._planter.activities(self._demo.activities)
        self._notes()
        self._planter.options("deal_fields", self._demo.deal_fields)
        self._planter.options("person_fields", self._demo.person_fields)
        self._demo.lead_fields[:] = lead_field_records(self._calendar, self._demo.deal_fields)
        self._demo.hostile.extend(self._planter.planted)

    def _stream(self, name: str) -> Random:
        return Random(f"{self._seed}/{name}")

    def _values(self, rng: Random) -> CustomValues:
        sizes = self._sizes
        return CustomValues(
            "deal", rng, self._calendar, persons=sizes.persons, organizations=sizes.organizations
        )

    def _contacts(self) -> None:
        rng, demo = self._stream("contacts"), self._demo
        demo.organizations.extend(organization_records(rng, self._calendar, self._sizes))
        demo.persons.extend(person_records(rng, self._calendar, self._sizes))
        self._planter.contacts(demo.organizations, demo.persons)

    def _deals(self) -> None:
        rng, demo = self._stream("deals"), self._demo
        people = People(
            live=[person for person in demo.persons if not person["is_deleted"]],
            deleted=[person for person in demo.persons if person["is_deleted"]],
            organizations=self._sizes.organizations,
        )
        writer = Deals(rng, self._calendar, people, self._values(rng))
        for number, plan in enumerate(self._plans, start=1):
            deal = writer.record(number, plan)
            demo.deals.append(deal)
            demo.truth[number] = self._act(deal, plan)
        self._planter.deals(demo.deals)

    def _act(self, deal: Record, plan: Plan) -> DealTruth:
        link = _link(deal)
        for past in plan.past:
            if past.medium == "activity":
                self._activities.done(link, past)
        open_ids = tuple(self._activities.due(link, due) for due in plan.open_days)
        if plan.has_deleted_activity:
            self._activities.due(link, 3, is_deleted=True)
        return deal_truth(
            plan,
            deal_id=deal["id"],
            person_id=deal["person_id"],
            open_activity_ids=open_ids,
            today=self._demo.today,
        )

    def _leads(self) -> None:
        rng, demo = self._stream("leads"), self._demo
        live = [person for person in demo.persons if not person["is_deleted"]]
        leads = Leads(
            rng,
            self._calendar,
            labels=demo.lead_labels,
            persons=live,
            values=self._values(rng),
            activities=self._activities,
        )
        leads.write(self._sizes.leads)
        demo.leads.extend(leads.records)
        demo.lead_truth.update(leads.truth)
        self._planter.leads(demo.leads)

    def _more_activities(self) -> None:
        """Add old tasks until the number is full: too old to warm a deal, and no answer to anybody."""
        rng = self._stream("more activities")
        while len(self._activities.records) < self._sizes.activities:
            index = rng.randrange(len(self._plans))
            plan = self._plans[index]
            ago = rng.randrange(plan.idle_days, plan.added_ago + 1)
            self._activities.done(_link(self._demo.deals[index]), Past(ago, hour=rng.randrange(8, 17)))

    def _notes(self) -> None:
        rng, demo = self._stream("notes"), self._demo
        names = Names(
            users={user["id"]: user for user in demo.users},
            deals={deal["id"]: deal["title"] for deal in demo.deals},
            persons={person["id"]: person["name"] for person in demo.persons},
            organizations={organization["id"]: organization["name"] for organization in demo.organizations},
        )
        notes = Notes(rng, self._calendar, names)
        for deal, plan in zip(demo.deals, self._plans, strict=True):
            for past in plan.past:
                if past.medium == "note":
                    notes.write(_link(deal), past)
        while len(notes.records) < self._sizes.notes:
            link, oldest = self._subject(rng)
            notes.write(link, Past(rng.randrange(1, oldest + 1), hour=rng.randrange(7, 18)))
        demo.notes.extend(notes.records)
        self._planter.notes(demo.notes)

    def _subject(self, rng: Random) -> tuple[Record, int]:
        """Choose what a note is about, mostly a deal, and how many days old it may be."""
        demo = self._demo
        kind = drawn(rng, (0.1, "person"), (0.08, "organization"), (0.08, "lead"), otherwise="deal")
        if kind == "person":
            return _about("person_id", rng.choice(demo.persons)), 500
        if kind == "organization":
            return _about("org_id", rng.choice(demo.organizations)), 500
        if kind == "lead" and demo.leads:
            return _about("lead_id", rng.choice(demo.leads)), 1
        index = rng.randrange(len(self._plans))
        return _link(demo.deals[index]), self._plans[index].added_ago


_CLOSED: tuple[tuple[Fate, float], ...] = (
    ("won", 0.09),
    ("lost", 0.06),
    ("deleted", 0.03),
    ("archived", 0.03),
)


def _plans(rng: Random, sizes: Sizes) -> list[Plan]:
    """Draw all plans, the borders among them, oldest first as the ids go."""
    plans = [*BORDERS[: sizes.deals]]
    plans += [open_plan(rng) for _ in range(sizes.deals - len(plans))]
    plans += [closed_plan(rng, fate) for fate, share in _CLOSED for _ in range(round(sizes.deals * share))]
    rng.shuffle(plans)
    return sorted(plans, key=lambda plan: -plan.added_ago)


def _link(deal: Record) -> Record:
    keys = {"deal_id": deal["id"], "owner_id": deal["owner_id"]}
    return keys | {"person_id": deal["person_id"], "org_id": deal["org_id"]}


def _about(key: str, record: Record) -> Record:
    return {key: record["id"], "owner_id": record["owner_id"]}
