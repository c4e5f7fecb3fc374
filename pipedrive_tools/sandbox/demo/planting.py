"""Puts hostile texts into finished records: every place now and then, every text somewhere, all of it noted."""

from collections.abc import Callable
from random import Random

from pipedrive_tools.sandbox.demo.custom import fields_of
from pipedrive_tools.sandbox.demo.hostile import HOSTILE_TEXTS, HostileText, Place, Planted
from pipedrive_tools.sandbox.demo.record import Record

_PLACES_FAR_APART = 7  # shares no divisor with the number of texts


class Planter:
    """Plants texts in turn, in a share of the records; each place begins at another text."""

    def __init__(self, rng: Random, share: float) -> None:
        self.planted: list[Planted] = []
        self._rng = rng
        self._share = share
        self._next = 0

    def contacts(self, organizations: list[Record], persons: list[Record]) -> None:
        """Plant in organizations and persons."""
        self._plant("organizations", organizations, "organization_name", _setter("name"))
        self._plant("organizations", organizations, "organization_address", _set_address)
        self._plant("persons", persons, "person_name", _set_person_name)
        self._plant("persons", persons, "job_title", _setter("job_title"))

    def deals(self, deals: list[Record]) -> None:
        """Plant in deals; a reason for losing only where a deal was lost."""
        self._plant("deals", deals, "deal_title", _setter("title"))
        self._plant("deals", deals, "custom_text", _set_custom_text)
        lost = [deal for deal in deals if deal["status"] == "lost"]
        self._plant("deals", lost, "lost_reason", _setter("lost_reason"))

    def activities(self, activities: list[Record]) -> None:
        """Plant in activities."""
        self._plant("activities", activities, "activity_subject", _setter("subject"))
        self._plant("activities", activities, "activity_note", _setter("note"))
        self._plant("activities", activities, "activity_location", _set_location)

    def leads(self, leads: list[Record]) -> None:
        """Plant in leads."""
        self._plant("leads", leads, "lead_title", _setter("title"))

    def notes(self, notes: list[Record]) -> None:
        """Plant behind what a note says, so that its direction stays what it was; notes are where it is likeliest."""
        self._plant("notes", notes, "note_content", _append_content, times=3)

    def options(self, kind: str, fields: list[Record]) -> None:
        """Plant in the last option of the first field whose options are the account's own."""
        if self._share:
            field = next(field for field in fields if field["is_custom_field"] and field["options"])
            hostile = self._turn()
            field["options"][-1]["label"] = hostile.text
            self.planted.append(Planted(hostile, kind, field["field_code"], "option_label"))

    def _turn(self) -> HostileText:
        self._next += 1
        return HOSTILE_TEXTS[self._next % len(HOSTILE_TEXTS)]

    def _plant(
        self,
        kind: str,
        records: list[Record],
        place: Place,
        put: Callable[[Record, str], None],
        times: int = 1,
    ) -> None:
        if not self._share:
            return
        count = min(len(records), max(1, round(len(records) * self._share * times)))
        self._next += _PLACES_FAR_APART
        for record in self._rng.sample(records, count):
            hostile = self._turn()
            put(record, hostile.text)
            self.planted.append(Planted(hostile, kind, record["id"], place))


def _setter(key: str) -> Callable[[Record, str], None]:
    def put(record: Record, text: str) -> None:
        record[key] = text

    return put


def _set_person_name(person: Record, text: str) -> None:
    person |= {"name": f"{person['first_name']} {text}", "last_name": text}


def _address_of(text: str) -> Record:
    parts = ("country", "admin_area_level_1", "admin_area_level_2", "locality", "sublocality", "route")
    return {"value": text, **dict.fromkeys((*parts, "street_number", "subpremise", "postal_code"))}


def _set_address(organization: Record, text: str) -> None:
    organization["address"] = _address_of(text)


def _set_location(activity: Record, text: str) -> None:
    activity["location"] = _address_of(text)


_TEXT_KEY = next(field.key for field in fields_of("deal") if field.kind == "text")


def _set_custom_text(deal: Record, text: str) -> None:
    deal["custom_fields"][_TEXT_KEY] = text


def _append_content(note: Record, text: str) -> None:
    note["content"] += f"<p>{text}</p>"
