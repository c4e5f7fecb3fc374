"""What may be written: one table of fields per resource and call. Independent of the toolkit's own models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipedrive_tools.sandbox.checks import (
    Check,
    boolean,
    choice,
    clock_time,
    day,
    day_or_blank,
    existing,
    flag,
    integer,
    listed,
    moment,
    nullable,
    number,
    percent,
    plain_moment,
    structure,
    text,
    uuid,
)
from pipedrive_tools.sandbox.contacts import ADDRESS, CONTACTS
from pipedrive_tools.sandbox.money import currency
from pipedrive_tools.sandbox.rights import label_ids, visible_to

USER = existing("users", "user")
PERSON = existing("persons", "person")
ORGANIZATION = existing("organizations", "organization")
DEAL = existing("deals", "deal")
LEAD = existing("leads", "lead", uuid)
NAME = text(255, 1)


@dataclass(frozen=True)
class Form:
    """The keys of one body, and what each must hold."""

    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    """Keys that the API reference lists and the service refuses."""

    def only(self, *dropped: str) -> "Form":
        """The form of an update: nothing is required, and these keys are not taken."""
        kept = {name: check for name, check in self.fields.items() if name not in dropped}
        return Form(MappingProxyType(kept), read_only=self.read_only)

    def also(self, fields: Iterable[tuple[str, Check]]) -> "Form":
        """This form with further keys."""
        return Form(MappingProxyType({**self.fields, **dict(fields)}), self.required, self.read_only)


NEW_DEAL = Form(
    MappingProxyType(
        {
            "title": NAME,
            "owner_id": USER,
            "person_id": PERSON,
            "org_id": ORGANIZATION,
            "pipeline_id": existing("pipelines", "pipeline"),
            "stage_id": existing("stages", "stage"),
            "value": number,
            "currency": currency,
            "is_deleted": boolean,
            "is_archived": boolean,
            "archive_time": plain_moment,
            "status": choice("open", "won", "lost"),
            "probability": nullable(percent),
            "lost_reason": nullable(text(255)),
            "visible_to": visible_to,
            "close_time": nullable(moment),
            "won_time": moment,
            "lost_time": moment,
            "expected_close_date": day_or_blank,
            "label_ids": label_ids("deals"),
            "channel": nullable(integer),
            "channel_id": nullable(text(255)),
            "origin_id": nullable(text(255)),
        }
    ),
    required=("title",),
)

CHANGED_DEAL = NEW_DEAL.only("origin_id")

NEW_PERSON = Form(
    MappingProxyType(
        {
            "name": NAME,
            "first_name": text(255),
            "last_name": text(255),
            "owner_id": USER,
            "org_id": ORGANIZATION,
            "add_time": moment,
            "emails": CONTACTS,
            "phones": CONTACTS,
            "visible_to": visible_to,
            "label_ids": label_ids("persons"),
            "postal_address": ADDRESS,
            "notes": text(10_000),
            "im": CONTACTS,
            "birthday": day,
            "job_title": text(255),
            "marketing_status": choice("no_consent", "unsubscribed", "subscribed", "archived"),
        }
    )
)

CHANGED_PERSON = NEW_PERSON.only("add_time")

NEW_ORGANIZATION = Form(
    MappingProxyType(
        {
            "name": NAME,
            "owner_id": USER,
            "add_time": moment,
            "visible_to": visible_to,
            "label_ids": label_ids("organizations"),
            "address": ADDRESS,
            "website": nullable(text(255)),
            "linkedin": nullable(text(255)),
            "industry": nullable(integer),
            "annual_revenue": nullable(integer),
            "employee_count": nullable(integer),
        }
    ),
    required=("name",),
)

CHANGED_ORGANIZATION = NEW_ORGANIZATION.only("add_time")

NEW_ACTIVITY = Form(
    MappingProxyType(
        {
            "subject": text(255),
            "type": text(64, 1),
            "owner_id": USER,
            "deal_id": DEAL,
            "lead_id": LEAD,
            "org_id": ORGANIZATION,
            "project_id": integer,
            "due_date": day,
            "due_time": clock_time,
            "duration": clock_time,
            "busy": boolean,
            "done": boolean,
            "location": ADDRESS,
            "participants": listed(
                structure({"person_id": PERSON, "primary": boolean}, required=("person_id",))
            ),
            "attendees": listed(
                structure(
                    {
                        "email": text(255, 1),
                        "name": text(255),
                        "status": text(64),
                        "is_organizer": boolean,
                        "person_id": PERSON,
                        "user_id": USER,
                    },
                    required=("email",),
                )
            ),
            "public_description": text(),
            "priority": integer,
            "outcome": nullable(integer),
            "note": text(100_000),
        }
    ),
    required=("subject", "type"),
    read_only=("person_id",),
)

CHANGED_ACTIVITY = NEW_ACTIVITY.only()

LEAD_VALUE = nullable(structure({"amount": number, "currency": currency}, required=("amount", "currency")))

NEW_LEAD = Form(
    MappingProxyType(
        {
            "title": NAME,
            "owner_id": USER,
            "label_ids": listed(existing("lead_labels", "label", uuid)),
            "person_id": PERSON,
            "organization_id": ORGANIZATION,
            "value": LEAD_VALUE,
            "expected_close_date": day,
            "visible_to": choice("1", "3", "5", "7"),
            "was_seen": boolean,
            "origin_id": nullable(text(255)),
            "channel": nullable(integer),
            "channel_id": nullable(text(255)),
        }
    ),
    required=("title",),
)

CHANGED_LEAD = NEW_LEAD.only("origin_id").also(
    (
        ("title", nullable(NAME)),
        ("person_id", nullable(PERSON)),
        ("organization_id", nullable(ORGANIZATION)),
        ("expected_close_date", nullable(day)),
        ("is_archived", boolean),
    )
)

NEW_NOTE = Form(
    MappingProxyType(
        {
            "content": text(100_000, 1),
            "lead_id": LEAD,
            "deal_id": DEAL,
            "person_id": PERSON,
            "org_id": ORGANIZATION,
            "project_id": integer,
            "task_id": integer,
            "user_id": USER,
            "add_time": plain_moment,
            "pinned_to_lead_flag": flag,
            "pinned_to_deal_flag": flag,
            "pinned_to_organization_flag": flag,
            "pinned_to_person_flag": flag,
            "pinned_to_project_flag": flag,
            "pinned_to_task_flag": flag,
        }
    ),
    required=("content",),
)

CHANGED_NOTE = NEW_NOTE.only()

CONVERSION = Form(
    MappingProxyType(
        {"stage_id": existing("stages", "stage"), "pipeline_id": existing("pipelines", "pipeline")}
    )
)
