"""A promised figure, as the benchmarks and the long proofs print it."""

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

RULE_OF_THREE: Final = 3.0
"""None of n seen means a rate of at most 3 / n, with 95 % confidence."""


@dataclass(frozen=True)
class Figure:
    """One measured value beside the bar that it is held to."""

    name: str
    value: float
    bar: str
    """`<= 1.3`, `>= 1000` or `== 0`."""
    note: str = ""
    """The single sides of a ratio, or how it was measured."""
    holds: bool | None = None
    """Whether the value keeps to the bar; worked out from both where it is not given."""
    tries: int | None = None
    """How often it was tried."""
    counter_test: str | None = None
    """What the same harness shows where the promise is taken away; without it a zero means nothing."""

    def __post_init__(self) -> None:
        """Compare the value with the bar."""
        if self.holds is None:
            object.__setattr__(self, "holds", self._keeps_to_the_bar())

    @classmethod
    def none_of(cls, name: str, value: int, *, tries: int, counter_test: str, has_teeth: bool) -> "Figure":
        """A promise that something never happens; it holds only if the harness can see it happen."""
        holds = value == 0 and tries > 0 and has_teeth
        return cls(name, value, "== 0", holds=holds, tries=tries, counter_test=counter_test)

    def _keeps_to_the_bar(self) -> bool:
        sign, _, number = self.bar.partition(" ")
        limit = float(number.replace(",", ""))
        return {"<=": self.value <= limit, ">=": self.value >= limit, "==": self.value == limit}[sign]

    @property
    def line(self) -> str:
        """The line for programs."""
        shown: dict[str, object] = {
            "name": self.name,
            "value": round(self.value, 4),
            "bar": self.bar,
            "holds": self.holds,
        }
        if self.tries is not None:
            shown["tries"] = self.tries
            if self.value == 0 and self.bar == "== 0" and self.tries:
                shown["at_most_95_percent_sure"] = round(RULE_OF_THREE / self.tries, 6)
        if self.counter_test is not None:
            shown["counter_test"] = self.counter_test
        return f"FIGURE {json.dumps(shown)}"


def report(figures: Iterable[Figure]) -> bool:
    """Print figures for people and for programs as they come; whether all of them hold."""
    all_hold = True
    for figure in figures:
        all_hold = bool(figure.holds) and all_hold
        mark = "holds" if figure.holds else "DOES NOT HOLD"
        print(
            f"{figure.name}: {figure.value:,.4g} (bar {figure.bar}, {mark})"
            + (f"; {figure.note}" if figure.note else "")
        )
        print(figure.line, flush=True)
    return all_hold


def ratio(
    ours: Callable[[], object],
    bare: Callable[[], object],
    *,
    rounds: int,
    warm_up: int = 30,
    burst: int | None = None,
    rest_seconds: float = 0.0,
) -> tuple[float, str]:
    """Median of the ratios of two acts, taken in turns, and the medians of both sides; after each burst a rest."""
    for _ in range(warm_up):
        bare()
        ours()
    pairs = []
    for number in range(rounds):
        if burst and number % burst == 0:
            time.sleep(rest_seconds)
        start = time.perf_counter()
        bare()
        middle = time.perf_counter()
        ours()
        pairs.append((time.perf_counter() - middle, middle - start))
    left, right = (statistics.median(side) * 1e6 for side in zip(*pairs, strict=True))
    note = f"{left:,.0f} µs against {right:,.0f} µs, medians of {rounds} pairs"
    return statistics.median(ours / bare for ours, bare in pairs), note
