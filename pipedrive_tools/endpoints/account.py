"""What surrounds the records: field definitions, users, types, labels, the search over all kinds, conversions."""

from typing import Annotated, Any, Literal

from pydantic import Field

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints.arguments import CursorPage, OffsetPage, Search
from pipedrive_tools.endpoints.records import ConversionStatus, Hits
from pipedrive_tools.endpoints.values import Id, Many, Text, Unshown, Uuid

DEAL_FIELDS = ("deals:read", "deals:full", "admin", "deal-fields:full")
CONTACT_FIELDS = ("contacts:read", "contacts:full", "admin", "contact-fields:full")
Kind = Literal["deal", "person", "organization", "lead"]
ACTIVITY_FIELDS = ("admin",)  # its v1 twin opens with the activities scopes (FACTS.md, section 17, row a)


class FieldDefinition(Record):
    """A field as the v2 API defines it; `field_code` is the key of its values."""

    field_code: str
    field_name: str | None = None
    field_type: str | None = None
    is_custom_field: bool | None = None
    options: list[dict[str, Any]] | None = None
    subfields: list[dict[str, Any]] | None = None


class LeadField(Record):
    """A lead field as the v1 API defines it; `key` is the key of its values."""

    key: str
    name: str | None = None
    field_type: str | None = None
    edit_flag: bool | None = None
    options: list[dict[str, Any]] | None = None


class User(Record):
    """A user of the account."""

    id: int
    name: str | None = None
    email: str | None = None
    active_flag: bool | None = None
    is_you: bool | None = None
    default_currency: str | None = None
    timezone_name: str | None = None
    timezone_offset: str | None = None


class CurrentUser(User):
    """The user whose credential is in use, with their company."""

    company_id: int | None = None
    company_name: str | None = None
    company_domain: str | None = None


class ActivityType(Record):
    """A kind of activity; `key_string` is what an activity's `type` holds."""

    id: int
    key_string: str
    name: str | None = None
    active_flag: bool | None = None
    is_custom_flag: bool | None = None


class LeadLabel(Record):
    """A label for leads."""

    id: str
    name: str | None = None
    color: str | None = None


class ListDealFields(CursorPage):
    """List the fields that deals and leads have, custom ones with keys and options."""


class ListPersonFields(CursorPage):
    """List the fields that persons have, custom ones with keys and options."""


class ListOrganizationFields(CursorPage):
    """List the fields that organizations have, custom ones with keys and options."""


class ListActivityFields(CursorPage):
    """List the fields that activities have, with options such as priorities."""


class ListLeadFields(OffsetPage):
    """List the fields that leads have, with keys and options."""


class _GetField(Args):
    """Read the definition of one field."""

    field_code: Text
    """Field's code or key."""


class GetDealField(_GetField):
    """Read the definition of one deal field."""


class GetPersonField(_GetField):
    """Read the definition of one person field."""


class GetOrganizationField(_GetField):
    """Read the definition of one organization field."""


class GetActivityField(_GetField):
    """Read the definition of one activity field."""


class ListUsers(Args):
    """List the account's users: the people who own records. Gives names and ids."""


class GetUser(Args):
    """Read one user of the account."""

    user_id: Id
    """User id."""


class GetCurrentUser(Args):
    """Tell who is logged in: own user id, time zone, default currency, company."""


class ListActivityTypes(Args):
    """List the activity types of this account; key_string is what an activity's type takes."""


class ListLeadLabels(Args):
    """List the labels for leads with their UUIDs."""


class SearchItems(Search):
    """Find deals, persons, organizations and leads at once, when the kind of record is not known."""

    # Always sent: left out, the search would also show files, mails, products and projects.
    item_types: Annotated[Many[Kind], Field(min_length=1)] = ["deal", "person", "organization", "lead"]
    """Kinds; left out: all."""
    fields: Unshown[
        Many[Literal["title", "name", "email", "phone", "address", "notes", "custom_fields"]] | None
    ] = None
    """Where to look."""


class GetLeadConversionStatus(Args):
    """Ask how far a lead's conversion is; gives the deal's id once completed."""

    lead_id: Uuid
    """Lead id (UUID)."""
    conversion_id: Uuid
    """As convert_lead_to_deal gave it."""


class GetDealConversionStatus(Args):
    """Ask how far a deal's conversion is; gives the lead's id once completed."""

    deal_id: Id
    """Deal id."""
    conversion_id: Uuid
    """As convert_deal_to_lead gave it."""


