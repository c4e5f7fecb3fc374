"""The notebooks run from top to bottom, each in a kernel of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

NOTEBOOKS: Final = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
RUN: Final = """
import sys
import nbformat
from nbclient import NotebookClient
NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=100, kernel_name="python3").execute()
"""


def cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def test_all_are_there() -> None:
    """The five notebooks are there, in the order in which they are read."""
    assert [path.stem for path in NOTEBOOKS] == [
        "01_first_steps",
        "02_guardrails",
        "03_langchain_agent",
        "04_llamaindex_agent",
        "05_pipeline_health",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    """Every cell runs, without an account and without anything from the environment."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PIPEDRIVE_")}
    environment = clean | {"MPLBACKEND": "agg", "IPYTHONDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, str(path)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr[-2000:]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output(path: Path) -> None:
    """A notebook is stored without output, and with stable names of its cells."""
    for number, cell in enumerate(cells(path)):
        assert cell["id"] == f"cell-{number:02}"
        assert (cell.get("outputs", []), cell.get("execution_count")) == ([], None)
