"""Leads: v1 with UUIDs, custom fields flat at the root; search and conversion are v2.

Labels, field definitions and the conversion status live in `account`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import model_validator

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints import account
from pipedrive_tools.endpoints.arguments import BORN_MINE, Change, OffsetPage, Search, Write
from pipedrive_tools.endpoints.records import Conversion, Hits
from pipedrive_tools.endpoints.values import Amount, CustomField, Day, Id, Instant, Many, Text, Unshown, Uuid

READ = ("leads:read", "leads:full")
FULL = ("leads:full",)

Visibility = Literal["1", "3", "5", "7"]


class Lead(Record):
    """A lead as the v1 API shows it; custom fields lie flat beside the others, unset ones are absent."""

    id: str
    title: str | None = None
    owner_id: int | None = None
    person_id: int | None = None
    organization_id: int | None = None
    value: dict[str, Any] | None = None
    label_ids: list[str] | None = None
    expected_close_date: str | None = None
    next_activity_id: int | None = None
    is_archived: bool | None = None
    was_seen: bool | None = None
    source_name: str | None = None
    add_time: str | None = None
    update_time: str | None = None


class DeletedLead(Record):
    """What the delete of a lead answers."""

    id: str


class ListArchivedLeads(OffsetPage):
    """List archived leads, which list_leads leaves out."""

    # Of the v1 lists, only the reference of the leads' says how long a page is.
    assumed = OffsetPage.assumed | {"limit": 100}

    owner_id: Id | None = None
    """Owner's name or id; me: one's own; '': all."""
    person_id: Id | None = None
    """Person's name or id."""
    organization_id: Id | None = None
    """Organization's name or id."""
    filter_id: Unshown[Id | None] = None
    """Saved filter; overrides the others."""
    sort: Unshown[Text | None] = None
    """E.g. add_time DESC."""


class ListLeads(ListArchivedLeads):
    """List leads that are not archived, oldest first."""

    updated_since: Instant | None = None
    """Changed since, YYYY-MM-DDTHH:MM:SSZ."""


class GetLead(Args):
    """Open one lead by its id and read it with all its fields."""

    lead_id: Uuid
    """Lead id (UUID)."""


class _Wire(Write):
    """How Pipedrive wants what leads hold: money as one object, custom fields at the root."""

    custom_at_root: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _money_may_be_an_object(cls, given: Any) -> Any:
        """What a read gave is taken too, so that it can be put back."""
        if isinstance(given, Mapping) and isinstance(money := given.get("value"), Mapping):
            return {**given, "value": money.get("amount"), "currency": money.get("currency")}
        return given

    def values(self) -> dict[str, Any]:
        """The arguments with amount and currency together (FACTS.md, section 11)."""
        values = super().values()
        if (currency := values.pop("currency", None)) is not None:
            values["value"] = {"amount": values.get("value", 0), "currency": currency}
        return values


PAIRED: Final = "value and currency go together: give both"


