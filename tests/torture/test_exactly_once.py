import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipedrive_tools.toolset import Toolset, lookup
from tests.torture.exactly_once import (
    AGENT,
    KINDS,
    TIMEOUTS,
    Kind,
    Marker,
    hasty,
    judged,
    naive,
    policy,
    survive,
)
from tests.torture.far_side import FarSide


@pytest.fixture(scope="module")
def far() -> Iterator[FarSide]:
    """A sandbox that outlives the processes that are killed."""
    with FarSide() as far:
        yield far


@pytest.mark.parametrize(
    ("kind", "marker"),
    [(KINDS[0], "custom field"), (KINDS[3], "natural key"), (KINDS[5], "line")],
    ids=lambda case: case.tool if isinstance(case, Kind) else case,
)
def test_creates_happen_exactly_once(far: FarSide, kind: Kind, marker: Marker) -> None:
    """Through faults and kills nothing is made twice and nothing is lost."""
    outcome = survive(far, kind, marker, creates=40, kills=6, seed=3, limit_seconds=50)

    assert (outcome.duplicates, outcome.lost) == (0, 0), outcome
    assert outcome.kills == 6


def test_creates_that_differ_in_nothing_are_counted_right(far: FarSide) -> None:
    """Without a marker, records that are all alike are neither adopted twice nor made twice."""
    outcome = survive(
        far, KINDS[1], "natural key", creates=20, kills=5, seed=4, identical=True, limit_seconds=50
    )

    assert (outcome.duplicates, outcome.lost) == (0, 0), outcome


def test_a_client_that_sends_again_doubles(far: FarSide) -> None:
    """The harness sees duplicates where there are some."""
    assert naive(far, KINDS[0], creates=100, seed=3) > 0


def test_looking_before_the_latest_commit_doubles(far: FarSide) -> None:
    """The settle time is what keeps late commits from being made twice."""
    assert hasty(far, KINDS[0], creates=100, seed=3) > 0


def test_a_create_hidden_by_newer_records_is_left_to_a_person(
    far: FarSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more newer records stand before it than are read, absent is not concluded, and nothing is sent again."""
    pages = 2
    monkeypatch.setattr(lookup, "PAGES", pages)
    far.reset()
    far.faults({"kind": "reset_after", "method": "POST", "path": "/deals$", "nth": 1})
    settings = far.settings(f"sqlite:///{tmp_path / 'state.db'}", **TIMEOUTS)
    rules = policy(KINDS[0], "natural key", far, settle_seconds=0.1)
    with Toolset.connect(AGENT, rules, settings=settings) as toolset:
        assert toolset.call("create_deal", {"title": "Renewal"}).status == "unknown"
        time.sleep(1)  # records are sorted by whole seconds
        with httpx.Client(base_url=far.url, headers={"x-api-token": far.token}, trust_env=False) as others:
            for number in range(pages * 500 + 1):
                others.post("/api/v2/deals", json={"title": f"Another {number}"}).raise_for_status()
        settled = toolset.recover(wait=True)

    assert [each.state for each in settled] == ["PARKED"]
    assert judged(far, KINDS[0], ["Renewal"]) == (0, 0)
