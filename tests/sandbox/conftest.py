"""A client for the sandbox, and the sandbox's own refusals in words."""

from collections.abc import Iterator

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client that is let in."""
    with httpx.Client(base_url=sandbox.url, headers={"x-api-token": sandbox.token}) as client:
        yield client
