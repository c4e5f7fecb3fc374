"""Notes: v1, paged by offset, kept as HTML."""

from typing import Any, Final, Self

from pydantic import model_validator

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints.arguments import Change, OffsetPage, Write
from pipedrive_tools.endpoints.values import Day, Id, Instant, Many, Prose, Text, Unshown, Uuid, as_html

READ = ("deals:read", "deals:full", "contacts:read", "contacts:full")
FULL = ("deals:full", "contacts:full")
PARENTS: Final = {
    "deal_id": "pinned_to_deal_flag",
    "person_id": "pinned_to_person_flag",
    "org_id": "pinned_to_organization_flag",
    "lead_id": "pinned_to_lead_flag",
}
"""What a note hangs on, each with the flag that pins it there."""


class Note(Record):
    """A note as the v1 API shows it; `content` is HTML, times are UTC without a zone."""

    id: int
    content: str | None = None
    deal_id: int | None = None
    person_id: int | None = None
    org_id: int | None = None
    lead_id: str | None = None
    user_id: int | None = None
    add_time: str | None = None
    update_time: str | None = None
    active_flag: bool | None = None


class ListNotes(OffsetPage):
    """List notes of a deal, person, organization or lead; without one of these, all notes."""

    deal_id: Id | None = None
    """Deal id."""
    person_id: Id | None = None
    """Person's name or id."""
    org_id: Id | None = None
    """Organization's name or id."""
    lead_id: Uuid | None = None
    """Lead id."""
    user_id: Unshown[Id | None] = None
    """Owner's name or id; me: one's own."""
    start_date: Unshown[Day | None] = None
    """From this day, YYYY-MM-DD."""
    end_date: Unshown[Day | None] = None
    """Up to this day."""
    updated_since: Unshown[Instant | None] = None
    """Changed since, YYYY-MM-DDTHH:MM:SSZ."""
    sort: Text | None = None
    """E.g. add_time DESC."""


class GetNote(Args):
    """Read one note."""

    note_id: Id
    """Note id."""


class _Wire(Write):
    """How Pipedrive wants what notes hold."""

    def values(self) -> dict[str, Any]:
        """The arguments with flags as 0 and 1, and the text as HTML."""
        values = super().values()
        flags = {name: int(values[name]) for name in PARENTS.values() if name in values}
        if values.get("content") is not None:
            values["content"] = as_html(values["content"])
        return values | flags


class CreateNote(_Wire):
    """Write a note on a deal, person, organization or lead (at least one of them)."""

    content: Prose
    """Plain text."""
    deal_id: Id | None = None
    """Deal id."""
    person_id: Id | None = None
    """Person's name or id."""
    org_id: Id | None = None
    """Organization's name or id."""
    lead_id: Uuid | None = None
    """Lead id."""
    pinned_to_deal_flag: Unshown[bool | None] = None
    """Pin to deal."""
    pinned_to_person_flag: Unshown[bool | None] = None
    """Pin to person."""
    pinned_to_organization_flag: Unshown[bool | None] = None
    """Pin to organization."""
    pinned_to_lead_flag: Unshown[bool | None] = None
    """Pin to lead."""

    @model_validator(mode="after")
    def _hangs_on_something(self) -> Self:
        if not self.model_fields_set & set(PARENTS):
            raise ValueError(f"name what the note is about: one of {', '.join(PARENTS)}")
        if loose := [
            flag for parent, flag in PARENTS.items() if getattr(self, flag) and not getattr(self, parent)
        ]:
            raise ValueError(f"{', '.join(loose)}: a pin needs the id of its record in the same call")
        return self


class UpdateNote(_Wire, Change):
    """Rewrite a note. The old text is lost."""

    clear: Unshown[Many[str]] = []  # none of a note's fields can be null, as far as is known
    """Fields to blank."""
    note_id: Id
    """Note id."""
    content: Prose | None = None
    """New plain text."""
    deal_id: Unshown[Id | None] = None
    """Deal id."""
    person_id: Unshown[Id | None] = None
    """Person's name or id."""
    org_id: Unshown[Id | None] = None
    """Organization's name or id."""
    lead_id: Unshown[Uuid | None] = None
    """Lead id."""
    pinned_to_deal_flag: Unshown[bool | None] = None
    """Pin to deal."""
    pinned_to_person_flag: Unshown[bool | None] = None
    """Pin to person."""
    pinned_to_organization_flag: Unshown[bool | None] = None
    """Pin to organization."""
    pinned_to_lead_flag: Unshown[bool | None] = None
    """Pin to lead."""


class DeleteNote(Write):
    """Delete a note. The API cannot undo it."""

    note_id: Id
    """Note id."""


list_ = Endpoint(
    name="list_notes",
    method="GET",
    path="/api/v1/notes",
    args=ListNotes,
    returns=list[Note],
    effect=Effect.READ,
    resource="notes",
    scopes=READ,
    cost=20,
    paging=Paging.OFFSET,
)
get = Endpoint(
    name="get_note",
    method="GET",
    path="/api/v1/notes/{note_id}",
    args=GetNote,
    returns=Note,
    effect=Effect.READ,
    resource="notes",
    scopes=READ,
    cost=2,
)
create = Endpoint(
    name="create_note",
    method="POST",
    path="/api/v1/notes",
    args=CreateNote,
    returns=Note,
    effect=Effect.CREATE,
    resource="notes",
    scopes=FULL,
    cost=10,
    marker="content",
)
update = Endpoint(
    name="update_note",
    method="PUT",
    path="/api/v1/notes/{note_id}",
    args=UpdateNote,
    returns=Note,
    effect=Effect.UPDATE,
    resource="notes",
    scopes=FULL,
    cost=10,
    target=get,
)
delete = Endpoint(
    name="delete_note",
    method="DELETE",
    path="/api/v1/notes/{note_id}",
    args=DeleteNote,
    returns=bool,
    effect=Effect.DELETE,
    resource="notes",
    scopes=FULL,
    cost=6,
    target=get,
)
