"""One run of one agent: what it has used up, and whether it has read foreign text."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from threading import Lock

from pipedrive_tools.gate.scope import Key
from pipedrive_tools.gate.verdict import Counters, Taint, Verdict


def new_run() -> str:
    """A name for a run that no other run has."""
    return uuid.uuid4().hex


@dataclass
class Run:
    """What adds up over a run; safe to use from several threads. The store has the last word on writes."""

    name: str = field(default_factory=new_run)
    started_for: Iterable[Key] = ()
    taint: Taint = field(default_factory=Taint)
    me: int | None = None
    """The API user, once it was asked for."""
    unsettled: bool = True
    """Whether writes of unknown outcome may wait; looked into at the start and after each new one."""
    _stored: Counters = field(default_factory=Counters)
    _in_flight: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        """Fix the records that the run was started for."""
        self.taint = Taint(started_for=frozenset(self.started_for))

    @property
    def counters(self) -> Counters:
        """What was used up, calls under way included."""
        if not self._in_flight:
            return self._stored
        return replace(
            self._stored,
            tokens_run=self._stored.tokens_run + self._in_flight,
            tokens_day=self._stored.tokens_day + self._in_flight,
        )

    @property
    def spent(self) -> int:
        """API tokens that the run has used up, calls under way left out."""
        return self._stored.tokens_run

    def saw(self, stored: Counters) -> None:
        """Take over what the store says was used up."""
        with self._lock:
            self._stored = stored

    def heard(self, stored: Counters) -> None:
        """Take over what was read without waiting for calls that end meanwhile; what they know is newer."""
        with self._lock:
            if stored.tokens_run >= self._stored.tokens_run:
                self._stored = stored

    def start(self, tokens: int) -> None:
        """Count a call that is under way, so that parallel calls add up."""
        with self._lock:
            self._in_flight += tokens

    def start_if(self, tokens: int, check: Callable[[Counters], Verdict]) -> Verdict:
        """The same, unless the check refuses it."""
        with self._lock:
            verdict = check(self.counters)
            if verdict.decision != "deny":
                self._in_flight += tokens
        return verdict

    def end(self, tokens: int) -> None:
        """The call is over; the store counts it from now on."""
        with self._lock:
            self._in_flight -= tokens

    def read_foreign_text(self) -> None:
        """From now on the gate is stricter."""
        if not self.taint.tainted:
            self.taint = replace(self.taint, tainted=True)
