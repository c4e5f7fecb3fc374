"""Named sets of tools, so that an agent carries only what it needs; the policy still decides what it may use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES

Profile = Literal["reader", "sales-follow-up", "core", "all"]

PROFILES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "reader": (
            "find",
            "get_deal_overview",
            "list_deals",
            "get_deal",
            "get_person",
            "get_organization",
            "list_activities",
            "list_leads",
            "get_lead",
            "list_notes",
            "list_pipelines",
            "list_stages",
        ),
        "sales-follow-up": (
            "list_deals",
            "get_deal",
            "list_activities",
            "create_activity",
            "update_activity",
            "list_notes",
            "create_note",
            "get_person",
            "list_pipelines",
            "list_stages",
            "get_deal_overview",
        ),
        "core": (
            "list_deals",
            "get_deal",
            "create_deal",
            "update_deal",
            "delete_deal",
            "search_deals",
            "list_persons",
            "get_person",
            "create_person",
            "update_person",
            "delete_person",
            "search_persons",
            "list_organizations",
            "get_organization",
            "create_organization",
            "update_organization",
            "delete_organization",
            "search_organizations",
            "list_activities",
            "get_activity",
            "create_activity",
            "update_activity",
            "delete_activity",
            "list_leads",
            "get_lead",
            "create_lead",
            "update_lead",
            "delete_lead",
            "search_leads",
            "convert_lead_to_deal",
            "list_notes",
            "create_note",
            "update_note",
            "delete_note",
            "list_pipelines",
            "list_stages",
        ),
        "all": (*catalogue, *COMPOSITES),
    }
)
"""Tools by the name of the profile."""
