import asyncio
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipedrive_tools import auth
from pipedrive_tools.client import perform
from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints import deals
from pipedrive_tools.errors import (
    BlockedError,
    BudgetSpentError,
    BurstLimitError,
    ConnectError,
    DailyLimitError,
    NoPlaceError,
    NotFoundError,
    PipedriveToolsError,
    StillBlockedError,
    StoreError,
    UnreachableError,
)
from pipedrive_tools.line import Line
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import drive
from pipedrive_tools.settings import Plan, Settings
from pipedrive_tools.state.budget import DAY_SECONDS
from pipedrive_tools.state.limits import Clock, Limiter, Memory
from pipedrive_tools.state.rules import Caller, Rules
from pipedrive_tools.state.slots import Slots, beside
from pipedrive_tools.testing import FakePort
from pipedrive_tools.wire import Response

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
ORIGIN = "https://acme.pipedrive.com"
TOKEN = "t" * 40
CALLER = Caller.of(auth.ApiToken(TOKEN), ORIGIN)
OK = Response(200, {}, b'{"success":true,"data":{"id":7}}')
MISSING = Response(404, {}, b'{"success":false,"error":"not found"}')
PAGE = Response(403, {}, b"<html>blocked</html>")
EMPTY_DAY = Response(
    429, {"retry-after": "3939"}, b'{"success":false,"error":"daily request budget exceeded","errorCode":429}'
)
FULL = Response(429, {"x-ratelimit-remaining": "0"}, b'{"success":false,"error":"request over limit"}')


@dataclass
class Time:
    """Both clocks, moved by whoever sleeps."""

    now: float = 0.0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(monotonic=lambda: 1000.0 + self.now, wall=lambda: NOON + self.now)


class SlowPort(FakePort):
    """A fake port whose sleeps move the time."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self.time = time

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self.time.now += seconds


@dataclass
class Client:
    """One client with a limiter, a fake port, and a time of its own."""

    limiter: Limiter
    port: SlowPort

    def send(self, call: Call[Any] | None = None, *, limiter: Limiter | None = None) -> Any:
        """Send a call once."""
        line = Line(self.port, auth.ApiToken(TOKEN), Patience(attempts=1), limiter or self.limiter)
        return drive(perform(call or deals.get(deal_id=7), line)).data


Make = Callable[..., Client]


@pytest.fixture
def make() -> Make:
    """Makes clients; those with the same home share it."""

    def made(home: Memory | Slots | None = None, time: Time | None = None, **rules: Any) -> Client:
        time = time or Time()
        return Client(
            Limiter(home or Memory(), Rules(**rules), time.clock), SlowPort(time).then(lambda _: OK)
        )

    return made


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[Slots]:
    """The shared home, in a file."""
    found = Slots(tmp_path / "limits", CALLER)
    yield found
    found.close()


def test_calls_that_fit_do_not_wait(make: Make) -> None:
    """A window's worth goes at once; the next one waits for a window after the first answer."""
    client = make(calls=20)
    for _ in range(20):
        client.send()
    assert client.port.sleeps == []

    client.send()

    assert client.port.time.now == pytest.approx(2.0)


def test_nobody_named_the_plan(make: Make) -> None:
    """The smallest window of any plan is kept until an answer names another one."""
    client = make()
    answer = replace(OK, headers={"x-ratelimit-limit": "120"})
    client.port.then(lambda _: answer)
    for _ in range(120):
        client.send()
    assert client.port.sleeps == []

    client.send()

    assert client.port.time.now == pytest.approx(2.0)


def test_a_header_that_is_no_number_teaches_nothing(make: Make) -> None:
    """Foreign text in a header is left alone."""
    client = make(tokens=1000)
    headers = {
        "x-ratelimit-limit": "9" * 400,
        "x-daily-ratelimit-token-limit": "²",
        "x-ratelimit-reset": "-1",
    }
    client.port.then(lambda _: replace(OK, headers=headers))
    client.send()

    assert client.limiter.today is not None
    assert client.limiter.today.limit == 1000


def test_tokens_are_counted(make: Make) -> None:
    """The day knows what was used, and of how much."""
    client = make(tokens=1000)
    client.send(deals.list_())
    client.send(deals.get(deal_id=7))

    assert client.limiter.today is not None
    assert client.limiter.today.used == 11


def test_an_unknown_budget_is_not_talked_about(make: Make) -> None:
    """Without a plan there is nothing to compare with, and nothing to refuse."""
    client = make()
    client.send()

    assert client.limiter.today is None


