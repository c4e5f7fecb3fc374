"""Tools that are several calls in one: each part goes through the gate, is counted and written down like any other.

A composite has no rights of its own and no line in a policy: whoever may use its parts may use it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from pipedrive_tools import auth, render
from pipedrive_tools.client import Line
from pipedrive_tools.endpoint import Args, Call, Effect, Endpoint, Resource, describe
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
from pipedrive_tools.errors import ArgumentsError, PipedriveToolsError
from pipedrive_tools.gate.verdict import grant
from pipedrive_tools.state.journal import new_id
from pipedrive_tools.toolset import names
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.directory import FIELDS, SOURCES
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.toolset.way import judge
from pipedrive_tools.wire import Answer

ACTIVITIES_READ: Final = 100
DONE_SHOWN: Final = 5
NOTES_SHOWN: Final = 3
HITS: Final = 20

Part = Endpoint[..., Any]
Ask = Callable[[Call[Any]], Awaitable[ToolResult]]
"""Takes one part all the way."""


class GetDealOverview(Args):
    """All about one deal in one answer: people, activities, latest notes. Costs 33 to 63 tokens."""

    deal_id: Id
    """Deal id."""


class Find(Args):
    """Find deals, persons, organizations and leads by words, when the kind is not known. Costs 20 tokens."""

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
    answer: Callable[[tuple[Part, ...], Desk, Any, Line], Awaitable[ToolResult]]
    """Asks the parts that are granted, and puts their answers together."""
    names_cost: int = 0
    """What looking up names may add."""

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
        """Pipedrive API tokens at most."""
        return sum(part.cost for part in self.parts) + self.names_cost

    @property
    def scopes(self) -> tuple[str, ...]:
        """OAuth scopes of its parts."""
        return tuple(dict.fromkeys(scope for part in self.parts for scope in part.scopes))

    def granted(self, may_use: Callable[[Part], bool]) -> tuple[Part, ...]:
        """The parts that the agent may use; none where they do not make a whole."""
        if all(may_use(part) for part in self.parts):
            return self.parts
        return tuple(part for part in self.instead if may_use(part))

    async def call(self, desk: Desk, arguments: Mapping[str, Any], line: Line) -> ToolResult:
        """Take the call all the way, part by part."""
        try:
            args = self.model.model_validate(arguments)
        except ValidationError as error:
            wrong = ArgumentsError(f"{self.name}: {describe(error, tuple(self.model.model_fields))}")
            return ToolResult(text=render.invalid(wrong), status="invalid")
        parts = self.granted(lambda part: may(desk, part, line.credential))
        return await self.answer(parts, desk, args, line)


def may(desk: Desk, part: Part, credential: auth.Credential) -> bool:
    """Whether the policy and the login let the agent use a part."""
    is_granted = grant(desk.policy, desk.agent, part).decision != "deny"
    return is_granted and auth.lacking(credential, part) is None


async def _overview(_parts: tuple[Part, ...], desk: Desk, args: GetDealOverview, line: Line) -> ToolResult:
    """The deal first; without it there is nothing to tell."""
    deal_id, number = args.deal_id, new_id()
    if desk.directory.kept("deals") is None:  # the definitions name stages, pipelines and labels, too
        await _known(desk, "deals", line, number)
    first = await judge(desk, deals.get(deal_id=deal_id), line, number=number)
    if not first.ok or not isinstance(first.data, dict):
        return first
    deal, results = first.data, [first]
    found: dict[str, Any] = {"deal": deal}
    missing: list[str] = []
    for what, call in _around(deal_id, deal):
        result = await judge(desk, call, line)
        results.append(result)
        if result.ok:
            found[what] = result.data
        else:
            missing.append(f"{what} could not be read: {result.text.splitlines()[0]}")
    sections = _sections(desk, found, has_more=any(each.next_page for each in results))
    cost = sum(each.cost for each in results)
    text = render.together(
        sections, missing, tag=desk.tag, limit_tokens=desk.settings.result_tokens, cost=cost, left=desk.left
    )
    return ToolResult(text=text, status="ok", data=found, cost=cost, audit_id=first.audit_id)


async def _known(desk: Desk, name: str, line: Line, number: str) -> None:
    try:
        await names.load(desk, name, line, number)
    except PipedriveToolsError:
        return


def _around(deal_id: int, deal: Mapping[str, Any]) -> list[tuple[str, Call[Any]]]:
    """The calls that tell what is around a deal."""
    calls: list[tuple[str, Call[Any]]] = []
    if deal.get("person_id"):
        calls.append(("person", persons.get(person_id=deal["person_id"])))
    if deal.get("org_id"):
        calls.append(("organization", organizations.get(org_id=deal["org_id"])))
    latest = activities.list_(
        deal_id=deal_id, sort_by="due_date", sort_direction="desc", limit=ACTIVITIES_READ
    )
    newest = notes.list_(deal_id=deal_id, sort="add_time DESC", limit=NOTES_SHOWN)
    return [*calls, ("activities", latest), ("notes", newest)]


def _sections(desk: Desk, found: Mapping[str, Any], *, has_more: bool) -> list[tuple[str, list[str]]]:
    """What is told, under headings of ours."""
    labels = desk.directory.labels
    sections = [("deal", render.lines(deals.get, found["deal"], labels))]
    for what, entry in (("person", persons.get), ("organization", organizations.get)):
        if isinstance(found.get(what), dict):
            sections.append((what, render.lines(entry, found[what], labels)))
    listed = [each for each in found.get("activities") or () if isinstance(each, dict)]
    todo, done = [e for e in listed if not e.get("done")], [e for e in listed if e.get("done")]
    todo.reverse()
    further = f", of the latest {ACTIVITIES_READ}" if len(listed) == ACTIVITIES_READ else ""
    if "activities" in found:
        sections.append((f"open activities ({len(todo)}{further})", _activities(todo, labels)))
        shown = f"latest {min(DONE_SHOWN, len(done))} of {len(done)}{further}"
        sections.append((f"done activities ({shown})", _activities(done[:DONE_SHOWN], labels)))
    if "notes" in found:
        told = found["notes"] or []
        more = ", there are more" if has_more and len(told) == NOTES_SHOWN else ""
        heading, wanted = f"latest notes ({len(told)}{more})", ("add_time", "content", "user_id")
        sections.append((heading, render.rows(notes.list_, told, labels, wanted, longest=500)))
    return sections


def _activities(found: list[Any], labels: Any) -> list[str]:
    wanted = ("due_date", "due_time", "type", "subject", "owner_id", "note")
    return render.rows(activities.list_, found, labels, wanted, longest=200)


_KINDS: Final[Mapping[str, Part]] = {
    "deals": deals.search,
    "persons": persons.search,
    "organizations": organizations.search,
    "leads": leads.search,
}


_SINGULAR: Final[Mapping[str, account.Kind]] = {
    "deals": "deal",
    "persons": "person",
    "organizations": "organization",
    "leads": "lead",
}


async def _find(parts: tuple[Part, ...], desk: Desk, args: Find, line: Line) -> ToolResult:
    """One search over all kinds, or one for each kind that the agent may read."""
    results: list[ToolResult] = []
    found: list[Any] = []
    asked: list[str] = []
    for part in parts:
        try:
            call = part.check({"term": args.term, "limit": HITS})
        except ArgumentsError as error:
            return ToolResult(text=render.invalid(error), status="invalid")
        result = await judge(desk, call, line)
        if not result.ok:
            return result
        results.append(result)
        asked += [name for name, entry in _KINDS.items() if part in {entry, account.search_items}]
        found += (result.data or {}).get("items") or []
    found.sort(key=lambda hit: -float(hit.get("result_score") or 0))
    cost = sum(each.cost for each in results)
    call = account.search_items(term=args.term, item_types=[_SINGULAR[each] for each in asked])
    has_more = any(each.next_page for each in results)
    text = render.result(
        call,
        Answer({"items": found}, None, cost),
        tag=desk.tag,
        limit_tokens=desk.settings.result_tokens,
        labels=desk.directory.labels,
        left=desk.left,
    )
    if has_more:
        text = text.replace("the list is complete", "there are more: use longer words", 1)
    return ToolResult(text=text, status="ok", data={"items": found}, cost=cost, audit_id=results[0].audit_id)


COMPOSITES: Final[Mapping[str, Composite]] = MappingProxyType(
    {
        tool.name: tool
        for tool in (
            Composite(
                name="get_deal_overview",
                model=GetDealOverview,
                resource="deals",
                parts=(deals.get, persons.get, organizations.get, activities.list_, notes.list_),
                answer=_overview,
                names_cost=sum(SOURCES[name].entry.cost for name in FIELDS),
            ),
            Composite(
                name="find",
                model=Find,
                resource="deals",
                parts=(account.search_items,),
                instead=tuple(_KINDS.values()),
                answer=_find,
            ),
        )
    }
)
"""Every composite, by the name of its tool."""
