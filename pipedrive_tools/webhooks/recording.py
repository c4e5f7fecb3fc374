"""What a person does to webhooks, in the audit trail: a row before Pipedrive is asked, and one for what became of it.

A row is made from the webhook's name, event and host. Its password is no part of it, nor the rest of its address,
which may hold a secret as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.gate.sentence import quoted
from pipedrive_tools.state import audit, journal
from pipedrive_tools.state.hooks import Hook
from pipedrive_tools.state.store import Store

RULE: Final = "person"
"""No policy decides about what a person asks for on the command line."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """The trail of one command."""

    store: Store
    account: str
    person: str
    """Who is logged in at this computer."""
    command: str
    """As it was typed, without what it was given: `webhooks add`."""
    run: str = field(default_factory=lambda: f"command-{journal.new_id()}")

    def sent(
        self, endpoint: Endpoint[..., Any], what: str, send: Callable[[], T], became: Callable[[T], str]
    ) -> T:
        """Send, between a row on the disk that says so and one that says what became of it."""
        number = journal.new_id()
        self._append(number, endpoint, "decision", status="sent", said=f"{what}; it is about to be sent")
        try:
            found = send()
        except PipedriveToolsError as error:
            status = "unknown" if error.outcome == "unknown" else "failed"
            told = "nobody knows whether it was done" if status == "unknown" else "nothing was changed"
            self._append(number, endpoint, "outcome", status=status, said=f"{what}; it failed, {told}")
            raise
        self._append(
            number, endpoint, "outcome", status="ok", said=f"{what}; {became(found)}", cost=endpoint.cost
        )
        return found

    def _append(
        self, number: str, endpoint: Endpoint[..., Any], step: str, *, status: str, said: str, cost: int = 0
    ) -> None:
        entry = audit.Entry(
            id=number,
            account=self.account,
            run=self.run,
            agent=self.person,
            tool=endpoint.name,
            step=step,
            decision="allow",
            rule=RULE,
            approver=self.person,
            status=status,
            cost=cost,
            sentence=f"Person {quoted(self.person)}, with {quoted(self.command)}: {said} (rule {RULE}).",
        )
        with self.store.hot(durable=True) as connection:
            audit.append(connection, entry)


def described(hook: Hook) -> str:
    """One of ours in a sentence."""
    host = urlsplit(hook.url).hostname or "an address"
    return f"the webhook {quoted(hook.name)} for {hook.action}.{hook.object} to {host}"
