"""Receiver, worker and sweep, put together from the settings: what commands and applications start."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette

from pipedrive_tools.gate.scope import Key
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.logins import Logins, books
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks.credentials import HookCredentials
from pipedrive_tools.webhooks.hint import Handler, Hint
from pipedrive_tools.webhooks.intake import Intake
from pipedrive_tools.webhooks.receiver import application
from pipedrive_tools.webhooks.seen import counted
from pipedrive_tools.webhooks.sweep import Sweep, Swept, repeated

SWEEP_SECONDS: Final = 15 * 60.0
"""A quiet sweep of all six lists costs 80 API tokens, so some 7,700 a day at this pace."""

Connect = Callable[[str, Sequence[Key]], Toolset]
"""Gives the tools for the run of this name, started for these records."""


def inbox_of(settings: Settings) -> Store:
    """The inbox, opened."""
    return Store(inbox.beside(settings.state, "inbox"))


@contextmanager
def receiving(settings: Settings) -> Iterator[Starlette]:
    """The receiver of one account, with its stores open."""
    with ExitStack() as stack:
        store = Store(settings.state)
        events = Store(inbox.beside(settings.state, "inbox"), tidies_itself=False)
        stack.callback(store.close)
        stack.callback(events.close)
        account = Logins(settings, store).books()
        stack.enter_context(counted(events, account))
        intake = stack.enter_context(Intake(events, account))
        yield application(intake, HookCredentials.of(settings, store).check)


@dataclass(frozen=True, kw_only=True)
class Working:
    """Works on the events of one account: in its order, and with what the sweep finds."""

    settings: Settings
    connect: Connect
    handler: Handler
    on_end: Callable[[Item, str], None] = lambda _item, _outcome: None
    """Told of each event that is over, and what became of it."""
    on_swept: Callable[[Swept], None] = lambda _: None
    """Told of each sweep."""
    sweep_seconds: float = SWEEP_SECONDS
    threads: int = 8

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Work while the block lasts."""
        from pipedrive_tools.webhooks.worker import Worker  # noqa: PLC0415  # DBOS is slow to import

        account, events = books(self.settings), inbox_of(self.settings)
        with ExitStack() as stack:
            stack.callback(events.close)
            worker = Worker(
                events,
                account,
                inbox.beside(self.settings.state, "queue"),
                Hint(events, account, self.connect, self.handler),
                threads=self.threads,
                on_end=self.on_end,
            )
            stack.enter_context(counted(events, account))
            stack.enter_context(worker)
            sweep = Sweep(store=events, account=account, connect=lambda run: self.connect(run, ()))
            stack.enter_context(repeated(sweep, self.sweep_seconds, on_swept=self.on_swept))
            yield
