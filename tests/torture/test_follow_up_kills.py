import pytest

from tests.torture import strace
from tests.torture.follow_up_kills import walk

pytestmark = pytest.mark.skipif(not strace.is_there(), reason=strace.MISSING)


def test_a_run_killed_at_any_step_ends_as_if_it_had_not_been() -> None:
    """After another run the account holds the activities of an undisturbed one, and none twice."""
    found = walk(every=40)

    assert len(found) >= 8
    assert [point for point in found if not point.is_same] == []
