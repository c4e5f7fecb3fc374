"""Reads an account in bulk: whole lists in large pages, never one call per deal.

What cannot be read is not guessed at. It becomes a sentence in `Account.gaps`; without the deals there is no book.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipedrive_tools.endpoints import account, activities, deals, leads, persons, pipelines
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.toolset import Toolset
from sales_follow_up.days import day
from sales_follow_up.facts import Account, Book, Deal, Lead, Stage
from sales_follow_up.history import History
from sales_follow_up.lists import Lists
from sales_follow_up.workdays import Workdays

NEEDED: Final = (deals.list_.name, activities.list_.name)
"""Without these tools nothing can be judged."""
NOTHING_COLD: Final = "no deal was checked for having gone cold"
STEPS: Final = (
    "user",
    "stages",
    "deals",
    "leads",
    "open activities",
    "done activities",
    "notes",
    "persons",
    "activity types",
)


def read(
    toolset: Toolset,
    *,
    today: date | None = None,
    workdays: Callable[[date], Workdays] = lambda _: Workdays(),
    begins: Callable[[str], None] = lambda _: None,
    lists: Lists | None = None,
) -> Book:
    """Read everything that a review needs; `begins` hears each of `STEPS`. `today` is the user's unless given."""
    lists = lists or Lists(toolset)
    begins("user")
    user = lists.unless_unread(
        lambda: lists.one(account.get_current_user), None, but="today is the day in UTC"
    )
    gone = lists.unless_unread(
        lambda: _gone_users(lists), frozenset[int](), but="owners who left were not noticed"
    )
    zone = _zone(user, lists)
    today = today or datetime.now(ZoneInfo(zone)).date()
    begins("stages")
    stages = lists.unless_unread(lambda: _stages(lists), dict[int, Stage](), but=NOTHING_COLD)
    begins("deals")
    found = list(lists.records(deals.list_, status=["open"], include_fields=["next_activity_id"]))
    begins("leads")
    waiting = lists.unless_unread(
        lambda: list(lists.records(leads.list_)), list[leads.Lead](), but="no lead was looked at"
    )
    history = History(zone, [each.id for each in found], [each.id for each in waiting])
    begins("open activities")
    activities_were_read = history.read_open(lists)
    if activities_were_read:
        begins("done activities")
        if not history.read_done(lists, today, stages.values()):
            stages = {number: replace(stage, rots_after_days=None) for number, stage in stages.items()}
            waiting = []
        begins("notes")
        history.read_notes(lists, today)
    facts: Iterable[Deal] = [_deal(each, stages, history) for each in found]
    begins("persons")
    if activities_were_read:
        facts = lists.unless_unread(
            lambda: _with_persons(lists, facts, today), facts, but="deleted persons were not noticed"
        )
    begins("activity types")
    types = lists.unless_unread(
        lambda: _types(lists), frozenset[str](), but="the usual activity types are assumed"
    )
    return Book(
        account=Account(
            today=today,
            zone=zone,
            workdays=workdays(today),
            user_id=user.id if user else None,
            gone_user_ids=gone,
            activity_types=types,
            activities_were_read=activities_were_read,
            tokens=lists.tokens,
            gaps=tuple(lists.gaps),
        ),
        deals=tuple(facts),
        leads=tuple(_lead(each, history) for each in waiting),
    )


def _zone(user: account.CurrentUser | None, lists: Lists) -> str:
    name = (user.timezone_name if user else None) or "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        lists.gaps.append(f"today is the day in UTC (this machine does not know the time zone {name!r})")
        return "UTC"
    return name


def _gone_users(lists: Lists) -> frozenset[int]:
    return frozenset(user.id for user in lists.one(account.list_users) if user.active_flag is False)


def _stages(lists: Lists) -> dict[int, Stage]:
    lines = {each.id: each for each in lists.records(pipelines.list_pipelines)}
    found = list(lists.records(pipelines.list_stages))
    orders: dict[int | None, list[int]] = {}
    for each in found:
        orders.setdefault(each.pipeline_id, []).append(each.order_nr or 0)
    return {
        each.id: _stage(each, lines.get(each.pipeline_id or 0), sorted(orders[each.pipeline_id]))
        for each in found
    }


def _stage(stage: pipelines.Stage, pipeline: pipelines.Pipeline | None, orders: list[int]) -> Stage:
    return Stage(
        name=one_line(stage.name or ""),
        pipeline=one_line((pipeline.name if pipeline else None) or ""),
        place=orders.index(stage.order_nr or 0) + 1,
        places=len(orders),
        probability=stage.deal_probability if pipeline and pipeline.is_deal_probability_enabled else None,
        rots_after_days=stage.days_to_rotten if stage.is_deal_rot_enabled else None,
    )


def _deal(deal: deals.Deal, stages: dict[int, Stage], history: History) -> Deal:
    past = history.of(deal.id)
    return Deal(
        id=deal.id,
        title=one_line(deal.title or ""),
        stage=stages.get(deal.stage_id or 0),
        owner_id=deal.owner_id,
        value=deal.value or 0.0,
        currency=one_line(deal.currency or ""),
        probability=deal.probability,
        added=day(deal.add_time),
        moved=day(deal.stage_change_time),
        expected_close=day(deal.expected_close_date),
        last_done=past.last_done,
        open_activities=tuple(past.open),
        changed=past.touched(day(deal.update_time)),
        has_unseen_activity=not history.has_seen((deal.model_extra or {}).get("next_activity_id")),
        person_id=deal.person_id,
        incoming=past.incoming if history.knows_replies else None,
        outgoing=past.outgoing,
        said=past.said,
    )


def _lead(lead: leads.Lead, history: History) -> Lead:
    past, money = history.of(lead.id), lead.value or {}
    return Lead(
        id=lead.id,
        title=one_line(lead.title or ""),
        owner_id=lead.owner_id,
        value=float(money.get("amount") or 0.0),
        currency=one_line(str(money.get("currency") or "")),
        added=day(lead.add_time),
        updated=day(lead.update_time),
        last_done=past.last_done,
        open_activities=tuple(past.open),
        changed=past.touched(day(lead.update_time)),
        has_unseen_activity=not history.has_seen(lead.next_activity_id),
        person_id=lead.person_id,
        said=past.said,
    )


def _with_persons(lists: Lists, facts: Iterable[Deal], today: date) -> list[Deal]:
    """The deals, knowing whose person is gone; only persons of deals that wait for somebody are asked for."""
    wanted = {deal.person_id for deal in facts if deal.person_id and deal.next_day(today) is None}
    listed = {person.id for person in lists.named(persons.list_, wanted)}
    gone = wanted - listed
    return [replace(deal, person_is_gone=True) if deal.person_id in gone else deal for deal in facts]


def _types(lists: Lists) -> frozenset[str]:
    return frozenset(
        each.key_string for each in lists.one(account.list_activity_types) if each.active_flag is not False
    )
