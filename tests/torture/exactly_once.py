"""Exactly once: creates through a failing network, by processes that are killed and started again.

Judged by the records of the sandbox. Two counter-tests show that the harness sees what it looks for: a client
that retries whatever fails, and this one with a settle time below the latest commit.
"""

import mmap
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import httpx

from pipedrive_tools.gate.policy import Policy, Recovery
from pipedrive_tools.state import journal
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from tests.torture.far_side import FarSide
from tests.torture.figures import Figure
from tests.torture.lives import live_and_die

AGENT: Final = "killed"
LATE_SECONDS: Final = 0.5
"""When a late commit lands."""
SETTLE_SECONDS: Final = 1.2
"""Above the latest commit, as a policy must have it."""
TIMEOUTS: Final = {"timeout_seconds": 0.8, "connect_seconds": 0.2}
CREATES: Final = 1000
KILLS: Final = 40
WORKERS: Final = 2
LONGEST_LIFE_SECONDS: Final = 0.25
LIMIT_SECONDS: Final = 240.0

Marker = Literal["natural key", "custom field", "line"]
State = Literal["open", "made", "parked"]
STATES: Final[tuple[State, ...]] = ("open", "made", "parked")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type of record: its tool, its table, the field that tells records apart, and further arguments."""

    tool: str
    table: str
    field: str
    path: str
    custom: str = ""
    """Table of its custom fields, where it has any."""

    def arguments(self, label: str, parents: Mapping[str, int]) -> dict[str, Any]:
        """The arguments of one create."""
        return {self.field: label, **_MORE[self.tool](parents)}


_MORE: Final[Mapping[str, Callable[[Mapping[str, int]], dict[str, Any]]]] = {
    "create_deal": lambda _: {"value": 12.5, "currency": "EUR"},
    "create_person": lambda _: {"emails": ["ann@example.com"], "phones": ["+372 555 0100"]},
    "create_organization": lambda _: {"address": "Main St 1"},
    "create_activity": lambda parents: {
        "type": "call",
        "due_date": "2030-01-02",
        "deal_id": parents["deal_id"],
        "note": "a & b < c\nsecond line",
    },
    "create_lead": lambda parents: {"person_id": parents["person_id"], "value": 3, "currency": "EUR"},
    "create_note": lambda parents: {"deal_id": parents["deal_id"]},
}
KINDS: Final = (
    Kind(tool="create_deal", table="deals", field="title", path="/deals$", custom="deal_fields"),
    Kind(tool="create_person", table="persons", field="name", path="/persons$", custom="person_fields"),
    Kind(
        tool="create_organization",
        table="organizations",
        field="name",
        path="/organizations$",
        custom="organization_fields",
    ),
    Kind(tool="create_activity", table="activities", field="subject", path="/activities$"),
    Kind(tool="create_lead", table="leads", field="title", path="/leads$", custom="deal_fields"),
    Kind(tool="create_note", table="notes", field="content", path="/notes$"),
)


def faults(kind: Kind, seed: int, *, late_only: bool = False) -> list[dict[str, Any]]:
    """What goes wrong with creates and, less often, with the reads that look for them."""
    late = {"kind": "late_commit", "probability": 0.02, "seconds": LATE_SECONDS}
    chances: list[dict[str, Any]] = [
        {"kind": "status", "status": 503, "probability": 0.03},
        {"kind": "commit_then_502", "probability": 0.03},
        {"kind": "reset_after", "probability": 0.03},
        {"kind": "reset_before", "probability": 0.03},
        late,
        {"kind": "cut_json", "probability": 0.01},
        {"kind": "cut_connection", "probability": 0.01},
        {"kind": "status", "status": 429, "shape": "gateway", "probability": 0.01},
    ]
    creates = [
        {"method": "POST", "path": kind.path, "seed": seed + place, **chance}
        for place, chance in enumerate([late] if late_only else chances)
    ]
    reads: list[dict[str, Any]] = [
        {"kind": "status", "status": 503, "probability": 0.02, "seed": seed + 50, "method": "GET"},
        {"kind": "reset_before", "probability": 0.02, "seed": seed + 51, "method": "GET"},
        {"kind": "cut_json", "probability": 0.01, "seed": seed + 52, "method": "GET"},
    ]
    return creates + ([] if late_only else reads)


def policy(kind: Kind, marker: Marker, far: FarSide, *, settle_seconds: float) -> Policy:
    """Everything is allowed; what matters here is how unknown outcomes are settled."""
    rights = Policy.full(AGENT).of(AGENT)
    recovery = Recovery(settle_seconds=settle_seconds)
    if marker != "natural key":
        place = "line" if marker == "line" else _text_field(far, kind)
        recovery = Recovery.model_validate({"settle_seconds": settle_seconds, "markers": {kind.table: place}})
    return Policy(agents={AGENT: rights.model_copy(update={"recovery": recovery})})


def _text_field(far: FarSide, kind: Kind) -> str:
    found = (each for each in far.records(kind.custom) if each["is_custom_field"])
    return next(str(each["field_code"]) for each in found if each["field_type"] == "varchar")


def markers_of(kind: Kind) -> tuple[Marker, ...]:
    """The ways in which a record of this type can be recognised."""
    return ("natural key", "custom field" if kind.custom else "line")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the sandbox holds in the end, against what was asked for."""

    asked: int
    duplicates: int
    lost: int
    parked: int
    """Left to a person, openly; neither lost nor done."""
    kills: int
    unknown: int
    """How often an outcome was not known and had to be looked into."""
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.asked} asked, {self.duplicates} duplicates, {self.lost} lost, {self.parked} parked, "
            f"{self.kills} kills, {self.unknown} looked into, {self.seconds:.0f} s"
        )


