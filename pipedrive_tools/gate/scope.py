"""Record scope: which records a call touches, what must be read to know them, and whether they lie inside.

Scope is checked against what Pipedrive says a record is, never against what the arguments say it is. A
pipeline or stage restriction covers deals and whatever hangs on a deal; an owner restriction covers every
record that has an owner, and the contacts that notes and activities are put on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipedrive_tools.endpoint import Call, Effect, Resource
from pipedrive_tools.endpoints import deals, leads, organizations, persons, pipelines
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.gate.policy import AgentPolicy, Records

Key = tuple[Resource, int | str]
"""One record: its resource and its number or UUID."""

OWNED: Final = frozenset({"deals", "persons", "organizations", "leads", "activities"})
"""Records that have an owner; whoever creates one is it, where the call names none."""
BOUNDLESS: Final = frozenset({"webhooks"})
"""What no restriction to some records can hold: a webhook tells of all of them."""
HANGING: Final = frozenset({"notes", "activities"})
"""Records that hang on others."""


@dataclass(frozen=True)
class Facts:
    """What the gate has read: the records by key, who "me" is, and where the target is counted already."""

    records: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)
    me: int | None = None
    counted: frozenset[str] = frozenset()
    """`run` and `day`, where the target is among the rows that were counted."""

    def of(self, call: Call[Any]) -> Mapping[str, Any] | None:
        """The record that a call changes, where it was read."""
        key = target_key(call)
        return self.records.get(key) if key else None


def target_key(call: Call[Any]) -> Key | None:
    """The record that a call changes."""
    if call.endpoint.target is None or call.target_id is None:
        return None
    return call.endpoint.target.resource, call.target_id


def makes_deal(call: Call[Any]) -> bool:
    """Whether the call makes a deal, by creating one or out of a lead."""
    return call.endpoint is deals.create or call.endpoint is leads.convert


def moved_along(call: Call[Any], facts: Facts | None) -> frozenset[str]:
    """Fields of a deal that a move changes unnamed: a new pipeline its stage, a stage of another one its pipeline."""
    found = set()
    if "pipeline_id" in call.values:
        found.add("stage_id")
    if "stage_id" in call.values and (call.endpoint.resource == "deals" or makes_deal(call)) and facts:
        stage = facts.records.get(("pipelines", _number(call.values["stage_id"]))) or {}
        if (facts.of(call) or {}).get("pipeline_id", "none") != stage.get("pipeline_id", "unknown"):
            found.add("pipeline_id")
    return frozenset(found)


def needs_me(scope: Records, call: Call[Any]) -> bool:
    """Whether the owner restriction cannot be judged before it is known who the API user is."""
    if scope.owners is None:
        return False
    return "me" in scope.owners or _is_born_mine(call)


def next_reading(rights: AgentPolicy, call: Call[Any], facts: Facts) -> Call[Any] | None:
    """The next record that must be read before the call can be judged; None when all is known."""
    if not call.endpoint.effect.writes:
        return None
    target = target_key(call)
    if target and target not in facts.records and (reading := call.reading):
        if "attendees" in call.values:  # shown on request only (FACTS.md, section 11)
            return reading.endpoint.check({**reading.values, "include_fields": ["attendees"]})
        return reading
    for key in _deciding(rights, call, facts):
        if key not in facts.records:
            return _READERS[key[0]](key[1])
    return None


def key_read(call: Call[Any], reading: Call[Any]) -> Key:
    """The record that a reading is after: the one it names, or in a list the one that the call changes."""
    if reading.target_id is not None:
        return reading.endpoint.resource, reading.target_id
    key = target_key(call)
    if key is None:
        raise ArgumentsError(f"{reading.endpoint.name} names no record")
    return key


def outside(scope: Records, call: Call[Any], facts: Facts) -> str | None:
    """Why the call reaches outside the scope; None when it stays inside. What is not known is outside."""
    if not scope.restricts or not call.endpoint.effect.writes:
        return None
    if call.endpoint.resource in BOUNDLESS:
        return f"{call.endpoint.resource} reach every record"
    target = target_key(call)
    for key in [*([target] if target else []), *_links(call, facts), *_contacts(scope, call, facts)]:
        record = facts.records.get(key)
        if record is None:
            return f"{key[0]} {key[1]} could not be read"
        if why := _outside_record(scope, key, record, facts.me):
            return why
    return _outside_place(scope, call) or _outside_new_owner(scope, call, facts)


def hangs_on(resource: Resource, values: Mapping[str, Any]) -> frozenset[Key]:
    """The deal and the lead that a record of this resource hangs on, or without them its contacts."""
    if resource not in HANGING:
        return frozenset()
    found: set[Key] = {("deals", values["deal_id"])} if isinstance(values.get("deal_id"), int) else set()
    if isinstance(values.get("lead_id"), str):
        found.add(("leads", values["lead_id"]))
    return frozenset(found) or frozenset(_contacts_in(values))


def _deciding(rights: AgentPolicy, call: Call[Any], facts: Facts) -> list[Key]:
    """Every record besides the target that a rule asks after."""
    scope = rights.records
    keys = [*_links(call, facts), *_contacts(scope, call, facts)] if scope.restricts else []
    if "deals.pipeline_id" in rights.fields.never_write:
        keys += _stages(call)
    return keys


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
    return list(dict.fromkeys([*keys, *_stages(call)]))


def _stages(call: Call[Any]) -> list[Key]:
    stage = call.values.get("stage_id")
    return [("pipelines", stage)] if isinstance(stage, int) else []


def _contacts(scope: Records, call: Call[Any], facts: Facts) -> list[Key]:
    """Contacts that a note or an activity is put on, without those of the deal or lead that it hangs on.

    A note has no owner: where it hangs on contacts alone, they decide about changing it, too.
    """
    if scope.owners is None or call.endpoint.resource not in HANGING:
        return []
    anchors = [key for key in _links(call, facts) if key[0] in {"deals", "leads"}]
    target = facts.of(call)
    sources = [call.values]
    if target and call.endpoint.resource == "notes" and not anchors:
        sources.append(dict(target))
    known = {key for anchor in anchors for key in _contacts_in(facts.records.get(anchor) or {})}
    found = [key for source in sources for key in _contacts_in(source) if key not in known]
    return list(dict.fromkeys(found))


def _contacts_in(values: Mapping[str, Any]) -> list[Key]:
    """Persons and organizations that a record or a call names."""
    taking_part = values.get("participants")
    people = [values.get("person_id")]
    if isinstance(taking_part, list):
        people += [each.get("person_id") for each in taking_part if isinstance(each, dict)]
    firms = [values.get("org_id"), values.get("organization_id")]
    found: list[Key] = [("persons", number) for number in people if isinstance(number, int)]
    return found + [("organizations", number) for number in firms if isinstance(number, int)]


def _deal(number: int | str) -> Call[Any]:
    return deals.get.check({"deal_id": number})


def _lead(number: int | str) -> Call[Any]:
    return leads.get.check({"lead_id": number})


def _stage(number: int | str) -> Call[Any]:
    return pipelines.get_stage.check({"stage_id": number})


def _person(number: int | str) -> Call[Any]:
    return persons.get.check({"person_id": number})


def _organization(number: int | str) -> Call[Any]:
    return organizations.get.check({"org_id": number})


_READERS: Final = {
    "deals": _deal,
    "leads": _lead,
    "pipelines": _stage,
    "persons": _person,
    "organizations": _organization,
}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _outside_record(scope: Records, key: Key, record: Mapping[str, Any], me: int | None) -> str | None:
    resource, number = key
    if resource == "pipelines":
        return _outside_stage(scope, number, record.get("pipeline_id"))
    if resource == "deals" and (
        why := _outside_stage(scope, record.get("stage_id"), record.get("pipeline_id"))
    ):
        return f"deal {number}: {why}"
    return (
        _outside_owner(scope, record.get("owner_id"), me, f"{resource} {number}")
        if resource in OWNED
        else None
    )


def _outside_stage(scope: Records, stage: Any, pipeline: Any) -> str | None:
    if scope.pipelines is not None and pipeline not in scope.pipelines:
        return f"pipeline {pipeline} is not one of {scope.pipelines}"
    if scope.stages is not None and stage not in scope.stages:
        return f"stage {stage} is not one of {scope.stages}"
    return None


def _outside_owner(scope: Records, owner: Any, me: int | None, whose: str) -> str | None:
    if scope.owners is None:
        return None
    allowed = {me if name == "me" else name for name in scope.owners} - {None}
    return None if owner in allowed else f"{whose}: owner {owner} is not one of {scope.owners}"


def _outside_place(scope: Records, call: Call[Any]) -> str | None:
    """A deal that is made or moved must go to a place inside; the default places are not known here."""
    stage, pipeline = call.values.get("stage_id"), call.values.get("pipeline_id")
    if scope.pipelines is not None and pipeline is not None and pipeline not in scope.pipelines:
        return f"pipeline {pipeline} is not one of {scope.pipelines}"
    if not makes_deal(call) and pipeline is None:
        return None
    if (scope.stages is not None and stage is None) or (
        scope.pipelines is not None and stage is None and pipeline is None
    ):
        return "the deal is given no pipeline and stage inside the scope"
    return None


def _is_born_mine(call: Call[Any]) -> bool:
    """Whether the call makes a record that will be the API user's own."""
    endpoint = call.endpoint
    return (
        endpoint.effect is Effect.CREATE
        and endpoint.resource in OWNED
        and call.values.get("owner_id") is None
    )


def _outside_new_owner(scope: Records, call: Call[Any], facts: Facts) -> str | None:
    if _is_born_mine(call):
        return _outside_owner(scope, facts.me, facts.me, "the new record")
    if call.values.get("owner_id") is None:
        return None
    return _outside_owner(scope, call.values["owner_id"], facts.me, "the new owner")
