"""Deals: stages and pipelines, winning and losing, archiving, and what follows from each."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from pipedrive_tools.sandbox.answers import Answer, Record, refusal, validation
from pipedrive_tools.sandbox.clock import read_stamp, stamp
from pipedrive_tools.sandbox.customfields import merged
from pipedrive_tools.sandbox.entities import Kind, equal, handlers, listed, moments
from pipedrive_tools.sandbox.forms import CHANGED_DEAL, NEW_DEAL
from pipedrive_tools.sandbox.placement import placed
from pipedrive_tools.sandbox.query import some_of, whole
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Handler, Values, World

DAYS_DELETED_ARE_LISTED = 30

NO_DAY = "0000-00-00"
"""What the service makes of an empty day; null it refuses."""

TIMES = ("close_time", "won_time", "lost_time")

OPEN: Mapping[str, Any] = MappingProxyType(
    {
        "close_time": None,
        "won_time": None,
        "lost_time": None,
        "local_close_date": None,
        "local_won_date": None,
        "local_lost_date": None,
        "lost_reason": None,
    }
)
"""What an open deal has none of."""

NEEDS_STATUS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "lost_reason": frozenset({"lost"}),
        "lost_time": frozenset({"lost"}),
        "won_time": frozenset({"won"}),
        "close_time": frozenset({"won", "lost"}),
    }
)
"""Fields that go with these statuses only."""


def _complete(world: World, body: Values) -> Record:
    if body.get("is_deleted"):
        raise refusal(400, "A deal cannot be created as deleted")
    _status_fits(body, str(body.get("status", "open")))
    new = {**blank(world, body["title"]), **placed(world, body, None)}
    return _with(world, new, body, new["add_time"])


def blank(world: World, title: str) -> dict[str, Any]:
    """A new deal with nothing but its title; it stands in no stage yet."""
    now = world.now()
    return {
        "id": world.store["deals"].fresh_id(),
        "title": title,
        "creator_user_id": world.my_id,
        "owner_id": world.my_id,
        "person_id": None,
        "org_id": None,
        "stage_id": None,
        "pipeline_id": None,
        "value": 0,
        "currency": world.me["default_currency"],
        "archive_time": None,
        "add_time": now,
        "update_time": now,
        "stage_change_time": now,
        "is_deleted": False,
        "is_archived": False,
        "status": "open",
        "probability": None,
        "visible_to": 3,
        **OPEN,
        "expected_close_date": None,
        "label_ids": [],
        "origin": "API",
        "origin_id": None,
        "channel": None,
        "channel_id": None,
        "source_lead_id": None,
        "acv": None,
        "arr": None,
        "mrr": None,
        "custom_fields": {},
    }


def _amend(world: World, before: Record, body: Values) -> Record:
    switches = world.switches
    if "is_deleted" in body and switches.patch_is_deleted == "400":
        raise refusal(400, "A deal cannot be deleted through an update")
    if before["is_archived"] and switches.edit_archived == "400" and body.get("is_archived") is not False:
        raise refusal(400, "An archived deal cannot be changed; unarchive it first")
    _status_fits(body, str(body.get("status", before["status"])))
    now = world.moved(before)
    after = _with(world, {**before, **placed(world, body, before)}, body, now)
    if after["stage_id"] != before["stage_id"]:
        after["stage_change_time"] = now
    if body.get("is_deleted") and switches.patch_is_deleted == "deletes":
        after |= {"is_deleted": True, "status": "deleted"}
    return {**after, "update_time": now}


def _with(world: World, record: Values, body: Values, now: str) -> Values:
    skipped = {"is_deleted", "origin_id", "custom_fields", "stage_id", "pipeline_id"}
    sent = moments({name: value for name, value in body.items() if name not in skipped}, *TIMES)
    after = {**record, **_closing(record, sent, now), **sent}
    after |= _local_dates(after)
    if after["expected_close_date"] == "":
        after["expected_close_date"] = NO_DAY
    if "is_archived" in sent:
        since = _archive_time(sent, now) if sent["is_archived"] else None
        after["archive_time"] = record["archive_time"] if since and record["is_archived"] else since
    custom = body.get("custom_fields", {})
    return {**after, "custom_fields": merged(world, "deals", record["custom_fields"], custom)}


def _archive_time(sent: Values, now: str) -> str:
    return stamp(read_stamp(sent["archive_time"])) if "archive_time" in sent else now


def _closing(record: Values, sent: Values, now: str) -> Values:
    status = sent.get("status", record["status"])
    if status == record["status"]:
        return {}
    if status == "open":
        return dict(OPEN)
    closed = sent.get(f"{status}_time") or sent.get("close_time") or now
    return {**OPEN, "close_time": closed, f"{status}_time": closed}


def _local_dates(record: Values) -> Values:
    pairs = (
        ("won_time", "local_won_date"),
        ("lost_time", "local_lost_date"),
        ("close_time", "local_close_date"),
    )
    return {local: record[moment][:10] if record[moment] else None for moment, local in pairs}


def _status_fits(body: Values, status: str) -> None:
    wrong = [
        f"{name}: Parameter '{name}' goes with status {' or '.join(sorted(allowed))} only"
        for name, allowed in NEEDS_STATUS.items()
        if body.get(name) is not None and status not in allowed
    ]
    if wrong:
        raise validation(wrong)


def _matches(world: World, record: Record, asked: Values) -> bool:
    if not equal(record, asked, "owner_id", "person_id", "org_id", "pipeline_id", "stage_id"):
        return False
    statuses = asked.get("status")
    if record["is_deleted"]:
        edge = stamp(world.clock.now() - timedelta(days=DAYS_DELETED_ARE_LISTED))
        return statuses is not None and "deleted" in statuses and record["update_time"] >= edge
    return statuses is None or record["status"] in statuses


def _deleted(_world: World, record: Record) -> Record:
    return {**record, "status": "deleted"}


DEALS = Kind(
    resource="deals",
    noun="Deal",
    new=NEW_DEAL,
    changed=CHANGED_DEAL,
    complete=_complete,
    amend=_amend,
    filters=MappingProxyType(
        {
            "owner_id": whole,
            "person_id": whole,
            "org_id": whole,
            "pipeline_id": whole,
            "stage_id": whole,
            "status": some_of("open", "won", "lost", "deleted"),
        }
    ),
    matches=_matches,
    deleted=_deleted,
)


def _archived(world: World, request: Request) -> Answer:
    known = {name: parse for name, parse in DEALS.listing().items() if not name.endswith("_labels")}
    return listed(DEALS, world, request, known=known, among=lambda record: record["is_archived"])


HANDLERS: dict[str, Handler] = {**handlers(DEALS, "deal"), "list_archived_deals": _archived}
