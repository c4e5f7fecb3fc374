"""The pipelines as they stand: for each stage how many deals, what they are worth, how long untouched. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from sales_follow_up.facts import Deal, Stage

AGES: Final = (7, 30, 90)
"""Where one group of ages ends and the next begins, in days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNow:
    """One stage and the open deals in it."""

    stage: Stage | None
    """None for the deals whose stage is not known."""
    deals: int
    values: tuple[tuple[str, float], ...]
    """Sum by currency, the currency with most deals first; nothing is converted."""
    ages: tuple[int, ...]
    """How many deals were last touched up to 7, 30, 90 days ago, and longer."""


def stages_now(deals: Iterable[Deal], today: date) -> tuple[StageNow, ...]:
    """Every stage that holds a deal, pipeline by pipeline, in its order."""
    groups: dict[Stage | None, list[Deal]] = {}
    for deal in deals:
        groups.setdefault(deal.stage, []).append(deal)
    return tuple(_now(stage, groups[stage], today) for stage in sorted(groups, key=_order))


def _now(stage: Stage | None, deals: list[Deal], today: date) -> StageNow:
    currencies = Counter(deal.currency for deal in deals).most_common()
    untouched = Counter(
        sum((today - deal.touched).days > end for end in AGES) for deal in deals if deal.touched
    )
    return StageNow(
        stage=stage,
        deals=len(deals),
        values=tuple(
            (currency, sum(deal.value for deal in deals if deal.currency == currency))
            for currency, _ in currencies
        ),
        ages=tuple(untouched[group] for group in range(len(AGES) + 1)),
    )


def _order(stage: Stage | None) -> tuple[bool, str, int]:
    return (stage is None, stage.pipeline if stage else "", stage.place if stage else 0)
