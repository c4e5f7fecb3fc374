"""The words of proposals and evidence, in our own wording only: nothing here quotes text from the account."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sales_follow_up.facts import Deal
from sales_follow_up.review import Finding
from sales_follow_up.signals import Signal, SignalKind

STEPS: Final[Mapping[SignalKind, tuple[str, str]]] = MappingProxyType(
    {
        "no_person": ("task", "Find out who to talk to"),
        "person_deleted": ("task", "Find out who to talk to now"),
        "reply_owed": ("call", "Call: answer what they asked"),
        "close_date_passed": ("call", "Call: agree on a new close date"),
        "close_date_near": ("call", "Call: what is missing to close in time"),
        "overdue_activity": ("call", "Call: make up for the step that was missed"),
        "gone_cold": ("call", "Call: take up the conversation again"),
        "no_next_activity": ("call", "Call: agree on the next step"),
        "lead_untouched": ("call", "Call: is there still interest"),
    }
)
"""Type and subject by the leading signal, the one that leads first. Without a person there is nobody to call."""

WORDS: Final[Mapping[SignalKind, tuple[str, str]]] = MappingProxyType(
    {
        "no_person": ("no person", "no person is named"),
        "person_deleted": ("person deleted", "its person is deleted or out of sight"),
        "reply_owed": ("reply owed {d}", "they have waited {days} for a reply (since {day})"),
        "close_date_passed": ("{d} past close", "should have closed {days} ago ({day})"),
        "close_date_near": ("closes {soon}", "closes {ahead} ({day})"),
        "overdue_activity": ("{d} overdue", "{activities} overdue, by {days} (since {day})"),
        "gone_cold": ("{d} untouched", "untouched for {days}, where its stage allows {limit}"),
        "no_next_activity": ("nothing planned", "nothing is planned"),
        "lead_untouched": ("lead untouched {d}", "nobody has touched the lead for {days} (since {day})"),
    }
)
"""Each signal in the fewest words, for a table, and as a clause."""


def step(finding: Finding) -> tuple[str, str]:
    """Type and subject of the step that the leading signal asks for."""
    kinds = {each.kind for each in finding.signals}
    return next(found for kind, found in STEPS.items() if kind in kinds)


def reason(finding: Finding) -> str:
    """One sentence: all the evidence, the leading signal first."""
    order = list(STEPS)
    ordered = sorted(finding.signals, key=lambda each: order.index(each.kind))
    told = "; ".join(_filled(WORDS[each.kind][1], each, finding) for each in ordered)
    return f"{told[:1].upper()}{told[1:]}."


def short(finding: Finding) -> list[str]:
    """The signals of a finding in the fewest words."""
    return [_filled(WORDS[each.kind][0], each, finding) for each in finding.signals]


def _filled(words: str, signal: Signal, finding: Finding) -> str:
    about, count = finding.about, len(signal.records)
    stage = about.stage if isinstance(about, Deal) else None
    days = "1 day" if signal.days == 1 else f"{signal.days} days"
    return words.format(
        days=days,
        d=f"{signal.days} d",
        soon=f"in {signal.days} d" if signal.days else "today",
        day=signal.day,
        ahead=f"in {days}" if signal.days else "today",
        activities="an activity is" if count == 1 else f"{count} activities are",
        limit=stage.rots_after_days if stage else None,
    )
