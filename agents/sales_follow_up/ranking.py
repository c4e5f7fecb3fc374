"""Which deal comes first. Pure; the rule stands in `score`."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from sales_follow_up.facts import Deal
from sales_follow_up.signals import Signal, SignalKind

POINTS: Final[Mapping[SignalKind, int]] = MappingProxyType(
    {
        "close_date_passed": 30,
        "overdue_activity": 25,
        "gone_cold": 20,
        "close_date_near": 20,
        "no_next_activity": 15,
        "no_person": 5,
        "person_deleted": 5,
    }
)
AGEING: Final = frozenset({"close_date_passed", "overdue_activity", "gone_cold"})
"""Signals that press more with each day."""
MOST_DAYS: Final = 30
"""Beyond a month another day makes no difference."""


def score(deal: Deal, found: Iterable[Signal], value_rank: float) -> float:
    """How much a deal presses: urgency x (0.5 + value rank) x (0.5 + chance).

    Urgency is the sum over its signals of `POINTS`, and for those that age of one more point a day, at most 30.
    The value rank is from 0 to 1 within the deals of the same currency: amounts are never converted, since nobody
    here knows a rate. The chance is the deal's probability, else its stage's where the pipeline uses it, else how
    far the stage is along its pipeline. So a deal of the middle counts its urgency once, the best one 2.25 times,
    the least a quarter.
    """
    urgency = sum(
        POINTS[each.kind] + (min(each.days, MOST_DAYS) if each.kind in AGEING else 0) for each in found
    )
    return urgency * (0.5 + value_rank) * (0.5 + chance(deal))


def chance(deal: Deal) -> float:
    """How likely the deal is won, from 0 to 1, as far as the account says."""
    stage = deal.stage
    if deal.probability is not None:
        return min(max(deal.probability / 100, 0.0), 1.0)
    if stage is None:
        return 0.5
    if stage.probability is not None:
        return min(max(stage.probability / 100, 0.0), 1.0)
    return stage.place / (stage.places + 1)


def value_ranks(deals: Iterable[Deal]) -> dict[int, float]:
    """Deal id to the share of deals in the same currency that are worth less; a lone deal stands in the middle."""
    groups: dict[str, list[Deal]] = defaultdict(list)
    for deal in deals:
        groups[deal.currency].append(deal)
    ranks: dict[int, float] = {}
    for group in groups.values():
        values = sorted(deal.value for deal in group)
        for deal in group:
            ranks[deal.id] = bisect_left(values, deal.value) / (len(group) - 1) if len(group) > 1 else 0.5
    return ranks
