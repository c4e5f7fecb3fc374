"""Settings for webhooks, with a store on each engine."""

import pytest

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from tests.logins import STATE_KEY


@pytest.fixture
def settings(sandbox: Sandbox, store_url: str) -> Settings:
    """A client of the sandbox that tries once, with an empty store on each engine in turn."""
    return Settings(
        base_url=sandbox.url, api_token=sandbox.token, state=store_url, state_key=STATE_KEY, attempts=1
    )
