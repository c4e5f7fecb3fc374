"""What a tool of several calls answers: each part goes through the gate, is counted and written down like any other."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from pipedrive_tools import auth, render
from pipedrive_tools.endpoint import Call, describe
from pipedrive_tools.endpoints import (
    account,
    activities,
    deals,
    notes,
    organizations,
    persons,
)
from pipedrive_tools.endpoints.composites import KINDS_SEARCHED, Composite, Find, GetDealOverview, Part
from pipedrive_tools.errors import ArgumentsError, PipedriveToolsError
from pipedrive_tools.gate.verdict import grant
from pipedrive_tools.line import Line
from pipedrive_tools.state.journal import new_id
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.loading import load
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.toolset.way import judge
from pipedrive_tools.wire import Answer

ACTIVITIES_READ: Final = 100
DONE_SHOWN: Final = 5
NOTES_SHOWN: Final = 3
HITS: Final = 20

Answering = Callable[[tuple[Part, ...], Desk, Any, Line], Awaitable[ToolResult]]
"""Asks the parts that are granted, and puts their answers together."""


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
        await load(desk, name, line, number)
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
        asked += [name for name, entry in KINDS_SEARCHED.items() if part in {entry, account.search_items}]
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


_ANSWERS: Final[Mapping[str, Answering]] = {"get_deal_overview": _overview, "find": _find}


async def call(tool: Composite, desk: Desk, arguments: Mapping[str, Any], line: Line) -> ToolResult:
    """Take the call all the way, part by part."""
    try:
        args = tool.model.model_validate(arguments)
    except ValidationError as error:
        wrong = ArgumentsError(f"{tool.name}: {describe(error, tuple(tool.model.model_fields))}")
        return ToolResult(text=render.invalid(wrong), status="invalid")
    parts = tool.granted(lambda part: may(desk, part, line.credential))
    return await _ANSWERS[tool.name](parts, desk, args, line)
