"""The decision against an independent oracle: random requests, the same rules written in Cedar, full agreement."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, Final

from pipedrive_tools.endpoint import Call
from pipedrive_tools.gate.policy import Fields, Limits, Policy, Records
from pipedrive_tools.gate.verdict import Verdict, decide
from tests.gate.cedar import judged
from tests.gate.scenarios import AGENT, policy_of, rights, scenario
from tests.torture.figures import Figure

REQUESTS: Final = 100_000
PLANTED_REQUESTS: Final = 6_000
A_TABLE: Final = 200
"""Requests under one policy table."""
SEED: Final = 20260302

Decide = Callable[..., Verdict]


def disagreements(
    requests: int, seed: int, *, a_table: int = A_TABLE, judge: Decide = decide
) -> tuple[list[str], Counter[str]]:
    """Requests on which the gate and the oracle disagree, and how often each answer was given."""
    random = Random(seed)
    found: list[str] = []
    answers: Counter[str] = Counter()
    for _ in range(requests // a_table):
        drawn = rights(random)
        policy = policy_of(drawn)
        asked = [scenario(random, drawn) for _ in range(a_table)]
        for each, expected in zip(asked, judged(asked), strict=True):
            given = judge(
                policy,
                each.agent,
                each.call,
                facts=each.facts,
                counters=each.counters,
                taint=each.taint,
            )
            answers[expected] += 1
            if given.decision != expected:
                found.append(f"{each.tool} {each.arguments}: {given}, the oracle says {expected}")
    return found, answers


def blind_to(**sections: Any) -> Decide:
    """The decision with a part of every policy left out: what a forgotten rule looks like."""

    def decided(policy: Policy, agent: str, call: Call[Any], **known: Any) -> Verdict:
        narrowed = policy.of(AGENT).model_copy(update=sections)
        return decide(Policy(agents={AGENT: narrowed}), agent, call, **known)

    return decided


def one_too_many(policy: Policy, agent: str, call: Call[Any], **known: Any) -> Verdict:
    """The decision with an off-by-one in its ceiling of writes."""
    counters = known["counters"]
    return decide(
        policy, agent, call, **{**known, "counters": replace(counters, writes_run=counters.writes_run - 1)}
    )


PLANTED: Final[dict[str, Decide]] = {
    "no record scope": blind_to(records=Records()),
    "no field rules": blind_to(fields=Fields()),
    "no limits": blind_to(limits=Limits()),
    "no exceptions": blind_to(actions={}),
    "tainted exceptions forgotten": blind_to(tainted={}),
    "one write too many": one_too_many,
}
"""Wrong rules that the oracle must see."""


def run() -> Iterator[Figure]:
    """Every request, then the planted wrong rules."""
    start = time.monotonic()
    found, answers = disagreements(REQUESTS, SEED)
    print(f"   {dict(answers)} in {time.monotonic() - start:.0f} s", flush=True)
    for line in found[:5]:
        print(f"   {line}", flush=True)
    seen = {
        name: len(disagreements(PLANTED_REQUESTS, SEED, a_table=50, judge=wrong)[0])
        for name, wrong in PLANTED.items()
    }
    yield Figure.none_of(
        "verdicts on which the gate and Cedar disagree",
        len(found),
        tries=sum(answers.values()),
        counter_test=", ".join(f"{name}: {count} of {PLANTED_REQUESTS:,}" for name, count in seen.items()),
        has_teeth=all(seen.values()) and min(answers[each] for each in ("allow", "ask", "deny")) > 0,
    )
