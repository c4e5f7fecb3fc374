"""Values that the server works out from other records: counts, next and last activity, and the like."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.world import World

LINK = MappingProxyType(
    {"deals": "deal_id", "persons": "person_id", "organizations": "org_id", "leads": "lead_id"}
)
"""The field by which activities and notes point at a record of a resource."""

NO_DAY = "9999-12-31"
NO_TIME = "24:00"

DEAL_EXTRAS = (
    "next_activity_id",
    "last_activity_id",
    "first_won_time",
    "products_count",
    "files_count",
    "notes_count",
    "followers_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "participants_count",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
    "smart_bcc_email",
    "source_lead_id",
)

_CONTACT_EXTRAS = (
    "next_activity_id",
    "last_activity_id",
    "open_deals_count",
    "related_open_deals_count",
    "closed_deals_count",
    "related_closed_deals_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "files_count",
    "notes_count",
    "followers_count",
    "won_deals_count",
    "related_won_deals_count",
    "lost_deals_count",
    "related_lost_deals_count",
    "smart_bcc_email",
)

CAMPAIGN_EXTRAS = frozenset({"marketing_status", "doi_status"})

PERSON_EXTRAS = (
    *_CONTACT_EXTRAS,
    "participant_open_deals_count",
    "participant_closed_deals_count",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
    *sorted(CAMPAIGN_EXTRAS),
)
ORGANIZATION_EXTRAS = (*_CONTACT_EXTRAS, "people_count")

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deals": DEAL_EXTRAS,
        "persons": PERSON_EXTRAS,
        "organizations": ORGANIZATION_EXTRAS,
        "activities": ("attendees",),
    }
)
"""What `include_fields` can ask for, by resource."""


def activities_of(world: World, resource: str, key: Any) -> list[Record]:
    """The activities linked to a record, deleted ones left out."""
    linked = world.store.linked("activities", LINK[resource], key)
    return [each for each in linked if not each["is_deleted"]]


def next_activity_id(activities: Iterable[Record]) -> int | None:
    """The open activity that is due first."""
    return min((_due(each) for each in activities if not each["done"]), default=("", "", None))[2]


def _due(activity: Record) -> tuple[str, str, Any]:
    return activity["due_date"] or NO_DAY, activity["due_time"] or NO_TIME, activity["id"]


def _last_activity_id(activities: Iterable[Record]) -> int | None:
    return max((_due(each) for each in activities if each["done"]), default=("", "", None))[2]


def _activity_value(world: World, resource: str, name: str, key: Any) -> Any:
    activities = activities_of(world, resource, key)
    if name == "next_activity_id":
        return next_activity_id(activities)
    if name == "last_activity_id":
        return _last_activity_id(activities)
    done = sum(1 for each in activities if each["done"])
    counts = {"activities_count": len(activities), "done_activities_count": done}
    return counts.get(name, len(activities) - done)


def _deals_count(world: World, resource: str, name: str, key: Any) -> int:
    wanted = name.removesuffix("_deals_count")
    states = {"won", "lost"} if wanted == "closed" else {wanted}
    linked = world.store.linked("deals", LINK[resource], key)
    return sum(1 for each in linked if each["status"] in states and not each["is_deleted"])


def _notes_count(world: World, resource: str, key: Any) -> int:
    linked = world.store.linked("notes", LINK[resource], key)
    return sum(1 for each in linked if each["active_flag"])


_OWN: Mapping[str, Callable[[World, Record], Any]] = MappingProxyType(
    {
        "first_won_time": lambda _, record: record.get("won_time"),
        "source_lead_id": lambda _, record: record.get("source_lead_id"),
        "participants_count": lambda _, record: 1 if record.get("person_id") else 0,
        "people_count": lambda world, record: sum(
            1 for each in world.store.linked("persons", "org_id", record["id"]) if not each["is_deleted"]
        ),
        "last_incoming_mail_time": lambda _, __: None,
        "last_outgoing_mail_time": lambda _, __: None,
    }
)


def derived(world: World, resource: str, name: str, record: Record) -> Any:
    """One value that only `include_fields` brings."""
    key = record["id"]
    if name in _OWN:
        return _OWN[name](world, record)
    if name == "smart_bcc_email":
        return f"sandbox+{resource.removesuffix('s')}{key}@pipedrivemail.com"
    if name == "notes_count":
        return _notes_count(world, resource, key)
    if name.endswith(("_activity_id", "activities_count")):
        return _activity_value(world, resource, name, key)
    if name.endswith("_deals_count") and not name.startswith(("related_", "participant_")):
        return _deals_count(world, resource, name, key)
    return 0
