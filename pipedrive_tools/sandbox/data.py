"""The records a sandbox begins with: the demo data, or an account without any."""

from datetime import date
from typing import Any

from pipedrive_tools.sandbox.demo import generate
from pipedrive_tools.sandbox.demo.webhooks import foreign_webhook

COMPANY_ID = 8_000_001

ACCOUNT = (
    "users",
    "pipelines",
    "stages",
    "deal_fields",
    "person_fields",
    "organization_fields",
    "activity_fields",
    "lead_fields",
    "activity_types",
    "lead_labels",
)
"""What an account has before its first record."""

RECORDS = ("organizations", "persons", "deals", "activities", "leads", "notes")


def tables(
    data: str, *, today: date, deals: int, seed: int, hostile_share: float
) -> dict[str, list[dict[str, Any]]]:
    """The first records of every table; an empty account has its set-up and nothing else."""
    demo = generate(today=today, deals=deals if data == "demo" else 0, seed=seed, hostile_share=hostile_share)
    found = {name: list(getattr(demo, name)) for name in ACCOUNT}
    found |= {name: list(getattr(demo, name)) if data == "demo" else [] for name in RECORDS}
    found["webhooks"] = [foreign_webhook(today, COMPANY_ID)] if data == "demo" else []
    found["leads"].sort(key=lambda lead: lead["add_time"])
    found["deals"] = [
        {**deal, "status": "deleted"} if deal["is_deleted"] else deal for deal in found["deals"]
    ]
    return found
