"""Activities: calls, meetings, tasks. Their types and field definitions live in `account`."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, WithJsonSchema

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints.arguments import BORN_MINE, Change, CursorPage, Write
from pipedrive_tools.endpoints.records import Deleted
from pipedrive_tools.endpoints.values import (
    Clock,
    Day,
    Id,
    Ids,
    Instant,
    Many,
    Part,
    Place,
    Prose,
    SortDirection,
    Text,
    Unshown,
    Uuid,
    as_html,
)

READ = ("activities:read", "activities:full")
FULL = ("activities:full",)


class Activity(Record):
    """An activity as the v2 API shows it; `due_date` and `due_time` are UTC together."""

    id: int
    subject: str | None = None
    type: str | None = None
    owner_id: int | None = None
    deal_id: int | None = None
    lead_id: str | None = None
    person_id: int | None = None
    org_id: int | None = None
    due_date: str | None = None
    due_time: str | None = None
    duration: str | None = None
    done: bool | None = None
    busy: bool | None = None
    marked_as_done_time: str | None = None
    add_time: str | None = None
    update_time: str | None = None
    participants: list[dict[str, Any]] | None = None
    attendees: list[dict[str, Any]] | None = None
    location: dict[str, Any] | None = None
    note: str | None = None
    is_deleted: bool | None = None


class Participant(Part):
    """A person who takes part; the primary one becomes the activity's `person_id`."""

    person_id: Id
    """Person."""
    primary: bool | None = None
    """Main participant."""


class Attendee(Part):
    """Somebody invited by e-mail."""

    email: Text
    """E-mail."""
    name: str | None = None
    """Name."""
    status: str | None = None
    """Answer to the invitation."""
    is_organizer: bool | None = None
    """Host."""
    person_id: Id | None = None
    """Matching person."""
    user_id: Id | None = None
    """Matching user."""


def _participant(value: Any) -> Any:
    return value if isinstance(value, dict | Participant) else {"person_id": value}


def _attendee(value: Any) -> Any:
    return {"email": value} if isinstance(value, str) else value


# Models are offered ids and addresses; what a read gave is taken too, so that it can be put back.
Participants = Many[
    Annotated[Participant | int, BeforeValidator(_participant), WithJsonSchema({"type": "integer"})]
]
Attendees = Many[Annotated[Attendee | str, BeforeValidator(_attendee), WithJsonSchema({"type": "string"})]]


class ListActivities(CursorPage):
    """List activities (calls, meetings, tasks). Read many deals' activities at once, not one by one."""

    done: bool | None = None
    """true: finished, false: to do."""
    owner_id: Id | None = None
    """Owner's name or id; me: one's own; '': all."""
    deal_id: Id | None = None
    """Deal id."""
    lead_id: Unshown[Uuid | None] = None
    """Lead id."""
    person_id: Id | None = None
    """Main participant, name or id."""
    org_id: Id | None = None
    """Organization's name or id."""
    ids: Unshown[Ids | None] = None
    """These activities only."""
    filter_id: Unshown[Id | None] = None
    """Saved filter; overrides the others."""
    updated_since: Instant | None = None
    """Changed since, YYYY-MM-DDTHH:MM:SSZ."""
    updated_until: Unshown[Instant | None] = None
    """Changed before."""
    sort_by: Literal["id", "update_time", "add_time", "due_date"] | None = None
    """Sort key."""
    sort_direction: SortDirection | None = None
    """Order."""
    include_fields: Unshown[Many[Literal["attendees"]] | None] = None
    """Extras."""


class GetActivity(Args):
    """Open one activity by its id and read it with its note."""

    activity_id: Id
    """Activity id."""
    include_fields: Unshown[Many[Literal["attendees"]] | None] = None
    """Extras."""


class _Wire(Write):
    """How Pipedrive wants what activities hold."""

    def values(self) -> dict[str, Any]:
        """The arguments with people as participants: `person_id` itself is read-only (FACTS.md, section 11)."""
        values = super().values()
        main, others = values.pop("person_id", None), values.get("participants", [])
        if main is not None:
            others = [other | {"primary": False} for other in others if other["person_id"] != main]
            values["participants"] = [{"person_id": main, "primary": True}, *others]
        elif others and not any(other.get("primary") for other in others):
            values["participants"] = [others[0] | {"primary": True}, *others[1:]]
        if values.get("note") is not None:
            values["note"] = as_html(values["note"])
        return values


