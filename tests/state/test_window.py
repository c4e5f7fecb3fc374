from collections import Counter
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipedrive_tools.pacing import MOST_CALLS, SEARCHES_PER_WINDOW, WINDOW_SECONDS
from pipedrive_tools.state.window import LOOK_SECONDS, STRIKES, Window, Windows

BEGIN = 1000.0
LEASE = 42.0
SPAN = 2.02


class Contention(RuleBasedStateMachine):
    """Calls that ask, wait, fly, arrive, are answered or die; a strict server counts arrivals by itself."""

    @initialize(limit=st.integers(1, 6))
    def begin(self, limit: int) -> None:
        self.now, self.limit = BEGIN, limit
        self.windows = Windows()
        self.waiting: list[tuple[float, bool]] = []
        self.flying: list[tuple[float, bool, bool]] = []
        self.arrivals: list[tuple[float, bool]] = []

    @rule(seconds=st.floats(0.001, 1.5))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(is_search=st.booleans())
    def ask(self, is_search: bool) -> None:
        self.now += 1e-6
        self.waiting.append((self.now, is_search))
        self._look(len(self.waiting) - 1)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def look_again(self, data: st.DataObject) -> None:
        self._look(data.draw(st.integers(0, len(self.waiting) - 1)))

    @precondition(lambda self: self.waiting)
    @rule()
    def a_waiting_one_dies(self) -> None:
        self.waiting.pop(0)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.flying) - 1))
        lease, is_search, has_arrived = self.flying[place]
        if not has_arrived and self.now <= lease - SPAN:
            self.flying[place] = (lease, is_search, True)
            self.arrivals.append((self.now, is_search))

    @precondition(lambda self: any(each[2] for each in self.flying))
    @rule()
    def answer(self) -> None:
        place = next(number for number, each in enumerate(self.flying) if each[2])
        lease, is_search, _ = self.flying.pop(place)
        self.windows.leave(lease, self.now + SPAN, is_search=is_search)

    @precondition(lambda self: self.flying)
    @rule()
    def a_sender_dies(self) -> None:
        self.flying.pop(0)

    @rule()
    def another_process_goes_on(self) -> None:
        self.windows = Windows.unpack(self.windows.pack(), self.now)

    def _look(self, place: int) -> None:
        asked, is_search = self.waiting[place]
        self.windows.know(self.limit)
        wait = self.windows.wait_seconds(self.now, asked, is_search=is_search)
        assert 0 <= wait <= LOOK_SECONDS
        if not wait:
            self.waiting.pop(place)
            self.windows.enter(asked, self.now + LEASE, is_search=is_search)
            self.flying.append((self.now + LEASE, is_search, False))

    @invariant()
    def the_server_never_sees_too_many(self) -> None:
        if not hasattr(self, "arrivals"):
            return
        recent = [search for moment, search in self.arrivals if moment > self.now - WINDOW_SECONDS]
        assert len(recent) <= self.limit
        assert sum(recent) <= SEARCHES_PER_WINDOW


Contention.TestCase.settings = settings(max_examples=150, stateful_step_count=80, deadline=None)
test_a_strict_server_never_sees_too_many = Contention.TestCase


def full(limit: int, now: float = BEGIN) -> Window:
    """A window that is full of calls which were just answered."""
    window = Window(limit)
    window.ends.extend(now + SPAN + each / 100 for each in range(limit))
    return window


def test_an_empty_window_lets_as_many_through_as_fit() -> None:
    """The first calls of a plan go at once; the next one waits."""
    windows, through = Windows(), 0
    windows.know(20)

    while not windows.wait_seconds(BEGIN, BEGIN + through, is_search=False):
        windows.enter(BEGIN + through, BEGIN + LEASE, is_search=False)
        through += 1

    assert through == 20


def test_a_place_is_held_until_the_answer_and_a_window() -> None:
    """A place taken long ago is not free as long as its answer is out."""
    window = Window(1)
    window.enter(BEGIN, BEGIN + LEASE)

    assert window.wait_seconds(BEGIN + 30, BEGIN + 30)
    window.leave(BEGIN + LEASE, BEGIN + 30 + SPAN)
    assert window.wait_seconds(BEGIN + 31.9, BEGIN + 31.9)
    assert not window.wait_seconds(BEGIN + 32.1, BEGIN + 32.1)


def test_a_killed_process_wastes_its_own_places_for_its_lease() -> None:
    """What nobody gives back is free when its lease ends, and not before."""
    window = Window(2)
    window.enter(BEGIN, BEGIN + LEASE)

    assert not window.wait_seconds(BEGIN + 1, BEGIN + 1)
    window.enter(BEGIN + 1, BEGIN + 1 + LEASE)
    assert window.wait_seconds(BEGIN + LEASE - 0.1, BEGIN + 2)
    assert not window.wait_seconds(BEGIN + LEASE, BEGIN + 2)


def test_a_call_that_was_not_sent_takes_no_place() -> None:
    """A place given back unsent is free at once."""
    window = Window(1)
    window.enter(BEGIN, BEGIN + LEASE)

    window.leave(BEGIN + LEASE, None)

    assert not window.wait_seconds(BEGIN, BEGIN)


