"""Stores for webhooks on each engine: the inbox beside the state, and a database in which DBOS may work."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from tests import postgres

STATE_KEY = Fernet.generate_key().decode()
"""A store that has no file has its key from outside."""


@pytest.fixture
def settings(sandbox: Sandbox, store_url: str) -> Settings:
    """A client of the sandbox that tries once, with an empty store on each engine in turn."""
    return Settings(
        base_url=sandbox.url, api_token=sandbox.token, state=store_url, state_key=STATE_KEY, attempts=1
    )


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database that belongs to this test alone, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    with postgres.database(request.getfixturevalue("postgres_server")) as url:
        yield url
