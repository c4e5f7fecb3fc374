"""An outage: what changed while nobody listened is found by one sweep, at the price of a few pages."""

import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.state import inbox
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.sweep import Sweep, Swept
from tests.torture.far_side import FarSide
from tests.torture.figures import Figure

CHANGES: Final = 2_000
DELETED_IN: Final = 10
"""One deal in so many is deleted rather than changed."""
PAGE_TOKENS: Final = 10
PAGES_OF_OTHERS: Final = 70
"""Tokens for a look at the lists in which nothing changed."""


def _change(far: FarSide, client: httpx.Client, number: int) -> tuple[str, str]:
    """Change or delete one deal; gives the event that should have come."""
    path = f"{far.url}/api/v2/deals/{number}"
    if number % DELETED_IN == 0:
        client.delete(path).raise_for_status()
        return "delete", f"deal:{number}"
    client.patch(path, json={"value": number}).raise_for_status()
    return "change", f"deal:{number}"


def swept(changes: int) -> tuple[set[tuple[str, str]], set[tuple[str, str]], Swept, Swept]:
    """What changed, what the sweep handed on, what it found, and what a second one found."""
    rights = "\n".join(
        f'{name} = "read"' for name in ("deals", "persons", "organizations", "activities", "leads", "notes")
    )
    policy = Policy.parse(f"[agents.a]\n{rights}")
    with FarSide(deals=int(changes * 1.6)) as far, tempfile.TemporaryDirectory() as folder:
        settings, store = far.settings(f"sqlite:///{folder}/state.db"), Store(f"sqlite:///{folder}/inbox.db")
        sweep = Sweep(
            store=store,
            account="here",
            connect=lambda run: Toolset.connect("a", policy, settings=settings, run=run),
        )
        sweep()
        before = _kept(store)
        deals = [
            each["id"]
            for each in far.records("deals")
            if not each["is_archived"] and each["status"] != "deleted"
        ]
        headers = {"x-api-token": far.token}
        with (
            httpx.Client(headers=headers, trust_env=False, timeout=60) as client,
            ThreadPoolExecutor(4) as pool,
        ):
            missed = set(pool.map(lambda number: _change(far, client, number), deals[:changes]))
        found, again = sweep(), sweep()
        handed_on = _kept(store) - before
        store.close()
        return missed, handed_on, found, again


def _kept(store: Store) -> set[tuple[str, str]]:
    with store.transaction(durable=False) as connection:
        items = [events.parse(item.body) for item in inbox.listed(connection, "here", limit=1_000_000)]
    return {(each.meta.action, each.record) for each in items}


def run(changes: int = CHANGES) -> Iterable[Figure]:
    """The figures of one outage."""
    missed, handed_on, found, again = swept(changes)
    print(f"   {len(missed):,} changes missed; {found}; a second sweep: {again}", flush=True)
    yield Figure(f"changes found of {len(missed):,} missed", len(missed & handed_on), f">= {len(missed)}")
    planned = PAGE_TOKENS * (-(-found.changed // 500) + 2) + PAGES_OF_OTHERS
    yield Figure("API tokens of the sweep", found.tokens, f"<= {planned}")
    yield Figure("handed on by a second sweep", again.handed_on, "== 0")
