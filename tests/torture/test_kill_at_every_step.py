import tempfile
from pathlib import Path

import pytest

from tests.calls import calls
from tests.torture import strace
from tests.torture.failing_disk import FAILURES, order, out_of_order, sent_despite, untrue
from tests.torture.far_side import FarSide
from tests.torture.kill_at_every_step import WRITES, Case, in_lanes

pytestmark = pytest.mark.skipif(not strace.is_there(), reason=strace.MISSING)


def test_a_call_killed_at_any_step_ends_as_if_it_had_not_been() -> None:
    """After a restart the sandbox holds what it holds without a kill, for one tool of every kind."""
    found = in_lanes(["create_note", "update_deal", "delete_activity", "convert_lead_to_deal"], every=5)

    assert len(found) >= 25
    assert [point.place for point in found if not point.is_same] == []


def test_no_write_leaves_before_its_intent_is_on_the_disk() -> None:
    """The disk has confirmed the intent before the first byte of the write is sent."""
    with FarSide() as far, tempfile.TemporaryDirectory() as folder:
        sent, early = order(far, Path(folder), 10)
        trace = (Path(folder) / "trace").read_text(encoding="utf-8", errors="replace")
        unsynced = "\n".join(line for line in trace.splitlines() if " fdatasync(" not in line)

    assert (sent, early) == (40, 0)
    assert out_of_order(unsynced) == (40, 40)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_disk_that_fails_stops_every_write(failure: str) -> None:
    """What cannot be written down is not sent."""
    with FarSide(conversion_polls=1) as far, tempfile.TemporaryDirectory() as folder:
        found = sent_despite(far, Path(folder), calls(far), failure)

    assert found == {"failed": len(WRITES), "sent": 0}


def test_a_disk_that_fails_once_never_makes_us_lie() -> None:
    """Failed means that nothing was sent, at whichever step the disk fails."""
    with FarSide() as far, tempfile.TemporaryDirectory() as folder:
        told = list(
            untrue(Case(far, "create_deal", calls(far)["create_deal"], Path(folder)), "pwrite64:error=ENOSPC")
        )

    assert len(told) >= 10
    assert [each for each in told if each] == []
