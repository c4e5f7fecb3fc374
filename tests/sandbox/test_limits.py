"""Windows, budget and block, with a clock that the test moves."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from pydantic_core import from_json

from pipedrive_tools.sandbox import SandboxError, Switches
from pipedrive_tools.sandbox.answers import Answer
from pipedrive_tools.sandbox.clock import Clock
from pipedrive_tools.sandbox.credentials import Credential
from pipedrive_tools.sandbox.limits import Limits, plan_named

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
TOKEN, OAUTH = Credential("a"), Credential("b", is_bearer=True)


@dataclass
class Time:
    """A time that stands still until it is moved."""

    now: float = NOON
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(wall=lambda: self.now, monotonic=lambda: self.now)


@pytest.fixture
def time() -> Time:
    """Noon of a day."""
    return Time()


def limits(time: Time, plan: str = "growth", seats: int = 1) -> Limits:
    """The limits of a company on this plan."""
    return Limits(plan_named(plan), seats, time.clock)


def admitted(
    found: Limits, count: int, switches: Switches, credential: Credential = TOKEN, **kind: bool
) -> int:
    """How many of so many calls are let in at once."""
    is_search = kind.get("is_search", False)
    return sum(found.admit(credential, 1, switches, is_search=is_search) is None for _ in range(count))


@pytest.mark.parametrize(
    ("plan", "token", "oauth"),
    [("lite", 20, 80), ("growth", 40, 160), ("premium", 100, 400), ("ultimate", 120, 480)],
)
def test_windows_by_plan(plan: str, token: int, oauth: int, time: Time) -> None:
    """A window holds what the plan allows, more for an access token than for an API token."""
    found = limits(time, plan)

    assert admitted(found, 500, Switches()) == token
    assert admitted(found, 500, Switches(), OAUTH) == oauth


def test_a_window_rolls(time: Time) -> None:
    """A call leaves the window two seconds after it was made, not all calls at once."""
    found = limits(time, "lite")
    assert admitted(found, 15, Switches()) == 15
    time.now += 1.5
    assert admitted(found, 15, Switches()) == 5

    time.now += 0.6

    assert admitted(found, 40, Switches()) == 15


@pytest.mark.parametrize(("twice", "left"), [(True, 30), (False, 40)])
def test_searches_have_a_window_of_their_own(twice: bool, left: int, time: Time) -> None:
    """Ten searches fit into a window; whether they fill the general one too is a switch."""
    found, switches = limits(time), Switches(search_counts_twice=twice)

    assert admitted(found, 50, switches, is_search=True) == 10
    assert admitted(found, 50, switches) == left


def test_windows_can_be_off(time: Time) -> None:
    """Without burst limits nothing is refused, and the budget still counts."""
    found = limits(time, "lite")

    assert admitted(found, 5000, Switches(burst_limits=False)) == 5000
    found.spend(found.budget, Switches())
    assert admitted(found, 1, Switches(burst_limits=False)) == 0


@pytest.mark.parametrize(
    ("plan", "seats", "budget"),
    [("lite", 1, 30_000), ("growth", 3, 180_000), ("premium", 1, 150_000), ("ultimate", 2, 420_000)],
)
def test_budget_by_plan_and_seats(plan: str, seats: int, budget: int, time: Time) -> None:
    """The day's tokens are 30,000 times the plan's multiplier and the seats."""
    assert limits(time, plan, seats).budget == budget


def test_a_spent_day_ends_at_midnight(time: Time) -> None:
    """A call that costs more than is left is refused until midnight."""
    found, switches = limits(time), Switches()
    found.spend(found.budget - 3, switches)
    assert found.admit(TOKEN, 3, switches, is_search=False) is None

    refused = found.admit(TOKEN, 4, switches, is_search=False)
    time.now += 12 * 3600

    assert refused is not None
    assert from_json(refused.body)["error"] == "daily request budget exceeded"
    assert found.admit(TOKEN, 4, switches, is_search=False) is None


@pytest.mark.parametrize(("zone", "hours"), [("+00:00", 12), ("+02:00", 10), ("-05:00", 17)])
def test_midnight_is_somewhere(zone: str, hours: int, time: Time) -> None:
    """Where the server's midnight is, is a switch."""
    found = limits(time)
    switches = Switches().changed({"reset_zone": zone, "retry_after": True})
    found.spend(found.budget, switches)
    refused = found.admit(TOKEN, 1, switches, is_search=False)
    assert refused is not None
    assert dict(refused.headers)[b"retry-after"] == b"%d" % (hours * 3600)

    time.now += hours * 3600

    assert found.admit(TOKEN, 1, switches, is_search=False) is None


