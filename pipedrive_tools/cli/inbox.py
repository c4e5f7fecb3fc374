"""`webhooks serve`, `webhooks retry`, `webhooks discard`, and what `webhooks list --parked` shows."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Annotated, Any, Final, Literal

import typer

from pipedrive_tools.cli import failure, output
from pipedrive_tools.cli.service import stopping
from pipedrive_tools.errors import MissingExtraError
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.logins import books
from pipedrive_tools.state.store import Store

MOST: Final = 500
"""Parked events that are shown at most, the newest."""

Numbers = Annotated[
    list[int], typer.Argument(metavar="ID...", help="Number of the event, as `list --parked` shows it.")
]


def serve(host: str, port: int, *, beside: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
    """Take events into the inbox until Ctrl-C; `beside` is entered once somebody listens."""
    try:
        from pipedrive_tools.webhooks import serving  # noqa: PLC0415  # starlette and uvicorn are an extra
        from pipedrive_tools.webhooks.running import receiving  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "uvicorn", "webhooks") from error
    with stopping(), receiving(Settings.from_env()) as app, ExitStack() as stack:

        def ready(url: str) -> None:
            _introduce(url)
            stack.enter_context(beside())

        serving.serve(app, host, port, ready=ready)


def retry(numbers: Numbers) -> int:
    """Have parked events worked on once more."""
    return _settle(numbers, "new")


def discard(numbers: Numbers) -> int:
    """Give parked events up."""
    return _settle(numbers, "discarded")


def parked(*, as_json: bool) -> None:
    """Print the events that were tried for the last time."""
    settings = Settings.from_env()
    opened = Store(inbox.beside(settings.state, "inbox"))
    with opened.reading() as connection:
        found = inbox.listed(connection, books(settings), "parked", limit=MOST)
    opened.close()
    if as_json:
        output.document([_as_json(item) for item in found])
        return
    output.table(
        ["id", "received", "record", "found by", "why it is parked"],
        [
            [item.id, output.moment(item.received), item.record, item.source, item.outcome or ""]
            for item in found
        ],
        nothing="no event is parked",
    )


def _settle(numbers: Sequence[int], state: Literal["new", "discarded"]) -> int:
    settings = Settings.from_env()
    opened = Store(inbox.beside(settings.state, "inbox"))
    with opened.transaction(durable=True) as connection:
        account = books(settings)
        strange = [number for number in numbers if not inbox.settle(connection, account, number, state)]
    opened.close()
    if not strange:
        return 0
    told = ", ".join(map(str, strange))
    return failure.say(f"no such event is parked: {told}; see webhooks list --parked", None, failure.FAILED)


def _as_json(item: Item) -> dict[str, Any]:
    """One event for programs; what it says stays in the store, it may hold what is never shown."""
    return {
        "id": item.id,
        "record": item.record,
        "source": item.source,
        "received": item.received,
        "state": item.state,
        "outcome": item.outcome,
        "changed": item.changed,
    }


def _introduce(url: str) -> None:
    output.line(
        f"Webhooks are taken at {url}; what they bring is kept before they are answered. Stop it with Ctrl-C."
    )
    sys.stdout.flush()  # whoever reads a pipe waits for this line
