"""Fewer rights never let more through: whatever is narrowed, a decision only gets stricter."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import AgentPolicy, Limits, Policy
from pipedrive_tools.gate.verdict import Verdict, decide
from tests.gate.scenarios import AGENT, FIELDS, LIMITS, RESOURCES, Scenario, policy_of, rights, scenario

STRICTNESS = {"allow": 0, "ask": 1, "deny": 2}
LOWER = {"full": "read", "read": "off", "off": "off"}
STRICTER = {"allow": "ask", "ask": "off", "off": "off"}


def judged(policy: Policy, asked: Scenario) -> Verdict:
    return decide(
        policy,
        asked.agent,
        asked.call,
        facts=asked.facts,
        counters=asked.counters,
        taint=asked.taint,
    )


def narrowed(random: Random, wide: AgentPolicy) -> AgentPolicy:
    """The same rights with one thing less."""
    ways: list[dict[str, Any]] = []
    resource = random.choice(RESOURCES)
    ways.append({resource: LOWER[getattr(wide, resource)]})
    limits = wide.limits.model_dump(exclude_none=True)
    name = random.choice(LIMITS)
    tighter = {**limits, name: min(limits.get(name, 10_000), random.choice((0, 1, 5, 50)))}
    ways.append({"limits": Limits.model_validate(tighter)})
    ways.append({"actions": {**wide.actions, random.choice(list(catalogue)): "off"}})
    if wide.actions:
        name = random.choice(list(wide.actions))
        ways.append({"actions": {**wide.actions, name: STRICTER[wide.actions[name]]}})
    more = [*wide.fields.never_write, random.choice(FIELDS)]
    ways.append({"fields": wide.fields.model_copy(update={"never_write": more})})
    ways.append({"records": wide.records.model_copy(update={"pipelines": [], "stages": [], "owners": []})})
    ways.append({"tainted": {**wide.tainted, random.choice(list(catalogue)): "off"}})
    return wide.model_copy(update=random.choice(ways))


@settings(max_examples=800, deadline=None)
@given(st.integers(0, 2**32))
def test_less_is_never_more(seed: int) -> None:
    """A lower level, an exception less, a tighter limit, one more rule: no denial turns into a permission."""
    random = Random(seed)
    drawn = rights(random)
    asked = scenario(random, drawn)
    wide = policy_of(drawn).of(AGENT)
    narrow = narrowed(random, wide)

    before = judged(Policy(agents={AGENT: wide}), asked).decision
    after = judged(Policy(agents={AGENT: narrow}), asked).decision
    assert STRICTNESS[after] >= STRICTNESS[before]


def test_widening_is_seen() -> None:
    """The counter-test: among such requests, wider rights do turn denials into permissions."""
    random = Random(5)
    turned = 0
    for _ in range(200):
        drawn = rights(random)
        asked = scenario(random, drawn)
        before, after = judged(policy_of(drawn), asked), judged(Policy.full(AGENT), asked)
        turned += STRICTNESS[after.decision] < STRICTNESS[before.decision]
    assert turned > 50
