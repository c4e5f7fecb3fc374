"""Which handler serves which path. Method, path and cost of an endpoint come from the catalogue alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.sandbox import (
    account,
    activities,
    conversion,
    deals,
    itemsearch,
    leads,
    notes,
    organizations,
    persons,
    pipelines,
    searchitems,
    webhooks,
)
from pipedrive_tools.sandbox.entities import Kind
from pipedrive_tools.sandbox.v1twins import twins
from pipedrive_tools.sandbox.world import Handler

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        **account.HANDLERS,
        **activities.HANDLERS,
        **conversion.HANDLERS,
        **deals.HANDLERS,
        **itemsearch.HANDLERS,
        **leads.HANDLERS,
        **notes.HANDLERS,
        **organizations.HANDLERS,
        **persons.HANDLERS,
        **pipelines.HANDLERS,
        **searchitems.HANDLERS,
        **webhooks.HANDLERS,
    }
)
"""Handlers by the name of their endpoint."""


@dataclass(frozen=True)
class Route:
    """One endpoint as the server sees it."""

    name: str
    method: str
    path: str
    """Template; whatever stands in braces is one argument."""
    cost: int
    handler: Handler
    scopes: tuple[str, ...] = ()
    """OAuth scopes, any one of which opens it; none for what the catalogue does not have."""

    @property
    def is_search(self) -> bool:
        """Whether the stricter window counts it."""
        return "earch" in self.path.rsplit("/v", 1)[-1]


@dataclass(frozen=True)
class Match:
    """What a path leads to."""

    methods: Mapping[str, Route]
    arguments: tuple[str, ...]


class Routes:
    """Paths to endpoints, by their segments; a fixed segment goes before an argument."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, dict[str, Route]] = {}
        self._open: dict[int, list[tuple[tuple[str | None, ...], dict[str, Route]]]] = {}
        for route in routes:
            self._add(route)

    def find(self, path: str) -> Match | None:
        """The endpoints of a path, by method."""
        if (methods := self._fixed.get(path)) is not None:
            return Match(methods, ())
        parts = path.split("/")
        for template, methods in self._open.get(len(parts), ()):
            if all(want in (None, part) for want, part in zip(template, parts, strict=True)):
                arguments = tuple(part for want, part in zip(template, parts, strict=True) if want is None)
                return Match(methods, arguments)
        return None

    def _add(self, route: Route) -> None:
        if "{" not in route.path:
            self._fixed.setdefault(route.path, {})[route.method] = route
            return
        parts = route.path.split("/")
        template = tuple(None if part.startswith("{") else part for part in parts)
        same = self._open.setdefault(len(parts), [])
        methods = next((methods for known, methods in same if known == template), None)
        if methods is None:
            methods = {}
            same.append((template, methods))
            same.sort(key=lambda pair: sum(part is None for part in pair[0]))
        methods[route.method] = route


BEYOND = tuple(
    Route(name, method, path, cost, HANDLERS[name])
    for name, method, path, cost in (
        ("find_users", "GET", "/api/v1/users/find", 40),
        ("list_currencies", "GET", "/api/v1/currencies", 20),
        ("list_filters", "GET", "/api/v1/filters", 20),
        ("list_lead_sources", "GET", "/api/v1/leadSources", 2),
        ("search_items_by_field", "GET", "/api/v2/itemSearch/field", 20),
    )
)
"""What is served beyond the catalogue, with its prices (FACTS.md, section 5)."""


TWINS: Mapping[str, tuple[str, Kind | None]] = MappingProxyType(
    {
        "deals": ("deal", deals.DEALS),
        "persons": ("person", persons.PERSONS),
        "organizations": ("organization", organizations.ORGANIZATIONS),
        "activities": ("activity", activities.ACTIVITIES),
        "pipelines": ("pipeline", None),
        "stages": ("stage", None),
    }
)
"""What v1 had and v2 has now."""


def catalogue_endpoints() -> list[Route]:
    """Every endpoint of the catalogue; one without a handler is an error."""
    return [
        Route(entry.name, entry.method, entry.path, entry.cost, HANDLERS[entry.name], entry.scopes)
        for entry in catalogue.values()
    ]


def all_routes() -> Routes:
    """Everything that the sandbox serves."""
    return Routes([*catalogue_endpoints(), *BEYOND, *(Route(*each) for each in twins(TWINS, HANDLERS))])
