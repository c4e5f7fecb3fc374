"""Deals: the six tools, the archived list, the way back to a lead. Field definitions live in `account`."""

from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import WithJsonSchema

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints import account
from pipedrive_tools.endpoints.arguments import BORN_MINE, Change, CursorPage, Search, Write
from pipedrive_tools.endpoints.records import Conversion, Deleted, Hits
from pipedrive_tools.endpoints.values import (
    Amount,
    CustomField,
    Day,
    Id,
    Ids,
    Instant,
    Many,
    RecordSort,
    SortDirection,
    Text,
    Unshown,
    Whole,
)

READ = ("deals:read", "deals:full")
FULL = ("deals:full",)

Status = Literal["open", "won", "lost"]
STATUSES: Final = get_args(Status)
# Models are offered what is there; deals that were deleted in the last 30 days are listed for who asks for them.
Listed = Annotated[Status | Literal["deleted"], WithJsonSchema({"type": "string", "enum": [*STATUSES]})]


class Deal(Record):
    """A deal as the v2 API shows it."""

    id: int
    title: str | None = None
    owner_id: int | None = None
    person_id: int | None = None
    org_id: int | None = None
    pipeline_id: int | None = None
    stage_id: int | None = None
    value: float | None = None
    currency: str | None = None
    status: str | None = None
    won_time: str | None = None
    lost_time: str | None = None
    probability: float | None = None
    add_time: str | None = None
    update_time: str | None = None
    stage_change_time: str | None = None
    expected_close_date: str | None = None
    lost_reason: str | None = None
    label_ids: list[int] | None = None
    is_archived: bool | None = None
    custom_fields: dict[str, Any] | None = None


class ListDeals(CursorPage):
    """List deals that are not archived. For one known deal use get_deal."""

    assumed = CursorPage.assumed | {"status": frozenset(STATUSES)}  # FACTS.md, section 8

    status: Many[Listed] | None = None
    """Only these."""
    owner_id: Id | None = None
    """Owner's name or id; me: one's own; '': all."""
    person_id: Id | None = None
    """Person's name or id."""
    org_id: Id | None = None
    """Organization's name or id."""
    pipeline_id: Id | None = None
    """Pipeline's name or id."""
    stage_id: Id | None = None
    """Stage's name or id."""
    ids: Ids | None = None
    """These deals only."""
    filter_id: Unshown[Id | None] = None
    """Saved filter; overrides the others."""
    updated_since: Instant | None = None
    """Changed since, YYYY-MM-DDTHH:MM:SSZ."""
    updated_until: Unshown[Instant | None] = None
    """Changed before."""
    sort_by: RecordSort | None = None
    """Sort key."""
    sort_direction: SortDirection | None = None
    """Order."""
    include_fields: Many[str] | None = None
    """Extras, e.g. next_activity_id."""


class GetDeal(Args):
    """Open one deal by its id and read it with all its fields."""

    deal_id: Id
    """Deal id."""
    include_fields: Unshown[Many[str] | None] = None
    """Extras, e.g. activities_count."""


class CreateDeal(Write):
    """Create a deal. Search first: it may exist."""

    # addDeal in the reference of v1: a value that is left out is 0. v2 says nothing else.
    assumed = BORN_MINE | {"value": 0}

    title: Text
    """Name of the deal."""
    value: Amount | None = None
    """Amount; 0 if none."""
    currency: str | None = None
    """ISO code; '' if none."""
    person_id: Id | None = None
    """Person's name or id; '' if none."""
    org_id: Id | None = None
    """Organization's name or id; '' if none."""
    pipeline_id: Id | None = None
    """Pipeline's name or id; '' if none."""
    stage_id: Id | None = None
    """Stage's name or id; '' if none."""
    owner_id: Unshown[Id | None] = None
    """Name, id or me."""
    status: Unshown[Status | None] = None
    """Status."""
    lost_reason: Unshown[str | None] = None
    """Why it was lost; with status lost."""
    probability: Unshown[Amount | None] = None
    """Percent."""
    expected_close_date: Day | None = None
    """When it should close, YYYY-MM-DD; '' if none."""
    label_ids: Unshown[Many[Whole] | None] = None
    """Labels."""
    visible_to: Unshown[Whole | None] = None
    """Visibility group."""
    custom_fields: Many[CustomField] = []
    """Custom fields."""


