"""Fixtures that every suite may use: one sandbox a process, back in its first state for every test."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from pipedrive_tools.sandbox import Sandbox, Switches
from pipedrive_tools.state.store import Store
from tests import postgres
from tests.telling import Told, telling

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # no test opens the computer's own

TODAY = date(2026, 3, 2)
"""The sandbox's day, so that its records are the same on every day."""

SQLITE: Final = "sqlite"
POSTGRES: Final = "postgres"

LONG: Final = frozenset({"torture", "deployment"})
"""Folders of tests that wait for seconds each: they come first, in one process, while others do the many short ones."""


def pytest_xdist_auto_num_workers() -> int:
    """Two a core where cores are few: the tests wait about as long as they compute. A server takes 100 connections."""
    cores = os.cpu_count() or 1
    return max(cores, min(2 * cores, 8))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on PostgreSQL what has nothing to do with it, and begin with what takes long."""
    left_out = [each for each in items if _is_for_sqlite_alone(each) and _engine(each) == POSTGRES]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [each for each in items if each not in left_out]
    items.sort(key=lambda each: each.path.parent.name not in LONG)


def _is_for_sqlite_alone(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("sqlite_only")
    if mark and not (mark.args and str(mark.args[0]).strip()):
        raise pytest.UsageError(f"{item.nodeid}: sqlite_only needs a reason")
    return mark is not None


def _engine(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return call.params.get("engine") if call else None


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """A small company that answers as fast as it can."""
    switches = Switches(burst_limits=False, conversion_polls=1)
    with Sandbox.start(today=TODAY, deals=40, plan="ultimate", switches=switches) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The sandbox in its first state."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server's address; where there can be none, the tests that need it are skipped and say so."""
    if postgres.answers(postgres.address()):
        yield postgres.address()
    elif postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    else:
        with postgres.cluster() as own:
            yield own.url


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: str) -> Iterator[postgres.Tables]:
    """The tables of a store, made once for this process."""
    with postgres.schema(postgres_server) as url, postgres.Tables.made(url) as tables:
        yield tables


@pytest.fixture(params=[SQLITE, POSTGRES])
def engine(request: pytest.FixtureRequest) -> str:
    """What a test's store is on: each engine in turn, and SQLite alone where the mark `sqlite_only` says why."""
    name: str = request.param
    return name


@pytest.fixture
def store_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store, on each engine in turn: whoever opens a store in a test gets it from here."""
    if engine == SQLITE:
        return f"sqlite:///{tmp_path / 'state.db'}"
    tables: postgres.Tables = request.getfixturevalue("postgres_tables")
    return tables.emptied()


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same for DBOS, which keeps its tables in one schema for all of a database: this one is the test's alone."""
    if engine == SQLITE:
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    with postgres.database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, on each engine in turn."""
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def told() -> Iterator[Told]:
    """What OpenTelemetry is told during a test."""
    with telling() as found:
        yield found
