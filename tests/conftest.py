"""Fixtures that every suite may use: one sandbox a process, back in its first state for every test."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipedrive_tools.sandbox import Sandbox, Switches
from pipedrive_tools.state.store import Store
from tests import postgres
from tests.telling import Told, telling

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # no test opens the computer's own

TODAY = date(2026, 3, 2)
"""The sandbox's day, so that its records are the same on every day."""


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


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    yield request.getfixturevalue("postgres_tables").emptied()


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
