"""Pipelines and their stages; the API lets admins alone change them, so these are reads."""

from typing import Annotated, Literal

from pydantic import Field

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Paging, Record
from pipedrive_tools.endpoints.arguments import CursorPage
from pipedrive_tools.endpoints.values import Id, RecordSort, SortDirection, Unshown

READ = ("deals:read", "deals:full", "admin")


class Pipeline(Record):
    """A pipeline."""

    id: int
    name: str | None = None
    order_nr: int | None = None
    is_deleted: bool | None = None
    is_deal_probability_enabled: bool | None = None
    add_time: str | None = None
    update_time: str | None = None


class Stage(Record):
    """A stage; its deals go stale after `days_to_rotten`, where rotting is on."""

    id: int
    name: str | None = None
    pipeline_id: int | None = None
    order_nr: int | None = None
    deal_probability: int | None = None
    is_deal_rot_enabled: bool | None = None
    days_to_rotten: int | None = None
    is_deleted: bool | None = None
    add_time: str | None = None
    update_time: str | None = None


class _Page(CursorPage):
    """One page of a list that is nearly always short."""

    limit: Unshown[Annotated[int, Field(ge=1, le=500)] | None] = None
    """Page size."""
    cursor: Unshown[str | None] = None
    """Next page."""


class ListPipelines(_Page):
    """List all sales pipelines with ids and names."""

    sort_by: Unshown[RecordSort | None] = None
    """Sort key."""
    sort_direction: Unshown[SortDirection | None] = None
    """Order."""


class ListStages(_Page):
    """List stages: ids, names, order, days until a deal there goes stale."""

    pipeline_id: Id | None = None
    """Pipeline's name or id; left out: all."""
    sort_by: Unshown[Literal["id", "update_time", "add_time", "order_nr"] | None] = None
    """Sort key."""
    sort_direction: Unshown[SortDirection | None] = None
    """Order."""


class GetPipeline(Args):
    """Read one pipeline. list_pipelines gives all at once."""

    pipeline_id: Id
    """Pipeline id."""


class GetStage(Args):
    """Read one stage. list_stages gives all at once."""

    stage_id: Id
    """Stage id."""


list_pipelines = Endpoint(
    name="list_pipelines",
    method="GET",
    path="/api/v2/pipelines",
    args=ListPipelines,
    returns=list[Pipeline],
    effect=Effect.READ,
    resource="pipelines",
    scopes=READ,
    cost=5,
    paging=Paging.CURSOR,
)
list_stages = Endpoint(
    name="list_stages",
    method="GET",
    path="/api/v2/stages",
    args=ListStages,
    returns=list[Stage],
    effect=Effect.READ,
    resource="pipelines",
    scopes=READ,
    cost=5,
    paging=Paging.CURSOR,
)
get_pipeline = Endpoint(
    name="get_pipeline",
    method="GET",
    path="/api/v2/pipelines/{pipeline_id}",
    args=GetPipeline,
    returns=Pipeline,
    effect=Effect.READ,
    resource="pipelines",
    scopes=READ,
    cost=1,
)
get_stage = Endpoint(
    name="get_stage",
    method="GET",
    path="/api/v2/stages/{stage_id}",
    args=GetStage,
    returns=Stage,
    effect=Effect.READ,
    resource="pipelines",
    scopes=READ,
    cost=1,
)
