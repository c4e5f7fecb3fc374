"""Killed at every step: SIGKILL at each write, sync, connect, send and receive of every write tool, then a restart.

After the restart (recover, then the same call in the same run) the sandbox must hold exactly what it holds after
a call that nobody killed.
"""

import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pipedrive_tools.endpoint import Effect
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy, Recovery
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from tests.calls import calls
from tests.torture import strace
from tests.torture.far_side import FarSide
from tests.torture.figures import Figure
from tests.torture.lives import ended, fork

AGENT: Final = "killed"
RUN: Final = "one run"
SYSCALLS: Final = (
    "pwrite64", "write", "ftruncate", "unlink", "fsync", "fdatasync", "connect", "sendto", "recvfrom",
)  # fmt: skip
"""Where a life is killed; anything between two of them changes nothing that another process can see."""
MOST_OF_ONE: Final = 400
LANES: Final = 4
POINTS: Final = 300
TABLES: Final = ("organizations", "persons", "deals", "activities", "leads", "notes")
SETTLE_SECONDS: Final = 0.3
TIMEOUTS: Final = {"timeout_seconds": 0.4, "connect_seconds": 0.1}
PATIENT: Final = {"timeout_seconds": 5.0, "connect_seconds": 5.0}
"""Under strace everything is slower."""
FRESH_STORE: Final = "create_deal in a store that is not there yet"
WRITES: Final = tuple(name for name, entry in catalogue.items() if entry.effect.writes)
CREATES: Final = tuple(
    name for name, entry in catalogue.items() if entry.effect is Effect.CREATE and entry.resource in TABLES
)

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?Z?")
_CHANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\+lead[0-9a-f]{8}")
"""UUIDs, and the mail address that a lead gets from its own."""


@dataclass(frozen=True)
class Point:
    """One kill and what came of it."""

    case: str
    syscall: str
    number: int
    is_same: bool
    """Whether the sandbox ended up as it does without a kill."""
    doubled: int
    """Records more than there should be."""
    said: str
    """What the restarted process was told."""

    @property
    def place(self) -> str:
        """Where it was."""
        return f"{self.case} at {self.syscall} {self.number}"


@dataclass(frozen=True)
class Case:
    """One call that is killed, in a store of its own."""

    far: FarSide
    name: str
    arguments: Mapping[str, Any]
    folder: Path

    @property
    def tool(self) -> str:
        """Name of the tool."""
        return "create_deal" if self.name == FRESH_STORE else self.name

    def toolset(self, **timeouts: float) -> Toolset:
        """A process's own way to the sandbox."""
        rights = Policy.full(AGENT).of(AGENT)
        recovery = Recovery(settle_seconds=SETTLE_SECONDS)
        policy = Policy(agents={AGENT: rights.model_copy(update={"recovery": recovery})})
        state = f"sqlite:///{self.folder / 'state.db'}"
        return Toolset.connect(AGENT, policy, settings=self.far.settings(state, **timeouts), run=RUN)

    def prepare(self) -> None:
        """The first state of everything, and an empty store; where the store is the point, none."""
        self.far.reset()
        self.forget()
        if self.name != FRESH_STORE:
            shutil.copy(empty_store(), self.folder / "state.db")

    def forget(self) -> None:
        """Nothing is left of what was written down."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def kill(self, syscall: str, number: int) -> bool:
        """Make the call in a process that dies at this step; false when there is no such step."""

        def ready() -> Any:
            if self.name == FRESH_STORE:
                return lambda: self.toolset(**PATIENT).call(self.tool, self.arguments)
            toolset = self.toolset(**PATIENT)
            return lambda: toolset.call(self.tool, self.arguments)

        return strace.traced(
            ready,
            syscalls=[syscall],
            inject=[f"{syscall}:signal=SIGKILL:when={number}"],
            output=self.folder / "trace",
        ).was_killed

    def finish(self) -> str:
        """Start again: settle what is open, then make the call in the same run; gives what the caller is told."""
        told = self.folder / "told"

        def life() -> None:
            with self.toolset(**TIMEOUTS) as toolset:
                toolset.recover(wait=True)
                result = toolset.call(self.tool, self.arguments)
                toolset.call("list_pipelines")  # jobs of the sandbox end when somebody asks for something
                told.write_text(f"{result.status}: {result.text.splitlines()[0]}", encoding="utf-8")

        alone(life)
        return told.read_text(encoding="utf-8")


@cache
def empty_store() -> Path:
    """A store that nothing has been written to yet."""
    path = Path(tempfile.mkdtemp(prefix="torture-")) / "state.db"
    alone(lambda: Store(f"sqlite:///{path}").close())
    return path


def alone(life: Any) -> None:
    """Do something in a process of its own, so that this one never holds an open store."""
    if status := ended(fork(life), wait=True):
        raise RuntimeError(f"a life ended with status {status}")


def held(far: FarSide) -> dict[str, Counter[str]]:
    """What the sandbox holds."""
    return {table: Counter(plain(record) for record in far.records(table)) for table in TABLES}


def plain(record: Mapping[str, Any]) -> str:
    """A record without moments and without names that chance gave."""
    text = _MOMENT.sub("(moment)", json.dumps(record, sort_keys=True))
    return _CHANCE.sub("(chance)", text)


def points(case: Case, syscalls: Iterable[str] = SYSCALLS, *, every: int = 1) -> Iterator[Point]:
    """Every step of a call, or every so many-th, one kill each."""
    case.prepare()
    said = case.finish()
    if not said.startswith("ok"):
        raise RuntimeError(f"{case.name} fails without any kill: {said}")
    wanted = held(case.far)
    for syscall in syscalls:
        for number in range(1, MOST_OF_ONE, every):
            case.prepare()
            if not case.kill(syscall, number):
                break
            said = case.finish()
            found = held(case.far)
            doubled = sum(max(0, found[table].total() - wanted[table].total()) for table in TABLES)
            is_same = found == wanted and said.startswith("ok")
            yield Point(case.name, syscall, number, is_same, doubled, said)


def walk(cases: Iterable[str], *, every: int = 1) -> list[Point]:
    """The points of these cases, with a sandbox and a folder of one's own."""
    with FarSide(conversion_polls=1, convert_seconds=0.1) as far, tempfile.TemporaryDirectory() as folder:
        arguments = calls(far)
        found: list[Point] = []
        for name in cases:
            tool = "create_deal" if name == FRESH_STORE else name
            of_case = list(points(Case(far, name, arguments[tool], Path(folder)), every=every))
            bad = [point for point in of_case if not point.is_same]
            print(f"   {name}: {len(of_case)} points, {len(bad)} end elsewhere", flush=True)
            for point in bad:
                print(f"      {point.place}: {point.said} (doubled: {point.doubled})", flush=True)
            found += of_case
    return found


