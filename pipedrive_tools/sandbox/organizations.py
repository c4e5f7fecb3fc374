"""Organizations: an address that is replaced whole, and the company fields."""

from types import MappingProxyType

from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.contacts import filled_address
from pipedrive_tools.sandbox.customfields import merged
from pipedrive_tools.sandbox.entities import Kind, equal, handlers, moments
from pipedrive_tools.sandbox.forms import CHANGED_ORGANIZATION, NEW_ORGANIZATION
from pipedrive_tools.sandbox.query import whole
from pipedrive_tools.sandbox.world import Handler, Values, World

COMPANY_FIELDS = ("website", "linkedin", "industry", "annual_revenue", "employee_count")


def _complete(world: World, body: Values) -> Record:
    now = world.now()
    blank = {
        "id": world.store["organizations"].fresh_id(),
        "name": body["name"],
        "owner_id": world.my_id,
        "add_time": now,
        "update_time": now,
        "is_deleted": False,
        "visible_to": 3,
        "address": None,
        "label_ids": [],
        **dict.fromkeys(COMPANY_FIELDS),
        "custom_fields": {},
    }
    return _with(world, blank, body)


def _amend(world: World, before: Record, body: Values) -> Record:
    return {**_with(world, dict(before), body), "update_time": world.moved(before)}


def _with(world: World, record: Values, body: Values) -> Values:
    sent = {name: value for name, value in body.items() if name != "custom_fields"}
    after = {**record, **moments(sent, "add_time")}
    if "address" in body:
        after["address"] = filled_address(body["address"])
    custom = body.get("custom_fields", {})
    return {**after, "custom_fields": merged(world, "organizations", record["custom_fields"], custom)}


def _matches(_world: World, record: Record, asked: Values) -> bool:
    return not record["is_deleted"] and equal(record, asked, "owner_id")


ORGANIZATIONS = Kind(
    resource="organizations",
    noun="Organization",
    new=NEW_ORGANIZATION,
    changed=CHANGED_ORGANIZATION,
    complete=_complete,
    amend=_amend,
    filters=MappingProxyType({"owner_id": whole}),
    matches=_matches,
)

HANDLERS: dict[str, Handler] = handlers(ORGANIZATIONS, "organization")
