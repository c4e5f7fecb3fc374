"""Webhooks through kills: no acknowledged event is lost, and what it has written is written once.

Two counter-tests show that the harness sees what it looks for: a receiver that answers before it commits, and a
worker whose journal cannot know what an earlier try of the same event wrote.
"""

import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from pipedrive_tools.gate.policy import Policy, Recovery
from tests.servers import free_port
from tests.torture.far_side import FarSide
from tests.torture.figures import Figure
from tests.torture.webhook_lives import Outcome, Plan, Stage, judged, survive

AGENT: Final = "killed"
FULL: Final = Plan(events=50_000, kills=100)
WITH_TEETH: Final = Plan(events=1_500, kills=15, writes_every=1)
TIMEOUTS: Final = {"timeout_seconds": 2.0, "connect_seconds": 0.5}
SETTLE_SECONDS: Final = 3.0


def tried(far: FarSide, plan: Plan) -> Outcome:
    """One run of a plan, from an empty inbox."""
    far.reset()
    rights = Policy.full(AGENT).of(AGENT)
    rights = rights.model_copy(update={"recovery": Recovery(settle_seconds=SETTLE_SECONDS)})
    with tempfile.TemporaryDirectory() as name:
        folder, started = Path(name), time.monotonic()
        stage = Stage(
            folder=folder,
            port=free_port(),
            plan=plan,
            settings=far.settings(f"sqlite:///{folder}/state.db", **TIMEOUTS),
            policy=Policy(agents={AGENT: rights}),
            agent=AGENT,
        )
        kills = survive(stage)
        subjects = [str(each.get("subject")) for each in far.records("activities")]
        return judged(stage, subjects, kills=kills, seconds=time.monotonic() - started)


def run(plan: Plan = FULL, teeth: Plan = WITH_TEETH) -> Iterable[Figure]:
    """The proof and its counter-tests."""
    with FarSide() as far:
        outcome = tried(far, plan)
        print(f"   {outcome}", flush=True)
        hasty = tried(far, replace(teeth, is_hasty=True, writes_every=teeth.events))
        print(f"   answers before it commits: {hasty}", flush=True)
        forgetful = tried(far, replace(teeth, forgets=True))
        print(f"   writes without a journal: {forgetful}", flush=True)
    yield Figure.none_of(
        f"acknowledged events lost over {outcome.kills} kills",
        outcome.lost + outcome.parked,
        tries=outcome.acknowledged,
        counter_test=f"a receiver that answers before it commits loses {hasty.lost} of {hasty.acknowledged}",
        has_teeth=hasty.lost > 0,
    )
    yield Figure.none_of(
        f"events kept twice, with {int(plan.events * 0.1):,} duplicates",
        outcome.kept_twice,
        tries=plan.events,
        counter_test="each duplicate was delivered and acknowledged",
        has_teeth=outcome.acknowledged > 0,
    )
    yield Figure.none_of(
        f"writes doubled or missing over {outcome.kills} kills",
        outcome.doubled + outcome.missing,
        tries=outcome.writes,
        counter_test=f"without the journal {forgetful.doubled} of {forgetful.writes} are doubled",
        has_teeth=forgetful.doubled > 0,
    )
