"""Organizations: the companies in the account's address book. Their field definitions live in `account`."""

from typing import Any, ClassVar, Literal

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints.arguments import BORN_MINE, Change, CursorPage, Search, Write
from pipedrive_tools.endpoints.records import Deleted, Hits
from pipedrive_tools.endpoints.values import (
    CustomField,
    Id,
    Ids,
    Instant,
    Many,
    Place,
    RecordSort,
    SortDirection,
    Text,
    Unshown,
    Whole,
)

READ = ("contacts:read", "contacts:full")
FULL = ("contacts:full",)


class Organization(Record):
    """An organization as the v2 API shows it."""

    id: int
    name: str | None = None
    owner_id: int | None = None
    address: dict[str, Any] | None = None
    website: str | None = None
    linkedin: str | None = None
    industry: int | None = None
    annual_revenue: float | None = None
    employee_count: int | None = None
    label_ids: list[int] | None = None
    add_time: str | None = None
    update_time: str | None = None
    is_deleted: bool | None = None
    custom_fields: dict[str, Any] | None = None


class ListOrganizations(CursorPage):
    """List organizations. To look for a name use search_organizations."""

    owner_id: Id | None = None
    """Owner's name or id; me: one's own; '': all."""
    ids: Ids | None = None
    """These organizations only."""
    filter_id: Unshown[Id | None] = None
    """Saved filter; overrides the others."""
    updated_since: Instant | None = None
    """Changed since, YYYY-MM-DDTHH:MM:SSZ."""
    updated_until: Unshown[Instant | None] = None
    """Changed before."""
    sort_by: Unshown[RecordSort | None] = None
    """Sort key."""
    sort_direction: Unshown[SortDirection | None] = None
    """Order."""
    include_fields: Unshown[Many[str] | None] = None
    """Extras, e.g. people_count."""


class GetOrganization(Args):
    """Open one organization by its id and read it with all its fields."""

    org_id: Id
    """Organization id."""
    include_fields: Unshown[Many[str] | None] = None
    """Extras, e.g. open_deals_count."""


class CreateOrganization(Write):
    """Create an organization. Search first: it may exist."""

    assumed = BORN_MINE

    name: Text
    """Company name."""
    address: Place | None = None
    """Address in one line; '' if none."""
    website: Text | None = None
    """Web address; '' if none."""
    linkedin: Unshown[Text | None] = None
    """LinkedIn page."""
    industry: Unshown[Whole | None] = None
    """Industry option id."""
    annual_revenue: Unshown[Whole | None] = None
    """Whole number."""
    employee_count: Unshown[Whole | None] = None
    """Head count."""
    owner_id: Unshown[Id | None] = None
    """Name, id or me."""
    label_ids: Unshown[Many[Whole] | None] = None
    """Labels."""
    visible_to: Unshown[Whole | None] = None
    """Visibility group."""
    custom_fields: Many[CustomField] = []
    """Custom fields."""


class UpdateOrganization(Change):
    """Change fields of an organization. What is left out stays."""

    # Whether an address can be null is documented nowhere, so it is not here.
    clearable: ClassVar[frozenset[str]] = frozenset(
        {"website", "linkedin", "industry", "annual_revenue", "employee_count", "label_ids"}
    )

    org_id: Id
    """Organization id."""
    name: Text | None = None
    """Company name."""
    address: Place | None = None
    """Address in one line."""
    website: Text | None = None
    """Web address."""
    linkedin: Unshown[Text | None] = None
    """LinkedIn page."""
    industry: Unshown[Whole | None] = None
    """Industry option id."""
    annual_revenue: Unshown[Whole | None] = None
    """Whole number."""
    employee_count: Unshown[Whole | None] = None
    """Head count."""
    owner_id: Id | None = None
    """New owner: name, id or me."""
    label_ids: Many[Whole] | None = None
    """Labels to add."""
    visible_to: Unshown[Whole | None] = None
    """Visibility group."""
    custom_fields: Many[CustomField] = []
    """Custom fields."""


class DeleteOrganization(Write):
    """Delete an organization. The API cannot undo it."""

    org_id: Id
    """Organization id."""


class SearchOrganizations(Search):
    """Find organizations by name, address, notes or custom fields."""

    fields: Unshown[Many[Literal["name", "address", "notes", "custom_fields"]] | None] = None
    """Where to look."""


list_ = Endpoint(
    name="list_organizations",
    method="GET",
    path="/api/v2/organizations",
    args=ListOrganizations,
    returns=list[Organization],
    effect=Effect.READ,
    resource="organizations",
    scopes=READ,
    cost=10,
    paging=Paging.CURSOR,
)
get = Endpoint(
    name="get_organization",
    method="GET",
    path="/api/v2/organizations/{org_id}",
    args=GetOrganization,
    returns=Organization,
    effect=Effect.READ,
    resource="organizations",
    scopes=READ,
    cost=1,
)
create = Endpoint(
    name="create_organization",
    method="POST",
    path="/api/v2/organizations",
    args=CreateOrganization,
    returns=Organization,
    effect=Effect.CREATE,
    resource="organizations",
    scopes=FULL,
    cost=5,
    marker="custom_field",
)
update = Endpoint(
    name="update_organization",
    method="PATCH",
    path="/api/v2/organizations/{org_id}",
    args=UpdateOrganization,
    returns=Organization,
    effect=Effect.UPDATE,
    resource="organizations",
    scopes=FULL,
    cost=5,
    target=get,
)
delete = Endpoint(
    name="delete_organization",
    method="DELETE",
    path="/api/v2/organizations/{org_id}",
    args=DeleteOrganization,
    returns=Deleted,
    effect=Effect.DELETE,
    resource="organizations",
    scopes=FULL,
    cost=3,
    target=get,
)
search = Endpoint(
    name="search_organizations",
    method="GET",
    path="/api/v2/organizations/search",
    args=SearchOrganizations,
    returns=Hits,
    effect=Effect.READ,
    resource="organizations",
    scopes=(*READ, "search:read"),
    cost=20,
    paging=Paging.CURSOR,
    page_limit=100,
)
