"""What one demo holds."""

from dataclasses import dataclass, field
from datetime import date

from pipedrive_tools.sandbox.demo.hostile import Planted
from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.truth import DealTruth, LeadTruth


@dataclass(frozen=True, slots=True)
class Demo:
    """All records in the shape of the API's answers, and what an agent cannot see: the truth and the traps.

    Deleted and archived records are among them, marked as such; the lists of the API leave them out.
    """

    today: date
    users: list[Record]
    pipelines: list[Record]
    stages: list[Record]
    deal_fields: list[Record]
    person_fields: list[Record]
    organization_fields: list[Record]
    activity_fields: list[Record]
    lead_fields: list[Record]
    activity_types: list[Record]
    lead_labels: list[Record]
    organizations: list[Record] = field(default_factory=list)
    persons: list[Record] = field(default_factory=list)
    deals: list[Record] = field(default_factory=list)
    activities: list[Record] = field(default_factory=list)
    leads: list[Record] = field(default_factory=list)
    notes: list[Record] = field(default_factory=list)
    truth: dict[int, DealTruth] = field(default_factory=dict)
    lead_truth: dict[str, LeadTruth] = field(default_factory=dict)
    hostile: list[Planted] = field(default_factory=list)
