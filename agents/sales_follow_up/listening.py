"""`sales-follow-up watch`: takes webhooks, works on each, and sweeps for what none brought, until it is stopped."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipedrive_tools.errors import DeniedError, MissingExtraError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.scope import Key
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.toolset import Toolset
from sales_follow_up.applying import Outcome
from sales_follow_up.calendars import workdays_of
from sales_follow_up.consent import Consent
from sales_follow_up.proposals import Proposal
from sales_follow_up.rows import title
from sales_follow_up.steps import AGENT

try:
    from pipedrive_tools.webhooks.running import Working, receiving
    from pipedrive_tools.webhooks.serving import served
    from pipedrive_tools.webhooks.sweep import Swept
    from sales_follow_up.watching import Watch
except ModuleNotFoundError as error:
    raise MissingExtraError(error.name or "dbos", "webhooks") from error


@dataclass(frozen=True, kw_only=True)
class Listening:
    """What is watched, and how."""

    settings: Settings
    policy: Path
    applies: bool
    """Whether proposals are scheduled; else they are only told."""
    host: str = "127.0.0.1"
    port: int = 0
    sweep_seconds: float
    country: str | None = None
    today: date | None = None
    tells_undo: bool = True
    """Whether the store outlives this, so that a step can be taken back."""
    tells: Callable[[str], None]
    """Told a line about each thing that happens."""

    @contextmanager
    def __call__(self) -> Iterator[str]:
        """Listen while the block lasts; gives the address for Pipedrive."""
        policy, consent = self._policy(), Consent()

        def connect(run: str, about: Sequence[Key]) -> Toolset:
            return Toolset.connect(
                AGENT, policy, settings=self.settings, approver=consent, run=run, about=about
            )

        working = Working(
            settings=self.settings,
            connect=connect,
            handler=Watch(
                consent=consent,
                applies=self.applies,
                today=self.today,
                workdays=lambda today: workdays_of(self.country, today),
                on_proposal=lambda proposal, outcome: self.tells(
                    told(proposal, outcome, tells_undo=self.tells_undo)
                ),
            ),
            on_end=lambda item, outcome: self.tells(ended(item, outcome)),
            on_swept=lambda found: self.tells(swept(found)),
            sweep_seconds=self.sweep_seconds,
            threads=1,  # two events about one deal must not both find it without a next step
        )
        with ExitStack() as stack:
            app = stack.enter_context(receiving(self.settings))
            url = stack.enter_context(served(app, self.host, self.port))
            stack.enter_context(working())
            yield url

    def _policy(self) -> Policy:
        policy = Policy.load(self.policy)
        if AGENT not in policy.agents:
            raise DeniedError(
                f"the policy {str(self.policy)!r} does not name the agent {AGENT!r}", rule="agents"
            )
        return policy


def told(proposal: Proposal, outcome: Outcome | None, *, tells_undo: bool) -> str:
    """One proposal, and what became of it."""
    about, plan = proposal.finding.about, proposal.follow_up
    became = "proposed" if outcome is None else str(outcome.state)
    if outcome is not None and outcome.activity_id is not None:
        became += f" as activity {outcome.activity_id}"
        became += f"; undo: {outcome.undo}" if outcome.undo and tells_undo else ""
    return (
        f"{about.key} {title(about)}\n"
        f"   why:  {plan.reason}\n"
        f"   next: {plan.subject} ({plan.type}, {plan.due_date:%A %d %B})\n"
        f"   {became}"
    )


def ended(item: Item, outcome: str) -> str:
    """What became of one event."""
    by = "found by the sweep" if item.source == "sweep" else "webhook"
    return f"{item.record} ({by}): {outcome}"


def swept(found: Swept) -> str:
    """What one sweep found, and what it cost."""
    gaps = "".join(f"\n   not read: {gap}" for gap in found.gaps)
    return f"sweep: {found.changed} changed lately, {found.handed_on} were news, {found.tokens} tokens{gaps}"
