"""Fixtures for the doors: toolsets over the sandbox, each with a store of its own."""

from collections.abc import Callable, Iterator

import pytest

from pipedrive_tools.gate.approval import Approver, nobody
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset

Connect = Callable[..., Toolset]


@pytest.fixture
def connect(sandbox: Sandbox, store_url: str) -> Iterator[Connect]:
    """Toolsets over the sandbox that share one store, as processes of one machine do; closed after the test."""
    made: list[Toolset] = []

    def connected(policy: str | Policy, *, approver: Approver = nobody, run: str | None = None) -> Toolset:
        settings = Settings(base_url=sandbox.url, api_token=sandbox.token, state=store_url)
        parsed = Policy.parse(f"[agents.tester]\n{policy}") if isinstance(policy, str) else policy
        made.append(Toolset.connect("tester", parsed, settings=settings, approver=approver, run=run))
        return made[-1]

    yield connected
    for toolset in made:
        toolset.close()


@pytest.fixture
def deal_ids(sandbox: Sandbox) -> list[int]:
    """Numbers of open deals."""
    return [
        each["id"]
        for each in sandbox.records("deals")
        if each["status"] == "open" and not each["is_archived"]
    ]
