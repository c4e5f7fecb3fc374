"""`python -m tests.torture [NAME ...]`: every long proof of this folder, or the named ones.

A proof is a module with `run() -> Iterable[Figure]`; it prints what people read as it goes. Each of several runs in a
process of its own, as many at once as there are cores; one whose module says `NEEDS_QUIET = True` has them to itself.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Final

from tests.torture.figures import Figure

FAILED: Final = "does not hold"
_PRINTING: Final = Lock()


def _proofs() -> dict[str, ModuleType]:
    """The modules that prove something, by name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    modules = {name: import_module(f"tests.torture.{name}") for name in names if not name.startswith("test_")}
    return {name: module for name, module in modules.items() if hasattr(module, "run")}


def _prove(name: str, run: Callable[[], Iterable[Figure]]) -> list[str]:
    """Run one proof here; gives the figures that do not hold."""
    print(f"== {name}", flush=True)
    started = time.monotonic()
    figures = list(run())
    for figure in figures:
        print(figure.line, flush=True)
    print(f"   {name} took {time.monotonic() - started:.0f} s", flush=True)
    return [figure.name for figure in figures if not figure.holds]


def _prove_apart(name: str) -> list[str]:
    """Run one proof in a process of its own, and print what it said once it has ended."""
    command = [sys.executable, "-m", "tests.torture", name]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    lines = ended.stdout.splitlines()
    with _PRINTING:
        print(*(line for line in lines if not line.startswith(FAILED)), sep="\n", flush=True)
    broken = [line.partition(": ")[2] for line in lines if line.startswith(FAILED)]
    return broken or ([f"{name} ended with status {ended.returncode}"] if ended.returncode else [])


def main(names: list[str]) -> int:
    """Run the proofs; 1 when a figure does not hold, 2 when a name is not known."""
    proofs = _proofs()
    if unknown := sorted(set(names) - set(proofs)):
        print(f"no proof is called {unknown}; there are: {', '.join(proofs)}", file=sys.stderr)
        return 2
    chosen = names or list(proofs)
    if len(chosen) == 1:
        broken = _prove(chosen[0], proofs[chosen[0]].run)
    else:
        quiet = [name for name in chosen if getattr(proofs[name], "NEEDS_QUIET", False)]
        broken = [each for name in quiet for each in _prove_apart(name)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            others = pool.map(_prove_apart, [name for name in chosen if name not in quiet])
        broken += [each for found in others for each in found]
    for name in broken:
        print(f"{FAILED}: {name}", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
