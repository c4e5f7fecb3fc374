"""Guarded changes: nothing filled is replaced unasked, lists are merged, a record that moved is left alone.

Pure: it compares the call with the record that was read and gives the call to send, or one clear refusal.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pipedrive_tools.endpoint import Call, Effect
from pipedrive_tools.endpoints.arguments import Change
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.fields import Labels
from pipedrive_tools.gate.redact import HIDDEN
from pipedrive_tools.gate.sentence import Told

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
    call: Call[Any],
    before: Mapping[str, Any] | None,
    *,
    hidden: frozenset[str] = frozenset(),
    labels: Labels | None = None,
) -> Call[Any]:
    """The call to send: lists merged, and refused where it would destroy what the caller has not named."""
    if call.endpoint.effect is not Effect.UPDATE or before is None or not isinstance(call.args, Change):
        return call
    unmoved(call, before, call.args.expect_version)
    allowed = frozenset(call.args.overwrite) | frozenset(call.args.clear)
    path = call.endpoint.path_arguments
    lists = {name: _Merge(name, call, before) for name in MERGED & call.values.keys() - allowed}
    values = {
        name: lists[name].merged() if name in lists and isinstance(before.get(name), list) else value
        for name, value in call.values.items()
    }
    at_stake = _at_stake(values, before, allowed, path)
    for merge in lists.values():
        at_stake |= merge.at_stake(allowed)
    if at_stake:
        told_by = Told(call.endpoint.resource, labels or Labels())
        told = ", ".join(
            f"{told_by.name(name)} (now {HIDDEN if name in hidden else told_by.value(name, now)})"
            for name, now in at_stake.items()
        )
        named = sorted({told_by.labels.called(call.endpoint.resource, name) for name in at_stake})
        raise ArgumentsError(
            f"{call.endpoint.name}: would replace {told}; if that is meant, name them in overwrite: "
            f"{named}. Nothing was changed"
        )
    if all(same(value, before.get(name)) for name, value in values.items() if name not in path):
        raise ArgumentsError(f"{call.endpoint.name}: nothing to change; the record already has these values")
    return replace(call, values=values)


class _Merge:
    """One list that Pipedrive replaces whole, with what is there already and what the call adds."""

    def __init__(self, name: str, call: Call[Any], before: Mapping[str, Any]) -> None:
        given, now = call.values[name], before.get(name)
        self._name = name
        self._given = given if isinstance(given, list) else []
        self._now = [_writable(item) for item in now] if isinstance(now, list) else []
        self._main_now = next((self._of(item) for item in self._now if _is_primary(item)), None)
        self._main = self._wanted_main(call.args)

    def merged(self) -> list[Any]:
        """Everything that is there, then what is new, with one primary item."""
        known = {self._of(item) for item in self._now}
        items = list(self._now)
        for item in self._given:
            if self._of(item) not in known:
                known.add(self._of(item))
                items.append(item)
        main = self._main_now if self._main is None else self._main
        return items if main is None else [self._flagged(item, main) for item in items]

    def at_stake(self, allowed: frozenset[str]) -> dict[str, Any]:
        """What the merged list would still replace: parts of an item, or the activity's main person."""
        now = {self._of(item): item for item in self._now}
        found: dict[str, Any] = {}
        for item in self._given:
            held = now.get(self._of(item))
            if isinstance(item, dict) and isinstance(held, dict) and _differs(item, held):
                found[self._name] = list(self._now)
        is_moved = None not in {self._main, self._main_now} and self._main != self._main_now
        if self._name == "participants" and is_moved and "person_id" not in allowed:
            found["person_id"] = next(item["person_id"] for item in self._now if _is_primary(item))
        return found

    def _wanted_main(self, args: Any) -> Any:
        """The item that the caller calls primary; the wire form of an activity always names one."""
        if self._name == "participants":
            main = getattr(args, "person_id", None)
            said = getattr(args, "participants", None) or ()
            named = main or next((each.person_id for each in said if getattr(each, "primary", None)), None)
            return str(named) if named else None
        return next((self._of(item) for item in self._given if _is_primary(item)), None)

    def _of(self, item: Any) -> Any:
        """What makes an item the same as another."""
        if isinstance(item, dict):
            return str(item.get(_IDENTITY.get(self._name, "value"))).strip().casefold()
        return item

    def _flagged(self, item: Any, main: Any) -> Any:
        if not isinstance(item, dict) or (self._of(item) != main and "primary" not in item):
            return item
        return {**item, "primary": self._of(item) == main}


_IDENTITY: Final = {"participants": "person_id", "attendees": "email"}
"""The part that tells items of a list apart, where it is not `value`."""


def _writable(item: Any) -> Any:
    """An item as it may be sent back: without nulls."""
    if isinstance(item, dict):
        return {name: part for name, part in item.items() if part is not None}
    return item


def _is_primary(item: Any) -> bool:
    return isinstance(item, dict) and bool(item.get("primary"))


def _differs(item: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    """Whether a known item would lose a filled part; which one is primary is looked at apart."""
    parts = item.keys() - {"primary", "value", "email", "person_id"}
    return any(held.get(part) not in EMPTY and item[part] != held[part] for part in parts)


def _at_stake(
    values: Mapping[str, Any], before: Mapping[str, Any], allowed: frozenset[str], path: tuple[str, ...]
) -> dict[str, Any]:
    """Every filled field that the call would change without leave."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name == "custom_fields" and isinstance(value, dict):
            now = before.get(name) or {}
            found |= _at_stake(value, now, allowed, ()) if isinstance(now, dict) else {}
        elif name in path or name in MERGED or name in allowed:
            continue
        elif before.get(name) not in EMPTY and not same(value, before[name]):
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
    is_text = isinstance(now, str) and value is not None
    return bool(value == now or (is_text and str(value) == now))
