"""Proposals and outcomes as rows and lines. Text from the account is wrapped so that it is never read as markup."""

from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from pipedrive_tools.gate.taint import one_line
from sales_follow_up.applying import Outcome
from sales_follow_up.facts import Deal, Lead
from sales_follow_up.phrases import short
from sales_follow_up.proposals import Proposal

TITLE_CHARACTERS: Final = 60
STAGE_FROM_WIDTH: Final = 100


def table(proposals: Sequence[Proposal], width: int) -> Table:
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
        about, plan = proposal.finding.about, proposal.follow_up
        stage = [_stage(about)] if shows_stage else []
        why = "\n".join(short(proposal.finding))
        cells = [
            str(number),
            title(about),
            _value(about),
            *stage,
            why,
            "\n".join([plan.subject, *words(proposal)]),
            f"{plan.due_date:%a %d %b}",
        ]
        made.add_row(*(Text(cell) for cell in cells))
    return made


def block(number: int, proposal: Proposal) -> str:
    """One proposal as plain text."""
    about, plan = proposal.finding.about, proposal.follow_up
    return (
        f"{number}. {title(about)} ({about.key}), {_value(about)}, {_stage(about)}\n"
        f"   why:  {plan.reason}\n"
        f"   next: {plan.subject} ({plan.type}, {plan.due_date:%a} {plan.due_date})"
        + "".join(f"\n         {line}" for line in words(proposal))
    )


def words(proposal: Proposal) -> list[str]:
    """What else a planner put into words: whoever agrees to a step has seen all that is written."""
    plan, draft = proposal.follow_up, proposal.follow_up.email_draft
    told = [f"note: {one_line(plan.note)}"] if plan.note and plan.note != plan.reason else []
    return told + ([f"mail, not sent: {draft.subject}: {one_line(draft.body)}"] if draft else [])


def stand_ins(proposals: Sequence[Proposal]) -> list[str]:
    """For whom the rules stood in, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for proposal in proposals:
        if proposal.stood_in:
            by_reason.setdefault(proposal.stood_in, []).append(proposal.finding.about.key)
    return [f"planned by rules, since {why}: {', '.join(keys)}" for why, keys in by_reason.items()]


def outcome_line(number: int, outcome: Outcome, *, tells_undo: bool) -> str:
    """What became of one proposal."""
    told = f"{number:>3}. {outcome.state}"
    if outcome.activity_id is not None:
        told += f" as activity {outcome.activity_id} with {outcome.proposal.finding.about.key}"
    if outcome.undo and tells_undo:
        told += f"; undo: {outcome.undo}"
    return f"{told}: {outcome.detail}" if outcome.detail else told


def title(about: Deal | Lead) -> str:
    """The title of a deal or lead, cut."""
    text = about.title or about.key
    return text if len(text) <= TITLE_CHARACTERS else f"{text[: TITLE_CHARACTERS - 1]}…"


def _stage(about: Deal | Lead) -> str:
    if isinstance(about, Lead):
        return "lead"
    return about.stage.name if about.stage else "-"


def _value(about: Deal | Lead) -> str:
    return f"{about.value:,.0f} {about.currency}" if about.value else "-"
