"""Values whose range the account decides: visibility by plan, labels by field definition."""

from typing import Any

from pipedrive_tools.sandbox.checks import Check, integer, listed
from pipedrive_tools.sandbox.world import FIELDS_OF, World

SMALL_PLANS = frozenset({"lite", "growth"})


def visible_to(value: Any, world: World) -> str | None:
    """Who may see a record: fewer groups on smaller plans."""
    allowed = (1, 3) if world.plan in SMALL_PLANS else (1, 3, 5, 7)
    fits = isinstance(value, int) and not isinstance(value, bool) and value in allowed
    return None if fits else f"must be one of [{', '.join(map(str, allowed))}]"


def label_ids(resource: str) -> Check:
    """Options of the label field of a resource."""

    def check(value: Any, world: World) -> str | None:
        if wrong := listed(integer)(value, world):
            return wrong
        definition = world.store[FIELDS_OF[resource]].get("label_ids")
        known = {each["id"] for each in (definition or {}).get("options") or ()}
        if definition is None or set(map(str, value)) <= set(map(str, known)):
            return None
        return f"must be among the labels {sorted(known, key=str)}"

    return check
