"""Pipelines and stages, which are read only here."""

from pipedrive_tools.sandbox.answers import Answer, data, missing
from pipedrive_tools.sandbox.lists import page
from pipedrive_tools.sandbox.query import DIRECTION, PAGE, one_of, parsed, whole
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.views import plain
from pipedrive_tools.sandbox.world import Handler, World

_PIPELINES = {**PAGE, "sort_by": one_of("id", "update_time", "add_time"), "sort_direction": DIRECTION}
_STAGES = {**_PIPELINES, "sort_by": one_of("id", "update_time", "add_time", "order_nr"), "pipeline_id": whole}


def _list_pipelines(world: World, request: Request) -> Answer:
    asked = parsed(world, request, _PIPELINES)
    living = (each for each in world.store["pipelines"].records() if not each["is_deleted"])
    found, additional = page(world, request, asked, living)
    return data([plain(world, "pipelines", each) for each in found], additional=additional)


def _list_stages(world: World, request: Request) -> Answer:
    asked = parsed(world, request, _STAGES)
    wanted = asked.get("pipeline_id")
    living = (
        each
        for each in world.store["stages"].records()
        if not each["is_deleted"] and wanted in (None, each["pipeline_id"])
    )
    found, additional = page(world, request, asked, living)
    return data([plain(world, "stages", each) for each in found], additional=additional)


def _get(table: str, noun: str) -> Handler:
    def handle(world: World, request: Request) -> Answer:
        parsed(world, request, {})
        record = world.store[table].get(request.number(0, noun.lower()))
        if record is None:
            raise missing(noun)
        return data(plain(world, table, record))

    return handle


HANDLERS: dict[str, Handler] = {
    "list_pipelines": _list_pipelines,
    "get_pipeline": _get("pipelines", "Pipeline"),
    "list_stages": _list_stages,
    "get_stage": _get("stages", "Stage"),
}
