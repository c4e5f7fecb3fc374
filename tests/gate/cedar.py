"""The same rules in another language: a policy table as Cedar policies, a request as Cedar entities and context.

Written from the documentation of the policy file alone; it shares no code with the gate. Two questions tell the
three answers apart: may it happen at all (`let`), and may it happen without a person (`unasked`).
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import cedarpy

from pipedrive_tools.endpoints import catalogue
from tests.gate.scenarios import AGENT, RESOURCES, STAGES, Scenario

WRITES: Final = ("create", "update", "delete", "convert")
CONTACTS: Final = ("persons", "organizations")
ALIASES: Final = {
    "activities.person_id": ("activities.participants",),
    "activities.participants": ("activities.person_id",),
    "deals.pipeline_id": ("deals.stage_id",),
}
"""What is written along with a field."""


def judged(scenarios: Iterable[Scenario]) -> list[str]:
    """What Cedar says to requests under one policy table: allow, ask or deny."""
    asked = list(scenarios)
    requests = [
        {
            "principal": f"Agent::{json.dumps(each.agent)}",
            "action": f'Action::"{question}"',
            "resource": f'Tool::"{each.tool}"',
            "context": context(each),
        }
        for each in asked
        for question in ("let", "unasked")
    ]
    answers = cedarpy.is_authorized_batch(requests, policies(asked[0].rights), entities())
    for answer in answers:
        assert not answer.diagnostics.errors, answer.diagnostics.errors
    said = [answer.allowed for answer in answers]
    pairs = zip(said[::2], said[1::2], strict=True)
    return ["deny" if not let else "allow" if unasked else "ask" for let, unasked in pairs]


def entities() -> list[dict[str, Any]]:
    """The tools, as Cedar sees them."""
    return [
        {
            "uid": {"type": "Tool", "id": name},
            "attrs": {
                "name": name,
                "of": entry.resource,
                "effect": entry.effect.value,
                "shows": list(entry.also_reads),
                "by_name": name.endswith(("_webhook", "_webhooks")),
            },
            "parents": [],
        }
        for name, entry in catalogue.items()
    ]


def policies(rights: Mapping[str, Any]) -> str:
    """A policy table in Cedar."""
    who = f'principal == Agent::"{AGENT}"'
    actions, tainted = rights["actions"], rights["tainted"]
    lines = []
    for resource in RESOURCES:
        granted = {"off": (), "read": ("read",), "full": ("read", "create", "update")}[rights[resource]]
        lines.append(
            f'permit({who}, action, resource) when {{ resource.of == "{resource}" && '
            f"{_set(granted)}.contains(resource.effect) && !{_set(actions)}.contains(resource.name) "
            f"&& !resource.by_name }};"
        )
    allowed = [name for name, action in actions.items() if action == "allow"]
    asked = [name for name, action in actions.items() if action == "ask"]
    lines.append(f"permit({who}, action, resource) when {{ {_set(allowed)}.contains(resource.name) }};")
    lines.append(
        f'permit({who}, action == Action::"let", resource) when {{ {_set(asked)}.contains(resource.name) }};'
    )
    off = [resource for resource in RESOURCES if rights[resource] == "off"]
    lines.append(_forbid(f"resource.shows.containsAny({_set(off)})"))
    lines += _fields(rights["fields"]) + _limits(rights["limits"]) + _records(rights["records"])
    return "\n".join(lines + _taint(tainted))


def _forbid(when: str, action: str = "action") -> str:
    return f"forbid(principal, {action}, resource) when {{ {when} }};"


def _set(items: Iterable[Any]) -> str:
    return json.dumps(list(items))


def _fields(fields: Mapping[str, Any]) -> list[str]:
    lines = [_forbid(f"context.written.containsAny({_set(fields['never_write'])})")]
    for name, most in fields["max"].items():
        word = json.dumps(name)
        lines.append(_forbid(f"context.numbers has {word} && context.numbers[{word}] > {most}"))
        lines.append(_forbid(f"context.strange.contains({word})"))
    return lines


def _limits(limits: Mapping[str, int]) -> list[str]:
    return [
        _forbid(f"context.more.{name} > 0 && context.used.{name} + context.more.{name} > {most}")
        for name, most in ((name.replace("_per_", "_"), most) for name, most in limits.items())
    ]


def _records(records: Mapping[str, Any]) -> list[str]:
    if not records:
        return []
    lines = ["context.is_blind", 'resource.of == "webhooks"']
    if "pipelines" in records:
        lines += [f"!{_set(records['pipelines'])}.containsAll(context.pipelines)", "context.pipeline_is_open"]
    if "stages" in records:
        lines += [f"!{_set(records['stages'])}.containsAll(context.stages)", "context.stage_is_open"]
    if "owners" in records:
        numbers = [number for number in records["owners"] if number != "me"]
        mine = "context.me" if "me" in records["owners"] else "[]"
        lines += [
            "context.is_blind_to_contacts",
            f"!(context.owners.containsAll([]) && {_covered(numbers, mine)})",
        ]
    return [_forbid(f"{_set(WRITES)}.contains(resource.effect) && ({line})") for line in lines]


def _covered(numbers: list[int], mine: str) -> str:
    """Cedar cannot join sets: every owner that there is must be in one of the two."""
    each = [
        f"(!context.owners.contains({owner}) || {_set(numbers)}.contains({owner}) || {mine}.contains({owner}))"
        for owner in (0, 7, 8, 9)
    ]
    return " && ".join(each)


def _taint(tainted: Mapping[str, str]) -> list[str]:
    writes = f"context.is_tainted && {_set(WRITES)}.contains(resource.effect)"
    off = [name for name, action in tainted.items() if action == "off"]
    asked = [name for name, action in tainted.items() if action == "ask"]
    unasked = 'action == Action::"unasked"'
    far = (
        f'["delete", "convert"].contains(resource.effect) || {_set((*CONTACTS, "webhooks"))}.contains(resource.of)'
        " || context.invites || context.is_elsewhere"
    )
    return [
        _forbid(f"{writes} && {_set(off)}.contains(resource.name)"),
        _forbid(f"{writes} && {_set(asked)}.contains(resource.name)", unasked),
        _forbid(f"{writes} && !{_set(tainted)}.contains(resource.name) && ({far})", unasked),
    ]


def context(asked: Scenario) -> dict[str, Any]:
    """What Cedar is told of one request."""
    entry = catalogue[asked.tool]
    writes = entry.effect.value in WRITES
    touched = _touched(asked) if writes else {}
    numbers, strange = _numbers(asked)
    value = _value(asked)
    more = {"writes": int(writes), "tokens": entry.cost, "value": value}
    return {
        "written": sorted(_written(asked)) if writes else [],
        "numbers": numbers,
        "strange": strange,
        "used": {name: int(used) for name, used in asked.used.items()},
        "more": {f"{what}_{when}": amount for what, amount in more.items() for when in ("run", "day")}
        | {f"rows_{when}": int(writes and when not in asked.counted) for when in ("run", "day")},
        "me": [] if asked.me is None else [asked.me],
        "is_tainted": asked.tainted,
        "invites": bool(asked.arguments.get("attendees")),
        "is_elsewhere": bool(asked.started_for) and not _is_at_home(asked),
        "pipelines": [],
        "stages": [],
        "owners": [],
        "is_blind": False,
        "is_blind_to_contacts": False,
        "pipeline_is_open": False,
        "stage_is_open": False,
        **touched,
    }


def _target(asked: Scenario) -> tuple[str, int | str] | None:
    entry = catalogue[asked.tool]
    if entry.effect.value not in {"update", "delete", "convert"}:
        return None
    return entry.resource, asked.arguments[entry.path_arguments[0]]


def _makes_deal(asked: Scenario) -> bool:
    return asked.tool in {"create_deal", "convert_lead_to_deal"}


def _written(asked: Scenario) -> set[str]:
    entry = catalogue[asked.tool]
    names = set(asked.arguments) - {"clear", "overwrite", "dry_run", *entry.path_arguments}
    names |= set(asked.arguments.get("clear", ()))
    names |= {each["name"] for each in asked.arguments.get("custom_fields", ())}
    found = {f"{entry.resource}.{name}" for name in names}
    if _makes_deal(asked):
        found |= {f"deals.{name}" for name in names}
    for name in list(found):
        found.update(ALIASES.get(name, ()))
    stage = asked.arguments.get("stage_id")
    if stage is not None and "deals.stage_id" in found:
        before = asked.world.get(("deals", asked.arguments.get("deal_id", 0)), {})
        known = ("pipelines", stage) in asked.world
        stays = asked.tool == "update_deal" and known and before.get("pipeline_id") == STAGES[stage]
        found |= set() if stays else {"deals.pipeline_id"}
    return found


def _numbers(asked: Scenario) -> tuple[dict[str, int], list[str]]:
    resource = catalogue[asked.tool].resource
    given = {each["name"]: each["value"] for each in asked.arguments.get("custom_fields", ())}
    if "value" in asked.arguments:
        given["value"] = asked.arguments["value"]
    numbers, strange = {}, []
    for name, value in given.items():
        amount = value["value"] if isinstance(value, dict) else value
        if isinstance(amount, int):
            numbers[f"{resource}.{name}"] = amount
        else:
            strange.append(f"{resource}.{name}")
    return numbers, strange


def _value(asked: Scenario) -> int:
    entry = catalogue[asked.tool]
    if entry.effect.value == "read" or not (entry.resource == "deals" or _makes_deal(asked)):
        return 0
    target = _target(asked)
    before = asked.world.get(target, {}).get("value") if target else None
    before = before["amount"] if isinstance(before, dict) else before
    return max(abs(int(before or 0)), abs(int(asked.arguments.get("value", 0))))


def _touched(asked: Scenario) -> dict[str, Any]:
    """Pipelines, stages and owners of everything that the call touches."""
    entry = catalogue[asked.tool]
    arguments, target = asked.arguments, _target(asked)
    sources = [arguments, *([asked.world.get(target, {})] if target else [])]
    hangs = entry.resource in {"activities", "notes"}
    linked: set[tuple[str, int | str]] = {target} if target else set()
    anchors: set[tuple[str, int | str]] = set()
    if hangs:
        for source in sources:
            anchors |= {
                (resource, source[name])
                for resource, name in (("deals", "deal_id"), ("leads", "lead_id"))
                if source.get(name) is not None
            }
    linked |= anchors
    contacts: set[tuple[str, int | str]] = set()
    if hangs:
        contacts = _named_contacts(arguments)
        if entry.resource == "notes" and not anchors and target:
            contacts |= _named_contacts(asked.world.get(target, {}))
        for anchor in anchors:
            contacts -= _named_contacts(asked.world.get(anchor, {}))
    places = {("pipelines", arguments["stage_id"])} if "stage_id" in arguments else set()
    known = [asked.world[key] for key in linked if key in asked.world]
    deals = [asked.world[key] for key in linked if key in asked.world and key[0] == "deals"]
    ownerless = {"notes", "webhooks"}
    owned = [asked.world[key] for key in linked if key in asked.world and key[0] not in ownerless]
    owned += [asked.world[key] for key in contacts if key in asked.world]
    pipelines = {each["pipeline_id"] for each in deals} | {STAGES[stage] for _, stage in places}
    stages = {each["stage_id"] for each in deals} | {stage for _, stage in places}
    owners = {each.get("owner_id") or 0 for each in owned}
    if "pipeline_id" in arguments:
        pipelines.add(arguments["pipeline_id"])
    if "owner_id" in arguments:
        owners.add(arguments["owner_id"])
    elif entry.effect.value == "create" and entry.resource not in ownerless:
        owners.add(asked.me or 0)
    placed = _makes_deal(asked) or "pipeline_id" in arguments
    return {
        "pipelines": sorted(pipelines),
        "stages": sorted(stages),
        "owners": sorted(owners),
        "is_blind": len(known) < len(linked) or any(place not in asked.world for place in places),
        "is_blind_to_contacts": any(key not in asked.world for key in contacts),
        "pipeline_is_open": placed and not arguments.keys() & {"stage_id", "pipeline_id"},
        "stage_is_open": placed and "stage_id" not in arguments,
    }


def _named_contacts(source: Mapping[str, Any]) -> set[tuple[str, int | str]]:
    found = {("persons", number) for number in source.get("participants", ())}
    if source.get("person_id") is not None:
        found.add(("persons", source["person_id"]))
    for name in ("org_id", "organization_id"):
        if source.get(name) is not None:
            found.add(("organizations", source[name]))
    return found


def _hangs_on(resource: str, source: Mapping[str, Any]) -> set[tuple[str, int | str]]:
    if resource not in {"activities", "notes"}:
        return set()
    found = {
        (of, source[name])
        for of, name in (("deals", "deal_id"), ("leads", "lead_id"))
        if source.get(name) is not None
    }
    return found or _named_contacts(source)


def _is_at_home(asked: Scenario) -> bool:
    """Whether the call stays with the records that the run was started for."""
    resource, target = catalogue[asked.tool].resource, _target(asked)
    named = _hangs_on(resource, asked.arguments)
    if not named <= asked.started_for:
        return False
    if target is None:
        return bool(named)
    held = _hangs_on(resource, asked.world.get(target, {}))
    return target in asked.started_for or bool(held & asked.started_for)
