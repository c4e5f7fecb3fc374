"""Field definitions as the API lists them: the built-in fields in short tables, the account's own behind them."""

from pipedrive_tools.sandbox.demo.account import PIPELINE_NAMES, STAGES
from pipedrive_tools.sandbox.demo.activities import PRIORITIES
from pipedrive_tools.sandbox.demo.addresses import ADDRESS_PARTS
from pipedrive_tools.sandbox.demo.custom import CustomField, Entity, fields_of
from pipedrive_tools.sandbox.demo.labels import LABELS
from pipedrive_tools.sandbox.demo.record import Record

# code, name, type; a type with a star is answered only where include_fields asks for it.
_COMMON = """
id|ID|int
owner_id|Owner|user
add_time|Created|date
update_time|Updated|date
visible_to|Visible to|visible_to
label_ids|Labels|set
next_activity_id|Next activity|activity*
last_activity_id|Last activity|activity*
activities_count|Activities|int*
done_activities_count|Done activities|int*
undone_activities_count|Activities to do|int*
files_count|Files|int*
notes_count|Notes|int*
followers_count|Followers|int*
email_messages_count|E-mails|int*
smart_bcc_email|Smart BCC address|varchar*
"""
_BUILT_IN: dict[Entity, str] = {
    "deal": """
title|Title|varchar
creator_user_id|Creator|user
value|Value|monetary
person_id|Contact person|people
org_id|Organization|org
pipeline_id|Pipeline|enum
stage_id|Stage|stage
status|Status|status
probability|Probability|int
expected_close_date|Expected close date|date
stage_change_time|Last stage change|date
close_time|Closed|date
won_time|Won|date
lost_time|Lost|date
lost_reason|Reason for losing|varchar_options
is_archived|Archived|boolean
archive_time|Archived on|date
origin|Source origin|varchar
origin_id|Source origin ID|varchar
channel|Source channel|enum
channel_id|Source channel ID|varchar
source_lead_id|Source lead|lead*
first_won_time|First won|date*
products_count|Products|int*
participants_count|Participants|int*
last_incoming_mail_time|Last e-mail received|date*
last_outgoing_mail_time|Last e-mail sent|date*
""",
    "person": """
name|Name|varchar
first_name|First name|varchar
last_name|Last name|varchar
org_id|Organization|org
emails|E-mail|varchar
phones|Phone|phone
picture_id|Picture|picture
job_title|Job title|varchar
birthday|Birthday|date
notes|Contact notes|text
im|Messengers|varchar
postal_address|Postal address|address
marketing_status|Marketing status|enum*
open_deals_count|Open deals|int*
closed_deals_count|Closed deals|int*
last_incoming_mail_time|Last e-mail received|date*
last_outgoing_mail_time|Last e-mail sent|date*
""",
    "organization": """
name|Name|varchar
address|Address|address
website|Website|varchar
linkedin|LinkedIn profile|varchar
industry|Industry|enum
annual_revenue|Annual revenue|int
employee_count|Number of employees|int
people_count|People|int*
open_deals_count|Open deals|int*
closed_deals_count|Closed deals|int*
""",
}
_ACTIVITY = """
id|ID|int
subject|Subject|varchar
type|Type|varchar
owner_id|Assigned to|user
creator_user_id|Creator|user
due_date|Due date|date
due_time|Due time|time
duration|Duration|time
busy|Busy|boolean
done|Done|boolean
marked_as_done_time|Marked as done|date
deal_id|Deal|deal
lead_id|Lead|lead
person_id|Contact person|people
org_id|Organization|org
project_id|Project|project
participants|Participants|json
location|Location|address
public_description|Public description|text
note|Note|text
priority|Priority|enum
add_time|Created|date
update_time|Updated|date
attendees|Guests|json*
"""


def field_records(entity: Entity) -> list[Record]:
    """Give the fields of deals, persons or organizations as v2 lists them."""
    built_in = [_built_in(entity, line) for line in _lines(_BUILT_IN[entity] + _COMMON)]
    return [*built_in, *(_custom(field) for field in fields_of(entity))]


def activity_field_records() -> list[Record]:
    """Give the fields of activities as v2 lists them; an account has none of its own there."""
    return [_built_in("activity", line) for line in _lines(_ACTIVITY)]


def _lines(table: str) -> list[list[str]]:
    return [line.split("|") for line in table.split("\n") if line]


def _built_in(entity: str, line: list[str]) -> Record:
    code, name, kind = line
    field_type = kind.rstrip("*")
    record = _field(code, name, field_type, _built_in_options(entity, code))
    return record | {"is_custom_field": False, "is_optional_response_field": kind != field_type}


def _custom(field: CustomField) -> Record:
    options = [{"id": number, "label": label, "color": None} for number, label in field.options] or None
    record = _field(field.key, field.name, field.kind, options)
    return record | {"is_custom_field": True, "is_optional_response_field": False}


def _field(code: str, name: str, field_type: str, options: list[Record] | None) -> Record:
    subfields = [
        {"field_code": part, "field_name": f"{part} of {name}", "field_type": part_type}
        for part, part_type in _PARTS.get(field_type, ())
    ]
    return {
        "field_name": name,
        "field_code": code,
        "description": "",
        "field_type": field_type,
        "options": options,
        "subfields": subfields or None,
    }


_PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "monetary": (("value", "double"), ("currency", "varchar")),
    "daterange": (("value", "date"), ("until", "date")),
    "time": (("value", "varchar"), ("timezone_name", "varchar")),
    "timerange": (("value", "varchar"), ("until", "varchar"), ("timezone_name", "varchar")),
    "address": tuple((part, "varchar") for part in ("value", *ADDRESS_PARTS)),
}


def _built_in_options(entity: str, code: str) -> list[Record] | None:
    """Give what can be chosen: ids are strings, but integers where records hold integers (labels, priority)."""
    if code == "label_ids" and entity in LABELS:
        return [{"id": number, "label": label, "color": color} for number, label, color in LABELS[entity]]
    return [{"id": number, "label": label} for number, label in _OPTIONS.get(code, ())] or None


_OPTIONS: dict[str, tuple[tuple[int | str, str], ...]] = {
    "visible_to": (("1", "Owner and followers"), ("3", "Everybody")),
    "status": tuple((status, status.title()) for status in ("open", "won", "lost", "deleted")),
    "pipeline_id": tuple((str(number), name) for number, name in enumerate(PIPELINE_NAMES, start=1)),
    "stage_id": tuple((str(stage.id), stage.name) for stage in STAGES),
    "industry": ((1, "Manufacturing"), (2, "Retail"), (3, "Health"), (4, "Transport"), (5, "Services")),
    "marketing_status": tuple(
        (state, state) for state in ("no_consent", "unsubscribed", "subscribed", "archived")
    ),
    "priority": PRIORITIES,
}
