"""Proposals and outcomes as rows and lines. Text from the account is wrapped so that it is never read as markup."""

from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sales_follow_up.applying import Outcome
from sales_follow_up.facts import Deal
from sales_follow_up.phrases import short
from sales_follow_up.proposals import Proposal

TITLE_CHARACTERS: Final = 60
STAGE_FROM_WIDTH: Final = 100


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def table(proposals: tuple[Proposal, ...], width: int) -> Table:
    """The proposals as a table for a terminal; a narrow one is spared the stage."""
    shows_stage = width >= STAGE_FROM_WIDTH
    made = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    made.add_column("#", justify="right", no_wrap=True)
    made.add_column("Deal", ratio=4)
    made.add_column("Value", justify="right", no_wrap=True)
    if shows_stage:
        made.add_column("Stage", ratio=2)
    made.add_column("Why", ratio=3)
    made.add_column("Next step", ratio=4)
    made.add_column("Due", no_wrap=True)
    for number, proposal in enumerate(proposals, start=1):
        deal, plan = proposal.finding.deal, proposal.follow_up
        stage = [deal.stage.name if deal.stage else "-"] if shows_stage else []
        why = "\n".join(short(proposal.finding))
        cells = [
            str(number),
            title(deal),
            _value(deal),
            *stage,
            why,
            plan.subject,
            f"{plan.due_date:%a %d %b}",
        ]
        made.add_row(*(Text(cell) for cell in cells))
    return made


def block(number: int, proposal: Proposal) -> str:
    """One proposal as plain text."""
    deal, plan = proposal.finding.deal, proposal.follow_up
    stage = f", {deal.stage.pipeline}: {deal.stage.name}" if deal.stage else ""
    return (
        f"{number}. {title(deal)} (deal {deal.id}), {_value(deal)}{stage}\n"
        f"   why:  {plan.reason}\n"
        f"   next: {plan.subject} ({plan.type}, {plan.due_date})"
    )


def outcome_line(number: int, outcome: Outcome, *, tells_undo: bool) -> str:
    """What became of one proposal."""
    told = f"{number:>3}. {outcome.state}"
    if outcome.activity_id is not None:
        told += f" as activity {outcome.activity_id} with deal {outcome.proposal.finding.deal.id}"
    if outcome.undo and tells_undo:
        told += f"; undo: {outcome.undo}"
    return f"{told}: {outcome.detail}" if outcome.detail else told


def title(deal: Deal) -> str:
    """The title of a deal, cut."""
    text = deal.title or f"deal {deal.id}"
    return text if len(text) <= TITLE_CHARACTERS else f"{text[: TITLE_CHARACTERS - 1]}…"


def _value(deal: Deal) -> str:
    return f"{deal.value:,.0f} {deal.currency}" if deal.value else "-"
