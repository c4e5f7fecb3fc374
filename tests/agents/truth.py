"""What the agent found beside what is true: the generator's answer sheet, which the agent cannot see."""

from datetime import date, timedelta

from sales_follow_up.review import Review

from pipedrive_tools.sandbox.demo import Demo

Claim = tuple[int | str, str, int, date | None, tuple[int, ...]]
"""Whose, which signal, and its evidence."""


def true_claims(demo: Demo) -> set[Claim]:
    """Every signal that holds."""
    leads = (each for each in demo.lead_truth.values() if each.is_untouched)
    return {
        (deal.deal_id, signal.kind, signal.days, signal.day, signal.records)
        for deal in demo.truth.values()
        for signal in deal.signals
    } | {
        (lead.lead_id, "lead_untouched", lead.idle_days, demo.today - timedelta(days=lead.idle_days), ())
        for lead in leads
    }


def claims(review: Review) -> set[Claim]:
    """Every signal that was found."""
    return {
        (finding.about.id, signal.kind, signal.days, signal.day, signal.records)
        for finding in review.findings
        for signal in finding.signals
    }


def waiting(demo: Demo) -> int:
    """How many have something ahead."""
    deals = [each for each in demo.truth.values() if each.is_reviewed and each.next_activity_day]
    leads = [each for each in demo.lead_truth.values() if not each.is_archived and each.next_activity_day]
    return len(deals) + len(leads)
