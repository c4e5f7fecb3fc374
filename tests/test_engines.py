"""What does not run on both engines, and why: everything else takes its store from `store_url` or `database_url`."""

import ast
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parent
MARK: Final = "sqlite_only"
"""Tests that carry this mark say why themselves."""
APART: Final = {
    "adapters/test_langchain.py": "a toolset that is looked at and sends nothing",
    "adapters/test_llamaindex.py": "a toolset that is looked at and sends nothing",
    "adapters/test_mcp.py": "a toolset that is looked at and sends nothing",
    "agents/test_follow_up_again.py": "a second store beside the one under test",
    "endpoints/test_subscriptions.py": "a toolset that is looked at and sends nothing",
    "state/test_revisions.py": "a store that is not there yet, on each engine",
    "state/test_shared_slots.py": "a second store beside the one under test",
    "test_engines.py": "about the addresses themselves",
    "test_parity.py": "an empty store for every call, on each engine",
    "test_settings.py": "an address that is read and not opened",
    "toolset/test_audit_trail.py": "a second store beside the one under test",
    "toolset/test_cumulative_limits.py": "a second store beside the one under test",
    "toolset/test_limits.py": "a second store beside the one under test",
    "toolset/test_recovery.py": "a second store beside the one under test",
    "toolset/test_telemetry.py": "a program that loads no more than it needs",
    "webhooks/test_receiver.py": "a database that is gone: its folder was removed",
    "webhooks/test_worker.py": "an address that is derived and not opened",
}
"""Files that name SQLite outside of a marked test."""


def unmarked(source: str) -> list[int]:
    """Lines that name an address of SQLite, outside of tests that say why they are about it."""
    tree = ast.parse(source)
    if any(_is_marked(each.value) for each in tree.body if isinstance(each, ast.Assign)):
        return []
    marked = [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(_is_marked(decorator) for decorator in each.decorator_list)
    ]
    inside = {
        line
        for each in marked
        for line in range(
            min(part.lineno for part in [each, *each.decorator_list]), (each.end_lineno or 0) + 1
        )
    }
    named = {
        each.lineno
        for each in ast.walk(tree)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and "sqlite:/" in each.value
    }
    return sorted(named - inside)


def _is_marked(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr == MARK for each in ast.walk(node))


def test_every_store_is_on_both_engines() -> None:
    """No test opens SQLite by name, unless it or the list above says why."""
    found = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("test_*.py")
        if "torture" not in path.parts and unmarked(path.read_text(encoding="utf-8"))
    }
    assert found == set(APART)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def test_a():\n    Store('sqlite:///x')", [2]),
        ("@pytest.mark.sqlite_only('why')\ndef test_a():\n    Store('sqlite:///x')", []),
        ("@pytest.mark.sqlite_only('why')\ndef test_a(): ...\ndef test_b(url=f'sqlite:///{x}'): ...", [3]),
        ("pytestmark = pytest.mark.sqlite_only('why')\nURL = 'sqlite://'", []),
    ],
    ids=["by name", "marked", "another", "a whole file"],
)
def test_the_look_finds(source: str, lines: list[int]) -> None:
    """What names SQLite is found where it stands; a mark is for its own test only."""
    assert unmarked(source) == lines
