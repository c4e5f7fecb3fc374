"""Everything a handler may look at and change: the state, the clock, the switches and who is calling."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipedrive_tools.sandbox.answers import Answer, Record
from pipedrive_tools.sandbox.clock import Clock, later_than, stamp
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.store import Store
from pipedrive_tools.sandbox.switches import Switches


@dataclass(frozen=True)
class Job:
    """One conversion of a lead into a deal, or back."""

    key: str
    source: str
    """What is converted: `leads` or `deals`."""
    source_key: int | str
    target: Mapping[str, int]
    """Stage or pipeline that was asked for."""
    started: float
    polls: int = 0
    status: str = "not_started"
    result: int | str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status in {"completed", "failed", "rejected"}


@dataclass
class World:
    """One company account."""

    store: Store
    clock: Clock
    switches: Switches
    plan: str
    jobs: dict[str, Job] = field(default_factory=dict)
    actor: int | None = None
    """Who is said to make this change in the app; None where it is the caller, through the API."""

    @property
    def me(self) -> Record:
        """The user behind every credential: the first one."""
        return next(self.store["users"].records())

    @property
    def my_id(self) -> int:
        """The number of the calling user."""
        return int(self.me["id"])

    def now(self) -> str:
        """This moment as v2 writes it."""
        return stamp(self.clock.now())

    def moved(self, record: Record) -> str:
        """The time of a write to this record; later than the write before it."""
        return stamp(later_than(record.get("update_time"), self.clock.now()))

    def custom_fields(self, resource: str) -> dict[str, Record]:
        """The custom-field definitions of a resource, by key."""
        table = self.store[FIELDS_OF[resource]]
        return {code: row.record for code, row in table.rows.items() if row.record["is_custom_field"]}  # type: ignore[misc]

    def reset(self) -> None:
        """Go back to the first state."""
        self.store.reset()
        self.jobs.clear()
        self.actor = None


FIELDS_OF = {
    "deals": "deal_fields",
    "persons": "person_fields",
    "organizations": "organization_fields",
    "activities": "activity_fields",
    "leads": "deal_fields",
}
"""Where the field definitions of a resource are kept; leads use those of deals."""

Handler = Callable[[World, Request], Answer]
"""What serves one endpoint."""

Values = dict[str, Any]
"""Checked values of a body or of a query."""
