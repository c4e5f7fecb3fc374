"""An account in a local Pipedrive, and the agent at work on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sales_follow_up import agent
from sales_follow_up.agent import Apply
from sales_follow_up.consent import Consent, all_of
from sales_follow_up.report import Report
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY
from sales_follow_up.steps import AGENT, Steps

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset

TODAY = date(2026, 3, 2)  # a Monday

Start = Callable[..., Sandbox]
Run = Callable[..., Report]


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a sandbox on the given day; windows never refuse, so that no test waits for one."""
    with ExitStack() as stack:

        def started(**options: Any) -> Sandbox:
            known: dict[str, Any] = {"deals": 60, "today": TODAY}
            box = stack.enter_context(Sandbox.start(**(known | options)))
            box.switch(burst_limits=False)
            return box

        yield started


@pytest.fixture
def box(start: Start) -> Sandbox:
    return start()


@pytest.fixture
def connected(store_url: str) -> Iterator[Callable[..., Toolset]]:
    """The agent's toolset on a sandbox, with the packaged policy unless another is given."""
    with ExitStack() as stack:

        def connect(box: Sandbox, consent: Consent, policy: str | None = None, **knobs: Any) -> Toolset:
            known: dict[str, Any] = {"base_url": box.url, "api_token": box.token, "state": store_url}
            settings = Settings(**(known | knobs))
            rights = Policy.load(PACKAGED_POLICY) if policy is None else Policy.parse(policy)
            return stack.enter_context(Toolset.connect(AGENT, rights, settings=settings, approver=consent))

        yield connect


@pytest.fixture
def run(connected: Callable[..., Toolset]) -> Run:
    """One run of the agent on a sandbox, in silence."""

    def ran(
        box: Sandbox, *, apply: Apply = Apply.ALL, limit: int = 1000, policy: str | None = None, **knobs: Any
    ) -> Report:
        consent = Consent()
        toolset = connected(box, consent, policy, **knobs)
        steps = Steps(toolset=toolset, consent=consent, limit=limit, today=TODAY)
        decide = None if apply is Apply.NONE else lambda proposals: all_of(proposals, "a test")
        return agent.run(steps, decide=decide, listener=Screen(is_quiet=True))

    return ran


@pytest.fixture
def faults(tmp_path: Path) -> Callable[[str], Path]:
    """A file of faults for the sandbox."""

    def written(text: str) -> Path:
        path = tmp_path / "faults.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def packaged() -> str:
    """The text of the packaged policy."""
    return PACKAGED_POLICY.read_text(encoding="utf-8")
