"""Looking for a write whose answer got lost: whether it happened, as Pipedrive shows it."""

import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from pipedrive_tools.client import perform
from pipedrive_tools.endpoint import Call, Effect, Endpoint, Paging
from pipedrive_tools.endpoints import (
    account,
    activities,
    catalogue,
    deals,
    leads,
    notes,
    organizations,
    persons,
    subscriptions,
)
from pipedrive_tools.errors import NotFoundError
from pipedrive_tools.gate import taint
from pipedrive_tools.gate.guard import same
from pipedrive_tools.line import Line
from pipedrive_tools.pacing import ALLOWANCES, WINDOW_SECONDS
from pipedrive_tools.state import journal
from pipedrive_tools.state.journal import Intent
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.marker import carries

CLOCK_SKEW_SECONDS: Final = 120.0
"""How far off the difference between Pipedrive's clock and ours may be, once its answers told it."""
PAGES: Final = math.ceil(
    max(each.token_calls for each in ALLOWANCES.values())
    * CLOCK_SKEW_SECONDS
    / WINDOW_SECONDS
    / deals.list_.page_limit
)
"""Pages that are read for one write at most: they hold what one API token can make within the skew of the clocks."""

Doubt = Literal["moved", "crowded", "rival"]
"""The record went another way, too many newer ones hide it, or the same write is under way in another call."""
Found = Literal["found", "absent"] | Doubt

_LISTS: Final[Mapping[str, Endpoint[..., Any]]] = {
    "create_deal": deals.list_,
    "create_person": persons.list_,
    "create_organization": organizations.list_,
    "create_activity": activities.list_,
    "create_lead": leads.list_,
    "create_note": notes.list_,
    "create_webhook": subscriptions.list_,
}
_PARENTS: Final = ("deal_id", "lead_id", "person_id", "org_id", "organization_id")


def stored_call(row: Intent) -> Call[Any]:
    """The call of an intent, from the wire values that the journal keeps."""
    endpoint = catalogue[row.tool]
    return Call(endpoint, endpoint.model.model_construct(), row.arguments)


async def look_for(desk: Desk, row: Intent, call: Call[Any], line: Line) -> tuple[Found, Any]:
    """Whether the write happened, as Pipedrive shows it."""
    if call.endpoint.effect is Effect.CREATE:
        return await _search_created(desk, row, call, line)
    reading = call.reading
    if reading is None:
        return "moved", None
    try:
        answer = await perform(reading, line)
    except NotFoundError:
        now = None
    else:
        await line.port.run(desk.books.spend, answer.tokens, row.id)
        now = call.record_in(answer.data)
    if call.endpoint.effect is Effect.UPDATE:
        return _changed(row, call, now)
    gone = now is None or now.get("is_deleted") or now.get("active_flag") is False
    if not gone:
        return "absent", None
    if call.endpoint.effect is Effect.DELETE:
        return "found", {"id": call.target_id}
    return await _search_converted(call, line)


def _changed(row: Intent, call: Call[Any], now: Mapping[str, Any] | None) -> tuple[Found, Any]:
    """Whether a record holds what was written, is as it was, or went another way."""
    if now is None:
        return "moved", None
    path = call.endpoint.path_arguments
    if all(same(value, now.get(name)) for name, value in call.values.items() if name not in path):
        return "found", dict(now)
    return ("absent", None) if now.get("update_time") == row.image.get("update_time") else ("moved", None)


async def _search_created(desk: Desk, row: Intent, call: Call[Any], line: Line) -> tuple[Found, Any]:
    """The newest records, compared with what was sent; those that other writes made do not count."""
    since = row.created + await _ahead_seconds(desk, row, line) - CLOCK_SKEW_SECONDS
    question, page = _question(call, since), None
    for _ in range(PAGES):
        answer = await perform(question, line, page=page)
        await line.port.run(desk.books.spend, answer.tokens, row.id)
        records = list(answer.data or ())
        found = await line.port.run(
            _mine, desk, row, call, [each for each in records if _is_young(each, since)]
        )
        if found[0] != "absent":
            return found
        page = answer.next_page
        if page is None or not _is_young(records[-1], since):
            return "absent", None
    return "crowded", None


async def _ahead_seconds(desk: Desk, row: Intent, line: Line) -> float:
    """How far Pipedrive's clock is ahead of ours; one cheap call tells where no answer has yet."""
    if line.clock.ahead_seconds is None:
        answer = await perform(account.get_current_user(), line)
        await line.port.run(desk.books.spend, answer.tokens, row.id)
    return line.clock.ahead_seconds or 0.0


def _mine(desk: Desk, row: Intent, call: Call[Any], records: list[dict[str, Any]]) -> tuple[Found, Any]:
    """The record that the call made; judged after the list was read, so that no write slips in between."""
    recovery = desk.policy.of(desk.agent).recovery
    with desk.books.store.transaction(durable=False) as connection:
        taken = journal.claimed(connection, row.account, row.tool)
        longest = desk.settings.timeout_seconds + desk.settings.connect_seconds
        has_rival = journal.under_way(connection, row, time.time() - max(longest, recovery.settle_seconds))
    for record in records:
        if str(record.get("id")) in taken:
            continue
        by_marker = carries(record, call, row.id, recovery)
        if by_marker:
            return "found", record
        if by_marker is None and _has_values(record, call):
            return ("rival", None) if has_rival else ("found", record)
    return "absent", None


def _question(call: Call[Any], since: float) -> Call[Any]:
    """The list that shows the youngest records of the kind, under the same parent where the API can filter by it."""
    entry = _LISTS[call.endpoint.name]
    moment = datetime.fromtimestamp(since, UTC).replace(microsecond=0)
    wanted: dict[str, Any] = {
        name: call.values[name]
        for name in _PARENTS
        if name in call.values and name in entry.model.model_fields
    }
    if "updated_since" not in entry.model.model_fields:
        return entry.check({})
    wanted |= {"updated_since": moment.isoformat().replace("+00:00", "Z"), "limit": entry.page_limit}
    if entry.paging is Paging.OFFSET:
        wanted |= {"sort": "add_time DESC"}
    else:
        wanted |= {"sort_by": "add_time", "sort_direction": "desc"}
    return entry.check(wanted)


def _is_young(record: Mapping[str, Any], since: float) -> bool:
    """Whether the record was made after the call was sent, as far as the clocks agree."""
    text = str(record.get("add_time") or "").replace(" ", "T").replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return True
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() >= since


def _has_values(record: Mapping[str, Any], call: Call[Any]) -> bool:
    """Whether every value that was sent is in the record, as far as the list shows it."""
    for name, value in call.values.items():
        if name not in record:
            continue
        now = record[name]
        if name in {"content", "note"} and isinstance(value, str) and isinstance(now, str):
            if taint.readable(value) != taint.readable(now):
                return False
        elif not same(value, subscriptions.new_word(now) if name == "event_action" else now):
            return False
    return True


async def _search_converted(call: Call[Any], line: Line) -> tuple[Found, Any]:
    """A record that is gone became another one, which names it."""
    newest: Call[Any]
    if call.endpoint is leads.convert:
        newest = deals.list_(
            sort_by="add_time", sort_direction="desc", limit=500, include_fields=["source_lead_id"]
        )
        source, result = "source_lead_id", "deal_id"
    else:
        newest = leads.list_(sort="add_time DESC", limit=500)
        source, result = "source_deal_id", "lead_id"
    for record in (await perform(newest, line)).data or ():
        if record.get(source) == call.target_id:
            return "found", {"status": "completed", result: record["id"]}
    return "moved", None