list_deal_fields = Endpoint(
    name="list_deal_fields",
    method="GET",
    path="/api/v2/dealFields",
    args=ListDealFields,
    returns=list[FieldDefinition],
    effect=Effect.READ,
    resource="deals",
    scopes=DEAL_FIELDS,
    cost=10,
    paging=Paging.CURSOR,
)
list_person_fields = Endpoint(
    name="list_person_fields",
    method="GET",
    path="/api/v2/personFields",
    args=ListPersonFields,
    returns=list[FieldDefinition],
    effect=Effect.READ,
    resource="persons",
    scopes=CONTACT_FIELDS,
    cost=10,
    paging=Paging.CURSOR,
)
list_organization_fields = Endpoint(
    name="list_organization_fields",
    method="GET",
    path="/api/v2/organizationFields",
    args=ListOrganizationFields,
    returns=list[FieldDefinition],
    effect=Effect.READ,
    resource="organizations",
    scopes=CONTACT_FIELDS,
    cost=10,
    paging=Paging.CURSOR,
)
list_activity_fields = Endpoint(
    name="list_activity_fields",
    method="GET",
    path="/api/v2/activityFields",
    args=ListActivityFields,
    returns=list[FieldDefinition],
    effect=Effect.READ,
    resource="activities",
    scopes=ACTIVITY_FIELDS,
    cost=10,
    paging=Paging.CURSOR,
)
list_lead_fields = Endpoint(
    name="list_lead_fields",
    method="GET",
    path="/api/v1/leadFields",
    args=ListLeadFields,
    returns=list[LeadField],
    effect=Effect.READ,
    resource="leads",
    scopes=("leads:read", "leads:full", "admin"),
    cost=20,
    paging=Paging.OFFSET,
)
get_deal_field = Endpoint(
    name="get_deal_field",
    method="GET",
    path="/api/v2/dealFields/{field_code}",
    args=GetDealField,
    returns=FieldDefinition,
    effect=Effect.READ,
    resource="deals",
    scopes=DEAL_FIELDS,
    cost=1,
)
get_person_field = Endpoint(
    name="get_person_field",
    method="GET",
    path="/api/v2/personFields/{field_code}",
    args=GetPersonField,
    returns=FieldDefinition,
    effect=Effect.READ,
    resource="persons",
    scopes=CONTACT_FIELDS,
    cost=1,
)
get_organization_field = Endpoint(
    name="get_organization_field",
    method="GET",
    path="/api/v2/organizationFields/{field_code}",
    args=GetOrganizationField,
    returns=FieldDefinition,
    effect=Effect.READ,
    resource="organizations",
    scopes=CONTACT_FIELDS,
    cost=1,
)
get_activity_field = Endpoint(
    name="get_activity_field",
    method="GET",
    path="/api/v2/activityFields/{field_code}",
    args=GetActivityField,
    returns=FieldDefinition,
    effect=Effect.READ,
    resource="activities",
    scopes=ACTIVITY_FIELDS,
    cost=1,
)
list_users = Endpoint(
    name="list_users",
    method="GET",
    path="/api/v1/users",
    args=ListUsers,
    returns=list[User],
    effect=Effect.READ,
    resource="account",
    scopes=("users:read",),
    cost=20,
)
get_user = Endpoint(
    name="get_user",
    method="GET",
    path="/api/v1/users/{user_id}",
    args=GetUser,
    returns=User,
    effect=Effect.READ,
    resource="account",
    scopes=("users:read",),
    cost=2,
)
get_current_user = Endpoint(
    name="get_current_user",
    method="GET",
    path="/api/v1/users/me",
    args=GetCurrentUser,
    returns=CurrentUser,
    effect=Effect.READ,
    resource="account",
    scopes=("base",),
    cost=2,
)
list_activity_types = Endpoint(
    name="list_activity_types",
    method="GET",
    path="/api/v1/activityTypes",
    args=ListActivityTypes,
    returns=list[ActivityType],
    effect=Effect.READ,
    resource="activities",
    scopes=("activities:read", "activities:full", "admin"),
    cost=20,
)
list_lead_labels = Endpoint(
    name="list_lead_labels",
    method="GET",
    path="/api/v1/leadLabels",
    args=ListLeadLabels,
    returns=list[LeadLabel],
    effect=Effect.READ,
    resource="leads",
    scopes=("leads:read", "leads:full"),
    cost=10,
)
search_items = Endpoint(
    name="search_items",
    method="GET",
    path="/api/v2/itemSearch",
    args=SearchItems,
    returns=Hits,
    effect=Effect.READ,
    resource="deals",
    also_reads=("persons", "organizations", "leads"),
    scopes=("search:read",),
    cost=20,
    paging=Paging.CURSOR,
    page_limit=100,
)
get_lead_conversion_status = Endpoint(
    name="get_lead_conversion_status",
    method="GET",
    path="/api/v2/leads/{lead_id}/convert/status/{conversion_id}",
    args=GetLeadConversionStatus,
    returns=ConversionStatus,
    effect=Effect.READ,
    resource="leads",
    scopes=("leads:read", "leads:full"),
    cost=1,
)
get_deal_conversion_status = Endpoint(
    name="get_deal_conversion_status",
    method="GET",
    path="/api/v2/deals/{deal_id}/convert/status/{conversion_id}",
    args=GetDealConversionStatus,
    returns=ConversionStatus,
    effect=Effect.READ,
    resource="deals",
    scopes=("deals:read", "deals:full"),
    cost=1,
)
