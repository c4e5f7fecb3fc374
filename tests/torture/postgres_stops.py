"""PostgreSQL is stopped and started again and again under processes that write: judged by the sandbox's records.

Every write that arrived must have its intent in the journal, and every record that was asked for must be there once.
The counter-test sends past the store, and is seen to be without intents.
"""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipedrive_tools import Pipedrive
from pipedrive_tools.endpoints import activities
from pipedrive_tools.errors import StoreError
from pipedrive_tools.gate.policy import Policy, Recovery
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import audit, journal
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from tests import postgres
from tests.torture.far_side import FarSide
from tests.torture.figures import Figure
from tests.torture.lives import ended, fork

AGENT: Final = "stopped"
WORKERS: Final = 3
SECONDS: Final = 120.0
EVERY_SECONDS: Final = 20.0
AWAY_SECONDS: Final = 2.0
SETTLE_SECONDS: Final = 1.2
TIMEOUTS: Final = {"timeout_seconds": 0.8, "connect_seconds": 0.2}


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """What was found when everything had come to rest."""

    stops: int
    asked: int
    """Records that were to be made."""
    writes: int
    """Requests that arrived."""
    unrecorded: int
    """Those without an intent."""
    missing: int
    doubled: int
    open: int
    """Intents that were never settled."""
    broken_chain: str | None


def policy() -> Policy:
    """Everything is allowed; writes without an answer are looked for soon."""
    rights = Policy.full(AGENT).of(AGENT)
    return Policy(
        agents={AGENT: rights.model_copy(update={"recovery": Recovery(settle_seconds=SETTLE_SECONDS)})}
    )


def work(settings: Settings, worker: int, progress: Path) -> Callable[[], None]:
    """Make one activity after the other, each tried until it is known to be there."""

    def life() -> None:
        number, until = 0, time.monotonic() + float(os.environ["STOPS_SECONDS"])
        while time.monotonic() < until:
            _made(settings, f"{worker} {number}")
            number += 1
            progress.write_text(str(number))

    return life


def _made(settings: Settings, subject: str) -> None:
    """A toolset of the same run each time, so that what was done before the store went is recognised."""
    while True:
        try:
            with Toolset.connect(AGENT, policy(), settings=settings, run=f"run {subject}") as tools:
                for _ in range(40):
                    tools.recover(wait=True)
                    if tools.call("create_activity", {"subject": subject, "type": "call"}).status == "ok":
                        return
                    time.sleep(0.1)
        except StoreError:
            time.sleep(0.1)


def stops(*, seconds: float, every_seconds: float, workers: int = WORKERS) -> Stopped:
    """Let processes work while their database comes and goes."""
    os.environ["STOPS_SECONDS"] = str(seconds)
    with FarSide() as far, tempfile.TemporaryDirectory() as folder, postgres.cluster() as cluster:
        settings = far.settings(cluster.url, **TIMEOUTS)
        Store(cluster.url).close()
        files = [Path(folder) / str(each) for each in range(workers)]
        lives = [fork(work(settings, each, file)) for each, file in enumerate(files)]
        count, until = 0, time.monotonic() + seconds
        while time.monotonic() + every_seconds < until:
            time.sleep(every_seconds - AWAY_SECONDS)
            cluster.stop("immediate" if count % 2 else "fast")
            time.sleep(AWAY_SECONDS)
            cluster.start()
            count += 1
        statuses = [ended(pid, wait=True) for pid in lives]
        assert statuses == [0] * workers, statuses
        asked = [f"{each} {n}" for each, file in enumerate(files) for n in range(int(file.read_text()))]
        return _judged(far, settings, asked, count)


def _judged(far: FarSide, settings: Settings, asked: list[str], count: int) -> Stopped:
    sent = _subjects(far.writes())
    there = Counter(each["subject"] for each in far.records("activities"))
    with closing(Store(settings.state)) as store, store.transaction(durable=False) as connection:
        rows = journal.listed(connection)
        chain = audit.verify(connection)
    recorded = {row.arguments["subject"] for row in rows}
    return Stopped(
        stops=count,
        asked=len(asked),
        writes=len(sent),
        unrecorded=sum(subject not in recorded for subject in sent),
        missing=sum(there[subject] == 0 for subject in asked),
        doubled=sum(there[subject] > 1 for subject in asked),
        open=sum(row.state in {"SENT", "UNKNOWN", "PARKED"} for row in rows),
        broken_chain=chain,
    )


def _subjects(log: list[dict[str, Any]]) -> list[str]:
    return [str(entry["body"]["subject"]) for entry in log if entry["path"].endswith("/activities")]


def past_the_store(tries: int) -> int:
    """The counter-test: writes of a client without a store, found to be without an intent."""
    with FarSide() as far, postgres.cluster() as cluster:
        settings = far.settings(cluster.url)
        with Pipedrive(settings=settings, writes=True) as client:
            for number in range(tries):
                client.send(activities.create(subject=f"0 {number}", type="call"))
        return _judged(far, settings, [], 0).unrecorded


def run() -> Iterator[Figure]:
    """Two minutes of a database that comes and goes, and the counter-test."""
    if postgres.binaries() is None:
        print(postgres.MISSING, flush=True)
        return
    seen = past_the_store(20)
    found = stops(seconds=SECONDS, every_seconds=EVERY_SECONDS)
    print(found, flush=True)
    counter = f"a client without a store is found to have sent {seen} of 20 unrecorded"
    yield Figure.none_of(
        f"writes without an intent, over {found.stops} stops of PostgreSQL",
        found.unrecorded,
        tries=found.writes,
        counter_test=counter,
        has_teeth=seen == 20,
    )
    yield Figure.none_of(
        "activities missing or doubled, or intents left open, when it was over",
        found.missing + found.doubled + found.open + (found.broken_chain is not None),
        tries=found.asked,
        counter_test=counter,
        has_teeth=seen == 20,
    )