def in_lanes(cases: list[str], *, every: int = 1, lanes: int = LANES) -> list[Point]:
    """The same, several cases at a time: most of it is waiting."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / str(lane) for lane in range(lanes)]

        def lane(number: int) -> None:
            found = walk(cases[number::lanes], every=every)
            files[number].write_text(json.dumps([asdict(point) for point in found]), encoding="utf-8")

        lives = [fork(lambda number=number: lane(number)) for number in range(lanes)]  # type: ignore[misc]  # a default binds
        if broken := [status for status in [ended(life, wait=True) for life in lives] if status]:
            raise RuntimeError(f"lanes ended with {broken}")
        return [Point(**each) for file in files for each in json.loads(file.read_text(encoding="utf-8"))]


def run() -> Iterator[Figure]:
    """The whole proof."""
    if not strace.is_there():
        print(f"   {strace.MISSING}", file=sys.stderr)
        yield Figure(name="kill at every step: strace", value=0, bar="== 1", holds=False)
        return
    found = in_lanes([*WRITES, FRESH_STORE])
    where = Counter(point.syscall for point in found)
    print(f"   {len(found)} points: " + ", ".join(f"{name} {count}" for name, count in where.most_common()))
    cases = {point.case for point in found}
    elsewhere = [point for point in found if not point.is_same]
    name = "kill at every step: "
    yield Figure(name=name + "points", value=len(found), bar=f">= {POINTS}", holds=len(found) >= POINTS)
    tools = len(cases - {FRESH_STORE})
    yield Figure(name=name + "write tools", value=tools, bar=f"== {len(WRITES)}", holds=tools == len(WRITES))
    forgetful = [ends_elsewhere for tool in CREATES for ends_elsewhere in _without_recovery(tool)]
    early = sum(forgetful)
    told = f"without the journal {early} of {len(forgetful)} kills of {len(CREATES)} creates end elsewhere"
    sees = early >= len(CREATES)
    yield Figure.none_of(
        name + "ends elsewhere", len(elsewhere), tries=len(found), counter_test=told, has_teeth=sees
    )
    doubled = sum(point.doubled for point in found)
    yield Figure.none_of(name + "doubled", doubled, tries=len(found), counter_test=told, has_teeth=sees)


def _without_recovery(tool: str) -> Iterator[bool]:
    """Counter-test: a process that starts again with an empty store, so that it remembers nothing."""
    with FarSide() as far, tempfile.TemporaryDirectory() as folder:
        case = Case(far, tool, calls(far)[tool], Path(folder))
        case.prepare()
        case.finish()
        wanted = held(far)
        for number in range(1, MOST_OF_ONE):
            case.prepare()
            if not case.kill("recvfrom", number):
                return
            case.forget()
            case.finish()
            yield held(far) != wanted
