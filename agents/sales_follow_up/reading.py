"""Reads an account in bulk: whole lists in large pages, never one call per deal.

What cannot be read is not guessed at. It becomes a sentence in `Book.gaps`; without the deals there is no book.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipedrive_tools.endpoints import account, activities, deals, persons, pipelines
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.toolset import Toolset
from sales_follow_up.facts import Book, Deal, OpenActivity, Stage
from sales_follow_up.lists import Lists, UnreadError

NEEDED: Final = (deals.list_.name, activities.list_.name)
"""Without these tools nothing can be judged."""
LOOK_BACK_DAYS: Final = 365
"""How far back done activities are read: years of history are not paid for in every run. A deal with nothing done
since then counts from the day it was added or last changed stage."""
NOTHING_COLD: Final = "no deal was checked for having gone cold"
STEPS: Final = ("user", "stages", "deals", "open activities", "done activities", "persons", "activity types")


@dataclass
class _Activities:
    """What the lists of activities say of the deals that are open."""

    open: dict[int, list[OpenActivity]] = field(default_factory=dict)
    last_done: dict[int, date] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


def read(toolset: Toolset, *, today: date | None = None, begins: Callable[[str], None]) -> Book:
    """Read everything that a review needs; `begins` hears each of `STEPS`. `today` is the user's unless given."""
    lists = Lists(toolset)
    begins("user")
    user = lists.unless_unread(
        lambda: lists.one(account.get_current_user), None, but="today is the day in UTC"
    )
    gone = lists.unless_unread(
        lambda: _gone_users(lists), frozenset[int](), but="owners who left were not noticed"
    )
    today = today or _today(user, lists)
    begins("stages")
    stages = lists.unless_unread(lambda: _stages(lists), dict[int, Stage](), but=NOTHING_COLD)
    begins("deals")
    found = {
        deal.id: deal
        for deal in lists.records(deals.list_, status=["open"], include_fields=["next_activity_id"])
    }
    begins("open activities")
    known = _Activities(open={number: [] for number in found})
    activities_were_read = _read_open(lists, known)
    begins("done activities")
    if activities_were_read and not _read_done(lists, known, today, stages.values()):
        stages = {number: replace(stage, rots_after_days=None) for number, stage in stages.items()}
    facts = [_deal(deal, stages, known) for deal in found.values()]
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
        today=today,
        deals=tuple(facts),
        activities_were_read=activities_were_read,
        user_id=user.id if user else None,
        gone_user_ids=gone,
        activity_types=types,
        tokens=lists.tokens,
        gaps=tuple(lists.gaps),
    )


def day(text: str | None) -> date | None:
    """The day of a date or an instant; `0000-00-00`, which Pipedrive writes for a blanked one, is none."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _today(user: account.CurrentUser | None, lists: Lists) -> date:
    name = (user.timezone_name if user else None) or "UTC"
    try:
        return datetime.now(ZoneInfo(name)).date()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        lists.gaps.append(f"today is the day in UTC (this machine does not know the time zone {name!r})")
        return datetime.now(UTC).date()


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


def _read_open(lists: Lists, known: _Activities) -> bool:
    """Whether the list of open activities was read to its end; half of it would make busy deals look neglected."""
    try:
        for each in lists.records(activities.list_, done=False):
            known.seen.add(each.id)
            if each.deal_id in known.open:
                known.open[each.deal_id].append(OpenActivity(each.id, day(each.due_date)))
    except UnreadError as error:
        if error.was_denied:
            raise
        lists.gaps.append(f"no deal was judged: whether somebody is on it is not known ({error})")
        return False
    return True


def _read_done(lists: Lists, known: _Activities, today: date, stages: Iterable[Stage]) -> bool:
    back = max([LOOK_BACK_DAYS, *(stage.rots_after_days or 0 for stage in stages)]) + 1
    since = f"{today - timedelta(days=back)}T00:00:00Z"

    def done() -> bool:
        for each in lists.records(activities.list_, done=True, updated_since=since):
            known.seen.add(each.id)
            when = day(each.marked_as_done_time) or day(each.due_date)
            if each.deal_id in known.open and when is not None:
                known.last_done[each.deal_id] = max(when, known.last_done.get(each.deal_id, when))
        return True

    return lists.unless_unread(done, otherwise=False, but=NOTHING_COLD)


def _deal(deal: deals.Deal, stages: Mapping[int, Stage], known: _Activities) -> Deal:
    next_id = (deal.model_extra or {}).get("next_activity_id")
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
        last_done=known.last_done.get(deal.id),
        open_activities=tuple(known.open[deal.id]),
        has_unseen_activity=next_id is not None and next_id not in known.seen,
        person_id=deal.person_id,
    )


def _with_persons(lists: Lists, facts: list[Deal], today: date) -> list[Deal]:
    """The deals, knowing whose person is gone; only persons of deals that wait for somebody are asked for."""
    wanted = {deal.person_id for deal in facts if deal.person_id and deal.next_day(today) is None}
    listed = {person.id for person in lists.named(persons.list_, wanted)}
    gone = wanted - listed
    return [replace(deal, person_is_gone=True) if deal.person_id in gone else deal for deal in facts]


def _types(lists: Lists) -> frozenset[str]:
    return frozenset(
        each.key_string for each in lists.one(account.list_activity_types) if each.active_flag is not False
    )