@dataclass(frozen=True, kw_only=True)
class Errand:
    """The creates of one worker, the same in each of its lives."""

    far: FarSide
    kind: Kind
    policy: Policy
    state: str
    parents: Mapping[str, int]
    creates: Mapping[int, tuple[str, str]]
    """Run and label of each create."""
    done: mmap.mmap
    """One byte a create, kept over all lives: what the caller has been told so far."""

    def __call__(self) -> None:
        """One life: ask for everything that is not made, and settle what is open, until nothing is."""
        while waiting := self._in("open"):
            for number in waiting:
                if self._call(number):
                    self.done[number] = STATES.index("made")
            self._settle()
        for number in self._in("made"):
            if not self._call(number):
                raise AssertionError(f"{self.creates[number]}: a create that was made is not recognised")
        self._settle()

    def _in(self, state: State) -> list[int]:
        return [number for number in self.creates if STATES[self.done[number]] == state]

    def _call(self, number: int) -> bool:
        run, label = self.creates[number]
        return self._toolset(run).call(self.kind.tool, self.kind.arguments(label, self.parents)).ok

    def _settle(self) -> None:
        """What a program does when it starts or waits: recover until nothing is open."""
        run, _ = next(iter(self.creates.values()))
        self._toolset(run).recover(wait=True)
        parked = {(row.run, row.arguments[self.kind.field]) for row in rows(self.state, "PARKED")}
        for number, create in self.creates.items():
            if create in parked:
                self.done[number] = STATES.index("parked")

    def _toolset(self, run: str) -> Toolset:
        found = _OPEN.get(run)
        if found is None:
            for other in _OPEN.values():
                other.close()
            _OPEN.clear()
            settings = self.far.settings(self.state, **TIMEOUTS)
            found = _OPEN[run] = Toolset.connect(AGENT, self.policy, settings=settings, run=run)
        return found


_OPEN: Final[dict[str, Toolset]] = {}
"""The one toolset that a life has open, by its run; empty in the parent of all lives."""


def rows(state: str, *states: journal.State) -> list[journal.Intent]:
    """The journal, all of it or what is in these states."""
    store = Store(state)
    with store.transaction(durable=False) as connection:
        found = journal.listed(connection, states)
    store.close()
    return found


def survive(
    far: FarSide,
    kind: Kind,
    marker: Marker,
    *,
    creates: int,
    kills: int,
    seed: int,
    identical: bool = False,
    limit_seconds: float = LIMIT_SECONDS,
) -> Outcome:
    """Make records through faults and kills, and count what there is; `identical` ones differ in nothing."""
    far.reset()
    parents = _parents(far)
    labels = ["the same" if identical else f"{kind.tool} number {each:04}" for each in range(creates)]
    runs = [f"run {each}" if identical else "one run" for each in range(creates)]
    everything = dict(enumerate(zip(runs, labels, strict=True)))
    far.faults(*faults(kind, seed))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, mmap.mmap(-1, creates) as done:
        state = f"sqlite:///{Path(folder) / 'state.db'}"
        rows(state)
        errands = [
            Errand(
                far=far,
                kind=kind,
                policy=policy(kind, marker, far, settle_seconds=SETTLE_SECONDS),
                state=state,
                parents=parents,
                creates={number: everything[number] for number in range(worker, creates, WORKERS)},
                done=done,
            )
            for worker in range(WORKERS)
        ]
        killed = live_and_die(
            list(errands),
            kills=kills,
            longest_seconds=LONGEST_LIFE_SECONDS,
            seed=seed,
            limit_seconds=limit_seconds,
        )
        seconds = time.monotonic() - started
        unknown = sum(row.error is not None for row in rows(state))
        parked = [str(row.arguments[kind.field]) for row in rows(state, "PARKED")]
    time.sleep(LATE_SECONDS)
    duplicates, lost = judged(far, kind, labels, parked)
    return Outcome(
        asked=creates,
        duplicates=duplicates,
        lost=lost,
        parked=len(parked),
        kills=killed,
        unknown=unknown,
        seconds=seconds,
    )


