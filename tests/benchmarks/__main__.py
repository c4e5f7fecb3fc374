"""`python -m tests.benchmarks [NAME …]`: print the promised figures of speed and size, both sides in one run."""

import sys
from importlib import import_module
from pathlib import Path

from tests.figures import report


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them."""
    here = Path(__file__).parent
    found = sorted(path.stem for path in here.glob("*.py") if not path.stem.startswith("_"))
    found.remove("server")
    if unknown := sorted(set(names) - set(found)):
        print(f"there are no benchmarks {unknown}; there are {found}", file=sys.stderr)
        return 2
    all_hold = True
    for name in names or found:
        print(f"\n== {name}", flush=True)
        all_hold = report(import_module(f"tests.benchmarks.{name}").run()) and all_hold
    return 0 if all_hold else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
