"""How long one decision takes, over random requests under random policies with every kind of rule in force."""

import statistics
import time
from collections.abc import Iterator
from random import Random

from pipedrive_tools.gate.verdict import decide
from tests.figures import Figure
from tests.gate.scenarios import policy_of, rights, scenario

REQUESTS = 20_000
TABLES = 40


def run() -> Iterator[Figure]:
    """The 99th percentile of a decision."""
    random = Random(5)
    took = []
    for _ in range(TABLES):
        drawn = rights(random)
        policy = policy_of(drawn)
        for each in [scenario(random, drawn) for _ in range(REQUESTS // TABLES)]:
            call, facts, counters, taint = each.call, each.facts, each.counters, each.taint
            start = time.perf_counter()
            decide(policy, each.agent, call, facts=facts, counters=counters, taint=taint)
            took.append(time.perf_counter() - start)
    took.sort()
    note = f"{REQUESTS:,} decisions, median {statistics.median(took) * 1e6:.1f} µs, worst {took[-1] * 1e6:,.0f} µs"
    yield Figure("a decision, 99th percentile, µs", took[int(len(took) * 0.99)] * 1e6, "<= 100", note)
