"""The review: every open deal and every lead judged, those in need ranked. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

from sales_follow_up.facts import Account, Book, Deal, Lead
from sales_follow_up.pipeline import StageNow, stages_now
from sales_follow_up.ranking import score, value_ranks
from sales_follow_up.signals import Signal, signals

Place = Literal["waiting", "unjudged", "snoozed", "unchanged", "judged"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One deal or lead that needs a follow-up, and why."""

    about: Deal | Lead
    signals: tuple[Signal, ...]
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a review found; every open deal and lead is counted in exactly one place."""

    account: Account
    findings: tuple[Finding, ...]
    """The one that presses most comes first."""
    deals: int = 0
    """Open deals in all."""
    leads: int = 0
    """Leads in all, archived ones left out."""
    needing: int = 0
    """How many need a follow-up."""
    waiting: int = 0
    """How many have an activity today or later."""
    quiet: int = 0
    """How many have nothing ahead and no signal, such as an activity without a date."""
    snoozed: int = 0
    """How many were put off until a later day."""
    unchanged: int = 0
    """How many were left out because nothing of them changed since the day that was asked for."""
    unjudged: tuple[int | str, ...] = ()
    """Ids of those skipped: whether somebody is on them could not be seen."""
    signals: Mapping[str, int] = field(default_factory=dict)
    """How many show each signal."""
    stages: tuple[StageNow, ...] = ()
    """The pipelines as they stand."""


def review(
    book: Book, *, snoozed: Mapping[str, date] = MappingProxyType({}), since: date | None = None
) -> Review:
    """Judge everything; what has activities that cannot be seen is skipped, never guessed at.

    `snoozed` gives the keys of what was put off; with `since` only what changed on that day or later is judged.
    """
    if not book.account.activities_were_read:
        places: list[tuple[Deal | Lead, Place]] = [(about, "unjudged") for about in book.all]
    else:
        places = [(about, _place(about, book.account.today, snoozed, since)) for about in book.all]
    ranks = value_ranks(book.all)
    findings = [
        Finding(about, found, score(about, found, ranks[about.key]))
        for about, place in places
        if place == "judged" and (found := signals(about, book.account.today))
    ]
    counts = Counter(place for _, place in places)
    return Review(
        account=book.account,
        findings=tuple(sorted(findings, key=_order)),
        deals=len(book.deals),
        leads=len(book.leads),
        needing=len(findings),
        waiting=counts["waiting"],
        quiet=counts["judged"] - len(findings),
        snoozed=counts["snoozed"],
        unchanged=counts["unchanged"],
        unjudged=tuple(about.id for about, place in places if place == "unjudged"),
        signals=Counter(signal.kind for finding in findings for signal in finding.signals),
        stages=stages_now(book.deals, book.account.today),
    )


def _place(about: Deal | Lead, today: date, snoozed: Mapping[str, date], since: date | None) -> Place:
    if about.next_day(today) is not None:
        return "waiting"
    if about.has_unseen_activity:
        return "unjudged"
    if snoozed.get(about.key, today) > today:
        return "snoozed"
    is_old = since is not None and (about.changed is None or about.changed < since)
    return "unchanged" if is_old else "judged"


def _order(finding: Finding) -> tuple[float, int, str]:
    """By score; then the later stage, then the older record."""
    about = finding.about
    if isinstance(about, Lead):
        return -finding.score, 0, about.id
    return -finding.score, -(about.stage.place if about.stage else 0), f"{about.id:020}"
