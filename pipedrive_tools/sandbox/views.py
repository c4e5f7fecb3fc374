"""A record as an answer shows it: without what is not its caller's business, and with what was asked for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic_core import to_json

from pipedrive_tools.sandbox.answers import Encoded, Record
from pipedrive_tools.sandbox.derived import derived
from pipedrive_tools.sandbox.world import FIELDS_OF, Values, World

NEVER_NULL: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "deals": frozenset(
            {"person_id", "org_id", "stage_change_time", "won_time", "lost_time", "expected_close_date"}
        ),
        "persons": frozenset(
            {
                "first_name",
                "last_name",
                "org_id",
                "picture_id",
                "postal_address",
                "notes",
                "im",
                "birthday",
                "job_title",
            }
        ),
        "organizations": frozenset({"address"}),
        "activities": frozenset(
            {
                "deal_id",
                "lead_id",
                "person_id",
                "org_id",
                "project_id",
                "due_date",
                "due_time",
                "duration",
                "marked_as_done_time",
                "location",
                "conference_meeting_client",
                "conference_meeting_url",
                "conference_meeting_id",
                "public_description",
                "priority",
                "note",
            }
        ),
        "pipelines": frozenset(),
        "stages": frozenset(),
    }
)
"""Fields that the API reference gives a type without null; empty ones are left out unless the switch says so."""

ADDRESSES = frozenset({"address", "postal_address", "location"})

ONLY_WHEN_ASKED = frozenset({"attendees", "marketing_status", "doi_status", "source_lead_id"})
"""Fields that `include_fields` brings."""

SHAPING = frozenset({"include_fields", "custom_fields", "include_option_labels", "include_labels"})
"""Parameters that change how a record is shown."""


def shown(world: World, resource: str, record: Record, asked: Values) -> Encoded | dict[str, Any]:
    """A record as this call wants it."""
    if SHAPING.isdisjoint(asked):
        return plain(world, resource, record)
    view = _public(world, resource, record)
    if "custom_fields" in asked:
        values = view.get("custom_fields", {})
        view["custom_fields"] = {code: values[code] for code in asked["custom_fields"] if code in values}
    if asked.get("include_option_labels"):
        view["custom_fields"] = _labelled(world, resource, view.get("custom_fields", {}))
    if asked.get("include_labels"):
        view["labels"] = _labels(world, resource, view.get("label_ids", ()))
    for name in asked.get("include_fields", ()):
        view[name] = record.get(name) if name in ONLY_WHEN_ASKED else derived(world, resource, name, record)
    return view


def plain(world: World, resource: str, record: Record) -> Encoded:
    """A record without extras; its encoded form is kept until the record changes."""
    row = world.store[resource].rows.get(record["id"])
    if row is None or row.record is not record:
        return Encoded(to_json(_public(world, resource, record)))
    if row.encoded is None:
        row.encoded = to_json(_public(world, resource, record))
    return Encoded(row.encoded)


def _public(world: World, resource: str, record: Record) -> dict[str, Any]:
    hidden = NEVER_NULL[resource] if world.switches.null_fields == "omitted" else ()
    view = {
        name: value
        for name, value in record.items()
        if name not in ONLY_WHEN_ASKED and not (value is None and name in hidden)
    }
    if hidden:
        for name in ADDRESSES & view.keys():
            view[name] = {part: value for part, value in (view[name] or {}).items() if value is not None}
    return view


def _options(world: World, resource: str, code: str) -> dict[Any, str]:
    definition = world.store[FIELDS_OF[resource]].get(code) or {}
    return {each["id"]: each["label"] for each in definition.get("options") or ()}


def _labelled(world: World, resource: str, values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for code, value in values.items():
        options = _options(world, resource, code)
        if options and isinstance(value, int):
            found[code] = {"id": value, "label": options.get(value)}
        elif options and isinstance(value, list):
            found[code] = [{"id": each, "label": options.get(each)} for each in value]
        else:
            found[code] = value
    return found


def _labels(world: World, resource: str, label_ids: Any) -> list[dict[str, Any]]:
    options = _options(world, resource, "label_ids")
    return [{"id": each, "label": options.get(each, options.get(str(each)))} for each in label_ids]
