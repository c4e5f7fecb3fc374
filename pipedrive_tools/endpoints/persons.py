"""Persons: the people in the account's address book. Their field definitions live in `account`."""

from typing import Any, ClassVar, Literal

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints.arguments import BORN_MINE, Change, CursorPage, Search, Write
from pipedrive_tools.endpoints.records import Deleted, Hits
from pipedrive_tools.endpoints.values import (
    Contacts,
    CustomField,
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

READ = ("contacts:read", "contacts:full")
FULL = ("contacts:full",)


class Person(Record):
    """A person as the v2 API shows it; some fields exist only with contact sync (FACTS.md, section 11)."""

    id: int
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    owner_id: int | None = None
    org_id: int | None = None
    emails: list[dict[str, Any]] | None = None
    phones: list[dict[str, Any]] | None = None
    job_title: str | None = None
    label_ids: list[int] | None = None
    add_time: str | None = None
    update_time: str | None = None
    is_deleted: bool | None = None
    custom_fields: dict[str, Any] | None = None


class ListPersons(CursorPage):
    """List persons. To look for a name, e-mail or phone use search_persons."""

    org_id: Id | None = None
    """Organization's name or id."""
    deal_id: Id | None = None
    """Deal id."""
    owner_id: Id | None = None
    """Owner's name or id; me: one's own; '': all."""
    ids: Ids | None = None
    """These persons only."""
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
    """Extras, e.g. next_activity_id."""


class GetPerson(Args):
    """Open one person by its id and read it with all fields: e-mails, phones, organization."""

    person_id: Id
    """Person id."""
    include_fields: Unshown[Many[str] | None] = None
    """Extras, e.g. open_deals_count."""


class CreatePerson(Write):
    """Create a new person. Search first: they may exist."""

    assumed = BORN_MINE

    name: Text
    """Full name."""
    emails: Contacts | None = None
    """E-mails; [] if none."""
    phones: Contacts | None = None
    """Phone numbers; [] if none."""
    org_id: Id | None = None
    """Organization's name or id; '' if none."""
    owner_id: Unshown[Id | None] = None
    """Name, id or me."""
    label_ids: Unshown[Many[Whole] | None] = None
    """Labels."""
    visible_to: Unshown[Whole | None] = None
    """Visibility group."""
    custom_fields: Many[CustomField] = []
    """Custom fields."""


class UpdatePerson(Change):
    """Change a person: add e-mails or phones, rename, move. What is left out stays."""

    clearable: ClassVar[frozenset[str]] = frozenset({"emails", "phones", "label_ids"})

    person_id: Id
    """Person id."""
    name: Text | None = None
    """Full name."""
    emails: Contacts | None = None
    """E-mails to add."""
    phones: Contacts | None = None
    """Numbers to add."""
    org_id: Id | None = None
    """Organization's name or id."""
    owner_id: Id | None = None
    """New owner: name, id or me."""
    label_ids: Many[Whole] | None = None
    """Labels to add."""
    visible_to: Unshown[Whole | None] = None
    """Visibility group."""
    custom_fields: Many[CustomField] = []
    """Custom fields."""


class DeletePerson(Write):
    """Delete a person. The API cannot undo it."""

    person_id: Id
    """Person id."""


class SearchPersons(Search):
    """Find persons by name, e-mail, phone, notes or custom fields."""

    fields: Unshown[Many[Literal["name", "email", "phone", "notes", "custom_fields"]] | None] = None
    """Where to look."""
    organization_id: Id | None = None
    """Organization's name or id."""


list_ = Endpoint(
    name="list_persons",
    method="GET",
    path="/api/v2/persons",
    args=ListPersons,
    returns=list[Person],
    effect=Effect.READ,
    resource="persons",
    scopes=READ,
    cost=10,
    paging=Paging.CURSOR,
)
get = Endpoint(
    name="get_person",
    method="GET",
    path="/api/v2/persons/{person_id}",
    args=GetPerson,
    returns=Person,
    effect=Effect.READ,
    resource="persons",
    scopes=READ,
    cost=1,
)
create = Endpoint(
    name="create_person",
    method="POST",
    path="/api/v2/persons",
    args=CreatePerson,
    returns=Person,
    effect=Effect.CREATE,
    resource="persons",
    scopes=FULL,
    cost=5,
    marker="custom_field",
)
update = Endpoint(
    name="update_person",
    method="PATCH",
    path="/api/v2/persons/{person_id}",
    args=UpdatePerson,
    returns=Person,
    effect=Effect.UPDATE,
    resource="persons",
    scopes=FULL,
    cost=5,
    target=get,
)
delete = Endpoint(
    name="delete_person",
    method="DELETE",
    path="/api/v2/persons/{person_id}",
    args=DeletePerson,
    returns=Deleted,
    effect=Effect.DELETE,
    resource="persons",
    scopes=FULL,
    cost=3,
    target=get,
)
search = Endpoint(
    name="search_persons",
    method="GET",
    path="/api/v2/persons/search",
    args=SearchPersons,
    returns=Hits,
    effect=Effect.READ,
    resource="persons",
    scopes=(*READ, "search:read"),
    cost=20,
    paging=Paging.CURSOR,
    page_limit=100,
)
