"""Guarded changes: nothing filled is replaced unasked, lists are merged, a record that moved is left alone.

Pure: it compares the call with the record that was read and gives the call to send, or one clear refusal.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pipedrive_tools.endpoint import Call, Effect
from pipedrive_tools.endpoints.arguments import Change
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.gate.redact import HIDDEN
from pipedrive_tools.gate.sentence import quoted

EMPTY: Final[tuple[Any, ...]] = (None, "", [], {}, False, "0000-00-00")
"""What may be filled without leave; a flag that is off and the number 0 count as empty."""
MERGED: Final = frozenset({"emails", "phones", "im", "label_ids", "participants", "attendees"})
"""Lists that Pipedrive replaces whole (FACTS.md, section 10)."""
VERSION: Final = "update_time"


def unmoved(call: Call[Any], before: Mapping[str, Any] | None, version: str | None) -> None:
    """Refuse a call on a record that is not in the version that the caller has seen."""
    if version is not None and version != (before or {}).get(VERSION):
        raise ArgumentsError(
            f"{call.endpoint.name}: the record moved on (its version is {(before or {}).get(VERSION)}, not {version}); "
            "read it again before you change it. Nothing was changed"
        )


def guarded(
    call: Call[Any], before: Mapping[str, Any] | None, *, hidden: frozenset[str] = frozenset()
) -> Call[Any]:
    """The call to send: lists merged, and refused where it would destroy what the caller has not named."""
    if call.endpoint.effect is not Effect.UPDATE or before is None or not isinstance(call.args, Change):
        return call
    unmoved(call, before, call.args.expect_version)
    allowed = frozenset(call.args.overwrite) | frozenset(call.args.clear)
    path = call.endpoint.path_arguments
    values = {
        name: value if name in path else _merged(name, value, before.get(name), allowed)
        for name, value in call.values.items()
    }
    at_stake = _at_stake(values, before, allowed, path)
    if at_stake:
        told = ", ".join(
            f"{name} (now {HIDDEN if name in hidden else quoted(now)})" for name, now in at_stake.items()
        )
        raise ArgumentsError(
            f"{call.endpoint.name}: would replace {told}; if that is meant, name them in overwrite: "
            f"{sorted(at_stake)}. Nothing was changed"
        )
    if all(same(value, before.get(name)) for name, value in values.items() if name not in path):
        raise ArgumentsError(f"{call.endpoint.name}: nothing to change; the record already has these values")
    return replace(call, values=values)


def _merged(name: str, value: Any, now: Any, allowed: frozenset[str]) -> Any:
    """A list with what is there already; whoever names it in `overwrite` replaces it."""
    if name == "custom_fields" and isinstance(value, dict):
        return value
    if (
        name not in MERGED
        or not isinstance(value, list)
        or not isinstance(now, list)
        or _named(name, allowed)
    ):
        return value
    kept = [_writable(item) for item in now]
    known = {_identity(item) for item in kept}
    added = [item for item in value if _identity(item) not in known]
    if any(isinstance(item, dict) and item.get("primary") for item in added):
        kept = [{**item, "primary": False} if isinstance(item, dict) else item for item in kept]
    return kept + added


def _writable(item: Any) -> Any:
    """An item as it may be sent back: without nulls."""
    if isinstance(item, dict):
        return {name: part for name, part in item.items() if part is not None}
    return item


def _identity(item: Any) -> Any:
    if isinstance(item, dict):
        return str(item.get("value", item.get("person_id", item.get("email", item)))).casefold()
    return item


def _named(name: str, allowed: frozenset[str]) -> bool:
    return name in allowed or (name == "participants" and "person_id" in allowed)


def _at_stake(
    values: Mapping[str, Any], before: Mapping[str, Any], allowed: frozenset[str], path: tuple[str, ...]
) -> dict[str, Any]:
    """Every filled field that the call would change without leave."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in path or name in MERGED:
            continue
        if name == "custom_fields" and isinstance(value, dict):
            now = before.get(name) or {}
            found |= _at_stake(value, now, allowed, ()) if isinstance(now, dict) else {}
        elif before.get(name) not in EMPTY and not same(value, before[name]) and not _named(name, allowed):
            found[name] = before[name]
    return found


def same(value: Any, now: Any) -> bool:
    """Whether writing the value would change nothing, as far as the answer's shape lets us see."""
    if isinstance(value, dict) and isinstance(now, dict):
        return all(same(part, now.get(name)) for name, part in value.items())
    if isinstance(value, list) and isinstance(now, list):
        return len(value) == len(now) and all(same(a, b) for a, b in zip(value, now, strict=True))
    if isinstance(value, dict) and isinstance(now, str):
        return value.get("value") == now
    if isinstance(value, str) and isinstance(now, str) and len(value) == 5 and value[2] == ":":  # noqa: PLR2004  # HH:MM
        return now[:5] == value
    return bool(value == now or (isinstance(now, str) and str(value) == now))
