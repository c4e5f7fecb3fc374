"""The next tool to call, where an argument is wrong or a record is not there."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.verdict import grant
from pipedrive_tools.toolset.desk import Desk

SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "deal_id": ("search_deals", "list_deals"),
    "person_id": ("search_persons", "list_persons"),
    "participants": ("search_persons", "list_persons"),
    "org_id": ("search_organizations", "list_organizations"),
    "organization_id": ("search_organizations", "list_organizations"),
    "lead_id": ("search_leads", "list_leads"),
    "activity_id": ("list_activities",),
    "note_id": ("list_notes",),
    "stage_id": ("list_stages",),
    "pipeline_id": ("list_pipelines",),
    "owner_id": ("list_users",),
    "user_id": ("list_users",),
    "type": ("list_activity_types",),
}
"""The tools that give an argument's values."""
_FIELDS: Final[Mapping[str, str]] = {
    "deals": "list_deal_fields",
    "leads": "list_deal_fields",
    "persons": "list_person_fields",
    "organizations": "list_organization_fields",
}
_OF_FIELDS: Final = frozenset({"custom_fields", "clear", "overwrite", "field_code"})


def next_tools(desk: Desk, entry: Endpoint[..., Any], arguments: Iterable[str]) -> str:
    """Which tools give the values of these arguments, as far as the agent may use them."""
    told = []
    for name in dict.fromkeys(arguments):
        tools = SOURCES.get(name, ())
        if name in _OF_FIELDS or (name == "label_ids" and entry.resource != "leads"):
            tools = tuple(filter(None, [_FIELDS.get(entry.resource)]))
        elif name == "label_ids":
            tools = ("list_lead_labels",)
        if usable := [tool for tool in tools if tool != entry.name and _may(desk, tool)]:
            told.append(f"{name} comes from {' or '.join(usable)}.")
    return " ".join(told)


def _may(desk: Desk, tool: str) -> bool:
    return desk.offers(tool) and grant(desk.policy, desk.agent, catalogue[tool]).decision != "deny"
