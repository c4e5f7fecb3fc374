"""The order on the disk, and a disk that fails: no write is sent before its intent is safe, and none when it cannot be.

Judged from outside: by the system calls of the client, and by the log of the sandbox.
"""

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pipedrive_tools.toolset import Toolset
from tests.calls import calls
from tests.torture import strace
from tests.torture.far_side import FarSide
from tests.torture.figures import Figure
from tests.torture.kill_at_every_step import MOST_OF_ONE, PATIENT, WRITES, Case, held

ROUNDS: Final = 125
"""Each makes four writes: POST, PATCH, PUT and DELETE."""
TOLD_OF: Final = (
    "create_deal",
    "create_note",
    "update_person",
    "update_activity",
    "delete_note",
    "convert_lead_to_deal",
)
"""Tools whose every step fails once."""
FAILURES: Final = (
    "fdatasync:error=EIO",
    "fdatasync:error=ENOSPC",
    "pwrite64:error=EIO",
    "pwrite64:error=ENOSPC",
)
_EVENT: Final = re.compile(
    r"^\d+ +(?P<name>pwrite64|fdatasync|sendto)\(\d+<(?P<file>[^>]*)>"
    r'(?:, "(?P<text>.*)", \d+, \S+)?.* = (?P<result>-?\d+)'
)
_SENT: Final = re.compile(r"^(POST|PATCH|PUT|DELETE) ")
_LABEL: Final = re.compile(r"write number \d{4}")


def _rounds(toolset: Toolset, note_id: int, rounds: int) -> None:
    for number in range(rounds):
        label = f"write number {4 * number:04}"
        deal = toolset.call("create_deal", {"title": label}).data
        label = f"write number {4 * number + 1:04}"
        toolset.call("update_deal", {"deal_id": deal["id"], "title": label, "overwrite": ["title"]})
        label = f"write number {4 * number + 2:04}"
        toolset.call("update_note", {"note_id": note_id, "content": label, "overwrite": ["content"]})
        toolset.call("delete_deal", {"deal_id": deal["id"]})


def out_of_order(trace: str) -> tuple[int, int]:
    """Writes that were sent, and those of them whose intent was not on the disk by then."""
    sent = early = 0
    written, safe = "", ""
    for line in strace.whole_lines(trace):
        found = _EVENT.match(line)
        if found is None:
            continue
        name, text = found["name"], found["text"] or ""
        if name == "pwrite64" and found["file"].endswith("-wal"):
            written += text
        elif name == "fdatasync" and found["file"].endswith("-wal") and found["result"] == "0":
            written, safe = "", safe + written  # a checkpoint syncs once more
        elif name == "sendto" and _SENT.match(text):
            sent += 1
            early += not safe
            expected = safe
            safe = ""
        elif name == "sendto" and (label := _LABEL.search(text)):
            early += bool(expected) and label[0] not in expected
    return sent, early


def order(far: FarSide, folder: Path, rounds: int) -> tuple[int, int]:
    """Make many writes under strace; gives those that were sent and those of them that were early."""
    case = Case(far, "create_deal", {}, folder)
    case.prepare()
    note_id = far.records("notes")[0]["id"]

    def ready() -> Callable[[], None]:
        toolset = case.toolset(**PATIENT)
        return lambda: _rounds(toolset, note_id, rounds)

    traced = strace.traced(
        ready,
        syscalls=("pwrite64", "fdatasync", "sendto"),
        output=folder / "trace",
        options=("-y", "-s", "5000"),
    )
    if traced.status:
        raise RuntimeError(f"the writes ended with status {traced.status}")
    sent, early = out_of_order(traced.trace)
    if sent != len(far.writes()):
        raise RuntimeError(f"strace saw {sent} writes, the sandbox {len(far.writes())}")
    return sent, early


