"""Organizations and persons, some of them deleted, and who works where."""

from random import Random

from pipedrive_tools.sandbox.demo.addresses import address
from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.custom import CustomValues
from pipedrive_tools.sandbox.demo.drawing import chance
from pipedrive_tools.sandbox.demo.labels import LABELS
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.sizes import Sizes
from pipedrive_tools.sandbox.demo.users import USER_IDS
from pipedrive_tools.sandbox.demo.words import (
    COMPANY_FORMS,
    COMPANY_STEMS,
    COMPANY_TRADES,
    FIRST_NAMES,
    JOB_TITLES,
    LAST_NAMES,
    OTHER_NAMES,
)

_DELETED_EVERY = 25
_FIRST_DELETED = 2  # so that two persons are enough for one deleted
_DOMAINS = ("example.com", "example.org", "example.net")


def organization_records(rng: Random, calendar: Calendar, sizes: Sizes) -> list[Record]:
    """Draw the organizations; about one in twenty-five is deleted."""
    values = CustomValues(
        "organization", rng, calendar, persons=sizes.persons, organizations=sizes.organizations
    )
    return [_organization(rng, calendar, values, number) for number in range(1, sizes.organizations + 1)]


def _organization(rng: Random, calendar: Calendar, values: CustomValues, number: int) -> Record:
    stem = rng.choice(COMPANY_STEMS)
    added = -rng.randrange(560, 880)
    is_deleted = number % _DELETED_EVERY == 0
    has_profile = chance(rng, 0.6)
    return {
        "id": number,
        "name": f"{stem} {rng.choice(COMPANY_TRADES)} {rng.choice(COMPANY_FORMS)}",
        "owner_id": rng.choice(USER_IDS),
        "add_time": calendar.instant(added, rng.randrange(25000, 60000)),
        "update_time": calendar.instant(
            -rng.randrange(1, 28 if is_deleted else 500), rng.randrange(25000, 60000)
        ),
        "is_deleted": is_deleted,
        "visible_to": 3,
        "address": address(rng) if chance(rng, 0.8) else None,
        "label_ids": [rng.choice(LABELS["organization"])[0]] if chance(rng, 0.3) else [],
        "website": f"https://{stem.lower()}.example" if has_profile else None,
        "linkedin": f"https://social.example/{stem.lower()}-{number}" if has_profile else None,
        "industry": rng.randrange(1, 6) if has_profile else None,
        "annual_revenue": rng.randrange(1, 400) * 50000 if has_profile else None,
        "employee_count": rng.randrange(2, 900) if has_profile else None,
        "custom_fields": values.draw(),
    }


def person_records(rng: Random, calendar: Calendar, sizes: Sizes) -> list[Record]:
    """Draw the persons, spread over the organizations; the second and every twenty-fifth after it is deleted."""
    values = CustomValues("person", rng, calendar, persons=sizes.persons, organizations=sizes.organizations)
    return [
        _person(rng, calendar, values, number, sizes.organizations) for number in range(1, sizes.persons + 1)
    ]


def _person(rng: Random, calendar: Calendar, values: CustomValues, number: int, organizations: int) -> Record:
    is_other = chance(rng, 0.03)
    first, last = rng.choice(OTHER_NAMES) if is_other else (rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES))
    is_deleted = number % _DELETED_EVERY == _FIRST_DELETED
    mailbox = f"contact{number}" if is_other else f"{first}.{last}".lower()
    has_synced = chance(rng, 0.15)
    return {
        "id": number,
        "name": f"{first} {last}",
        "first_name": first,
        "last_name": last,
        "owner_id": rng.choice(USER_IDS),
        "org_id": (number - 1) % organizations + 1 if chance(rng, 0.9) else None,
        "add_time": calendar.instant(-rng.randrange(541, 880), rng.randrange(25000, 60000)),
        "update_time": calendar.instant(
            -rng.randrange(1, 28 if is_deleted else 500), rng.randrange(25000, 60000)
        ),
        "emails": _emails(rng, mailbox, number),
        "phones": _phones(rng),
        "is_deleted": is_deleted,
        "visible_to": 3,
        "label_ids": [rng.choice(LABELS["person"])[0]] if chance(rng, 0.3) else [],
        "picture_id": None,
        "postal_address": address(rng) if has_synced else None,
        "notes": "Met at the spring fair." if has_synced else None,
        "im": [{"value": mailbox, "primary": True, "label": "other"}] if has_synced else [],
        "birthday": _birthday(rng) if has_synced else None,
        "job_title": rng.choice(JOB_TITLES) if chance(rng, 0.5) else None,
        "custom_fields": values.draw(),
    }


def _emails(rng: Random, mailbox: str, number: int) -> list[Record]:
    if chance(rng, 0.05):
        return []
    work: Record = {"value": f"{mailbox}@{_DOMAINS[number % 3]}", "primary": True, "label": "work"}
    if chance(rng, 0.9):
        return [work]
    return [work, {"value": f"{mailbox}@home.example", "primary": False, "label": "home"}]


def _phones(rng: Random) -> list[Record]:
    if chance(rng, 0.2):
        return []
    number = (
        f"+44 20 7946 0{rng.randrange(1000):03}"
        if chance(rng, 0.6)
        else f"+1 212-555-01{rng.randrange(100):02}"
    )
    return [{"value": number, "primary": True, "label": "mobile" if chance(rng, 0.4) else "work"}]


def _birthday(rng: Random) -> str:
    return f"{rng.randrange(1960, 2000)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
