"""What an account has before the first deal: users, pipelines, stages, activity types and lead labels.

It is the same for every seed; only the dates move with the given day.
"""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.record import Record

_FOUNDED = -900  # days before today


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as the plans see it. `rots_after_days` is None where rotting is off, whatever number is left."""

    id: int
    pipeline_id: int
    name: str
    probability: int
    rots_after_days: int | None
    days_to_rotten: int | None


_PIPELINES: tuple[tuple[str, tuple[tuple[str, int, bool, int | None], ...]], ...] = (
    (
        "New business",
        (
            ("Qualified", 10, True, 7),
            ("Contact made", 20, True, 10),
            ("Demo scheduled", 40, True, 14),
            ("Proposal made", 60, True, 14),
            ("Negotiation", 80, True, 21),
        ),
    ),
    (
        "Renewals",
        (
            ("Renewal due", 50, True, 30),
            ("Usage review", 60, True, 21),
            ("Offer sent", 70, True, 14),
            ("Verbal yes", 90, True, 10),
            ("Paperwork", 95, False, None),
        ),
    ),
    (
        "Partners",
        (
            ("Introduced", 10, True, 30),
            ("Fit call", 25, True, 21),
            ("Joint plan", 40, True, 30),
            ("Pilot", 60, True, 45),
            ("Contract", 80, False, 14),  # rotting was switched off, the number stayed
            ("Live", 95, False, None),
        ),
    ),
)


def _stages() -> tuple[Stage, ...]:
    rows = [(number, *row) for number, (_, rows) in enumerate(_PIPELINES, start=1) for row in rows]
    return tuple(
        Stage(number, pipeline, name, probability, days if rots else None, days)
        for number, (pipeline, name, probability, rots, days) in enumerate(rows, start=1)
    )


STAGES = _stages()
PIPELINE_NAMES = tuple(name for name, _ in _PIPELINES)


def stage_named(name: str) -> Stage:
    """Find a stage; names are unique here, which a real account does not promise."""
    return next(stage for stage in STAGES if stage.name == name)


def pipeline_records(calendar: Calendar) -> list[Record]:
    """Give the pipelines; only the first has probability on."""
    return [
        {
            "id": number,
            "name": name,
            "order_nr": number,
            "is_deleted": False,
            "is_deal_probability_enabled": number == 1,
            "add_time": calendar.instant(_FOUNDED, 30000),
            "update_time": calendar.instant(_FOUNDED + number, 30000),
        }
        for number, (name, _) in enumerate(_PIPELINES, start=1)
    ]


def stage_records(calendar: Calendar) -> list[Record]:
    """Give the stages, numbered through the pipelines and ordered within each."""
    first = {stage.pipeline_id: stage.id for stage in reversed(STAGES)}
    return [
        {
            "id": stage.id,
            "order_nr": stage.id - first[stage.pipeline_id] + 1,
            "name": stage.name,
            "is_deleted": False,
            "deal_probability": stage.probability,
            "pipeline_id": stage.pipeline_id,
            "is_deal_rot_enabled": stage.rots_after_days is not None,
            "days_to_rotten": stage.days_to_rotten,
            "add_time": calendar.instant(_FOUNDED, 30060),
            "update_time": calendar.instant(_FOUNDED + stage.id, 30060),
        }
        for stage in STAGES
    ]


_TYPES = (
    ("Call", "call", "call"),
    ("Meeting", "meeting", "meeting"),
    ("Task", "task", "task"),
    ("Deadline", "deadline", "deadline"),
    ("Email", "email", "email"),
    ("Lunch", "lunch", "lunch"),
    ("Incoming email", "incoming_email", "downarrow"),
    ("Incoming call", "incoming_call", "smartphone"),
)
_BUILT_IN_TYPES = 6


def activity_type_records(calendar: Calendar) -> list[Record]:
    """Give the activity types: Pipedrive's six and two of the account's own, for what customers do."""
    return [
        {
            "id": number,
            "name": name,
            "icon_key": icon,
            "color": "FFFFFF",
            "order_nr": number,
            "key_string": key,
            "active_flag": True,
            "is_custom_flag": number > _BUILT_IN_TYPES,
            "add_time": calendar.instant(_FOUNDED, 30120),
            "update_time": calendar.instant(_FOUNDED, 30120),
        }
        for number, (name, key, icon) in enumerate(_TYPES, start=1)
    ]


def lead_label_records(calendar: Calendar) -> list[Record]:
    """Give the lead labels; their UUIDs are the same in every account made here."""
    return [
        {
            "id": str(uuid5(NAMESPACE_URL, f"urn:demo:lead-label:{name}")),
            "name": name,
            "color": color,
            "add_time": calendar.instant_with_milliseconds(_FOUNDED, 30000),
            "update_time": calendar.instant_with_milliseconds(_FOUNDED, 30000),
        }
        for name, color in (("Hot", "red"), ("Warm", "yellow"), ("Cold", "blue"))
    ]
