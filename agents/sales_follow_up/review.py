"""The review: every open deal and every lead judged, those in need ranked. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sales_follow_up.facts import Account, Book, Deal, Lead
from sales_follow_up.ranking import score, value_ranks
from sales_follow_up.signals import Signal, signals


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
    unjudged: tuple[int | str, ...] = ()
    """Ids of those skipped: whether somebody is on them could not be seen."""
    signals: Mapping[str, int] = field(default_factory=dict)
    """How many show each signal."""


def review(book: Book) -> Review:
    """Judge everything; what has activities that cannot be seen is skipped, never guessed at."""
    if not book.account.activities_were_read:
        skipped = tuple(each.id for each in book.all)
        return Review(
            account=book.account,
            findings=(),
            deals=len(book.deals),
            leads=len(book.leads),
            unjudged=skipped,
        )
    ranks = value_ranks(book.all)
    findings: list[Finding] = []
    unjudged: list[int | str] = []
    waiting = quiet = 0
    for about in book.all:
        if about.next_day(book.account.today) is not None:
            waiting += 1
        elif about.has_unseen_activity:
            unjudged.append(about.id)
        elif found := signals(about, book.account.today):
            findings.append(Finding(about, found, score(about, found, ranks[about.key])))
        else:
            quiet += 1
    findings.sort(key=_order)
    return Review(
        account=book.account,
        findings=tuple(findings),
        deals=len(book.deals),
        leads=len(book.leads),
        needing=len(findings),
        waiting=waiting,
        quiet=quiet,
        unjudged=tuple(unjudged),
        signals=Counter(signal.kind for finding in findings for signal in finding.signals),
    )


def _order(finding: Finding) -> tuple[float, int, str]:
    """By score; then the later stage, then the older record."""
    about = finding.about
    if isinstance(about, Lead):
        return -finding.score, 0, about.id
    return -finding.score, -(about.stage.place if about.stage else 0), f"{about.id:020}"
