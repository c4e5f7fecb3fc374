"""The way in: an account as it is on its first day, filled where deals are asked for."""

from datetime import date

from pipedrive_tools.sandbox.demo import account
from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.contents import Demo
from pipedrive_tools.sandbox.demo.definitions import activity_field_records, field_records
from pipedrive_tools.sandbox.demo.filling import Filling
from pipedrive_tools.sandbox.demo.lead_definitions import lead_field_records
from pipedrive_tools.sandbox.demo.sizes import Sizes
from pipedrive_tools.sandbox.demo.users import user_records

HOSTILE_SHARE = 0.015
"""How many records of a kind carry a hostile text."""


def generate(*, today: date, deals: int = 400, seed: int = 1, hostile_share: float = HOSTILE_SHARE) -> Demo:
    """Make the demo for a day: `deals` open deals, about a fifth as many closed ones, and all that goes with them.

    The same arguments give the same records, byte for byte. Without deals it is an account on its first day: users,
    pipelines, fields, types and labels.

    `hostile_share` of the records carry a hostile text in each place that can; with 0 there is none, and every other
    record and the truth stay as they are, so that a run on clean data can be laid beside.
    """
    demo = _base(Calendar(today))
    if deals:
        Filling(demo, Sizes(deals), seed=seed, hostile_share=hostile_share).fill()
    return demo


def _base(calendar: Calendar) -> Demo:
    deal_fields = field_records("deal")
    return Demo(
        today=calendar.today,
        users=user_records(calendar),
        pipelines=account.pipeline_records(calendar),
        stages=account.stage_records(calendar),
        deal_fields=deal_fields,
        person_fields=field_records("person"),
        organization_fields=field_records("organization"),
        activity_fields=activity_field_records(),
        lead_fields=lead_field_records(calendar, deal_fields),
        activity_types=account.activity_type_records(calendar),
        lead_labels=account.lead_label_records(calendar),
    )
