"""Which deal or lead comes first. Pure; the rule stands in `score`."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from sales_follow_up.facts import Deal, Lead
from sales_follow_up.signals import Signal, SignalKind

POINTS: Final[Mapping[SignalKind, int]] = MappingProxyType(
    {
        "reply_owed": 35,
        "close_date_passed": 30,
        "overdue_activity": 25,
        "gone_cold": 20,
        "close_date_near": 20,
        "no_next_activity": 15,
        "no_person": 5,
        "person_deleted": 5,
        "lead_untouched": 15,
    }
)
AGEING: Final = frozenset(
    {"reply_owed", "close_date_passed", "overdue_activity", "gone_cold", "lead_untouched"}
)
"""Signals that press more with each day."""
MOST_DAYS: Final = 30
"""Beyond a month another day makes no difference."""


def score(about: Deal | Lead, found: Iterable[Signal], value_rank: float) -> float:
    """How much it presses: urgency x (0.5 + value rank) x (0.5 + chance).

    Urgency is the sum over its signals of `POINTS`, and for those that age of one more point a day, at most 30.
    The value rank is from 0 to 1 within the deals, or the leads, of the same currency: amounts are never converted,
    since nobody here knows a rate. The chance is the deal's probability, else its stage's where the pipeline uses it,
    else how far the stage is along its pipeline; half for a deal whose stage is not known, and none for a lead. So a
    deal of the middle counts its urgency once, the best one 2.25 times, the least a quarter. Where two are equal, the
    later stage comes first, then the older record.
    """
    urgency = sum(
        POINTS[each.kind] + (min(each.days, MOST_DAYS) if each.kind in AGEING else 0) for each in found
    )
    return urgency * (0.5 + value_rank) * (0.5 + chance(about))


def chance(about: Deal | Lead) -> float:
    """How likely the deal is won, from 0 to 1, as far as the account says."""
    if isinstance(about, Lead):
        return 0.0
    stage = about.stage
    if about.probability is not None:
        return min(max(about.probability / 100, 0.0), 1.0)
    if stage is None:
        return 0.5
    if stage.probability is not None:
        return min(max(stage.probability / 100, 0.0), 1.0)
    return stage.place / (stage.places + 1)


def value_ranks(all_: Iterable[Deal | Lead]) -> dict[str, float]:
    """Key to the share of those of the same kind and currency that are worth less; a lone one is in the middle."""
    groups: dict[tuple[str, str], list[Deal | Lead]] = defaultdict(list)
    for each in all_:
        groups[each.kind, each.currency].append(each)
    ranks: dict[str, float] = {}
    for group in groups.values():
        values = sorted(each.value for each in group)
        for each in group:
            ranks[each.key] = bisect_left(values, each.value) / (len(group) - 1) if len(group) > 1 else 0.5
    return ranks
