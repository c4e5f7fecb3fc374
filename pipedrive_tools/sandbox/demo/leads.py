"""Lead records in the v1 shape, with their activities and the truth about who was forgotten."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

from pipedrive_tools.sandbox.demo.activities import Activities
from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.custom import CustomValues, flattened
from pipedrive_tools.sandbox.demo.drawing import chance
from pipedrive_tools.sandbox.demo.plans import Past
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.truth import LEAD_UNTOUCHED_DAYS, LeadTruth
from pipedrive_tools.sandbox.demo.users import USER_IDS
from pipedrive_tools.sandbox.demo.words import COMPANY_STEMS, PRODUCTS


@dataclass(frozen=True, slots=True)
class _LeadPlan:
    added_ago: int
    updated_ago: int
    done_ago: int | None
    due_in: int | None
    is_archived: bool

    @property
    def idle_days(self) -> int:
        return min(self.updated_ago, self.added_ago if self.done_ago is None else self.done_ago)


_BORDERS = (
    _LeadPlan(90, LEAD_UNTOUCHED_DAYS, None, None, is_archived=False),
    _LeadPlan(90, LEAD_UNTOUCHED_DAYS + 1, None, None, is_archived=False),
    _LeadPlan(90, 60, LEAD_UNTOUCHED_DAYS, None, is_archived=False),
    _LeadPlan(90, 60, LEAD_UNTOUCHED_DAYS + 1, -5, is_archived=False),
    _LeadPlan(90, 60, None, 0, is_archived=False),
    _LeadPlan(90, 60, None, None, is_archived=True),
)


def _drawn(rng: Random) -> _LeadPlan:
    added = rng.randrange(2, 200)
    updated = rng.randrange(1, added + 1)
    done = rng.randrange(updated, added + 1) if chance(rng, 0.4) else None
    due = rng.randrange(-10, 25) if chance(rng, 0.5) else None
    return _LeadPlan(added, updated, done, due, is_archived=chance(rng, 0.06))


class Leads:
    """Writes leads, their activities into `activities`, and what is true of each."""

    def __init__(
        self,
        rng: Random,
        calendar: Calendar,
        *,
        labels: list[Record],
        persons: list[Record],
        values: CustomValues,
        activities: Activities,
    ) -> None:
        self.records: list[Record] = []
        self.truth: dict[str, LeadTruth] = {}
        self._rng = rng
        self._calendar = calendar
        self._label_ids = [label["id"] for label in labels]
        self._persons = persons
        self._values = values
        self._activities = activities

    def write(self, count: int) -> None:
        """Write that many leads, oldest first, as the list gives them."""
        plans = [*_BORDERS[:count], *(_drawn(self._rng) for _ in range(count - len(_BORDERS)))]
        for plan in sorted(plans, key=lambda plan: -plan.added_ago):
            lead = self._lead(plan)
            self.records.append(lead)
            self._act(lead, plan)
            is_ahead = plan.due_in is not None and plan.due_in >= 0
            day = self._calendar.today + timedelta(days=plan.due_in or 0) if is_ahead else None
            self.truth[lead["id"]] = LeadTruth(lead["id"], plan.is_archived, plan.idle_days, day)

    def _act(self, lead: Record, plan: _LeadPlan) -> None:
        link = {"lead_id": lead["id"], "owner_id": lead["owner_id"]}
        link |= {"person_id": lead["person_id"], "org_id": lead["organization_id"]}
        if plan.done_ago is not None:
            self._activities.done(link, Past(plan.done_ago, "outgoing"))
        if plan.due_in is not None:
            lead["next_activity_id"] = self._activities.due(link, plan.due_in)

    def _lead(self, plan: _LeadPlan) -> Record:
        rng, calendar = self._rng, self._calendar
        person = rng.choice(self._persons)
        has_person = person["org_id"] is None or chance(rng, 0.85)
        has_value = chance(rng, 0.6)
        return {
            "id": str(UUID(int=rng.getrandbits(128), version=4)),
            "title": f"{rng.choice(COMPANY_STEMS)} asks for {rng.choice(PRODUCTS)}",
            "owner_id": rng.choice(USER_IDS),
            "creator_id": USER_IDS[0],
            "label_ids": [rng.choice(self._label_ids)] if chance(rng, 0.5) else [],
            "person_id": person["id"] if has_person else None,
            "organization_id": person["org_id"] if chance(rng, 0.8) or not has_person else None,
            "source_name": "API",
            "origin": "API",
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "source_deal_id": None,
            "is_archived": plan.is_archived,
            "was_seen": chance(rng, 0.7),
            "value": {"amount": rng.randrange(1, 300) * 100, "currency": "EUR"} if has_value else None,
            "expected_close_date": calendar.day(rng.randrange(-20, 120)) if chance(rng, 0.3) else None,
            "next_activity_id": None,
            "add_time": calendar.instant_with_milliseconds(-plan.added_ago, rng.randrange(21600, 25200)),
            "update_time": calendar.instant_with_milliseconds(-plan.updated_ago, rng.randrange(25200, 60000)),
            "visible_to": "3",
            "cc_email": f"demo+1+lead{rng.getrandbits(40):010x}@mail.example",
            **flattened(self._values.draw()),
        }
