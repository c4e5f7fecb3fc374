"""The sandbox's own routes, under `/_sandbox`: the log, a reset, faults, switches and raw records."""

from typing import Any

from pydantic_core import from_json, to_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from pipedrive_tools.errors import SandboxError
from pipedrive_tools.sandbox.api import Api
from pipedrive_tools.sandbox.faults import from_values


def application(api: Api) -> Starlette:
    """The whole application: control routes, and the API under everything else."""
    control = Control(api)
    routes = [
        Route("/_sandbox/log", control.log),
        Route("/_sandbox/deliveries", control.deliveries),
        Route("/_sandbox/reset", control.reset, methods=["POST"]),
        Route("/_sandbox/faults", control.faults, methods=["POST"]),
        Route("/_sandbox/switches", control.switches, methods=["GET", "POST"]),
        Route("/_sandbox/expire", control.expire, methods=["POST"]),
        Route("/_sandbox/records/{resource}", control.records),
        Mount("/", api),
    ]
    return Starlette(routes=routes)


class Control:
    """What a test or a person may do to the sandbox from outside."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def log(self, _request: Request) -> Response:
        """Every request so far."""
        return _json(self._api.log.entries())

    async def deliveries(self, _request: Request) -> Response:
        """Every attempt to deliver an event so far, and every event that was lost."""
        return _json(self._api.deliveries.entries())

    async def reset(self, _request: Request) -> Response:
        """Go back to the first state: records, log, limits, faults and switches."""
        self._api.reset()
        return _json({"success": True})

    async def faults(self, request: Request) -> Response:
        """Put other faults in force."""
        try:
            content = from_json(await request.body())
            found = from_values(content.get("faults") if isinstance(content, dict) else content)
        except (ValueError, SandboxError) as error:
            return _json({"success": False, "error": str(error)}, 400)
        self._api.faults.replace(found)
        return _json({"success": True, "faults": len(found)})

    async def switches(self, request: Request) -> Response:
        """Show the switches, or set some anew."""
        if request.method == "POST":
            try:
                content = from_json(await request.body())
                if not isinstance(content, dict):
                    return _json({"success": False, "error": "the body must be an object of switches"}, 400)
                self._api.switch(self._api.world.switches.changed(content))
            except (ValueError, SandboxError) as error:
                return _json({"success": False, "error": str(error)}, 400)
        return _json(self._api.world.switches)

    async def expire(self, _request: Request) -> Response:
        """End the life of every access token."""
        self._api.oauth.expire()
        return _json({"success": True})

    async def records(self, request: Request) -> Response:
        """The raw records of a resource."""
        resource = request.path_params["resource"]
        tables = self._api.world.store.tables
        if resource not in tables:
            error = f"no records are called {resource!r}; there are: {', '.join(tables)}"
            return _json({"success": False, "error": error}, 404)
        return _json(list(tables[resource].records()))


def _json(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")
