"""What an import costs, in processes of their own."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.figures import Figure

ROUNDS = 15
OURS = "import pipedrive_tools"
BARE = "import httpx, pydantic"
ALL = "from pipedrive_tools import *"
BARE_MODEL = "import httpx, sqlalchemy; from pydantic import BaseModel"
FOREIGN = ("langchain", "langchain_core", "llama_index", "starlette", "sqlalchemy")


def run() -> Iterator[Figure]:
    """The package alone, and with every public name."""
    yield _ratio("import pipedrive_tools over import httpx, pydantic", OURS, BARE, "<= 1.4")
    yield _ratio("every public name over httpx, pydantic's models and sqlalchemy", ALL, BARE_MODEL, "<= 1.4")
    code = f"{OURS}, sys; print(sum(name in sys.modules for name in {FOREIGN!r}))"
    count = int(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )
    yield Figure(
        "frameworks and servers that the import loads", count, "== 0", f"looked for {', '.join(FOREIGN)}"
    )


def _ratio(name: str, ours: str, bare: str, bar: str) -> Figure:
    pairs = [(_seconds(ours), _seconds(bare)) for _ in range(ROUNDS)]
    left, right = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    value = statistics.median(a / b for a, b in pairs)
    return Figure(name, value, bar, f"{left:,.0f} ms against {right:,.0f} ms, medians of {ROUNDS} pairs")


def _seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start
