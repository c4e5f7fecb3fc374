"""The inbox: events that were received, each once, and what became of them.

new --handed to the queue--> queued --handled--> done
                                '--failed for the last time--> parked --a person--> new again, or discarded
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.schema import inbox
from pipedrive_tools.state.store import default_url

State = Literal["new", "queued", "done", "parked", "discarded"]
Source = Literal["webhook", "sweep"]
BATCH: Final = 500
"""Rows that one transaction touches at most, so that nobody waits long for it."""
_FINISH: Final = (
    "WITH told(which, outcome) AS (VALUES {rows}) "  # noqa: S608  # our own table
    f"UPDATE {inbox.name} SET state = 'done', changed = ?, "
    f"outcome = (SELECT told.outcome FROM told WHERE told.which = {inbox.name}.id) "
    "WHERE id IN (SELECT which FROM told) AND state IN ('new', 'queued')"
)
_QUEUED: Final = (
    f"UPDATE {inbox.name} SET state = 'queued', changed = ? WHERE state = 'new' AND id IN ({{rows}})"  # noqa: S608
)


def beside(state: str | None, name: str) -> str:
    """Address of another database for the same account: a file beside SQLite's, the same database elsewhere.

    The inbox has a file of its own, and so has the queue: a webhook is answered while both work.
    """
    url = state or default_url()
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return url
    if address.database in {None, "", ":memory:"}:
        raise StoreError(
            "events cannot be kept in memory; set PIPEDRIVE_STATE to a file or a PostgreSQL database"
        )
    path = Path(str(address.database))
    return address.set(database=str(path.with_name(f"{path.stem}-{name}.db"))).render_as_string(
        hide_password=False
    )


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """An event that is to be kept."""

    content: str
    number: str | None
    record: str
    body: bytes
    source: Source = "webhook"


@dataclass(frozen=True, kw_only=True)
class Item:
    """An event that is kept."""

    id: int
    account: str
    content: str
    number: str | None
    record: str
    source: Source
    body: bytes
    received: float
    state: State
    turn: int
    """How often a person sent it again."""
    outcome: str | None
    changed: float


def keep(connection: Connection, account: str, arrivals: Iterable[Arrival]) -> int:
    """Write events down; one that shares its content or its number with one that is there is the same again.

    Gives how many were not there yet.
    """
    now = time.time()
    rows = [
        {
            "account": account,
            "content": each.content,
            "number": each.number,
            "record": each.record,
            "source": each.source,
            "body": each.body,
            "received": now,
            "state": "new",
            "turn": 0,
            "changed": now,
        }
        for each in arrivals
    ]
    if not rows:
        return 0
    if connection.dialect.name == "postgresql":  # whose driver does not count rows that came together
        added = postgresql.insert(inbox).on_conflict_do_nothing().returning(inbox.c.id)
        return len(connection.execute(added, rows).all())
    return connection.execute(sqlite.insert(inbox).on_conflict_do_nothing(), rows).rowcount


def fresh(connection: Connection, account: str, limit: int = BATCH) -> list[Item]:
    """Events that nobody has handed on yet, in the order of arrival."""
    return _items(connection, inbox.c.account == account, inbox.c.state == "new", limit=limit)


def queued(connection: Hot, ids: Sequence[int]) -> None:
    """Events were handed to the queue; one statement, so that a receiver does not wait for what Python does."""
    if ids:
        connection.execute(_QUEUED.format(rows=", ".join("?" * len(ids))), (time.time(), *ids))


def finish(connection: Hot, ends: Sequence[tuple[int, str]]) -> None:
    """What became of events, in one statement as well."""
    if ends:
        statement = _FINISH.format(rows=", ".join(["(?, ?)"] * len(ends)))
        connection.execute(statement, (*(value for end in ends for value in end), time.time()))


def park(connection: Connection, id: int, problem: str) -> None:
    """An event was tried for the last time."""
    still = update(inbox).where(inbox.c.id == id, inbox.c.state.in_(("new", "queued")))
    connection.execute(still.values(state="parked", outcome=problem, changed=time.time()))


def get(connection: Connection, id: int) -> Item | None:
    """One event."""
    return next(iter(_items(connection, inbox.c.id == id)), None)


def listed(
    connection: Connection, account: str, state: State | None = None, *, limit: int = 50
) -> list[Item]:
    """The last events, newest first."""
    which = [] if state is None else [inbox.c.state == state]
    return _items(connection, inbox.c.account == account, *which, limit=limit, newest_first=True)


def settle(connection: Connection, account: str, id: int, state: Literal["new", "discarded"]) -> bool:
    """Send a parked event once more, or give it up; false where no such event is parked."""
    row = update(inbox).where(inbox.c.id == id, inbox.c.account == account, inbox.c.state == "parked")
    more = inbox.c.turn + 1
    return connection.execute(row.values(state=state, turn=more, changed=time.time())).rowcount == 1


def counts(connection: Connection, account: str) -> dict[State, int]:
    """How many events are in each state."""
    query = (
        select(inbox.c.state, func.count().label("number"))
        .where(inbox.c.account == account)
        .group_by(inbox.c.state)
    )
    return {row.state: row.number for row in connection.execute(query)}


def oldest(connection: Connection, account: str) -> float | None:
    """When the oldest event came that is neither over nor parked; None where there is none."""
    is_open = inbox.c.state.in_(("new", "queued"))
    query = select(func.min(inbox.c.received)).where(inbox.c.account == account, is_open)
    since: float | None = connection.scalar(query)
    return since


def forget(connection: Connection, account: str, before: float) -> list[tuple[int, int]]:
    """Drop some events that were over before this moment; gives number and turn of each."""
    over = select(inbox.c.id, inbox.c.turn).where(
        inbox.c.changed < before, inbox.c.account == account, inbox.c.state.in_(("done", "discarded"))
    )
    found = [(row.id, row.turn) for row in connection.execute(over.limit(BATCH))]
    connection.execute(delete(inbox).where(inbox.c.id.in_([number for number, _ in found])))
    return found


def _items(
    connection: Connection, *which: Any, limit: int | None = None, newest_first: bool = False
) -> list[Item]:
    order = inbox.c.id.desc() if newest_first else inbox.c.id
    query = select(inbox).where(*which).order_by(order).limit(limit)
    return [Item(**row) for row in connection.execute(query).mappings()]
