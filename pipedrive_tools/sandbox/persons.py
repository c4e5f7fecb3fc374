"""Persons: names in two halves, lists of emails and phones, and the fields of contact sync."""

from types import MappingProxyType

from pipedrive_tools.sandbox.answers import Record, refusal, validation
from pipedrive_tools.sandbox.contacts import filled_address, filled_contacts
from pipedrive_tools.sandbox.customfields import merged
from pipedrive_tools.sandbox.entities import Kind, equal, handlers, moments
from pipedrive_tools.sandbox.forms import CHANGED_PERSON, NEW_PERSON
from pipedrive_tools.sandbox.query import whole
from pipedrive_tools.sandbox.world import Handler, Values, World

CONTACT_SYNC = ("postal_address", "notes", "im", "birthday", "job_title")
"""Fields that only accounts with contact sync have."""

LISTS = ("emails", "phones", "im")


def _complete(world: World, body: Values) -> Record:
    if "name" not in body and not {"first_name", "last_name"} <= body.keys():
        raise validation(["name: Parameter 'name' is required, or first_name and last_name together"])
    now = world.now()
    blank = {
        "id": world.store["persons"].fresh_id(),
        "name": "",
        "first_name": None,
        "last_name": None,
        "owner_id": world.my_id,
        "org_id": None,
        "add_time": now,
        "update_time": now,
        "emails": [],
        "phones": [],
        "is_deleted": False,
        "visible_to": 3,
        "label_ids": [],
        "picture_id": None,
        "custom_fields": {},
    }
    if world.switches.contact_sync == "on":
        blank |= {**dict.fromkeys(CONTACT_SYNC), "im": []}
    return _with(world, blank, body)


def _amend(world: World, before: Record, body: Values) -> Record:
    halves = {"first_name", "last_name"} & body.keys()
    if "name" not in body and len(halves) == 1:
        raise validation(["name: Parameter 'first_name' and 'last_name' must be sent together"])
    return {**_with(world, dict(before), body), "update_time": world.moved(before)}


def _with(world: World, record: Values, body: Values) -> Values:
    _account_has(world, body)
    sent = {name: value for name, value in body.items() if name not in {"custom_fields", *LISTS}}
    lists = {name: filled_contacts(body[name]) for name in LISTS if name in body}
    after = {**record, **moments(sent, "add_time"), **lists, **_names(body)}
    if "postal_address" in body:
        after["postal_address"] = filled_address(body["postal_address"])
    custom = body.get("custom_fields", {})
    return {**after, "custom_fields": merged(world, "persons", record["custom_fields"], custom)}


def _names(body: Values) -> Values:
    if "name" in body:
        first, _, last = body["name"].strip().partition(" ")
        return {"name": body["name"], "first_name": first, "last_name": last or None}
    if "first_name" in body:
        return {"name": f"{body['first_name']} {body['last_name']}".strip()}
    return {}


def _account_has(world: World, body: Values) -> None:
    off = [name for name in CONTACT_SYNC if name in body and world.switches.contact_sync == "off"]
    if off:
        raise refusal(403, f"Field '{off[0]}' needs contact sync, which is not enabled", "ERR_FORBIDDEN")
    if "marketing_status" in body and world.switches.campaigns == "off":
        raise refusal(403, "Campaigns is not enabled for this company", "ERR_FORBIDDEN")


def _matches(world: World, record: Record, asked: Values) -> bool:
    if record["is_deleted"] or not equal(record, asked, "owner_id", "org_id"):
        return False
    if "deal_id" not in asked:
        return True
    deal = world.store["deals"].get(asked["deal_id"])
    return deal is not None and deal["person_id"] == record["id"]


PERSONS = Kind(
    resource="persons",
    noun="Person",
    new=NEW_PERSON,
    changed=CHANGED_PERSON,
    complete=_complete,
    amend=_amend,
    filters=MappingProxyType({"owner_id": whole, "org_id": whole, "deal_id": whole}),
    matches=_matches,
)

HANDLERS: dict[str, Handler] = handlers(PERSONS, "person")
