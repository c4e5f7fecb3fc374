"""The charts of the page: words in HTML, so that a phone can wrap them, and bars in inline SVG."""

from collections.abc import Iterable, Mapping
from itertools import accumulate, groupby
from typing import Final
from xml.etree.ElementTree import Element

from pipedrive_tools.render.cells import plural
from sales_follow_up.markup import tag
from sales_follow_up.pipeline import AGES, StageNow

WIDTH: Final = 100.0
"""Bars are drawn in percent of what there is."""


def funnel(stages: Iterable[StageNow]) -> list[Element]:
    """Deals and value by stage, one block a pipeline."""
    blocks = []
    for pipeline, members in groupby(stages, key=_pipeline):
        rows = list(members)
        most = max(row.deals for row in rows)
        drawn = [_row(row, [row.deals / most * WIDTH], _worth(row), ["deals"]) for row in rows]
        blocks.append(tag("section", tag("h3", pipeline), *drawn))
    return blocks


def ageing(stages: Iterable[StageNow]) -> list[Element]:
    """How long nobody touched the deals of each stage, one block a pipeline."""
    blocks = [_legend()]
    for pipeline, members in groupby(stages, key=_pipeline):
        drawn = []
        for row in members:
            parts = [count / row.deals * WIDTH for count in row.ages]
            told = f"{row.ages[-1]} over {AGES[-1]} d" if row.ages[-1] else f"none over {AGES[-1]} d"
            drawn.append(_row(row, parts, told, [f"age{number}" for number in range(len(row.ages))]))
        blocks.append(tag("section", tag("h3", pipeline), *drawn))
    return blocks


def counts(named: Mapping[str, int]) -> list[Element]:
    """How often each signal shows, the most frequent first."""
    most = max(named.values(), default=1)
    return [
        _bar_row(kind.replace("_", " "), [count / most * WIDTH], f"{count:,}", ["deals"], f"{kind}: {count}")
        for kind, count in sorted(named.items(), key=lambda each: -each[1])
    ]


def _row(row: StageNow, parts: list[float], told: str, classes: list[str]) -> Element:
    name = row.stage.name if row.stage else "stage not known"
    ages = ", ".join(map(str, row.ages))
    label = f"{name}: {plural(row.deals, 'deal')}; last touched within {AGES} days and longer ago: {ages}"
    return _bar_row(name, parts, f"{plural(row.deals, 'deal')} · {told}", classes, label)


def _bar_row(name: str, parts: list[float], told: str, classes: list[str], label: str) -> Element:
    starts = [0.0, *accumulate(parts)]
    bars = [
        tag("rect", x=f"{start:.2f}", y="0", width=f"{width:.2f}", height="10", class_=class_)
        for start, width, class_ in zip(starts, parts, classes, strict=False)
        if width
    ]
    drawn = tag(
        "svg", tag("title", label), *bars, view_box="0 0 100 10", keep="none", role="img", aria_label=label
    )
    return tag(
        "div",
        tag("span", name, class_="name"),
        drawn,
        tag("span", told, class_="told"),
        class_="bar",
    )


def _legend() -> Element:
    words = [f"up to {AGES[0]} days", *(f"to {end}" for end in AGES[1:]), f"over {AGES[-1]} days"]
    marks = [tag("span", tag("i", class_=f"age{number}"), word) for number, word in enumerate(words)]
    return tag("p", "Last touched: ", *marks, class_="legend")


def _worth(row: StageNow) -> str:
    """The sums by currency, in thousands; the chart compares, the account has the cents."""
    told = [f"{value / 1000:,.0f}k {currency}".strip() for currency, value in row.values if value]
    return ", ".join(told) or "no value"


def _pipeline(row: StageNow) -> str:
    return (row.stage.pipeline or "Pipeline") if row.stage else "Stage not known"
