"""Processes that are killed and started again: each life is a fork of this warm one, so that many fit in a minute."""

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from random import Random
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def fork(work: Callable[[], None]) -> int:
    """Start a life; it ends with 0 when its work is done. The caller must have no thread and no open store."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        _die_with_the_parent()
        work()
    except BaseException:  # noqa: BLE001  # a life ends here, whatever happened in it
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _die_with_the_parent() -> None:
    """A life that nobody waits for must not go on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def ended(pid: int, *, wait: bool = False) -> int | None:
    """The exit status of a life that is over (128 and more: killed), None while it goes on."""
    found, status = os.waitpid(pid, 0 if wait else os.WNOHANG)
    if not found:
        return None
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def live_and_die(
    works: list[Callable[[], None]], *, kills: int, longest_seconds: float, seed: int, limit_seconds: float
) -> int:
    """Run each work in a process, kill one at random again and again and restart it; gives the kills.

    After `kills` of them everybody is left alone to finish.
    """
    random, killed, deadline = Random(seed), 0, time.monotonic() + limit_seconds
    lives = {fork(work): work for work in works}
    while lives:
        if time.monotonic() > deadline:
            for pid in lives:
                os.kill(pid, signal.SIGKILL)
                ended(pid, wait=True)
            raise TimeoutError(f"not finished after {limit_seconds:g} s and {killed} kills")
        time.sleep(random.uniform(0.02, longest_seconds) if killed < kills else 0.02)
        for pid in [each for each in lives if (status := ended(each)) is not None and _well(status)]:
            del lives[pid]
        if lives and killed < kills:
            pid = random.choice(list(lives))
            os.kill(pid, signal.SIGKILL)
            work = lives.pop(pid)
            if ended(pid, wait=True) == 128 + signal.SIGKILL:
                killed += 1
                lives[fork(work)] = work
    return killed


def _well(status: int) -> bool:
    if status:
        raise RuntimeError(f"a life ended by itself with status {status}")
    return True
