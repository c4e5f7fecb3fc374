"""The follow-up agent beside the truth: twenty drawn accounts of a thousand open deals, every signal and every rank."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sales_follow_up.consent import Consent
from sales_follow_up.review import Review
from sales_follow_up.session import PACKAGED_POLICY, connected
from sales_follow_up.steps import Steps

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.demo import generate
from pipedrive_tools.settings import Settings
from tests.agents.rule import Rule
from tests.agents.truth import claims, true_claims
from tests.torture.figures import Figure

SEEDS: Final = range(20)
DEALS: Final = 1_000


def run() -> Iterator[Figure]:
    """Precision and recall of the signals, and the order."""
    today = datetime.now(UTC).date()
    found = true = right = misplaced = ranked = elsewhere = 0
    for seed in SEEDS:
        expected = true_claims(generate(today=today, deals=DEALS, seed=seed))
        with Sandbox.start(deals=DEALS, seed=seed, today=today, plan="ultimate", seats=100) as box:
            box.switch(burst_limits=False)
            review = reviewed(box, today)
            tomorrow = claims(reviewed(box, today + timedelta(days=1)))
            misplaced += out_of_order(box, review)
        seen = claims(review)
        found, true, right = found + len(seen), true + len(expected), right + len(seen & expected)
        ranked, elsewhere = ranked + len(review.findings), elsewhere + len(tomorrow ^ expected)
        print(f"   seed {seed}: {len(expected)} true, {len(seen ^ expected)} mistaken", flush=True)
    teeth = f"judged as of the day after, the same accounts show {elsewhere} mistakes"
    name = "follow-up signals: "
    yield Figure(name + "precision", right / found, "== 1", teeth, tries=found)
    yield Figure(name + "recall", right / true, "== 1", teeth, tries=true)
    yield Figure.none_of(
        name + "mistaken", found + true - 2 * right, tries=true, counter_test=teeth, has_teeth=elsewhere > 0
    )
    yield Figure(name + "ranked against the written rule", misplaced, "== 0", tries=ranked)


def reviewed(box: Sandbox, today: date) -> Review:
    """What the agent finds."""
    settings = Settings(base_url=box.url, api_token=box.token, state="sqlite://")
    consent = Consent()
    with connected(PACKAGED_POLICY, settings, consent) as toolset:
        steps = Steps(toolset=toolset, consent=consent, today=today)
        return steps.review(steps.read())


def out_of_order(box: Sandbox, review: Review) -> int:
    """How many findings do not stand where the rule, worked out anew, puts them."""
    rule = Rule(box)
    scores = [rule.pressing(finding) for finding in review.findings]
    wrong = sum(
        abs(score - finding.score) > 1e-6 for score, finding in zip(scores, review.findings, strict=True)
    )
    return wrong + sum(later > earlier + 1e-6 for earlier, later in itertools.pairwise(scores))