class UpdateDeal(Change):
    """Change a deal: move stage, win, lose, reassign. What is left out stays."""

    # What the API reference calls nullable; expected_close_date refuses null (FACTS.md, section 10).
    clearable: ClassVar[frozenset[str]] = frozenset({"lost_reason", "probability", "label_ids"})

    deal_id: Id
    """Deal id."""
    title: Text | None = None
    """Name of the deal."""
    value: Amount | None = None
    """Amount."""
    currency: str | None = None
    """ISO code."""
    stage_id: Id | None = None
    """Stage's name or id; implies the pipeline."""
    status: Status | None = None
    """Status."""
    lost_reason: str | None = None
    """Why it was lost; with status lost."""
    person_id: Id | None = None
    """Person's name or id."""
    org_id: Id | None = None
    """Organization's name or id."""
    pipeline_id: Unshown[Id | None] = None
    """Pipeline's name or id."""
    owner_id: Id | None = None
    """New owner: name, id or me."""
    probability: Unshown[Amount | None] = None
    """Percent."""
    expected_close_date: Day | None = None
    """When it should close, YYYY-MM-DD."""
    label_ids: Many[Whole] | None = None
    """Labels to add."""
    is_archived: bool | None = None
    """Archive or bring back."""
    visible_to: Unshown[Whole | None] = None
    """Visibility group."""
    custom_fields: Many[CustomField] = []
    """Custom fields."""


class DeleteDeal(Write):
    """Delete a deal. The API cannot undo it."""

    deal_id: Id
    """Deal id."""


class SearchDeals(Search):
    """Find deals by words in title, notes or custom fields."""

    fields: Unshown[Many[Literal["title", "notes", "custom_fields"]] | None] = None
    """Where to look."""
    person_id: Unshown[Id | None] = None
    """Person's name or id."""
    organization_id: Unshown[Id | None] = None
    """Organization's name or id."""
    status: Unshown[Status | None] = None
    """Status."""


class ConvertDeal(Write):
    """Turn a deal back into a lead; the deal is then gone."""

    deal_id: Id
    """Deal id."""


class ListArchivedDeals(ListDeals):
    """List archived deals, which list_deals leaves out."""


list_ = Endpoint(
    name="list_deals",
    method="GET",
    path="/api/v2/deals",
    args=ListDeals,
    returns=list[Deal],
    effect=Effect.READ,
    resource="deals",
    scopes=READ,
    cost=10,
    paging=Paging.CURSOR,
)
get = Endpoint(
    name="get_deal",
    method="GET",
    path="/api/v2/deals/{deal_id}",
    args=GetDeal,
    returns=Deal,
    effect=Effect.READ,
    resource="deals",
    scopes=READ,
    cost=1,
)
create = Endpoint(
    name="create_deal",
    method="POST",
    path="/api/v2/deals",
    args=CreateDeal,
    returns=Deal,
    effect=Effect.CREATE,
    resource="deals",
    scopes=FULL,
    cost=5,
    marker="custom_field",
)
update = Endpoint(
    name="update_deal",
    method="PATCH",
    path="/api/v2/deals/{deal_id}",
    args=UpdateDeal,
    returns=Deal,
    effect=Effect.UPDATE,
    resource="deals",
    scopes=FULL,
    cost=5,
    target=get,
)
delete = Endpoint(
    name="delete_deal",
    method="DELETE",
    path="/api/v2/deals/{deal_id}",
    args=DeleteDeal,
    returns=Deleted,
    effect=Effect.DELETE,
    resource="deals",
    scopes=FULL,
    cost=3,
    target=get,
)
search = Endpoint(
    name="search_deals",
    method="GET",
    path="/api/v2/deals/search",
    args=SearchDeals,
    returns=Hits,
    effect=Effect.READ,
    resource="deals",
    scopes=(*READ, "search:read"),
    cost=20,
    paging=Paging.CURSOR,
    page_limit=100,
)
list_archived = Endpoint(
    name="list_archived_deals",
    method="GET",
    path="/api/v2/deals/archived",
    args=ListArchivedDeals,
    returns=list[Deal],
    effect=Effect.READ,
    resource="deals",
    scopes=READ,
    cost=20,
    paging=Paging.CURSOR,
)
convert = Endpoint(
    name="convert_deal_to_lead",
    method="POST",
    path="/api/v2/deals/{deal_id}/convert/lead",
    args=ConvertDeal,
    returns=Conversion,
    effect=Effect.CONVERT,
    resource="deals",
    scopes=FULL,
    cost=40,
    target=get,
    job=account.get_deal_conversion_status,
)