def test_a_refused_call_costs_nothing_unless_settings_say_so(make: Make) -> None:
    """Whether Pipedrive charges it is not known; a setting tells."""
    used = []
    for charged in (False, True):
        client = make(tokens=1000, failed_calls_cost=charged)
        client.port.answers(MISSING)
        with pytest.raises(NotFoundError):
            client.send()
        assert client.limiter.today
        used.append(client.limiter.today.used)

    assert used == [0, 1]


def test_silence_costs_and_a_connection_that_never_came_does_not(make: Make) -> None:
    """A call that may have arrived may have been charged; one that never left was not, and takes no place."""
    client = make(tokens=1000, calls=2)
    client.port.answers(UnreachableError("x"), ConnectError("x"), ConnectError("x"))
    for kind in (UnreachableError, ConnectError, ConnectError):
        with pytest.raises(kind):
            client.send()
    client.send()

    assert client.port.sleeps == []
    assert client.limiter.today
    assert client.limiter.today.used == 2


def test_the_ceiling_is_kept_before_anything_is_sent(make: Make) -> None:
    """A call that would pass the budget is not sent, and says when to try again."""
    client = make(tokens=25)
    client.send(deals.list_())
    client.send(deals.list_())

    with pytest.raises(BudgetSpentError, match=r"20 of 25 tokens used.*2026-03-03 00:00 UTC") as refused:
        client.send(deals.list_())

    assert len(client.port.requests) == 2
    assert refused.value.outcome == "not sent"
    assert refused.value.wait_seconds == DAY_SECONDS / 2


def test_recovery_may_spend_what_is_kept_for_it(make: Make) -> None:
    """Looking at unknown writes goes on where ordinary calls have ended; writing does not."""
    client = make(tokens=100, kept_tokens=10)
    for _ in range(9):
        client.send(deals.list_())
    with pytest.raises(BudgetSpentError):
        client.send()
    with pytest.raises(BudgetSpentError):
        client.send(deals.create(title="x"), limiter=client.limiter.for_recovery())

    client.send(deals.list_(), limiter=client.limiter.for_recovery())

    assert client.limiter.today
    assert client.limiter.today.used == 100


def test_a_daily_429_stops_everybody(make: Make, slots: Slots) -> None:
    """Other clients of the store send nothing until the reset, and then go on."""
    time = Time()
    first, second = make(slots, time), make(slots, time)
    first.port.answers(EMPTY_DAY)
    with pytest.raises(DailyLimitError) as met:
        first.send()
    assert met.value.outcome == "refused"

    with pytest.raises(BudgetSpentError, match="13:05 UTC"):
        second.send()
    assert second.port.requests == []

    time.now += 3940
    second.send()


def test_a_page_instead_of_an_answer_stops_everybody(make: Make, slots: Slots) -> None:
    """After an HTML 403 nobody sends for the cool-off, and refusals on the way do not make it longer."""
    time = Time()
    first = make(slots, time, block_seconds=900)
    second = make(slots, time, block_seconds=900)
    first.port.answers(PAGE)
    with pytest.raises(BlockedError):
        first.send()

    for _ in range(8):
        time.now += 100
        with pytest.raises(StillBlockedError, match="12:15 UTC"):
            second.send()
    assert second.port.requests == []

    time.now += 101
    second.send()


def test_a_clock_that_went_back_ends_a_block(make: Make) -> None:
    """A wrong clock must not stop everybody for years."""
    client = make(block_seconds=900)
    client.port.answers(PAGE)
    with pytest.raises(BlockedError):
        client.send()
    client.port.time.now -= 5

    client.send()


def test_a_full_window_pauses_everybody(make: Make, slots: Slots) -> None:
    """After a burst 429 the other clients wait as well, for one window."""
    time = Time()
    first, second = make(slots, time), make(slots, time)
    first.port.answers(FULL)
    with pytest.raises(BurstLimitError):
        first.send()

    second.send()

    assert time.now == pytest.approx(2.0)


def test_full_windows_that_we_have_not_filled_are_an_empty_day(make: Make) -> None:
    """Three in a row without one success stop us; a success in between starts anew."""
    client = make()
    for answers in ([FULL, FULL, OK], [FULL, FULL, FULL]):
        client.port.answers(*answers)
        for answer in answers:
            if answer is OK:
                client.send()
                continue
            with pytest.raises(BurstLimitError):
                client.send()

    with pytest.raises(BudgetSpentError):
        client.send()


def test_a_call_does_not_wait_beyond_its_moment(make: Make) -> None:
    """Where a call has a latest moment, it is given up unsent."""
    client = make(calls=1)
    client.send()

    with pytest.raises(NoPlaceError) as late:
        client.send(limiter=client.limiter.until(1001.0))

    assert late.value.outcome == "not sent"
    assert len(client.port.requests) == 1


