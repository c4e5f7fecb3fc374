"""`python -m tests.torture [NAME ...]`: every long proof of this folder, or the named ones.

A proof is a module with `run() -> Iterable[Figure]`; it prints what people read as it goes.
"""

import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tests.torture.figures import Figure


def _proofs() -> dict[str, Callable[[], Iterable[Figure]]]:
    """The entries by the name of their module."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    modules: dict[str, ModuleType] = {
        name: import_module(f"tests.torture.{name}") for name in names if not name.startswith("test_")
    }
    return {name: module.run for name, module in modules.items() if hasattr(module, "run")}


def main(names: list[str]) -> int:
    """Run the proofs; 1 when a figure does not hold, 2 when a name is not known."""
    proofs = _proofs()
    if unknown := sorted(set(names) - set(proofs)):
        print(f"no proof is called {unknown}; there are: {', '.join(proofs)}", file=sys.stderr)
        return 2
    broken: list[str] = []
    for name in names or list(proofs):
        print(f"== {name}", flush=True)
        started = time.monotonic()
        figures = list(proofs[name]())
        for figure in figures:
            print(figure.line, flush=True)
        broken += [figure.name for figure in figures if not figure.holds]
        print(f"   {name} took {time.monotonic() - started:.0f} s", flush=True)
    for name in broken:
        print(f"does not hold: {name}", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
