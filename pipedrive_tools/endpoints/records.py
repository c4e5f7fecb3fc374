"""Answers that several kinds of record share."""

from typing import Any

from pipedrive_tools.endpoint import Record


class Deleted(Record):
    """What a delete answers."""

    id: int


class Hit(Record):
    """One search hit; thin, so read the record before acting on it (FACTS.md, section 13)."""

    result_score: float
    item: dict[str, Any]


class Hits(Record):
    """Search hits, best first."""

    items: list[Hit]


class Conversion(Record):
    """A conversion that has begun; it runs as a job."""

    conversion_id: str


class ConversionStatus(Record):
    """How far a conversion is; `deal_id` or `lead_id` comes when it is completed (FACTS.md, section 11)."""

    conversion_id: str
    status: str
    """not_started, running, completed, failed or rejected."""
    deal_id: int | None = None
    lead_id: str | None = None