class CreateActivity(_Wire):
    """Schedule a new activity, or log one that is done, for a deal, lead, person or organization."""

    assumed = BORN_MINE | {"done": False}

    subject: Text
    """Headline."""
    type: Text
    """Type, e.g. call, meeting, task."""
    due_date: Day | None = None
    """YYYY-MM-DD; '' if none."""
    due_time: Clock | None = None
    """HH:MM in UTC; '' if none."""
    duration: Clock | None = None
    """HH:MM."""
    deal_id: Id | None = None
    """Deal id."""
    lead_id: Uuid | None = None
    """Lead id."""
    person_id: Id | None = None
    """Main participant, name or id; '' if none."""
    org_id: Id | None = None
    """Organization's name or id; '' if none."""
    owner_id: Id | None = None
    """Who does it: name, id or me."""
    note: Prose | None = None
    """Internal note; '' if none."""
    done: bool | None = None
    """Already finished."""
    busy: Unshown[bool | None] = None
    """Blocks the calendar."""
    location: Unshown[Place | None] = None
    """Place."""
    participants: Unshown[Participants | None] = None
    """Names or ids of all persons taking part."""
    attendees: Attendees | None = None
    """E-mails to invite; [] if none."""


class UpdateActivity(_Wire, Change):
    """Change an activity that is there: reschedule, mark done, reassign. What is left out stays."""

    clearable: ClassVar[frozenset[str]] = frozenset({"participants", "attendees"})

    activity_id: Id
    """Activity id."""
    subject: Text | None = None
    """Headline."""
    type: Text | None = None
    """Type."""
    due_date: Day | None = None
    """YYYY-MM-DD."""
    due_time: Clock | None = None
    """HH:MM in UTC."""
    duration: Clock | None = None
    """HH:MM."""
    done: bool | None = None
    """Finished or not."""
    deal_id: Id | None = None
    """Deal id."""
    lead_id: Unshown[Uuid | None] = None
    """Lead id."""
    person_id: Id | None = None
    """Main participant, name or id."""
    org_id: Unshown[Id | None] = None
    """Organization's name or id."""
    owner_id: Id | None = None
    """Who does it: name, id or me."""
    note: Prose | None = None
    """New text of the note."""
    busy: Unshown[bool | None] = None
    """Blocks the calendar."""
    location: Unshown[Place | None] = None
    """Place."""
    participants: Unshown[Participants | None] = None
    """Names or ids of persons to add."""
    attendees: Unshown[Attendees | None] = None
    """E-mails to add; may send invitations."""


class DeleteActivity(Write):
    """Delete an activity. To close one, set done with update_activity instead."""

    activity_id: Id
    """Activity id."""


list_ = Endpoint(
    name="list_activities",
    method="GET",
    path="/api/v2/activities",
    args=ListActivities,
    returns=list[Activity],
    effect=Effect.READ,
    resource="activities",
    scopes=READ,
    cost=10,
    paging=Paging.CURSOR,
)
get = Endpoint(
    name="get_activity",
    method="GET",
    path="/api/v2/activities/{activity_id}",
    args=GetActivity,
    returns=Activity,
    effect=Effect.READ,
    resource="activities",
    scopes=READ,
    cost=1,
)
create = Endpoint(
    name="create_activity",
    method="POST",
    path="/api/v2/activities",
    args=CreateActivity,
    returns=Activity,
    effect=Effect.CREATE,
    resource="activities",
    scopes=FULL,
    cost=5,
    marker="note",
    reaches_people=("attendees",),
)
update = Endpoint(
    name="update_activity",
    method="PATCH",
    path="/api/v2/activities/{activity_id}",
    args=UpdateActivity,
    returns=Activity,
    effect=Effect.UPDATE,
    resource="activities",
    scopes=FULL,
    cost=5,
    target=get,
    reaches_people=("attendees",),
)
delete = Endpoint(
    name="delete_activity",
    method="DELETE",
    path="/api/v2/activities/{activity_id}",
    args=DeleteActivity,
    returns=Deleted,
    effect=Effect.DELETE,
    resource="activities",
    scopes=FULL,
    cost=3,
    target=get,
)
