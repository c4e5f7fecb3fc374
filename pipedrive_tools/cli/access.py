"""What a command may do as an agent: the policy, and a toolset; from the options, else from the environment."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipedrive_tools.cli.storage import store
from pipedrive_tools.errors import DeniedError
from pipedrive_tools.gate import approval
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset


def rights(settings: Settings, policy: Path | None, agent: str | None) -> tuple[Policy, str]:
    """The policy and the agent that a person named; without them nothing is allowed."""
    path, name = policy or settings.policy, agent or settings.agent
    if not path:
        raise DeniedError(
            "refused: no policy is given, so no tool is allowed; "
            "name one with --policy FILE --agent NAME, or set PIPEDRIVE_POLICY and PIPEDRIVE_AGENT",
            rule="policy",
        )
    found = Policy.load(path)
    if not name or name not in found.agents:
        wrong = f"the policy does not name the agent {name!r}" if name else "no agent is named"
        known = ", ".join(found.agents) or "nobody"
        raise DeniedError(f"refused: {wrong}; pass --agent, the policy names: {known}", rule="agents")
    return found, name


@contextmanager
def toolset(policy: Path | None, agent: str | None, *, dry_run: bool = False) -> Iterator[Toolset]:
    """The tools of one agent. Questions go to the terminal, or wait in the store where nobody sits at one."""
    settings = Settings.from_env()
    settings = replace(settings, dry_run=settings.dry_run or dry_run)
    found, name = rights(settings, policy, agent)
    with store(settings) as books:
        someone = sys.stdin.isatty() and sys.stderr.isatty()
        approver = approval.named("terminal" if someone else "queue", books)
        with Toolset.connect(name, found, settings=settings, approver=approver) as tools:
            yield tools