def last_answer(found: Limits, count: int, switches: Switches) -> Answer | None:
    """The answer to the last of so many calls."""
    answers = [found.admit(TOKEN, 1, switches, is_search=False) for _ in range(count)]
    return answers[-1]


@pytest.mark.parametrize(("setting", "body"), [("json", True), ("empty", False)])
def test_the_body_of_a_full_window(setting: str, body: bool, time: Time) -> None:
    """What a full window answers is a switch."""
    answer = last_answer(limits(time, "lite"), 21, Switches().changed({"burst_429": setting}))

    assert answer is not None
    assert answer.status == 429
    assert bool(answer.body) is body


@pytest.mark.parametrize(
    ("setting", "words"), [("text", "daily request budget exceeded"), ("burst", "request over limit")]
)
def test_the_body_of_a_spent_day(setting: str, words: str, time: Time) -> None:
    """What a spent day answers is a switch."""
    found, switches = limits(time), Switches().changed({"daily_429": setting})
    found.spend(found.budget, switches)

    answer = last_answer(found, 1, switches)

    assert answer is not None
    assert from_json(answer.body)["error"] == words


def test_going_on_after_a_refusal_is_blocked(time: Time) -> None:
    """An API token that goes on past the refusals meets an HTML page, and later is let in again."""
    found, switches = limits(time, "lite"), Switches(block_after=3, block_minutes=1)

    refused = last_answer(found, 23, switches)
    blocked = last_answer(found, 1, switches)
    time.now += 61

    assert refused is not None
    assert refused.status == 429
    assert blocked is not None
    assert (blocked.status, blocked.content_type) == (403, b"text/html; charset=UTF-8")
    assert last_answer(found, 1, switches) is None


def test_access_tokens_are_never_blocked(time: Time) -> None:
    """Only API-token traffic is blocked."""
    found, switches = limits(time, "lite"), Switches(block_after=3)
    answers = [found.admit(OAUTH, 1, switches, is_search=False) for _ in range(200)]

    assert {answer.status for answer in answers if answer} == {429}


@pytest.mark.parametrize(
    ("setting", "value"), [("seconds", b"2"), ("epoch", b"%d" % (NOON + 2)), ("missing", None)]
)
def test_how_the_reset_counts(setting: str, value: bytes | None, time: Time) -> None:
    """The unit of `x-ratelimit-reset` is a switch."""
    found, switches = limits(time), Switches().changed({"reset_header": setting})
    found.admit(TOKEN, 1, switches, is_search=False)

    assert dict(found.headers(TOKEN, switches)).get(b"x-ratelimit-reset") == value


def test_headers_tell_what_is_left(time: Time) -> None:
    """The headers count down with every call, and tell of the day when asked to."""
    found, switches = limits(time), Switches(daily_headers=True)
    found.admit(TOKEN, 1, switches, is_search=False)
    found.spend(7, switches)

    told = dict(found.headers(TOKEN, switches))

    assert (told[b"x-ratelimit-limit"], told[b"x-ratelimit-remaining"]) == (b"40", b"39")
    assert told[b"x-daily-ratelimit-token-remaining"] == b"59993"


def test_an_unknown_plan() -> None:
    """A plan that nobody sells is one clear error."""
    with pytest.raises(SandboxError, match="no plan is called 'gold'; there are: lite, growth"):
        plan_named("gold")
