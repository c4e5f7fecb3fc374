"""Deal records, written from their plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.custom import CustomValues
from pipedrive_tools.sandbox.demo.drawing import chance
from pipedrive_tools.sandbox.demo.labels import LABELS
from pipedrive_tools.sandbox.demo.plans import Plan
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.users import USER_IDS
from pipedrive_tools.sandbox.demo.words import COMPANY_STEMS, LOST_REASONS, PRODUCTS

_CURRENCIES = ("EUR",) * 16 + ("USD",) * 3 + ("GBP",)
_ADDED_FROM, _ADDED_TO = 21600, 25200  # six to seven in the morning: before all else that happens on the day
_MOVED_FROM, _MOVED_TO = 28800, 61200


@dataclass(frozen=True, slots=True)
class People:
    """The persons a deal can be about, with their organizations."""

    live: Sequence[Record]
    deleted: Sequence[Record]
    organizations: int


class Deals:
    """Writes deals, one plan at a time."""

    def __init__(self, rng: Random, calendar: Calendar, people: People, values: CustomValues) -> None:
        self._rng = rng
        self._calendar = calendar
        self._people = people
        self._values = values

    def record(self, number: int, plan: Plan) -> Record:
        """Write one deal; what closes it depends on its fate."""
        rng, calendar = self._rng, self._calendar
        person_id, org_id = self._contact(plan)
        owner = rng.choice(USER_IDS)
        moved = plan.moved_ago
        return {
            "id": number,
            "title": f"{rng.choice(COMPANY_STEMS)}: {rng.choice(PRODUCTS)}",
            "creator_user_id": owner if chance(rng, 0.7) else USER_IDS[0],
            "owner_id": owner,
            "value": self._value(),
            "person_id": person_id,
            "org_id": org_id,
            "stage_id": plan.stage.id,
            "pipeline_id": plan.stage.pipeline_id,
            "currency": rng.choice(_CURRENCIES),
            "archive_time": None,
            "add_time": calendar.instant(-plan.added_ago, rng.randrange(_ADDED_FROM, _ADDED_TO)),
            "update_time": calendar.instant(-self._updated_ago(plan), rng.randrange(_MOVED_TO, 72000)),
            "stage_change_time": None
            if moved is None
            else calendar.instant(-moved, rng.randrange(_MOVED_FROM, _MOVED_TO)),
            "status": plan.fate if plan.fate in {"won", "lost"} else "open",
            "is_archived": False,
            "is_deleted": False,
            "probability": self._probability(plan),
            "lost_reason": None,
            "visible_to": 3,
            "close_time": None,
            "won_time": None,
            "lost_time": None,
            "local_won_date": None,
            "local_lost_date": None,
            "local_close_date": None,
            "expected_close_date": self._expected_close_date(plan),
            "label_ids": [rng.choice(LABELS["deal"])[0]] if chance(rng, 0.4) else [],
            **self._origin(),
            "acv": None,
            "arr": None,
            "mrr": None,
            "custom_fields": self._values.draw(),
        } | self._ending(plan)

    def _contact(self, plan: Plan) -> tuple[int | None, int | None]:
        anyone = self._rng.randrange(1, self._people.organizations + 1)
        if plan.contact == "none":
            return None, None if chance(self._rng, 0.2) else anyone
        person = self._rng.choice(self._people.deleted if plan.contact == "deleted" else self._people.live)
        return person["id"], person["org_id"] if chance(self._rng, 0.9) else anyone

    def _value(self) -> float:
        if chance(self._rng, 0.04):
            return 0
        amount = int(self._rng.lognormvariate(8.8, 1.0))
        return amount + 0.5 if chance(self._rng, 0.06) else amount // 50 * 50

    def _updated_ago(self, plan: Plan) -> int:
        latest = min([plan.idle_days, *(event.ago for event in plan.past)])
        if plan.fate != "open":
            return min(latest, plan.closed_ago)
        return latest if chance(self._rng, 0.6) else self._rng.randrange(1, latest + 1)

    def _probability(self, plan: Plan) -> int | None:
        is_shown = plan.stage.pipeline_id == 1 and chance(self._rng, 0.5)
        return min(plan.stage.probability + 5 * self._rng.randrange(-1, 2), 100) if is_shown else None

    def _expected_close_date(self, plan: Plan) -> str | None:
        if plan.is_close_blanked:
            return "0000-00-00"
        return None if plan.close_in is None else self._calendar.day(plan.close_in)

    def _origin(self) -> Record:
        from_fair, from_lead = chance(self._rng, 0.05), chance(self._rng, 0.05)
        return {
            "origin": "API" if from_fair else "ManuallyCreated",
            "origin_id": None,
            "channel": 52 if from_fair else None,
            "channel_id": "Autumn fair" if from_fair else None,
            "source_lead_id": str(UUID(int=self._rng.getrandbits(128), version=4)) if from_lead else None,
        }

    def _ending(self, plan: Plan) -> Record:
        day = self._calendar.day(-plan.closed_ago)
        time = self._calendar.instant(-plan.closed_ago, _MOVED_TO - 1)
        if plan.fate == "won":
            return {"won_time": time, "close_time": time, "local_won_date": day, "local_close_date": day}
        if plan.fate == "lost":
            reason = self._rng.choice(LOST_REASONS)
            closed = {"lost_time": time, "close_time": time, "local_lost_date": day, "local_close_date": day}
            return {"lost_reason": reason, **closed}
        if plan.fate == "archived":
            return {"is_archived": True, "archive_time": time}
        return {"is_deleted": True} if plan.fate == "deleted" else {}