class CreateLead(_Wire):
    """Create a lead for a person or an organization (at least one). Search first: it may exist."""

    assumed = BORN_MINE | {"value": 0}

    title: Text
    """Name of the lead."""
    person_id: Id | None = None
    """Person's name or id; '' if none."""
    organization_id: Id | None = None
    """Organization's name or id; '' if none."""
    value: Amount | None = None
    """Amount; 0 if none."""
    currency: Text | None = None
    """ISO code; '' if none."""
    expected_close_date: Day | None = None
    """When it should close, YYYY-MM-DD; '' if none."""
    owner_id: Unshown[Id | None] = None
    """Name, id or me."""
    label_ids: Unshown[Many[Uuid] | None] = None
    """Labels."""
    visible_to: Unshown[Visibility | None] = None
    """Visibility group."""
    custom_fields: Many[CustomField] = []
    """Custom fields."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.person_id is None and self.organization_id is None:
            raise ValueError("person_id or organization_id is due; create or search one first")
        if self.value is not None and self.currency is None:
            raise ValueError(PAIRED)
        return self


class UpdateLead(_Wire, Change):
    """Change a lead: rename, revalue, reassign, archive. What is left out stays."""

    clearable: ClassVar[frozenset[str]] = frozenset(
        {"value", "person_id", "organization_id", "expected_close_date", "label_ids"}
    )

    lead_id: Uuid
    """Lead id (UUID)."""
    title: Text | None = None
    """Name of the lead."""
    person_id: Unshown[Id | None] = None
    """Person's name or id."""
    organization_id: Unshown[Id | None] = None
    """Organization's name or id."""
    value: Amount | None = None
    """Amount; needs currency."""
    currency: Text | None = None
    """ISO code."""
    expected_close_date: Day | None = None
    """When it should close, YYYY-MM-DD."""
    owner_id: Id | None = None
    """New owner: name, id or me."""
    label_ids: Many[Uuid] | None = None
    """Labels to add."""
    is_archived: bool | None = None
    """Archive or bring back."""
    visible_to: Unshown[Visibility | None] = None
    """Visibility group."""
    custom_fields: Many[CustomField] = []
    """Custom fields."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if {"person_id", "organization_id"} <= set(self.clear):
            raise ValueError("clear: a lead keeps its person or its organization")
        if (self.value is None) != (self.currency is None):
            raise ValueError(PAIRED)
        return self


class DeleteLead(Write):
    """Delete a lead; to archive one use update_lead. The API cannot undo it."""

    lead_id: Uuid
    """Lead id (UUID)."""


class SearchLeads(Search):
    """Find leads by words in title, notes or custom fields."""

    fields: Unshown[Many[Literal["title", "notes", "custom_fields"]] | None] = None
    """Where to look."""
    person_id: Unshown[Id | None] = None
    """Person's name or id."""
    organization_id: Unshown[Id | None] = None
    """Organization's name or id."""


class ConvertLead(Write):
    """Turn a lead into a deal; the lead is then gone, its notes and activities move along."""

    lead_id: Uuid
    """Lead id (UUID)."""
    stage_id: Id | None = None
    """Stage's name or id; '' for the first."""
    pipeline_id: Unshown[Id | None] = None
    """Pipeline's name or id; ignored beside stage_id."""


list_ = Endpoint(
    name="list_leads",
    method="GET",
    path="/api/v1/leads",
    args=ListLeads,
    returns=list[Lead],
    effect=Effect.READ,
    resource="leads",
    scopes=READ,
    cost=20,
    paging=Paging.OFFSET,
)
get = Endpoint(
    name="get_lead",
    method="GET",
    path="/api/v1/leads/{lead_id}",
    args=GetLead,
    returns=Lead,
    effect=Effect.READ,
    resource="leads",
    scopes=READ,
    cost=2,
)
create = Endpoint(
    name="create_lead",
    method="POST",
    path="/api/v1/leads",
    args=CreateLead,
    returns=Lead,
    effect=Effect.CREATE,
    resource="leads",
    scopes=FULL,
    cost=10,
    marker="custom_field",
)
update = Endpoint(
    name="update_lead",
    method="PATCH",
    path="/api/v1/leads/{lead_id}",
    args=UpdateLead,
    returns=Lead,
    effect=Effect.UPDATE,
    resource="leads",
    scopes=FULL,
    cost=10,
    target=get,
)
delete = Endpoint(
    name="delete_lead",
    method="DELETE",
    path="/api/v1/leads/{lead_id}",
    args=DeleteLead,
    returns=DeletedLead,
    effect=Effect.DELETE,
    resource="leads",
    scopes=FULL,
    cost=6,
    target=get,
)
search = Endpoint(
    name="search_leads",
    method="GET",
    path="/api/v2/leads/search",
    args=SearchLeads,
    returns=Hits,
    effect=Effect.READ,
    resource="leads",
    scopes=(*READ, "search:read"),
    cost=20,
    paging=Paging.CURSOR,
    page_limit=100,
)
convert = Endpoint(
    name="convert_lead_to_deal",
    method="POST",
    path="/api/v2/leads/{lead_id}/convert/deal",
    args=ConvertLead,
    returns=Conversion,
    effect=Effect.CONVERT,
    resource="leads",
    scopes=FULL,
    cost=40,
    target=get,
    job=account.get_lead_conversion_status,
)
list_archived = Endpoint(
    name="list_archived_leads",
    method="GET",
    path="/api/v1/leads/archived",
    args=ListArchivedLeads,
    returns=list[Lead],
    effect=Effect.READ,
    resource="leads",
    scopes=READ,
    cost=40,
    paging=Paging.OFFSET,
)
