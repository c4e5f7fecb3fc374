"""Try again or give up: every error, every effect, every attempt."""

from dataclasses import dataclass
from random import Random

import pytest

from pipedrive_tools import errors, pacing
from pipedrive_tools.endpoint import Effect
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.pacing import Patience, may_repeat

WRITES = frozenset(effect for effect in Effect if effect.writes)
ALL = frozenset(Effect)
READS = ALL - WRITES
NEVER: frozenset[Effect] = frozenset()


def status(
    kind: type[errors.StatusError], number: int, wait_seconds: float | None = None
) -> errors.StatusError:
    return kind("said", status=number, wait_seconds=wait_seconds)


@dataclass(frozen=True)
class Case:
    """An error, and the effects after which the call may be sent again."""

    name: str
    error: PipedriveToolsError
    again: frozenset[Effect]


CASES = [
    Case("no-connection", errors.ConnectError("x"), ALL),
    Case("burst", status(errors.BurstLimitError, 429), ALL),
    Case("silence", errors.UnreachableError("x"), READS),
    Case("cut-json", errors.NotJsonError("x"), READS),
    *(Case(str(number), status(errors.ServerError, number), READS) for number in (500, 501, 502, 503, 504)),
    Case("day-is-spent", status(errors.DailyLimitError, 429), NEVER),
    Case("too-large", errors.AnswerTooLargeError("x"), NEVER),
    Case("redirect", errors.RedirectError("x"), NEVER),
    Case("blocked", status(errors.BlockedError, 403), NEVER),
    Case("400", status(errors.BadRequestError, 400), NEVER),
    Case("401", status(errors.UnauthorizedError, 401), NEVER),
    Case("402", status(errors.AccountClosedError, 402), NEVER),
    Case("403", status(errors.ForbiddenError, 403), NEVER),
    Case("scope", status(errors.ScopeError, 403), NEVER),
    Case("404", status(errors.NotFoundError, 404), NEVER),
    Case("405", status(errors.MethodError, 405), NEVER),
    Case("408", status(errors.ConflictError, 408), NEVER),
    Case("409", status(errors.ConflictError, 409), NEVER),
    Case("410", status(errors.GoneError, 410), NEVER),
    Case("415", status(errors.FeatureOffError, 415), NEVER),
    Case("422", status(errors.UnprocessableError, 422), NEVER),
    Case("418", status(errors.OtherStatusError, 418), NEVER),
    Case("arguments", errors.ArgumentsError("x"), NEVER),
    Case("denied", errors.DeniedError("x", rule="y"), NEVER),
    Case("store", errors.StoreError("x"), NEVER),
]


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_what_may_be_sent_again(case: Case, effect: Effect) -> None:
    """A refusal is repeated for any call, silence and failure for reads only, and each up to the cap."""
    waits = [Patience(3).wait_seconds(case.error, effect, attempt) for attempt in (1, 2, 3, 4)]

    assert may_repeat(case.error, effect) is (effect in case.again)
    assert [wait is not None for wait in waits] == [effect in case.again] * 2 + [False] * 2
    assert all(wait is None or 0 < wait <= pacing.LONGEST_WAIT_SECONDS for wait in waits)


def test_no_attempt_more_than_asked() -> None:
    """With one attempt, nothing is sent again."""
    assert Patience(1).wait_seconds(errors.UnreachableError("x"), Effect.READ, 1) is None


def test_waits_grow() -> None:
    """Each wait is longer than the one before, however the dice fall."""
    for seed in range(50):
        patience = Patience(4, Random(seed))
        first, second, third = (
            patience.wait_seconds(errors.UnreachableError("x"), Effect.READ, attempt) for attempt in (1, 2, 3)
        )
        assert first is not None
        assert second is not None
        assert third is not None
        assert 0.1 <= first <= second <= third <= 0.8


@dataclass(frozen=True)
class Told:
    """What an answer says about waiting, and what is waited."""

    name: str
    error: PipedriveToolsError
    least: float | None


TOLD = [
    Told("burst-without-a-word", status(errors.BurstLimitError, 429), 2.0),
    Told("burst-one-second", status(errors.BurstLimitError, 429, 1.0), 1.0),
    Told("burst-no-wait", status(errors.BurstLimitError, 429, 0.0), 0.1),
    Told("burst-just-sane", status(errors.BurstLimitError, 429, 2.5), 2.5),
    Told("burst-too-long", status(errors.BurstLimitError, 429, 2.6), None),
    Told("burst-an-hour", status(errors.BurstLimitError, 429, 3939.0), None),
    Told("maintenance-one-second", status(errors.ServerError, 503, 1.0), 1.0),
    Told("maintenance-an-hour", status(errors.ServerError, 503, 3600.0), None),
]


@pytest.mark.parametrize("told", [pytest.param(told, id=told.name) for told in TOLD])
def test_a_wait_that_is_told(told: Told) -> None:
    """A short wait is obeyed; a long one is an error to show and is never slept."""
    wait = Patience(3).wait_seconds(told.error, Effect.READ, 1)

    if told.least is None:
        assert wait is None
    else:
        assert wait is not None
        assert told.least <= wait <= max(told.least, 0.2)


def test_a_long_wait_costs_nothing() -> None:
    """Giving up takes nothing from the quota."""
    patience = Patience(3)
    patience.wait_seconds(status(errors.BurstLimitError, 429, 3939.0), Effect.READ, 1)

    assert patience.points == pacing.QUOTA


def test_the_quota_empties() -> None:
    """Against a server that is gone, patience ends: 1,000 calls are sent 1.05 times each at most."""
    patience = Patience(3)
    sent = 0
    for _ in range(1000):
        attempt = 1
        while patience.wait_seconds(errors.UnreachableError("x"), Effect.READ, attempt) is not None:
            attempt += 1
        sent += attempt

    assert 1000 < sent <= 1050
    assert patience.points < pacing.PRICE


def test_refusals_cost_less() -> None:
    """A refusal, which is harmless, takes less from the quota than silence does."""
    refused, silent = Patience(3), Patience(3)
    refused.wait_seconds(status(errors.BurstLimitError, 429), Effect.READ, 1)
    silent.wait_seconds(errors.UnreachableError("x"), Effect.READ, 1)

    assert silent.points < refused.points < pacing.QUOTA


def test_success_gives_back() -> None:
    """A call that goes well gives a point back, never more than there were."""
    patience = Patience(3, points=pacing.QUOTA - 1)
    patience.reward()
    patience.reward()

    assert patience.points == pacing.QUOTA