def test_an_answer_is_not_lost_when_the_books_cannot_be_kept(make: Make) -> None:
    """What was sent was sent: a store that breaks meanwhile is no reason to hide the answer."""

    class Breaking(Memory):
        async def act(self, work: Any, port: Any) -> Any:
            if client.port.requests:
                raise StoreError("the disk is full")
            return await super().act(work, port)

    client = make(Breaking())

    assert client.send()["id"] == 7
    with pytest.raises(StoreError):
        client.send()


def test_a_store_that_cannot_be_opened_is_one_error(tmp_path: Path) -> None:
    """A folder that is not there, a file in its place, or another kind of file in it, say so."""
    (tmp_path / "text").write_text("no folder at all")
    Slots(tmp_path / "limits", CALLER).close()
    (account,) = (tmp_path / "limits").iterdir()
    account.write_text("none of ours, but long enough to be looked at " * 200)
    for folder in (tmp_path / "missing" / "limits", tmp_path / "text", tmp_path / "limits"):
        with pytest.raises(StoreError, match="nothing was sent"):
            Slots(folder, CALLER)


def test_a_closed_file_is_one_error(make: Make, tmp_path: Path) -> None:
    """A client whose store was closed sends nothing."""
    closed = Slots(tmp_path / "limits", CALLER)
    closed.close()

    with pytest.raises(StoreError):
        make(closed).send()
    with pytest.raises(StoreError):
        closed.budget()


def test_the_file_is_nobody_elses(slots: Slots, tmp_path: Path) -> None:
    """The limits lie beside the store, are readable by their owner only, and hold no credential."""
    drive(slots.act(lambda windows, _: windows.enter(1.0, 2.0, is_search=False), FakePort()))
    (account,) = (tmp_path / "limits").iterdir()

    assert beside(tmp_path / "state.db") == tmp_path / "state-limits"
    assert stat.S_IMODE(account.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(account.stat().st_mode) == 0o600
    assert TOKEN not in repr(CALLER)
    assert TOKEN.encode() not in account.read_bytes()


def test_who_shares_what() -> None:
    """Each credential has its windows, each company its budget; on the common host a company is not known."""
    other = Caller.of(auth.ApiToken("u" * 40), ORIGIN)
    common = [Caller.of(auth.ApiToken(each * 40), f"https://{auth.DEFAULT_HOST}") for each in "tu"]

    assert other.fingerprint != CALLER.fingerprint
    assert other.account == CALLER.account
    assert common[0].account != common[1].account


@pytest.mark.parametrize(
    ("plan", "seats", "token", "oauth", "tokens"),
    [
        (None, 5, None, None, None),
        ("lite", 1, 20, 80, 30_000),
        ("growth", 3, 40, 160, 180_000),
        ("premium", 1, 100, 400, 150_000),
        ("ultimate", 2, 120, 480, 420_000),
    ],
)
def test_rules_of_a_plan(
    plan: Plan | None, seats: int, token: int | None, oauth: int | None, tokens: int | None
) -> None:
    """Plan, seats and the kind of credential give window and budget."""
    settings = Settings(plan=plan, seats=seats)
    found = [Rules.of(settings, is_api_token=each) for each in (True, False)]

    assert [each.calls for each in found] == [token, oauth]
    assert found[0].tokens == tokens
    assert found[0].lease_seconds == 30 + 10 + found[0].window_seconds


def test_a_named_budget_goes_over_that_of_the_plan() -> None:
    """Top-ups and old plans have a budget of their own."""
    assert Rules.of(Settings(plan="lite", daily_tokens=7), is_api_token=True).tokens == 7


def test_a_cancelled_call_gives_its_place_back(tmp_path: Path) -> None:
    """Cancelled on the wire, a call leaves the window like an answered one; its tokens may be spent."""

    class Stalled(FakePort):
        async def exchange(self, request: Any) -> Response:  # noqa: ARG002  # nothing is answered
            await asyncio.sleep(60)
            raise AssertionError

    limiter = Limiter(Memory(), Rules(tokens=100))

    async def cancel() -> None:
        line = Line(Stalled(), auth.ApiToken(TOKEN), Patience(attempts=1), limiter)
        task = asyncio.create_task(perform(deals.get(deal_id=7), line))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert limiter.today
    assert limiter.today.used == 1


def test_errors_that_say_nothing_about_limits_are_left_alone(make: Make) -> None:
    """A missing record, or our own refusal, stops nobody."""
    client = make()
    errors: list[PipedriveToolsError] = [
        NotFoundError("x", status=404),
        StillBlockedError("x", status=403),
        BudgetSpentError("x", status=429),
        NoPlaceError("x", status=429),
    ]
    for error in errors:
        drive(client.limiter.told(error, client.port))

    client.send()

    assert client.port.sleeps == []
