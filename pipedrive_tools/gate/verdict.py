"""The decision: one pure function from what is known to allow, ask or deny, with the rule that decided.

What it does not know is denied. Nothing is read or written here; the toolset hands everything in.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pipedrive_tools.endpoint import Call, Effect, Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.gate import scope
from pipedrive_tools.gate.policy import GRANTED_BY_FULL, Action, AgentPolicy, Policy
from pipedrive_tools.gate.scope import Facts, Key

Decision = Literal["allow", "ask", "deny"]

KEY_LETTERS: Final = 40
"""Length of a custom field's key; its parts, such as a currency, add to it."""


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
    if endpoint.by_name_only:
        return Verdict("deny", f"{place}.actions", f"{endpoint.name!r} must be named in actions")
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
        _field_rule(rights, place, call, facts),
        _limit_rule(rights, place, call, facts, counters),
        _scope_rule(rights, place, call, facts),
    ):
        if refusal:
            return refusal
    return _taint_rule(rights, place, call, facts, taint) or granted


def _field_rule(rights: AgentPolicy, place: str, call: Call[Any], facts: Facts | None) -> Verdict | None:
    """Fields that are never written, and the highest number a field may be set to."""
    fields = rights.fields
    if not call.endpoint.effect.writes or not (fields.never_write or fields.max):
        return None
    written = written_fields(call, facts)
    for name in fields.never_write:
        if name in written:
            return Verdict("deny", f"{place}.fields.never_write", f"{name} is never written")
    for name, most in fields.max.items():
        if (value := written.get(name)) is not None and not _is_at_most(value, most):
            return Verdict("deny", f"{place}.fields.max", f"{name} may be at most {most:g}")
    return None


def written_fields(call: Call[Any], facts: Facts | None = None) -> dict[str, Any]:
    """Every field that a call writes, as `resource.field`, under the argument's name and under the wire's.

    What changes along with a field is among them, and a part of a custom field counts as the field.
    """
    endpoint = call.endpoint
    path = endpoint.path_arguments
    said = call.args.model_dump(mode="json", exclude_none=True, exclude={*call.args.controls, *path})
    written = {name: value for name, value in said.items() if value != []}
    written |= {name: value for name, value in call.values.items() if name not in path}
    if isinstance(custom := written.get("custom_fields"), dict):
        written |= custom
    written |= {name[:KEY_LETTERS]: value for name, value in written.items() if is_key(name)}
    if "participants" in written:
        written.setdefault(
            "person_id", written["participants"]
        )  # the main one becomes it (FACTS.md, section 11)
    written |= {name: None for name in scope.moved_along(call, facts) if name not in written}
    resource = "deals" if scope.makes_deal(call) else endpoint.resource
    named = {f"{resource}.{name}": value for name, value in written.items()}
    return named | {f"{endpoint.resource}.{name}": value for name, value in written.items()}


def _is_at_most(value: Any, most: float) -> bool:
    """Whether a number keeps to a ceiling; money counts by its amount, and what is no number does not keep to it."""
    if isinstance(value, dict):
        value = value.get("amount", value.get("value"))
    return isinstance(value, int | float) and value <= most


def _limit_rule(
    rights: AgentPolicy, place: str, call: Call[Any], facts: Facts | None, used: Counters
) -> Verdict | None:
    """Ceilings add up, so that many small steps stop where one large one would.

    The first look counts what reading the target will cost; later that is among what was used.
    """
    limits, endpoint = rights.limits, call.endpoint
    writes = int(endpoint.effect.writes)
    value = deal_value(call, facts) if writes else 0.0
    tokens = endpoint.cost + (endpoint.target.cost if endpoint.target and facts is None else 0)
    counted = facts.counted if facts else frozenset({"run", "day"})
    for name, used_so_far, more in (
        ("tokens_per_run", used.tokens_run, tokens),
        ("tokens_per_day", used.tokens_day, tokens),
        ("writes_per_run", used.writes_run, writes),
        ("writes_per_day", used.writes_day, writes),
        ("rows_per_run", used.rows_run, writes if "run" not in counted else 0),
        ("rows_per_day", used.rows_day, writes if "day" not in counted else 0),
        ("value_per_run", used.value_run, value),
        ("value_per_day", used.value_day, value),
    ):
        most = getattr(limits, name)
        if most is not None and more and used_so_far + more > most:
            return Verdict(
                "deny", f"{place}.limits.{name}", f"{name} is {most:g}, and this call would pass it"
            )
    return None


def deal_value(call: Call[Any], facts: Facts | None) -> float:
    """The deal value that a write touches: the larger of what is there and what is written, whatever its sign."""
    if call.endpoint.resource != "deals" and not scope.makes_deal(call):
        return 0.0
    before = (facts.of(call) if facts else None) or {}
    found = (before.get("value"), call.values.get("value"))
    amounts = [value.get("amount") if isinstance(value, dict) else value for value in found]
    return float(max((abs(amount) for amount in amounts if isinstance(amount, int | float)), default=0))


def _scope_rule(rights: AgentPolicy, place: str, call: Call[Any], facts: Facts | None) -> Verdict | None:
    if facts is None:
        return None
    why = scope.outside(rights.records, call, facts)
    return Verdict("deny", f"{place}.records", f"outside the records it may change: {why}") if why else None


def _taint_rule(
    rights: AgentPolicy, place: str, call: Call[Any], facts: Facts | None, taint: Taint
) -> Verdict | None:
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
    if taint.started_for and not _started_for(call, facts, taint.started_for):
        return Verdict(
            "ask", "taint", "the run has read text from the CRM, and was not started for this record"
        )
    return None


def _started_for(call: Call[Any], facts: Facts | None, keys: frozenset[Key]) -> bool:
    """Whether the call stays with the records that the run was started for: it names no other, and hangs on one."""
    named = scope.hangs_on(call.endpoint.resource, call.values)
    if not named <= keys:
        return False
    target = scope.target_key(call)
    if target is None:
        return bool(named)
    record = (facts.of(call) if facts else None) or {}
    return target in keys or bool(scope.hangs_on(target[0], record) & keys)
