import subprocess
import sys

import pytest

WITHOUT = """
import sys
sys.modules[{package!r}] = None
from pipedrive_tools.errors import MissingExtraError
try:
    from pipedrive_tools.adapters import {adapter}
    {more}
except MissingExtraError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("adapter", "package", "more", "extra"),
    [
        ("langchain", "langchain_core", "", "langchain"),
        ("llamaindex", "llama_index", "", "llamaindex"),
        ("mcp", "mcp", "", "mcp"),
        ("langchain", "langgraph", "langchain.interrupting()", "agents"),
    ],
)
def test_one_line(adapter: str, package: str, more: str, extra: str) -> None:
    """Without its package, a door says in one line what to install."""
    program = WITHOUT.format(adapter=adapter, package=package, more=more)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout.count("\n") == 1
    assert f"pip install 'pipedrive-tools[{extra}]'" in told.stdout
