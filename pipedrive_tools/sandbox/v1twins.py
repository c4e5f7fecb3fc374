"""The v1 endpoints that have a v2 twin: gone by default, or served for clients that still call them."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic_core import from_json, to_json

from pipedrive_tools.sandbox.answers import Answer, RefusedError, data, gateway, general
from pipedrive_tools.sandbox.entities import Kind
from pipedrive_tools.sandbox.offsets import OFFSET, offset_answer
from pipedrive_tools.sandbox.query import Parser, parsed_v1, some_of, truth, whole
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.v1shapes import SHAPES, v2_body
from pipedrive_tools.sandbox.world import Handler, World

GONE = gateway(410, "This endpoint is no longer available; use API v2")
UNKNOWN = gateway(404, "Unknown method .")

_FILTERS: Mapping[str, Parser] = MappingProxyType(
    {
        **OFFSET,
        "user_id": whole,
        "owner_id": whole,
        "person_id": whole,
        "org_id": whole,
        "deal_id": whole,
        "stage_id": whole,
        "pipeline_id": whole,
        "status": some_of("open", "won", "lost", "deleted", "all_not_deleted"),
        "done": lambda value, world: truth({"0": "false", "1": "true"}.get(value, value), world),
    }
)


def served(handler: Handler) -> Handler:
    """A handler that only works while the switch says so."""

    def handle(world: World, request: Request) -> Answer:
        if world.switches.v1_twins == 200:  # noqa: PLR2004 - a status
            return handler(world, request)
        raise RefusedError(GONE if world.switches.v1_twins == 410 else UNKNOWN)  # noqa: PLR2004 - a status

    return handle


def _list(resource: str, kind: Kind | None) -> Handler:
    def handle(world: World, request: Request) -> Answer:
        asked = parsed_v1(world, request, _FILTERS)
        if "user_id" in asked:
            asked["owner_id"] = asked.pop("user_id")
        if "all_not_deleted" in asked.get("status", ()):
            del asked["status"]
        found = [
            SHAPES[resource](world, record)
            for record in world.store[resource].seen(world.switches.list_lag)
            if not record.get("is_archived")
            and (kind.matches(world, record, asked) if kind else not record["is_deleted"])
            and (
                resource != "stages"
                or asked.get("pipeline_id", record["pipeline_id"]) == record["pipeline_id"]
            )
        ]
        return offset_answer(world, asked, found, nested=True)

    return handle


def _get(resource: str) -> Handler:
    def handle(world: World, request: Request) -> Answer:
        record = world.store[resource].get(request.number(0, resource))
        if record is None:
            raise general(404, f"{resource.capitalize()[:-1]} not found", "Object was not found.")
        return data(SHAPES[resource](world, record))

    return handle


def _through(resource: str, twin: Handler, *, status: int = 200) -> Handler:
    """Carry a v1 call out as the v2 call it has become."""

    def handle(world: World, request: Request) -> Answer:
        body = v2_body(world, resource, request.entries()) if request.raw else {}
        request = Request(
            request.method, request.path, request.sent_path, {}, to_json(body), {}, request.arguments
        )
        try:
            answer = twin(world, request)
        except RefusedError as refused:
            raise general(refused.answer.status, _words(refused)) from None
        record = world.store[resource].get(from_json(answer.body)["data"]["id"])
        if request.method == "DELETE" or record is None:
            return answer
        return data(SHAPES[resource](world, record), status=status)

    return handle


def _words(refused: RefusedError) -> str:
    return str(from_json(refused.answer.body).get("error", ""))


def _search(twin: Handler) -> Handler:
    def handle(world: World, request: Request) -> Answer:
        query = {name: value for name, value in request.query.items() if name not in {"start", "api_token"}}
        again = Request(request.method, request.path, request.sent_path, query, b"", {})
        content: dict[str, Any] = from_json(twin(world, again).body)
        start, limit = int(request.query.get("start", 0)), int(query.get("limit", 100))
        pagination = {"start": start, "limit": limit, "more_items_in_collection": False}
        return data(content["data"], additional={"pagination": pagination})

    return handle


def twins(
    kinds: Mapping[str, tuple[str, Kind | None]], handlers: Mapping[str, Handler]
) -> Iterator[tuple[str, str, str, int, Handler]]:
    """Name, method, path, v1 price and handler of every twin (FACTS.md, section 5)."""
    for resource, (singular, kind) in kinds.items():
        path = f"/api/v1/{resource}"
        listed = 20 if kind else 10
        yield f"v1_list_{resource}", "GET", path, listed, served(_list(resource, kind))
        yield f"v1_get_{singular}", "GET", f"{path}/{{id}}", 2, served(_get(resource))
        if kind is None:
            continue
        created, changed = handlers[f"create_{singular}"], handlers[f"update_{singular}"]
        yield f"v1_create_{singular}", "POST", path, 10, served(_through(resource, created, status=201))
        yield f"v1_update_{singular}", "PUT", f"{path}/{{id}}", 10, served(_through(resource, changed))
        deleted = served(_through(resource, handlers[f"delete_{singular}"]))
        yield f"v1_delete_{singular}", "DELETE", f"{path}/{{id}}", 6, deleted
        if (search := handlers.get(f"search_{resource}")) is not None:
            yield f"v1_search_{resource}", "GET", f"{path}/search", 40, served(_search(search))
    yield "v1_search_items", "GET", "/api/v1/itemSearch", 40, served(_search(handlers["search_items"]))
