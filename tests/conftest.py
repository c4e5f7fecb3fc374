"""Fixtures that every suite may use: one sandbox a process, back in its first state for every test."""

import os
from collections.abc import Iterator
from datetime import date

import pytest

from pipedrive_tools.sandbox import Sandbox, Switches

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
