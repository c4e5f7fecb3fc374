from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sales_follow_up.agent import Apply
from sales_follow_up.charts import ageing, counts, funnel
from sales_follow_up.facts import Account, Deal, Stage
from sales_follow_up.follow_up import EmailDraft
from sales_follow_up.markup import tag, written
from sales_follow_up.page import page
from sales_follow_up.pipeline import stages_now
from sales_follow_up.report import Report
from sales_follow_up.review import Review

from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.demo import HOSTILE_TEXTS
from tests.agents.browser import Seen, seen

TODAY = date(2026, 3, 2)
Start = Callable[..., Sandbox]
Run = Callable[..., Report]


@pytest.fixture
def hostile(start: Start, run: Run) -> Report:
    """A run on an account whose every text is hostile."""
    return run(start(deals=120, hostile_share=1), limit=40)


def test_in_a_browser(hostile: Report, tmp_path: Path) -> None:
    """Opened in a browser the page runs nothing, asks for nothing, and shows every proposal with its reason."""
    found = seen(page(hostile), tmp_path)

    assert not found.elements.keys() & {"script", "img", "iframe", "object", "embed", "link", "base", "form"}
    assert found.handlers == []
    assert all(place.startswith("#") for place in found.places)
    assert found.elements["li"] >= len(hostile.proposals)
    assert found.elements["svg"] > 10
    for proposal in hostile.proposals:
        assert proposal.follow_up.reason in found.text
        assert proposal.finding.about.title in found.text
    for outcome in hostile.outcomes:
        assert f"{outcome.undo}" in found.text


def test_a_page_that_would_run_something(tmp_path: Path) -> None:
    """The counter-test: the same look finds what an unescaped text would bring."""
    texts = "".join(each.text for each in HOSTILE_TEXTS)

    found = seen(f"<!doctype html><body>{texts}</body>", tmp_path)

    assert found.elements["img"]
    assert found.handlers
    assert found.places


def test_hostile_texts_are_text(hostile: Report) -> None:
    """Every hostile title stands in the page as it is in the account, cleaned of what nobody sees."""
    told = Seen()
    told.feed(page(hostile))

    titles = {proposal.finding.about.title for proposal in hostile.proposals}
    assert titles <= {one_line(each.text) for each in HOSTILE_TEXTS}
    assert all(title in told.text for title in titles)
    assert "\x1b" not in told.text
    assert "\u202e" not in told.text


def test_nothing_from_outside(hostile: Report) -> None:
    """The page forbids the browser to load anything, and says how it looks on a phone and in the dark."""
    text = page(hostile)

    assert "default-src 'none'" in text
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text
    assert "@import" not in text
    assert "url(" not in text


def test_an_empty_account(start: Start, run: Run) -> None:
    """An account without deals has a page, too."""
    assert "Nothing to propose." in page(run(start(data="empty")))


def test_what_went_wrong(box: Sandbox, run: Run) -> None:
    """What could not be checked, what the policy refuses, where the rules stood in, and a draft are all told."""
    report = run(box, apply=Apply.NONE, limit=1)
    (proposal,) = report.proposals
    draft = EmailDraft(subject="Your <b>question</b>", body="Dear & all")
    follow_up = proposal.follow_up.model_copy(update={"email_draft": draft, "note": "Mind the <gap>"})
    told = replace(proposal, follow_up=follow_up, stood_in="a model failed: TimeoutError")
    gaps = Account(today=TODAY, gaps=("no <lead> was looked at",))

    text = page(replace(report, proposals=(told,), review=replace(report.review, account=gaps)))

    for words in (
        "Your &lt;b&gt;question",
        "Dear &amp; all",
        "Mind the &lt;gap&gt;",
        "TimeoutError",
        "no &lt;lead&gt;",
    ):
        assert words in text


def deal(number: int, **facts: Any) -> Deal:
    known: dict[str, Any] = {"id": number, "title": "", "stage": STAGE, "added": TODAY, "currency": "EUR"}
    return Deal(**(known | facts))


STAGE = Stage(name="Offer <1>", pipeline="Sales & more")


def test_charts() -> None:
    """A stage is drawn with its deals, its sums by currency and its ages, in percent of what there is."""
    deals = [
        deal(1, value=12_400),
        deal(2, value=600, added=date(2026, 1, 1)),
        deal(3, value=9_000, currency="USD", added=date(2020, 1, 1)),
        deal(4, stage=None, added=None),
    ]

    first, second = stages_now(deals, TODAY)

    assert (first.deals, first.values, first.ages) == (3, (("EUR", 13_000), ("USD", 9_000)), (1, 0, 1, 1))
    assert (second.stage, second.deals, second.ages) == (None, 1, (0, 0, 0, 0))
    root = tag("div", *funnel([first, second]), *ageing([first, second]), *counts({"gone_cold": 2}))
    drawn = written(root)
    widths = [float(each.attrib["width"]) for each in root.iter("rect")]
    assert widths == [100, 100, 33.33, 33.33, 33.33, 100]
    assert "3 deals · 13k EUR, 9k USD" in drawn
    assert "Offer &lt;1&gt;" in drawn


def test_text_after_an_element() -> None:
    """Words before, between and after elements stay where they are."""
    assert (
        written(tag("p", "a<", tag("b", "c"), "d&", "e")) == "<!doctype html>\n<p>a&lt;<b>c</b>d&amp;e</p>\n"
    )


def test_no_review() -> None:
    """Where nothing could be judged, the page says so and has nothing to draw."""
    account = Account(today=TODAY, activities_were_read=False, gaps=("no deal was judged",))
    review = Review(account=account, findings=(), deals=2, unjudged=(1, 2))

    text = page(Report(review=review, proposals=(), run="a", state=""))

    assert "no deal was judged" in text
    assert "Ageing by stage" not in text
