"""How fast the receiver answers: 200 events a second while a worker works on them, beside the disk's own fsync.

Receiver, worker, the probe of the disk and Pipedrive are processes of their own. The probe writes and syncs a block
of its own all through the run, so that both figures come from the same disk in the same minute.
"""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.webhooks.receiver import Receiver
from tests.servers import free_port
from tests.torture import webhook_stages
from tests.torture.figures import Figure
from tests.torture.lives import ended, fork
from tests.torture.webhook_lives import ACCOUNT, HEADERS, PATH, Plan, Stage, body, known
from tests.torture.webhook_stages import Stages

NEEDS_QUIET: Final = True
EVENTS_A_SECOND: Final = 200
SECONDS: Final = 60
PADDING: Final = 2_000
"""An event has some 2.3 kB."""
ALLOWED_SECONDS: Final = 0.020
FSYNCS: Final = 5
OWN_SECONDS: Final = 0.010
"""Of the receiver's own, from the last byte of a request to its answer."""
PROBE_SECONDS: Final = 0.02
WARM_UP: Final = 50
CONNECTIONS: Final = 64

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Answers and syncs of one run, in seconds, shortest first."""

    answers: list[float]
    syncs: list[float]
    refused: int
    late: list[float]
    """How late each event was sent: what the sender itself, and so the machine, had to wait."""
    stages: Stages

    @staticmethod
    def at(sorted_seconds: list[float], share: float) -> float:
        return sorted_seconds[min(len(sorted_seconds) - 1, int(len(sorted_seconds) * share))]

    @property
    def allowed(self) -> float:
        """The bar of this run."""
        return ALLOWED_SECONDS + FSYNCS * self.at(self.syncs, 0.99)


def probe(folder: Path) -> None:
    """Sync a block now and then until killed; each time is a line in a file."""
    block = os.open(folder / "block", os.O_WRONLY | os.O_CREAT, 0o600)
    with (folder / "syncs").open("w", buffering=1) as told:
        while True:
            os.pwrite(block, os.urandom(4096), 0)
            started = time.perf_counter()
            os.fdatasync(block)
            told.write(f"{time.perf_counter() - started}\n")
            time.sleep(PROBE_SECONDS)


def send(stage: Stage, rate: int, seconds: float) -> None:
    """Send at this pace whatever the answers take, as Pipedrive does, and write the times down."""
    asyncio.run(_send(stage, rate, seconds))


async def _send(stage: Stage, rate: int, seconds: float) -> None:
    answers: list[float] = []
    late: list[float] = []
    refused = 0
    free: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", stage.port))

    async def deliver(number: int) -> None:
        nonlocal refused
        request, started = _request(number), time.perf_counter()
        reader, writer = await free.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        answers.append(time.perf_counter() - started)
        refused += not head.startswith(b"HTTP/1.1 204 ")
        free.put_nowait((reader, writer))

    for number in range(WARM_UP):
        await deliver(10_000_000 + number)
    answers.clear()
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = started + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            late.append(max(0.0, time.perf_counter() - due))
            group.create_task(deliver(number))
    found = {"answers": sorted(answers), "refused": refused, "late": sorted(late)}
    (stage.folder / "speed").write_text(json.dumps(found))


def receive(stage: Stage) -> None:
    """The life of a receiver that writes down where its time goes."""
    intake = webhook_stages.intake(stage.folder, stage.inbox_url, ACCOUNT)
    stage.serve(webhook_stages.timed(Receiver(intake, known), stage.folder))


def _request(number: int) -> bytes:
    content = body(number, PADDING)
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return (
        f"POST {PATH} HTTP/1.1\r\nhost: here\r\n{head}content-length: {len(content)}\r\n\r\n".encode()
        + content
    )


def measured(rate: int = EVENTS_A_SECOND, seconds: float = SECONDS) -> Speed:
    """One run."""
    plan = Plan(events=int(rate * seconds), kills=0, writes_every=100_000_000)
    with tempfile.TemporaryDirectory() as name:
        stage = Stage(
            folder=Path(name),
            port=free_port(),
            plan=plan,
            settings=None,  # type: ignore[arg-type]  # nothing is written into Pipedrive here
            policy=Policy(agents={}),
            agent="",
        )
        lives = [fork(lambda: receive(stage)), fork(stage.work), fork(lambda: probe(stage.folder))]
        try:
            time.sleep(3)
            sender = fork(lambda: send(stage, rate, seconds))
            if ended(sender, wait=True):
                raise RuntimeError("the sender failed")
        finally:
            for life in lives:
                os.kill(life, signal.SIGKILL)
                ended(life, wait=True)
        found = json.loads((stage.folder / "speed").read_text())
        syncs = sorted(float(line) for line in (stage.folder / "syncs").read_text().split("\n")[:-1])
        return Speed(syncs=syncs, stages=webhook_stages.read(stage.folder, skip=WARM_UP), **found)


def run(rate: int = EVENTS_A_SECOND, seconds: float = SECONDS) -> Iterable[Figure]:
    """The figures of one run."""
    speed = measured(rate, seconds)
    p50, p99 = speed.at(speed.answers, 0.5), speed.at(speed.answers, 0.99)
    sync = speed.at(speed.syncs, 0.99)
    print(
        f"   {len(speed.answers):,} answers: median {p50 * 1e3:.1f} ms, 99th percentile {p99 * 1e3:.1f} ms, "
        f"longest {speed.answers[-1] * 1e3:.0f} ms; {len(speed.syncs):,} syncs: 99th percentile {sync * 1e3:.2f} ms; "
        f"the sender itself was {speed.at(speed.late, 0.99) * 1e3:.1f} ms late at its 99th percentile",
        flush=True,
    )
    print(f"   median and 99th percentile of each stage, ms: {_told(speed.stages)}", flush=True)
    yield Figure(
        f"99th percentile of answers at {rate} events/s, ms, beside 20 ms and five syncs",
        p99 * 1e3,
        f"<= {speed.allowed * 1e3:.2f}",
    )
    own = sorted(speed.stages.own)
    yield Figure(
        "the receiver's own time at the 99th percentile, ms, without its waits for the disk",
        speed.at(own, 0.99) * 1e3,
        f"<= {OWN_SECONDS * 1e3:g}",
    )
    yield Figure("longest answer, ms", speed.answers[-1] * 1e3, "<= 2000")
    yield Figure(
        "events that were not taken", speed.refused, "== 0", tries=len(speed.answers), holds=not speed.refused
    )


def _told(stages: Stages) -> str:
    found = {name: sorted(seconds) for name, seconds in asdict(stages).items()}
    return ", ".join(
        f"{name} {Speed.at(each, 0.5) * 1e3:.2f}/{Speed.at(each, 0.99) * 1e3:.2f}"
        for name, each in found.items()
    )
