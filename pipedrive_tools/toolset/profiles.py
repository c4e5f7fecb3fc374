"""Named sets of tools, so that an agent carries only what it needs; the policy still decides what it may use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.fields.choice import nearest
from pipedrive_tools.toolset.composites import COMPOSITES

Profile = Literal["reader", "sales-follow-up", "all"]

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
        "all": (*catalogue, *COMPOSITES),
    }
)
"""Tools by the name of the profile."""


def profile(name: Profile | str) -> tuple[str, ...]:
    """The tools of a profile: `toolset.only(profile("reader"))`."""
    if name not in PROFILES:
        raise ArgumentsError(f"there is no profile {name!r}{nearest(name, list(PROFILES))}")
    return PROFILES[name]
