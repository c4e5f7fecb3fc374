"""The composite values of persons and organizations: addresses, and lists of emails, phones and messengers."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipedrive_tools.sandbox.checks import boolean, listed, nullable, structure, text
from pipedrive_tools.sandbox.world import World

ADDRESS_PARTS = (
    "value",
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
)

ADDRESS = structure(
    {"value": text(), **dict.fromkeys(ADDRESS_PARTS[1:], nullable(text(255)))}, required=("value",)
)
"""A postal address; only its value is needed."""

_LIST = listed(
    structure({"value": text(255, 1), "primary": boolean, "label": text(255)}, required=("value",))
)


def CONTACTS(value: Any, world: World) -> str | None:  # noqa: N802 - stands beside ADDRESS in tables of checks
    """A list of emails, phones or messengers, at most one of them primary."""
    if wrong := _LIST(value, world):
        return wrong
    primaries = sum(1 for each in value if each.get("primary"))
    return "may name one primary item only" if primaries > 1 else None


def filled_contacts(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The list as it is stored: labels filled in, the first item primary where none is."""
    found = [
        {"value": each["value"], "primary": each.get("primary", False), "label": each.get("label", "work")}
        for each in items
    ]
    if found and not any(each["primary"] for each in found):
        found[0]["primary"] = True
    return found


def filled_address(address: Mapping[str, Any]) -> dict[str, Any]:
    """The address as it is stored: parts that were not sent are null."""
    return {part: address.get(part) for part in ADDRESS_PARTS}
