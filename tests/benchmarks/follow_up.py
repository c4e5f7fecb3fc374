"""What a review by the follow-up agent costs: tokens beside the usual loop, seconds and memory for a large account."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from sales_follow_up.consent import Consent
from sales_follow_up.session import PACKAGED_POLICY, connected
from sales_follow_up.steps import Steps

from pipedrive_tools.client import Pipedrive
from pipedrive_tools.endpoints import activities, deals, notes, persons
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from tests.benchmarks.server import server
from tests.figures import Figure

DEALS = 1_000
LARGE = 10_000


def run() -> Iterator[Figure]:
    """The account of the promise, then the large one."""
    with Sandbox.start(deals=DEALS, plan="ultimate", seats=100) as box:
        box.switch(burst_limits=False)
        review(Settings(base_url=box.url, api_token=box.token, state="sqlite://"))
        ours = sum(entry["cost"] for entry in box.log())
        box.reset()
        usual_loop(Settings(base_url=box.url, api_token=box.token))
        theirs = sum(entry["cost"] for entry in box.log())
    told = f"{ours:,} against {theirs:,} tokens, every call of both sides counted by the server"
    yield Figure(f"Pipedrive tokens to review {DEALS:,} open deals", ours, "<= 250")
    yield Figure("tokens of the usual loop over those of the review", theirs / ours, ">= 50", told)
    with server(LARGE) as box:
        child = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.follow_up", box.url, box.token],
            check=True,
            capture_output=True,
            text=True,
        )
    found = json.loads(child.stdout)
    yield Figure(
        f"seconds to review {LARGE:,} open deals", found["seconds"], "<= 20", f"{found['tokens']:,} tokens"
    )
    yield Figure(
        f"megabytes to review {LARGE:,} open deals", found["megabytes"], "<= 300", "the whole process"
    )


def review(settings: Settings) -> int:
    """What the agent does before it proposes anything; gives the tokens."""
    consent = Consent()
    with connected(PACKAGED_POLICY, settings, consent) as toolset:
        steps = Steps(toolset=toolset, consent=consent, today=datetime.now(UTC).date())
        return steps.review(steps.read()).account.tokens


def usual_loop(settings: Settings) -> None:
    """One deal, one list of activities, one list of notes and one person for each open deal."""
    with Pipedrive(settings=settings) as client:
        for page in client.pages(deals.list_(status=["open"], limit=500)):
            for listed in page:
                deal = client.send(deals.get(deal_id=listed.id))
                client.send(activities.list_(deal_id=deal.id))
                client.send(notes.list_(deal_id=deal.id))
                if deal.person_id:
                    client.send(persons.get(person_id=deal.person_id))


def main(url: str, token: str) -> None:
    """Review in a process of its own, and print what it took."""
    import resource  # noqa: PLC0415  # not on every system

    start = time.perf_counter()
    tokens = review(Settings(base_url=url, api_token=token, state="sqlite://"))
    seconds = time.perf_counter() - start
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "tokens": tokens, "megabytes": kilobytes / 1000}))


if __name__ == "__main__":
    main(*sys.argv[1:])
