"""What stands around every call of one toolset."""

from dataclasses import dataclass, field
from typing import Any

from pipedrive_tools.endpoint import Call
from pipedrive_tools.gate.approval import Approver
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.redact import Redaction
from pipedrive_tools.gate.scope import Facts
from pipedrive_tools.gate.verdict import Counters, Verdict, decide
from pipedrive_tools.render import Left
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.limits import Limiter
from pipedrive_tools.toolset.books import Books
from pipedrive_tools.toolset.directory import Directory
from pipedrive_tools.toolset.run import Run


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that stands around a call and that the model cannot reach."""

    agent: str
    policy: Policy
    settings: Settings
    books: Books
    run: Run
    approver: Approver
    redaction: Redaction
    """Fields that the agent is never shown."""
    directory: Directory
    """Names of stages, people and fields."""
    tag: str
    """Tag of the fence around foreign text."""
    limiter: Limiter = field(default_factory=Limiter)
    """Keeps the calls inside Pipedrive's limits, and knows what is used of the day."""
    offered: frozenset[str] | None = None
    """The tools that may be called, where they are fewer than the policy grants."""

    @property
    def left(self) -> Left | None:
        """What the run may still spend, where that is limited."""
        most = self.policy.of(self.agent).limits.tokens_per_run
        return None if most is None else Left(max(0, most - self.run.spent), most)

    def offers(self, name: str) -> bool:
        """Whether a tool is among those that may be called, if the policy grants it."""
        return self.offered is None or name in self.offered

    def decided(self, call: Call[Any], facts: Facts | None, counters: Counters | None = None) -> Verdict:
        """Allow, ask or deny a call, by what is known of what it touches."""
        return decide(
            self.policy,
            self.agent,
            call,
            facts=facts,
            counters=counters or self.run.counters,
            taint=self.run.taint,
        )

    def rehearses(self, call: Call[Any]) -> bool:
        """Whether the effect is only shown: the settings are a floor, a call may ask for it."""
        return self.settings.dry_run or bool(getattr(call.args, "dry_run", False))