def sent_despite(
    far: FarSide, folder: Path, arguments: Mapping[str, Any], failure: str | None
) -> Counter[str]:
    """Every write tool once on a disk that fails; what the callers were told, and how many writes came through."""
    case = Case(far, "create_deal", {}, folder)
    case.prepare()
    told = folder / "told"

    def ready() -> Callable[[], None]:
        toolset = case.toolset(**PATIENT)

        def work() -> None:
            statuses = [toolset.call(tool, arguments[tool]).status for tool in WRITES]
            told.write_text(json.dumps(statuses), encoding="utf-8")

        return work

    strace.traced(
        ready,
        syscalls=("pwrite64", "fdatasync"),
        inject=[failure] if failure else [],
        output=folder / "trace",
    )
    found = Counter(json.loads(told.read_text(encoding="utf-8")))
    found["sent"] = len(far.writes())
    return found


def untrue(case: Case, failure: str) -> Iterator[str]:
    """One failure at every step of a call: what was said to the caller and is not so, empty where it is so."""
    case.prepare()
    case.finish()
    wanted = held(case.far)
    told = case.folder / "told"
    for number in range(1, MOST_OF_ONE):
        case.prepare()

        def ready() -> Callable[[], None]:
            toolset = case.toolset(**PATIENT)

            def work() -> None:
                told.write_text(toolset.call(case.tool, case.arguments).status, encoding="utf-8")

            return work

        traced = strace.traced(
            ready,
            syscalls=[failure.partition(":")[0]],
            inject=[f"{failure}:when={number}"],
            output=case.folder / "trace",
        )
        if "(INJECTED)" not in traced.trace:
            return
        status, writes = told.read_text(encoding="utf-8"), len(case.far.writes())
        wrong = ""
        if (status == "failed" and writes) or (status == "ok" and writes != 1):
            wrong = f"{case.name}, {failure} at {number}: said {status!r}, and {writes} writes were sent"
        said = case.finish()
        if not said.startswith("ok") or held(case.far) != wanted:
            wrong = wrong or f"{case.name}, {failure} at {number}: ends elsewhere after a restart: {said}"
        yield wrong


def run(*, rounds: int = ROUNDS, told_of: tuple[str, ...] = TOLD_OF) -> Iterator[Figure]:
    """The whole proof."""
    if not strace.is_there():
        print(f"   {strace.MISSING}", file=sys.stderr)
        yield Figure(name="order on the disk: strace", value=0, bar="== 1", holds=False)
        return
    with (
        FarSide(conversion_polls=1, convert_seconds=0.1) as far,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        sent, early = order(far, folder, rounds)
        print(f"   {sent} writes, {sent - early} of them after their intent was on the disk", flush=True)
        trace = (folder / "trace").read_text(encoding="utf-8", errors="replace")
        unsynced = "\n".join(line for line in trace.splitlines() if " fdatasync(" not in line)
        _, noticed = out_of_order(unsynced)
        yield Figure.none_of(
            "order on the disk: sent before the intent was safe",
            early,
            tries=sent,
            counter_test=f"without the lines of fdatasync {noticed} of {sent} count as early",
            has_teeth=noticed == sent,
        )
        far.reset()
        arguments = calls(far)
        healthy = sent_despite(far, folder, arguments, None)
        print(f"   a healthy disk: {dict(healthy)}", flush=True)
        through = 0
        for failure in FAILURES:
            found = sent_despite(far, folder, arguments, failure)
            print(f"   {failure}: {dict(found)}", flush=True)
            through += found["sent"]
        yield Figure.none_of(
            "failing disk: writes sent",
            through,
            tries=len(FAILURES) * len(WRITES),
            counter_test=f"the healthy disk lets {healthy['sent']} of {len(WRITES)} through",
            has_teeth=healthy["sent"] >= len(WRITES) * 0.8,
        )
        told = [
            wrong
            for tool in told_of
            for failure in ("pwrite64:error=ENOSPC", "fdatasync:error=EIO")
            for wrong in untrue(Case(far, tool, arguments[tool], folder), failure)
        ]
        wrong = [each for each in told if each]
        for each in wrong:
            print(f"   {each}", flush=True)
        yield Figure(
            name="failing disk: told what is not so",
            value=len(wrong),
            bar="== 0",
            holds=not wrong and len(told) > 0,
            tries=len(told),
        )
