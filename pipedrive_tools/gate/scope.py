"""Record scope: which records a call touches, what must be read to know them, and whether they lie inside.

Scope is checked against what Pipedrive says a record is, never against what the arguments say it is. A
pipeline or stage restriction covers deals and whatever hangs on a deal; an owner restriction covers every
record that has an owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipedrive_tools.endpoint import Call, Effect, Resource
from pipedrive_tools.endpoints import deals, leads, pipelines
from pipedrive_tools.gate.policy import Records

Key = tuple[Resource, int | str]
"""One record: its resource and its number or UUID."""


@dataclass(frozen=True)
class Facts:
    """What the gate has read: the records by key, and who "me" is."""

    records: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)
    me: int | None = None

    def of(self, call: Call[Any]) -> Mapping[str, Any] | None:
        """The record that a call changes, where it was read."""
        key = target_key(call)
        return self.records.get(key) if key else None


def target_key(call: Call[Any]) -> Key | None:
    """The record that a call changes."""
    if call.endpoint.target is None or call.target_id is None:
        return None
    return call.endpoint.target.resource, call.target_id


def next_reading(scope: Records, call: Call[Any], facts: Facts) -> Call[Any] | None:
    """The next record that must be read before the call can be judged; None when all is known."""
    if not call.endpoint.effect.writes:
        return None
    target = target_key(call)
    if target and target not in facts.records and call.endpoint.target:
        wanted: dict[str, Any] = {call.endpoint.target.path_arguments[0]: call.target_id}
        if "attendees" in call.values:  # shown on request only (FACTS.md, section 11)
            wanted["include_fields"] = ["attendees"]
        return call.endpoint.target.check(wanted)
    if not scope.restricts:
        return None
    for key in _links(call, facts):
        if key not in facts.records:
            return _READERS[key[0]](key[1])
    return None


def outside(scope: Records, call: Call[Any], facts: Facts) -> str | None:
    """Why the call reaches outside the scope; None when it stays inside. What is not known is outside."""
    if not scope.restricts or not call.endpoint.effect.writes:
        return None
    keys = [key for key in (target_key(call), *_links(call, facts)) if key]
    for key in keys:
        record = facts.records.get(key)
        if record is None:
            return f"{key[0]} {key[1]} could not be read"
        if why := _outside_record(scope, key, record, facts.me):
            return why
    if call.endpoint.resource == "deals" and call.endpoint.effect is Effect.CREATE:
        return _outside_new_deal(scope, call, facts)
    return _outside_owner(scope, call.values.get("owner_id"), facts.me, "the new owner")


def _links(call: Call[Any], facts: Facts) -> list[Key]:
    """Records that decide about the call besides its target: the deal it hangs on, the stage it names."""
    keys: list[Key] = []
    sources: list[Mapping[str, Any]] = [call.values]
    if target := facts.of(call):
        sources.append(target)
    for source in sources:
        if call.endpoint.resource != "deals" and isinstance(source.get("deal_id"), int):
            keys.append(("deals", source["deal_id"]))
        if call.endpoint.resource != "leads" and isinstance(source.get("lead_id"), str):
            keys.append(("leads", source["lead_id"]))
    if isinstance(stage := call.values.get("stage_id"), int):
        keys.append(("pipelines", stage))
    return list(dict.fromkeys(keys))


def _deal(number: int | str) -> Call[Any]:
    return deals.get.check({"deal_id": number})


def _lead(number: int | str) -> Call[Any]:
    return leads.get.check({"lead_id": number})


def _stage(number: int | str) -> Call[Any]:
    return pipelines.get_stage.check({"stage_id": number})


_READERS = {"deals": _deal, "leads": _lead, "pipelines": _stage}


def _outside_record(scope: Records, key: Key, record: Mapping[str, Any], me: int | None) -> str | None:
    resource, number = key
    if resource == "pipelines":
        return _outside_stage(scope, number, record.get("pipeline_id"))
    if resource == "deals" and (
        why := _outside_stage(scope, record.get("stage_id"), record.get("pipeline_id"))
    ):
        return f"deal {number}: {why}"
    if resource in {"deals", "persons", "organizations", "leads", "activities"}:
        return _outside_owner(scope, record.get("owner_id", "missing"), me, f"{resource} {number}")
    return None


def _outside_stage(scope: Records, stage: Any, pipeline: Any) -> str | None:
    if scope.pipelines is not None and pipeline not in scope.pipelines:
        return f"pipeline {pipeline} is not one of {scope.pipelines}"
    if scope.stages is not None and stage not in scope.stages:
        return f"stage {stage} is not one of {scope.stages}"
    return None


def _outside_owner(scope: Records, owner: Any, me: int | None, whose: str) -> str | None:
    if scope.owners is None or owner is None:
        return None
    allowed = {me if name == "me" else name for name in scope.owners} - {None}
    return None if owner in allowed else f"{whose}: owner {owner} is not one of {scope.owners}"


def _outside_new_deal(scope: Records, call: Call[Any], facts: Facts) -> str | None:
    """A new deal must say where it goes: the default pipeline and owner are not known here."""
    stage, pipeline = call.values.get("stage_id"), call.values.get("pipeline_id")
    if (scope.pipelines is not None and stage is None and pipeline not in scope.pipelines) or (
        scope.stages is not None and stage not in scope.stages
    ):
        return "the new deal does not name a pipeline and stage inside the scope"
    return _outside_owner(scope, call.values.get("owner_id") or facts.me, facts.me, "the new deal")
