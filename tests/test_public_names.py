"""The names of `import pipedrive_tools`, and what it costs to have them."""

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import pipedrive_tools

FORBIDDEN = {"langchain", "langchain_core", "llama_index", "starlette", "uvicorn", "sqlalchemy", "typer"}
"""Top-level modules that a bare import must not bring."""


def test_what_is_declared_is_what_there_is() -> None:
    """`dir`, `__all__` and what can be imported are the same names."""
    assert set(dir(pipedrive_tools)) == {*pipedrive_tools.__all__, "__version__"}
    for name in pipedrive_tools.__all__:
        assert getattr(pipedrive_tools, name) is not None


def test_each_name_is_what_the_type_checker_sees() -> None:
    """The lazy home of a name and the import that type checkers follow are one and the same."""
    source = Path(pipedrive_tools.__file__).read_text(encoding="utf-8")
    declared = {
        alias.name: node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipedrive_tools")
        for alias in node.names
    }

    assert set(declared) == set(pipedrive_tools.__all__)
    for name, module in declared.items():
        found = subprocess.run(
            [sys.executable, "-c", f"import pipedrive_tools as p, {module} as m; print(p.{name} is m.{name})"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert found.stdout.strip() == "True"


def test_the_version_is_the_installed_one() -> None:
    """The version is written in the package's metadata and nowhere else."""
    assert pipedrive_tools.__version__ == metadata.version("pipedrive-tools")


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that is not promised is not there."""
    with pytest.raises(AttributeError, match="no attribute 'Pipedriver'"):
        pipedrive_tools.Pipedriver  # type: ignore[attr-defined]  # noqa: B018  # the point of the test


def test_a_bare_import_brings_no_framework() -> None:
    """`import pipedrive_tools` loads no framework, no server, no database library."""
    code = "import sys, pipedrive_tools; print('\\n'.join({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert not FORBIDDEN & set(loaded.split())


def test_every_public_name_leaves_frameworks_alone() -> None:
    """Using every public name loads neither a framework nor the sandbox's server."""
    code = "import sys; from pipedrive_tools import *; print('\\n'.join({n.partition('.')[0] for n in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert not (FORBIDDEN - {"sqlalchemy"}) & set(loaded.split())
