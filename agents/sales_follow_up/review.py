"""The review: every open deal judged, those in need ranked. Pure."""

from dataclasses import dataclass
from datetime import date

from sales_follow_up.facts import Book, Deal
from sales_follow_up.ranking import score, value_ranks
from sales_follow_up.signals import Signal, signals


@dataclass(frozen=True, slots=True)
class Finding:
    """One deal that needs a follow-up, and why."""

    deal: Deal
    signals: tuple[Signal, ...]
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a review found; every open deal is counted in exactly one place."""

    today: date
    findings: tuple[Finding, ...]
    """The one that presses most comes first."""
    waiting: int = 0
    """Deals with an activity today or later."""
    quiet: int = 0
    """Deals with nothing ahead and no signal, such as an activity without a date."""
    unjudged: tuple[int, ...] = ()
    """Ids of deals that were skipped: whether somebody is on them could not be seen."""

    @property
    def deals(self) -> int:
        """Open deals in all."""
        return len(self.findings) + self.waiting + self.quiet + len(self.unjudged)


def review(book: Book) -> Review:
    """Judge every open deal; a deal whose activities cannot be seen is skipped, never guessed at."""
    if not book.activities_were_read:
        return Review(today=book.today, findings=(), unjudged=tuple(deal.id for deal in book.deals))
    ranks = value_ranks(book.deals)
    findings: list[Finding] = []
    unjudged: list[int] = []
    waiting = quiet = 0
    for deal in book.deals:
        if deal.next_day(book.today) is not None:
            waiting += 1
        elif deal.has_unseen_activity:
            unjudged.append(deal.id)
        elif found := signals(deal, book.today):
            findings.append(Finding(deal, found, score(deal, found, ranks[deal.id])))
        else:
            quiet += 1
    findings.sort(key=_order)
    return Review(
        today=book.today,
        findings=tuple(findings),
        waiting=waiting,
        quiet=quiet,
        unjudged=tuple(unjudged),
    )


def _order(finding: Finding) -> tuple[float, int, int]:
    """By score; then the later stage, then the older deal."""
    stage = finding.deal.stage
    return -finding.score, -(stage.place if stage else 0), finding.deal.id