def judged(far: FarSide, kind: Kind, labels: list[str], parked: Iterable[str] = ()) -> tuple[int, int]:
    """Records too many, and records missing that no person was told of; a marker may follow as a second line."""
    wanted, told = Counter(labels), Counter(parked)
    held = Counter(str(record[kind.field]).partition("<br>")[0] for record in far.records(kind.table))
    too_many = sum(max(0, held[label] - count) for label, count in wanted.items())
    return too_many, sum(max(0, count - held[label] - told[label]) for label, count in wanted.items())


def _parents(far: FarSide) -> dict[str, int]:
    deal = next(each for each in far.records("deals") if each["status"] == "open" and not each["is_archived"])
    return {"deal_id": deal["id"], "person_id": far.records("persons")[0]["id"]}


def naive(far: FarSide, kind: Kind, *, creates: int, seed: int) -> int:
    """Duplicates of a client that sends again whatever failed, as most published ones do."""
    far.reset()
    far.faults(*faults(kind, seed))
    labels = [f"naive number {each:04}" for each in range(creates)]
    with httpx.Client(
        base_url=far.url, headers={"x-api-token": far.token}, timeout=2, trust_env=False
    ) as client:
        for label in labels:
            for _ in range(5):
                try:
                    answer = client.post("/api/v2/deals", json={"title": label})
                    answer.json()
                except (httpx.TransportError, ValueError):
                    continue
                if answer.is_success:
                    break
    time.sleep(LATE_SECONDS * 2)
    duplicates, _ = judged(far, kind, labels)
    return duplicates


def hasty(far: FarSide, kind: Kind, *, creates: int, seed: int) -> int:
    """Duplicates of our own recovery where the settle time lies below the latest commit."""
    far.reset()
    far.faults(*faults(kind, seed, late_only=True))
    labels = [f"hasty number {each:04}" for each in range(creates)]
    with tempfile.TemporaryDirectory() as folder:
        settings = far.settings(f"sqlite:///{Path(folder) / 'state.db'}", **TIMEOUTS)
        toolset = Toolset.connect(
            AGENT, policy(kind, "natural key", far, settle_seconds=0), settings=settings
        )
        with toolset:
            for label in labels:
                toolset.call(kind.tool, {"title": label})
            toolset.recover(wait=True)
    time.sleep(LATE_SECONDS * 2)
    duplicates, _ = judged(far, kind, labels)
    return duplicates


def run(
    *,
    creates: int = CREATES,
    kills: int = KILLS,
    identical: int = 150,
    counter_creates: int = 400,
    seed: int = 1,
) -> Iterator[Figure]:
    """The whole proof, type by type and marker by marker."""
    with FarSide() as far:
        doubled = naive(far, KINDS[0], creates=counter_creates, seed=seed)
        print(f"   counter-test: a client that retries doubles {doubled} of {counter_creates}", flush=True)
        early = hasty(far, KINDS[0], creates=counter_creates, seed=seed)
        print(f"   counter-test: a settle time of 0 doubles {early} of {counter_creates}", flush=True)
        outcomes: list[Outcome] = []
        for kind in KINDS:
            for marker in markers_of(kind):
                outcome = survive(far, kind, marker, creates=creates, kills=kills, seed=seed)
                print(f"   {kind.tool}, {marker}: {outcome}", flush=True)
                outcomes.append(outcome)
            same = survive(
                far, kind, "natural key", creates=identical, kills=kills, seed=seed, identical=True
            )
            print(f"   {kind.tool}, all alike, a run each: {same}", flush=True)
            outcomes.append(same)
    tries = sum(each.asked for each in outcomes)
    told = f"naive client doubles {doubled} of {counter_creates}, settle time 0 doubles {early}"
    for name, value in (
        ("exactly once: duplicates", sum(each.duplicates for each in outcomes)),
        ("exactly once: lost", sum(each.lost for each in outcomes)),
    ):
        yield Figure.none_of(name, value, tries=tries, counter_test=told, has_teeth=min(doubled, early) > 0)
    fewest = min(each.kills for each in outcomes)
    yield Figure(name="exactly once: kills per round", value=fewest, bar=f">= {kills}", holds=fewest >= kills)
    parked = sum(each.parked for each in outcomes)
    yield Figure(
        name="exactly once: left to a person after three tries",
        value=parked,
        bar="<= 0.5 %",
        holds=parked <= tries * 0.005,
        tries=tries,
    )