def test_who_asked_first_goes_first() -> None:
    """A latecomer waits for those before it, though it looks at the right moment."""
    window = full(1)
    window.line_up(BEGIN, BEGIN + 10)

    assert window.wait_seconds(BEGIN + SPAN, BEGIN + 1)
    assert not window.wait_seconds(BEGIN + SPAN, BEGIN)


def test_who_does_not_look_again_has_died() -> None:
    """The turn of a call whose process was killed passes on."""
    window = full(1)
    window.line_up(BEGIN, BEGIN + 1)

    assert not window.wait_seconds(BEGIN + SPAN, BEGIN + 1)


def test_the_wait_is_exact_near_its_end() -> None:
    """Each waiting call sleeps until its own place is free."""
    window = full(3)
    now = BEGIN + SPAN - 0.01
    window.line_up(BEGIN, now + 1)
    window.line_up(BEGIN + 1, now + 1)

    assert window.wait_seconds(now, BEGIN) == pytest.approx(0.01)
    assert window.wait_seconds(now, BEGIN + 1) == pytest.approx(0.02)
    assert window.wait_seconds(now, BEGIN + 2) == pytest.approx(0.03)


def test_everybody_gets_a_turn() -> None:
    """Forty-eight callers that come back at once share a window evenly."""
    windows, now, later = Windows(), BEGIN, count()
    waiting = [(BEGIN + next(later) / 1e6, each) for each in range(48)]
    turns: Counter[int] = Counter()
    while now < BEGIN + 60:
        now += 0.02
        windows.know(20)
        for asked, caller in sorted(waiting):
            if not windows.wait_seconds(now, asked, is_search=False):
                windows.enter(asked, now + LEASE, is_search=False)
                windows.leave(now + LEASE, now + SPAN, is_search=False)
                waiting.remove((asked, caller))
                waiting.append((now + next(later) / 1e6, caller))
                turns[caller] += 1

    assert max(turns.values()) - min(turns.values()) <= 1
    assert len(turns) == 48


def test_searches_fill_both_windows() -> None:
    """Ten searches are through, the eleventh waits, other calls go on."""
    windows = Windows()
    windows.know(20)
    for each in range(10):
        assert not windows.wait_seconds(BEGIN, BEGIN + each, is_search=True)
        windows.enter(BEGIN + each, BEGIN + LEASE, is_search=True)

    assert windows.wait_seconds(BEGIN, BEGIN + 20, is_search=True)
    assert not windows.wait_seconds(BEGIN, BEGIN + 21, is_search=False)


def test_the_smaller_of_plan_and_header_holds() -> None:
    """An answer can teach that there is less room than the plan has, or stand for a plan nobody named."""
    windows = Windows()
    known = []
    for planned, learned in [(None, 0), (None, 120), (40, 0), (40, 20), (20, 120)]:
        windows.learned = learned
        windows.know(planned)
        known.append(windows.calls.limit)

    assert known == [20, 120, 40, 20, 20]
    assert windows.searches.limit == SEARCHES_PER_WINDOW


def test_a_server_without_windows_has_none_for_searches() -> None:
    """A number that no plan has means that nothing is kept."""
    windows = Windows()
    windows.learned = MOST_CALLS + 1
    windows.know(None)

    assert windows.searches.limit == MOST_CALLS + 1


def test_a_full_window_that_we_have_not_filled_closes_it_for_all() -> None:
    """After a 429 everybody waits for a window; many calls that meet it at once count once."""
    windows = Windows()
    windows.know(20)

    assert not any(windows.strike(BEGIN + each / 1000) for each in range(20))

    assert windows.strikes == 1
    assert windows.wait_seconds(BEGIN + 1.9, BEGIN + 1, is_search=False)
    assert not windows.wait_seconds(BEGIN + 2.1, BEGIN + 1, is_search=False)


def test_full_windows_one_after_the_other_are_an_empty_day() -> None:
    """What a rolling window cannot explain is the day's budget."""
    windows = Windows()

    ends = [windows.strike(BEGIN + each * 3) for each in range(STRIKES)]

    assert ends == [False] * (STRIKES - 1) + [True]


def test_a_clock_that_began_anew_frees_everything() -> None:
    """After the machine was started again, times of before mean nothing."""
    windows = Windows()
    windows.calls.ends.append(1e6)
    windows.calls.leases.append(1e6)
    windows.calls.line_up(1e6, 1e6 + 1)
    windows.closed_until = 1e6

    again = Windows.unpack(windows.pack(), 5.0)
    again.know(1)

    assert not again.wait_seconds(5.0, 5.0, is_search=False)


@pytest.mark.parametrize("packed", [b"", b"1234567", b"\0" * 8, b"\xff" * 80, b"\0" * 40 + b"\x7f" * 48])
def test_bytes_that_are_none_of_ours_count_as_empty(packed: bytes) -> None:
    """A store that was written over does not stop anybody."""
    assert Windows.unpack(packed, BEGIN).calls.ends == Windows().calls.ends
