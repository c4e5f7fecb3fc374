import pytest

from tests.torture import oauth, strace


@pytest.mark.skipif(not strace.is_there(), reason=strace.MISSING)
@pytest.mark.parametrize("rotation", ["grace", "new"])
def test_a_refresh_killed_at_any_step(rotation: str) -> None:
    """The store holds the old login or the new one; what cannot go on says so after one request."""
    found = list(oauth.kills(rotation, every=11))

    assert len(found) >= 5
    assert {each.stored for each in found} <= {"old", "new"}
    assert [each for each in found if each.tries != 1] == []
    assert rotation == "new" or [each for each in found if each.then != "refreshed"] == []


def test_without_the_lock_the_race_is_there() -> None:
    """The counter-test: processes that do not wait for each other refresh more often than once."""
    free = oauth.race(processes=2, callers=4, expiries=5, locked=False)

    assert len(free.refreshes) > 5


def test_canaries_leak_nowhere() -> None:
    """No token stands in a file, an error, a traceback, a repr, a log or a tool result."""
    assert oauth.leaks(300) == (0, 300)
    assert oauth.tool_leaks(2) == (0, 4)
    assert oauth.flips(200)[0] == 0
