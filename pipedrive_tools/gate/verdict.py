"""The decision: one pure function from what is known to allow, ask or deny, with the rule that decided.

What it does not know is denied. Nothing is read or written here; the toolset hands everything in.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from pipedrive_tools.endpoint import Call, Effect, Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate import scope
from pipedrive_tools.gate.policy import GRANTED_BY_FULL, Action, AgentPolicy, Policy
from pipedrive_tools.gate.scope import Facts, Key

Decision = Literal["allow", "ask", "deny"]


@dataclass(frozen=True)
class Verdict:
    """What was decided, by which line of the policy, and why in plain words."""

    decision: Decision
    rule: str
    reason: str = ""


@dataclass(frozen=True)
class Counters:
    """What was used already: in this run, and today by this agent."""

    writes_run: int = 0
    tokens_run: int = 0
    rows_run: int = 0
    value_run: float = 0
    writes_day: int = 0
    tokens_day: int = 0
    rows_day: int = 0
    value_day: float = 0


@dataclass(frozen=True)
class Taint:
    """Whether the run has read foreign text, and which records it was started for (none named: all)."""

    tainted: bool = False
    started_for: frozenset[Key] = field(default_factory=frozenset)


def grant(policy: Policy, agent: str, endpoint: Endpoint[..., Any]) -> Verdict:
    """What the policy says of one tool before anything is known of the call."""
    if agent not in policy.agents:
        return Verdict("deny", "agents", f"the policy does not name the agent {agent!r}")
    rights = policy.agents[agent]
    place = f"agents.{agent}"
    if catalogue.get(endpoint.name) is not endpoint:
        return Verdict("deny", "catalogue", f"{endpoint.name!r} is not in the catalogue")
    for resource in endpoint.also_reads:
        if rights.level(resource) == "off":
            return Verdict("deny", f"{place}.{resource}", f"it shows {resource}, which are off")
    if (action := rights.actions.get(endpoint.name)) is not None:
        return Verdict(_DECISIONS[action], f"{place}.actions.{endpoint.name}", f"set to {action!r}")
    return _by_level(rights, place, endpoint)


_DECISIONS: dict[Action, Decision] = {"off": "deny", "ask": "ask", "allow": "allow"}


def _by_level(rights: AgentPolicy, place: str, endpoint: Endpoint[..., Any]) -> Verdict:
    level = rights.level(endpoint.resource)
    rule = f"{place}.{endpoint.resource}"
    if level == "off":
        return Verdict("deny", rule, f"{endpoint.resource} are off")
    if endpoint.effect is Effect.READ:
        return Verdict("allow", rule, f"{endpoint.resource} may be read")
    if level == "full" and endpoint.effect in GRANTED_BY_FULL:
        return Verdict("allow", rule, f"{endpoint.resource} may be changed")
    if level == "full":
        return Verdict("deny", f"{place}.actions", f"{endpoint.name!r} must be named in actions")
    return Verdict("deny", rule, f"{endpoint.resource} may only be read")


def decide(
    policy: Policy,
    agent: str,
    call: Call[Any],
    *,
    facts: Facts | None,
    counters: Counters,
    taint: Taint,
) -> Verdict:
    """Allow, ask or deny one call. `facts` is None for the first look, before the target was read."""
    granted = grant(policy, agent, call.endpoint)
    if granted.decision == "deny":
        return granted
    rights, place = policy.agents[agent], f"agents.{agent}"
    for refusal in (
        _field_rule(rights, place, call),
        _limit_rule(rights, place, call, facts, counters),
        _scope_rule(rights, place, call, facts),
    ):
        if refusal:
            return refusal
    return _taint_rule(rights, place, call, taint) or granted


def _field_rule(rights: AgentPolicy, place: str, call: Call[Any]) -> Verdict | None:
    """Fields that are never written, and the highest number a field may be set to."""
    if not call.endpoint.effect.writes:
        return None
    written = written_fields(call)
    for name in rights.fields.never_write:
        resource, _, field_name = name.partition(".")
        if resource == call.endpoint.resource and field_name in written:
            return Verdict("deny", f"{place}.fields.never_write", f"{name} is never written")
    for name, most in rights.fields.max.items():
        resource, _, field_name = name.partition(".")
        if resource == call.endpoint.resource and field_name in written:
            value = written[field_name]
            if value is not None and (not isinstance(value, int | float) or value > most):
                return Verdict("deny", f"{place}.fields.max", f"{name} may be at most {most:g}")
    return None


def written_fields(call: Call[Any]) -> dict[str, Any]:
    """Every field that a call writes, under the argument's name and under the wire's; custom fields by key."""
    wire = {name: value for name, value in call.values.items() if name not in call.endpoint.path_arguments}
    custom = wire.get("custom_fields")
    said = call.args.model_dump(mode="json", exclude_none=True, exclude=set(call.args.controls))
    flat = custom if isinstance(custom, dict) else {}
    return {name: value for name, value in said.items() if value != []} | wire | flat


def _limit_rule(
    rights: AgentPolicy, place: str, call: Call[Any], facts: Facts | None, used: Counters
) -> Verdict | None:
    """Ceilings add up, so that many small steps stop where one large one would."""
    limits, writes = rights.limits, call.endpoint.effect.writes
    value = deal_value(call, facts) if writes else 0.0
    rows = 1 if writes else 0
    for name, used_so_far, more in (
        ("tokens_per_run", used.tokens_run, call.endpoint.cost),
        ("tokens_per_day", used.tokens_day, call.endpoint.cost),
        ("writes_per_run", used.writes_run, rows),
        ("writes_per_day", used.writes_day, rows),
        ("rows_per_run", used.rows_run, rows),
        ("rows_per_day", used.rows_day, rows),
        ("value_per_run", used.value_run, value),
        ("value_per_day", used.value_day, value),
    ):
        most = getattr(limits, name)
        if most is not None and more and used_so_far + more > most:
            return Verdict(
                "deny",
                f"{place}.limits.{name}",
                f"{name} is {most:g}, {used_so_far:g} are used and this call needs {more:g}",
            )
    return None


def deal_value(call: Call[Any], facts: Facts | None) -> float:
    """The deal value that a write touches: the larger of what is there and what is written."""
    if call.endpoint.resource != "deals":
        return 0.0
    before = (facts.of(call) if facts else None) or {}
    numbers = [
        value for value in (before.get("value"), call.values.get("value")) if isinstance(value, int | float)
    ]
    return float(max(numbers, default=0))


def _scope_rule(rights: AgentPolicy, place: str, call: Call[Any], facts: Facts | None) -> Verdict | None:
    if facts is None:
        return None
    why = scope.outside(rights.records, call, facts)
    return Verdict("deny", f"{place}.records", f"outside the records it may change: {why}") if why else None


def _taint_rule(rights: AgentPolicy, place: str, call: Call[Any], taint: Taint) -> Verdict | None:
    """After foreign text was read, whatever reaches far needs a person (RELIABILITY.md, section 6)."""
    endpoint = call.endpoint
    if not taint.tainted or not endpoint.effect.writes:
        return None
    if (action := rights.tainted.get(endpoint.name)) is not None:
        if action == "allow":
            return None
        return Verdict(_DECISIONS[action], f"{place}.tainted.{endpoint.name}", f"set to {action!r}")
    far = (
        endpoint.effect in {Effect.DELETE, Effect.CONVERT}
        or endpoint.resource in {"persons", "organizations", "webhooks"}
        or any(call.values.get(name) for name in endpoint.reaches_people)
    )
    if far:
        return Verdict("ask", "taint", "the run has read text from the CRM, and this reaches far")
    if taint.started_for and not _started_for(call, taint.started_for):
        return Verdict(
            "ask", "taint", "the run has read text from the CRM, and was not started for this record"
        )
    return None


def _started_for(call: Call[Any], keys: frozenset[Key]) -> bool:
    target = scope.target_key(call)
    linked = {("deals", call.values.get("deal_id")), ("leads", call.values.get("lead_id"))}
    return target in keys if target else bool(keys & linked)
