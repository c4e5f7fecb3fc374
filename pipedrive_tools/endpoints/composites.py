"""Tools that are several entries in one: name, arguments, parts, cost. What they answer is the toolset's.

A composite has no rights of its own and no line in a policy: whoever may use its parts may use it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Resource
from pipedrive_tools.endpoints import (
    account,
    activities,
    deals,
    leads,
    notes,
    organizations,
    persons,
)
from pipedrive_tools.endpoints.values import Id, Text

Part = Endpoint[..., Any]


class GetDealOverview(Args):
    """All about one deal in one answer: people, activities, latest notes. Costs 33 tokens, at most 63."""

    deal_id: Id
    """Deal id."""


class Find(Args):
    """Find deals, persons, organizations and leads by words, of whatever kind. Costs 20 tokens, at most 80."""

    term: Text
    """At least 2 characters."""


@dataclass(frozen=True, kw_only=True)
class Composite:
    """A tool made of several; to a framework it looks like an entry of the catalogue."""

    name: str
    model: type[Args]
    resource: Resource
    parts: tuple[Part, ...]
    instead: tuple[Part, ...] = ()
    """Parts of which any one will do where not all of `parts` are granted."""
    names: tuple[Part, ...] = ()
    """Lists of names that it may have to read once."""

    @property
    def effect(self) -> Effect:
        """Composites read."""
        return Effect.READ

    @property
    def idempotent(self) -> bool:
        """Reading twice leaves what reading once leaves."""
        return True

    @property
    def cost(self) -> int:
        """Pipedrive API tokens at most, whichever parts are granted."""
        return max(self.cost_of(self.parts), self.cost_of(self.instead))

    def cost_of(self, granted: tuple[Part, ...]) -> int:
        """Pipedrive API tokens at most, with the parts that are granted."""
        return sum(part.cost for part in (*granted, *self.names))

    @property
    def version(self) -> str:
        """Versions of the API that its parts belong to."""
        return ", ".join(sorted({part.version for part in self.parts}))

    @property
    def scopes(self) -> tuple[str, ...]:
        """OAuth scopes of its parts."""
        return tuple(dict.fromkeys(scope for part in self.parts for scope in part.scopes))

    def granted(self, may_use: Callable[[Part], bool]) -> tuple[Part, ...]:
        """The parts that the agent may use; none where they do not make a whole."""
        if all(may_use(part) for part in self.parts):
            return self.parts
        return tuple(part for part in self.instead if may_use(part))


KINDS_SEARCHED: Final[Mapping[str, Part]] = {
    "deals": deals.search,
    "persons": persons.search,
    "organizations": organizations.search,
    "leads": leads.search,
}
"""The search over each kind of record."""


COMPOSITES: Final[Mapping[str, Composite]] = MappingProxyType(
    {
        tool.name: tool
        for tool in (
            Composite(
                name="get_deal_overview",
                model=GetDealOverview,
                resource="deals",
                parts=(deals.get, persons.get, organizations.get, activities.list_, notes.list_),
                names=(
                    account.list_deal_fields,
                    account.list_person_fields,
                    account.list_organization_fields,
                ),
            ),
            Composite(
                name="find",
                model=Find,
                resource="deals",
                parts=(account.search_items,),
                instead=tuple(KINDS_SEARCHED.values()),
            ),
        )
    }
)
"""Every composite, by the name of its tool."""
