"""Note records in the v1 shape: HTML of the kind sellers paste, short and long, written in both directions."""

from dataclasses import dataclass
from random import Random

from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.drawing import chance
from pipedrive_tools.sandbox.demo.plans import Past
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.users import USER_IDS
from pipedrive_tools.sandbox.demo.words import ITEMS, SENTENCES

_OPENINGS = {
    "incoming": "<p><b>Incoming:</b> {}</p>",
    "outgoing": "<p><b>Outgoing:</b> {}</p>",
    "neither": "<p>{}</p>",
}


@dataclass(frozen=True, slots=True)
class Names:
    """The titles and names that a note's answer repeats beside the ids."""

    users: dict[int, Record]
    deals: dict[int, str]
    persons: dict[int, str]
    organizations: dict[int, str]


class Notes:
    """Writes notes and numbers them in the order they were written."""

    def __init__(self, rng: Random, calendar: Calendar, names: Names) -> None:
        self.records: list[Record] = []
        self._rng = rng
        self._calendar = calendar
        self._names = names

    def write(self, link: Record, past: Past) -> None:
        """Write one note about what `link` names."""
        rng = self._rng
        author = link["owner_id"] if chance(rng, 0.8) else rng.choice(USER_IDS)
        time = self._calendar.plain(-past.ago, past.hour * 3600 + rng.randrange(3600))
        user = self._names.users[author]
        deal_id, person_id, org_id = link.get("deal_id"), link.get("person_id"), link.get("org_id")
        self.records.append(
            {
                "id": len(self.records) + 1,
                "active_flag": True,
                "add_time": time,
                "content": self._content(past),
                "deal": None if deal_id is None else {"title": self._names.deals[deal_id]},
                "lead_id": link.get("lead_id"),
                "deal_id": deal_id,
                "last_update_user_id": None,
                "org_id": org_id,
                "organization": None if org_id is None else {"name": self._names.organizations[org_id]},
                "person": None if person_id is None else {"name": self._names.persons[person_id]},
                "person_id": person_id,
                "project_id": None,
                "project": None,
                "task_id": None,
                "task": None,
                "pinned_to_lead_flag": False,
                "pinned_to_deal_flag": deal_id is not None and chance(rng, 0.05),
                "pinned_to_organization_flag": False,
                "pinned_to_person_flag": False,
                "pinned_to_project_flag": False,
                "pinned_to_task_flag": False,
                "update_time": time,
                "user": {
                    "email": user["email"],
                    "icon_url": user["icon_url"],
                    "is_you": user["is_you"],
                    "name": user["name"],
                },
                "user_id": author,
            }
        )

    def _content(self, past: Past) -> str:
        rng = self._rng
        paragraphs = [_OPENINGS[past.direction].format(rng.choice(SENTENCES))]
        count = rng.randrange(60, 120) if chance(rng, _LONG_SHARE) else rng.randrange(3)
        paragraphs += [f"<p>{rng.choice(SENTENCES)}</p>" for _ in range(count)]
        if chance(rng, 0.3):
            paragraphs.append("<ul>" + "".join(f"<li>{item}</li>" for item in rng.sample(ITEMS, 3)) + "</ul>")
        return "".join(paragraphs)


_LONG_SHARE = 0.01
