"""The toolset of a run: under this agent's policy, and in the run that an earlier process left, where there is one."""

from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from pipedrive_tools.errors import DeniedError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset
from sales_follow_up.consent import Consent
from sales_follow_up.steps import AGENT
from sales_follow_up.unfinished import Unfinished

PACKAGED_POLICY: Final = Path(str(files("sales_follow_up") / "policy.toml"))


def connected(
    path: Path | str,
    settings: Settings,
    consent: Consent,
    *,
    goes_on_from: date | None = None,
    run: str | None = None,
) -> Toolset:
    """The agent's toolset, in the named run, or in one that was broken off on this day or the one beside it.

    The day is UTC's and the plan's is the user's; whether it is the same one is known once the user was read.
    """
    policy = Policy.load(path)
    if AGENT not in policy.agents:
        raise DeniedError(f"the policy {str(path)!r} does not name the agent {AGENT!r}", rule="agents")
    toolset = Toolset.connect(AGENT, policy, settings=settings, approver=consent, run=run)
    plan = Unfinished(toolset.memory).plan if goes_on_from and run is None else None
    if plan is None or goes_on_from is None or abs(plan.today - goes_on_from) > timedelta(days=1):
        return toolset
    toolset.close()
    return Toolset.connect(AGENT, policy, settings=settings, approver=consent, run=plan.run)
