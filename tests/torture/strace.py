"""Attaching strace to a life that waits for it: to kill it at a syscall, to fail one, or to write them all down."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.torture.lives import ended, fork

MISSING: Final = (
    "strace is missing; install it from the system's packages (on Debian: apt-get install strace)"
)
ATTACH_SECONDS: Final = 10.0
_PR_SET_PTRACER: Final = 0x59616D61
_UNFINISHED: Final = " <unfinished ...>"
_RESUMED: Final = re.compile(r"^ *<\.\.\. \w+ resumed>(.*)$")
_ANYBODY: Final = ctypes.c_ulong(-1)


def is_there() -> bool:
    """Whether strace is installed."""
    return shutil.which("strace") is not None


@dataclass(frozen=True)
class Traced:
    """How a traced life ended."""

    status: int
    trace: str
    """What strace wrote down."""

    @property
    def was_killed(self) -> bool:
        """Whether it died of the injected signal."""
        return self.status == 128 + signal.SIGKILL


def whole_lines(trace: str) -> Iterator[str]:
    """The lines of a trace, those that another thread has cut in two put together.

    What is sent counts from its beginning, since its bytes may leave at once; all else from its end.
    """
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        thread, _, said = line.partition(" ")
        if (start := said.removesuffix(_UNFINISHED)) != said:
            if start.lstrip().startswith("sendto("):
                yield f"{thread} {start}) = 0"
            else:
                begun[thread] = start
        elif (rest := _RESUMED.match(said)) is None:
            yield line
        elif thread in begun:
            yield f"{thread} {begun.pop(thread)}{rest[1]}"


def traced(
    ready: Callable[[], Callable[[], None]],
    *,
    syscalls: Sequence[str],
    inject: Sequence[str] = (),
    output: Path,
    options: Sequence[str] = (),
) -> Traced:
    """Run a life: `ready` prepares untraced and gives the work that is traced."""
    is_ready, tell = os.pipe()
    may_go, go = os.pipe()

    def life() -> None:
        work = ready()
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)  # where Yama lets only parents trace
        os.write(tell, b".")
        os.read(may_go, 1)
        work()

    pid = fork(life)
    for end in (tell, may_go):
        os.close(end)
    try:
        if not os.read(is_ready, 1):
            raise RuntimeError(f"a life ended before it was ready, with status {ended(pid, wait=True)}")
        tracer = subprocess.Popen(
            [
                "strace", "-f", "-qq", "-p", str(pid), "-o", str(output), *options,
                "-e", f"trace={','.join(syscalls)}",
                *(part for each in inject for part in ("-e", f"inject={each}")),
            ],
            stderr=subprocess.PIPE,
        )  # fmt: skip
        _wait_until_traced(pid, tracer)
        os.write(go, b".")
        status = ended(pid, wait=True)
        tracer.communicate(timeout=ATTACH_SECONDS)
    finally:
        for end in (is_ready, go):
            os.close(end)
    return Traced(status or 0, output.read_text(encoding="utf-8", errors="replace"))


def _wait_until_traced(pid: int, tracer: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + ATTACH_SECONDS
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text(encoding="ascii"):
        if tracer.poll() is not None or time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            ended(pid, wait=True)
            tracer.kill()
            said = tracer.communicate()[1].decode(errors="replace").strip()
            raise RuntimeError(f"strace could not attach: {said or 'no answer'}")
        time.sleep(0.001)
