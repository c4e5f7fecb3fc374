"""The report as one page of HTML that needs nothing else: no script, no request, every text of the account as text."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Final
from xml.etree.ElementTree import Element

from pipedrive_tools.render.cells import plural
from sales_follow_up.applying import Outcome
from sales_follow_up.charts import ageing, counts, funnel
from sales_follow_up.facts import Deal
from sales_follow_up.markup import tag, written
from sales_follow_up.phrases import short
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report

NOTHING_FROM_OUTSIDE: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(report: Report) -> str:
    """The whole page."""
    account = report.review.account
    title = f"Follow-ups for {account.today:%A, %d %B %Y}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=NOTHING_FROM_OUTSIDE),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", (files("sales_follow_up") / "page.css").read_text(encoding="utf-8")),
    )
    body = tag(
        "body",
        tag("header", tag("h1", title), tag("p", _summary(report)), _ways()),
        _tiles(report),
        *_gaps(report),
        tag("main", *_proposals(report), *_pictures(report)),
        _cost(report),
    )
    return written(tag("html", head, body, lang="en"))


def _ways() -> Element:
    to = {"steps": "Next steps", "why": "Why", "pipeline": "Pipeline", "ageing": "Ageing", "cost": "Cost"}
    return tag("nav", *(tag("a", name, href=f"#{place}") for place, name in to.items()))


def _summary(report: Report) -> str:
    done = ", ".join(f"{count} {state}" for state, count in report.state_counts.items())
    proposed = plural(len(report.proposals), "next step")
    return f"{proposed} proposed; {done or 'nothing was written'}."


def _tiles(report: Report) -> Element:
    review = report.review
    told = [
        ("Open deals", review.deals, ""),
        ("Leads", review.leads, ""),
        ("Have a next step", review.waiting, "good"),
        ("Need one", review.needing, "bad" if review.needing else "good"),
        ("Quiet", review.quiet, ""),
        ("Snoozed", review.snoozed, ""),
        ("Not judged", len(review.unjudged), "bad" if review.unjudged else ""),
    ]
    tiles = [
        tag("div", tag("strong", f"{count:,}"), tag("span", name), class_=f"tile {kind}".strip())
        for name, count, kind in told
        if count or name in {"Open deals", "Need one"}
    ]
    return tag("div", *tiles, class_="tiles")


def _gaps(report: Report) -> Iterable[Element]:
    if gaps := report.review.account.gaps:
        items = [tag("li", gap) for gap in gaps]
        yield tag("aside", tag("h2", "Not checked"), tag("ul", *items))


def _proposals(report: Report) -> Iterable[Element]:
    outcomes = {outcome.proposal.finding.about.key: outcome for outcome in report.outcomes}
    cards = [
        _card(number, proposal, outcomes.get(proposal.finding.about.key))
        for number, proposal in enumerate(report.proposals, start=1)
    ]
    left = report.review.needing - len(cards)
    more = [tag("p", f"{left:,} more need a step; --limit shows more.", class_="note")] if left > 0 else []
    yield tag("h2", "Next steps", id="steps")
    yield tag("ol", *cards, class_="cards") if cards else tag("p", "Nothing to propose.", class_="note")
    yield from more


def _card(number: int, proposal: Proposal, outcome: Outcome | None) -> Element:
    about, plan = proposal.finding.about, proposal.follow_up
    place = (
        f"{about.stage.pipeline} · {about.stage.name}"
        if isinstance(about, Deal) and about.stage
        else about.kind
    )
    value = f"{about.value:,.0f} {about.currency}" if about.value else "no value"
    at = f" {plan.due_time:%H:%M}" if plan.due_time else ""
    due = f"{plan.due_date:%a %d %b}{at}"
    chips = [
        tag("span", told, class_=f"chip {signal.kind}")
        for told, signal in zip(short(proposal.finding), proposal.finding.signals, strict=True)
    ]
    return tag(
        "li",
        tag("span", str(number), class_="number"),
        tag(
            "div",
            tag("h3", about.title or about.key),
            tag("p", f"{about.key} · {place} · {value}"),
            class_="about",
        ),
        tag("div", *chips, class_="chips"),
        tag(
            "p",
            tag("strong", plan.subject),
            f" · {plan.type} · ",
            tag("time", due, datetime=str(plan.due_date)),
        ),
        tag("p", plan.reason, class_="reason"),
        *_remarks(proposal),
        *_became(outcome),
    )


def _remarks(proposal: Proposal) -> Iterable[Element]:
    plan, verdict = proposal.follow_up, proposal.verdict
    if plan.note and plan.note != plan.reason:
        yield tag("p", f"Note: {plan.note}")
    if plan.email_draft:
        draft = plan.email_draft
        yield tag("details", tag("summary", f"E-mail draft: {draft.subject}"), tag("pre", draft.body))
    if proposal.planned_by != "rules":
        yield tag("p", f"Drafted by {proposal.planned_by}, {plan.confidence:.0%} sure.", class_="note")
    if proposal.stood_in:
        yield tag("p", f"Planned by rules: {proposal.stood_in}", class_="note")
    if verdict and verdict.decision == "deny":
        yield tag("p", f"The policy refuses it: {verdict.why}", class_="state refused")


def _became(outcome: Outcome | None) -> Iterable[Element]:
    if outcome is None:
        return
    number = f" as activity {outcome.activity_id}" if outcome.activity_id else ""
    why = f": {outcome.detail}" if outcome.detail else ""
    undo: list[Element | str] = [" · undo: ", tag("code", outcome.undo)] if outcome.undo else []
    yield tag("p", f"{outcome.state}{number}{why}", *undo, class_=f"state {outcome.state}")


def _pictures(report: Report) -> Iterable[Element]:
    review = report.review
    if review.signals:
        yield tag("h2", "Why deals and leads need a step", id="why")
        yield tag("div", *counts(review.signals), class_="panel")
    if review.stages:
        yield tag("h2", "Pipeline", id="pipeline")
        yield tag("div", *funnel(review.stages), class_="panel")
        yield tag("h2", "Ageing by stage", id="ageing")
        yield tag("div", *ageing(review.stages), class_="panel")


def _cost(report: Report) -> Element:
    tokens = (
        f"{report.review.account.tokens:,} Pipedrive tokens to review, {report.tokens_applied:,} to schedule"
    )
    lines = [
        f"Cost: {tokens}, {report.model_tokens:,} model tokens to draft.",
        "Ranking: signals and days x value rank in its own currency (nothing is converted) x chance.",
        f"Run {report.run}. Audit trail: pipedrive-tools audit show. Take a step back: the undo command beside it.",
    ]
    return tag("footer", *(tag("p", line) for line in lines), id="cost")
