from datetime import UTC, datetime

import pytest

from pipedrive_tools.state.budget import DAY_SECONDS, Budget, Today

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
HALF = DAY_SECONDS / 2


def at_noon(**values: int) -> Budget:
    """A budget in the middle of a day."""
    budget = Budget()
    budget.turn(NOON)
    for name, value in values.items():
        setattr(budget, name, value)
    return budget


def test_a_day_ends_at_midnight_utc() -> None:
    """Nobody names the zone, so UTC is taken."""
    assert at_noon().resets_at == NOON + HALF


def test_a_new_day_begins_with_nothing() -> None:
    """Tokens of yesterday do not count, nor those of calls that nobody finished."""
    budget = at_noon(spent=70, reserved=5)

    budget.turn(NOON + HALF - 1)
    assert budget.used == 75
    budget.turn(NOON + HALF)

    assert budget.used == 0
    assert budget.resets_at == NOON + HALF + DAY_SECONDS


def test_days_without_a_call_are_skipped() -> None:
    """After a week the day still ends at midnight."""
    budget = at_noon()
    budget.turn(NOON + 7 * DAY_SECONDS)

    assert budget.resets_at == NOON + 7 * DAY_SECONDS + HALF


def test_a_clock_that_went_back_keeps_what_was_spent() -> None:
    """A wrong clock must not give tokens away; the day ends within a day all the same."""
    budget = at_noon(spent=70)
    budget.turn(NOON - 30 * DAY_SECONDS)

    assert budget.spent == 70
    assert budget.resets_at == NOON - 30 * DAY_SECONDS + HALF


def test_the_length_of_an_empty_day_tells_where_midnight_is() -> None:
    """With retry-after the stop ends when it says, and so does every day from then on."""
    budget = at_noon(spent=70)
    budget.end_day(NOON, 3600)

    assert budget.stopped(NOON + 3599) == "day"
    assert not budget.stopped(NOON + 3600)
    budget.turn(NOON + 3600)
    assert budget.spent == 0
    assert budget.resets_at == NOON + 3600 + DAY_SECONDS


def test_an_empty_day_without_a_length_lasts_until_midnight_utc() -> None:
    """Without retry-after the default is taken."""
    budget = at_noon()
    budget.end_day(NOON, None)

    assert budget.stopped_until == NOON + HALF


def test_a_stop_expires_when_the_clock_goes_back() -> None:
    """A sentinel from the future would stop everybody for who knows how long."""
    budget = at_noon()
    budget.halt("block", NOON, NOON + 900)

    assert budget.stopped(NOON + 899) == "block"
    assert not budget.stopped(NOON + 900)
    assert not budget.stopped(NOON - 1)


def test_the_longer_stop_holds() -> None:
    """A short block does not shorten an empty day."""
    budget = at_noon()
    budget.halt("day", NOON, NOON + HALF)
    budget.halt("block", NOON + 1, NOON + 900)

    assert budget.stopped(NOON + 1000) == "day"


def test_a_call_is_counted_once_whichever_day_it_began() -> None:
    """A call over midnight is charged to the new day, whose reservation it is not."""
    budget = at_noon(reserved=10)
    yesterday = budget.resets_at
    budget.settle(5, 5, day=yesterday)
    assert (budget.spent, budget.reserved) == (5, 5)

    budget.turn(yesterday)
    budget.settle(5, 5, day=yesterday)

    assert (budget.spent, budget.reserved) == (5, 0)


def test_headers_tell_of_what_others_spent() -> None:
    """The company's other programs share the pot; a header never makes less of what we know."""
    budget = at_noon(spent=100)
    budget.told(30_000, 25_000)
    assert budget.spent == 5_000
    budget.told(30_000, 29_000)

    assert budget.spent == 5_000
    assert budget.limit(60_000) == 30_000


def test_the_ceiling_includes_what_is_under_way() -> None:
    """Calls that are out count as spent until they are back."""
    budget = at_noon(spent=70, reserved=20)

    assert budget.has_room(10, 100)
    assert not budget.has_room(11, 100)
    assert budget.has_room(10**6, None)


@pytest.mark.parametrize(
    ("used", "warning"), [(0, ""), (74, ""), (75, "over 75%"), (90, "over 90%"), (120, "over 90%")]
)
def test_warnings(used: int, warning: str) -> None:
    """Results warn from 75 and from 90 per cent on."""
    assert Today(used, 100, NOON).warning == warning
