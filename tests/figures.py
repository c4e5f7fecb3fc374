"""A promised figure, as the benchmarks and the long proofs print it."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value beside the bar that it is held to."""

    name: str
    value: float
    bar: str
    """`<= 1.3`, `>= 1000` or `== 0`."""
    note: str = ""
    """Number of tries, what the counter-test found, the single sides of a ratio."""

    @property
    def holds(self) -> bool:
        """Whether the value keeps to the bar."""
        sign, _, number = self.bar.partition(" ")
        limit = float(number.replace(",", ""))
        return {"<=": self.value <= limit, ">=": self.value >= limit, "==": self.value == limit}[sign]

    def line(self) -> str:
        """The line that programs read."""
        said = {"name": self.name, "value": round(self.value, 4), "bar": self.bar, "holds": self.holds}
        return f"FIGURE {json.dumps(said)}"


def report(figures: Sequence[Figure]) -> bool:
    """Print figures for people and for programs; whether all of them hold."""
    for figure in figures:
        mark = "holds" if figure.holds else "DOES NOT HOLD"
        print(
            f"{figure.name}: {figure.value:,.4g} (bar {figure.bar}, {mark})"
            + (f"; {figure.note}" if figure.note else "")
        )
        print(figure.line(), flush=True)
    return all(figure.holds for figure in figures)


def ratio(
    ours: Callable[[], object], bare: Callable[[], object], *, rounds: int, warm_up: int = 30
) -> tuple[float, str]:
    """Median of the ratios of two acts, taken in turns, and the medians of both sides."""
    for _ in range(warm_up):
        bare()
        ours()
    pairs = []
    for _ in range(rounds):
        start = time.perf_counter()
        bare()
        middle = time.perf_counter()
        ours()
        pairs.append((time.perf_counter() - middle, middle - start))
    left, right = (statistics.median(side) * 1e6 for side in zip(*pairs, strict=True))
    note = f"{left:,.0f} µs against {right:,.0f} µs, medians of {rounds} pairs"
    return statistics.median(ours / bare for ours, bare in pairs), note
