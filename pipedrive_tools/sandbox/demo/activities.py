"""Activity records: what was done and what is due, for deals from their plans, for leads and the rest drawn."""

from random import Random

from pipedrive_tools.sandbox.demo.calendar import Calendar, clock
from pipedrive_tools.sandbox.demo.drawing import chance
from pipedrive_tools.sandbox.demo.plans import Direction, Past
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.users import USER_IDS
from pipedrive_tools.sandbox.demo.words import PRODUCTS, SUBJECTS

_TYPES: dict[Direction, tuple[str, ...]] = {
    "incoming": ("incoming_email", "incoming_call"),
    "outgoing": ("call", "call", "email", "email", "meeting", "lunch"),
    "neither": ("task", "task", "deadline"),
}
_DUE_TYPES = ("call", "call", "email", "meeting", "task", "deadline")
PRIORITIES = ((31, "Low"), (32, "Medium"), (33, "High"))


class Activities:
    """Writes activities and numbers them in the order they were written."""

    def __init__(self, rng: Random, calendar: Calendar) -> None:
        self.records: list[Record] = []
        self._rng = rng
        self._calendar = calendar

    def done(self, link: Record, past: Past) -> None:
        """Write one done activity; `link` says what it is about."""
        due_in = -past.ago if past.due_in is None else past.due_in
        second = past.hour * 3600 + self._rng.randrange(3600)
        time = self._calendar.instant(-past.ago, second)
        activity = self._write(self._rng.choice(_TYPES[past.direction]), link, due_in)
        activity |= {
            "done": True,
            "update_time": time,
            "marked_as_done_time": time if past.is_marked else None,
        }
        earlier = min(-past.ago, due_in) - self._rng.randrange(8)
        activity["add_time"] = self._calendar.instant(earlier, self._rng.randrange(18000, 21600))

    def due(self, link: Record, due_in: int | None, *, is_deleted: bool = False) -> int:
        """Write one activity that is not done, give its number."""
        activity = self._write(self._rng.choice(_DUE_TYPES), link, due_in)
        activity["is_deleted"] = is_deleted
        return len(self.records)

    def _write(self, type_name: str, link: Record, due_in: int | None) -> Record:
        rng, calendar = self._rng, self._calendar
        has_time = due_in is not None and (type_name == "meeting" or chance(rng, 0.4))
        added = min(due_in or 0, 0) - rng.randrange(1, 15)
        time = calendar.instant(added, rng.randrange(25000, 60000))
        person_id = link.get("person_id")
        activity: Record = {
            "id": len(self.records) + 1,
            "subject": rng.choice(SUBJECTS[type_name]).format(rng.choice(PRODUCTS)),
            "type": type_name,
            "owner_id": link["owner_id"],
            "creator_user_id": link["owner_id"] if chance(rng, 0.8) else USER_IDS[0],
            "is_deleted": False,
            "add_time": time,
            "update_time": time,
            "deal_id": link.get("deal_id"),
            "lead_id": link.get("lead_id"),
            "person_id": person_id,
            "org_id": link.get("org_id"),
            "project_id": None,
            "due_date": None if due_in is None else calendar.day(due_in),
            "due_time": clock(rng.randrange(14, 34) * 1800) if has_time else None,
            "duration": "01:00:00" if has_time and chance(rng, 0.5) else None,
            "busy": type_name == "meeting",
            "done": False,
            "marked_as_done_time": None,
            "location": None,
            "participants": [] if person_id is None else [{"person_id": person_id, "primary": True}],
            "attendees": [],
            "conference_meeting_client": None,
            "conference_meeting_url": None,
            "conference_meeting_id": None,
            "public_description": None,
            "priority": rng.choice(PRIORITIES)[0] if chance(rng, 0.2) else None,
            "note": "<p>See the last note of the deal.</p>" if chance(rng, 0.1) else None,
        }
        self.records.append(activity)
        return activity
