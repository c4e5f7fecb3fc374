"""The journal of writes: an intent is on the disk before its first byte leaves, its outcome after.

    SENT --2xx--> DONE
      |--refused (4xx, 429)--> FAILED      nothing was changed
      '--silence, 5xx, a cut answer, a killed process--> UNKNOWN
    UNKNOWN --found--> DONE    --absent after the settle time--> SENT again, or PARKED for a person

See RELIABILITY.md, section 2.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic_core import to_json
from sqlalchemy import Connection, select, update

from pipedrive_tools.endpoint import Call
from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.schema import journal

State = Literal["SENT", "DONE", "FAILED", "UNKNOWN", "PARKED"]

_COLUMNS: Final = (
    "id", "account", "run", "agent", "tool", "values", "fingerprint", "target", "before", "state", "result", "made",
    "error", "created", "changed", "lease", "tries", "undone_by",
)  # fmt: skip
_NAMES: Final = ", ".join(f'"{name}"' for name in _COLUMNS)
_INSERT: Final = f"INSERT INTO journal ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_SETTLE: Final = (
    "UPDATE journal SET state = ?, result = ?, made = ?, error = ?, changed = ?, lease = 0 "
    "WHERE id = ? AND (CAST(? AS FLOAT) IS NULL OR lease = ?) RETURNING 1"
)
_DONE: Final = (
    "UPDATE journal SET state = 'DONE', result = ?, made = ?, changed = ?, lease = 0 "
    "WHERE id = ? AND state IN ('SENT', 'UNKNOWN')"
)
_MADE: Final = (
    "SELECT 1 FROM journal WHERE account = ? AND tool = ? AND id != ? AND state = 'DONE' AND made = ?"
)
_ONE: Final = f"SELECT {_NAMES} FROM journal WHERE id = ?"  # noqa: S608
_LAST_OF_TARGET: Final = (
    "SELECT fingerprint, id FROM journal WHERE account = ? AND run = ? AND target = ? AND state != 'FAILED' "
    "ORDER BY created DESC, id DESC LIMIT 1"
)
_SAME_CALL: Final = (
    f"SELECT {_NAMES} FROM journal AS first WHERE account = ? AND run = ? AND fingerprint = ? AND state != 'FAILED' "  # noqa: S608
    "AND undone_by IS NULL AND NOT EXISTS (SELECT 1 FROM journal AS gone WHERE gone.account = first.account "
    "AND gone.run = first.run AND gone.target = ? || ':' || first.made AND gone.tool LIKE 'delete%' "
    "AND gone.state = 'DONE') ORDER BY created DESC, id DESC LIMIT 1"
)


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One write as the journal holds it."""

    id: str
    account: str
    """Where it was sent: the company's host, or a fingerprint of the credential."""
    run: str
    agent: str
    tool: str
    values: str
    """The wire values, JSON with sorted keys."""
    fingerprint: str
    """Equal for calls that ask for the same."""
    target: str | None
    """`resource:id` of the record that is changed."""
    before: str | None
    """The record as it was, JSON."""
    state: State
    result: str | None
    """The answer's data, JSON."""
    made: str | None
    """Id of the record that the answer names."""
    error: str | None
    created: float
    changed: float
    lease: float
    tries: int
    """How often it was sent."""
    undone_by: str | None

    @property
    def arguments(self) -> dict[str, Any]:
        """The wire values."""
        values: dict[str, Any] = json.loads(self.values)
        return values

    @property
    def answer(self) -> Any:
        """The answer's data."""
        return json.loads(self.result) if self.result else None

    @property
    def image(self) -> dict[str, Any]:
        """The record as it was before."""
        before: dict[str, Any] = json.loads(self.before) if self.before else {}
        return before


def intent(
    call: Call[Any],
    *,
    id: str,
    account: str = "",
    run: str,
    agent: str,
    asked: Call[Any],
    target: str | None,
    before: Mapping[str, Any] | None,
) -> Intent:
    """A write that is about to be sent; `asked` is the call as it came, before lists were merged into it."""
    now = time.time()
    return Intent(
        id=id,
        account=account,
        run=run,
        agent=agent,
        tool=call.endpoint.name,
        values=canonical(call.values),
        fingerprint=fingerprint(asked),
        target=target,
        before=text_of(before) if before is not None else None,
        state="SENT",
        result=None,
        made=None,
        error=None,
        created=now,
        changed=now,
        lease=0.0,
        tries=1,
        undone_by=None,
    )


def text_of(data: Any) -> str:
    """A record or an answer as the journal keeps it."""
    return to_json(data).decode()


def canonical(values: Mapping[str, Any]) -> str:
    """JSON that is equal for equal values."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def fingerprint(call: Call[Any]) -> str:
    """One short word that is equal for equal calls."""
    return hashlib.sha256(call.canonical.encode()).hexdigest()[:32]


def new_id() -> str:
    """A name for a call that no other call has: when it was made, then chance, so that indexes grow at one end."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"


def add(connection: Hot, row: Intent) -> None:
    """Write an intent down."""
    connection.execute(_INSERT, tuple(getattr(row, name) for name in _COLUMNS))


def settle(
    connection: Hot,
    id: str,
    state: State,
    *,
    data: Any = None,
    error: str | None = None,
    lease: float | None = None,
) -> bool:
    """Write an outcome down; false when it hangs on a lease that is no longer held."""
    result = None if data is None else text_of(data)
    return (
        connection.first(_SETTLE, (state, result, made_by(data), error, time.time(), id, lease, lease))
        is not None
    )


def done(connection: Hot, id: str, result: str | None, made: str | None, *, at: float) -> None:
    """Write down what Pipedrive answered at a moment, unless somebody has found it out meanwhile."""
    connection.execute(_DONE, (result, made, at, id))


def made_by(data: Any) -> str | None:
    """Id of the record that an answer names."""
    found = data.get("id") if isinstance(data, dict) else None
    return None if found is None else str(found)


def made_by_another(connection: Hot, id: str, account: str, tool: str, record: Any) -> bool:
    """Whether another write with this tool is known to have made the record."""
    return connection.first(_MADE, (account, tool, id, str(record))) is not None


def repeat_of(connection: Hot, account: str, run: str, call: Call[Any], target: str | None) -> Intent | None:
    """The earlier call of this run that this one repeats.

    A change is a repeat only while it is the run's last word on its record: A, B, A are three changes. What the
    run made and took back or deleted may be made once more.
    """
    if target is not None:
        last = connection.first(_LAST_OF_TARGET, (account, run, target))
        if last is None or last[0] != fingerprint(call):
            return None
        found = connection.first(_ONE, (last[1],))
    else:
        found = connection.first(_SAME_CALL, (account, run, fingerprint(call), call.endpoint.resource))
    return Intent(**dict(zip(_COLUMNS, found, strict=True))) if found else None


def get(connection: Connection, id: str) -> Intent | None:
    """One intent."""
    found = connection.execute(select(journal).where(journal.c.id == id)).mappings().first()
    return Intent(**found) if found else None


def send_again(connection: Hot, id: str, *, lease: float) -> bool:
    """The write is about to be sent once more; false, and it must not be, when the lease is no longer held."""
    again = (
        "UPDATE journal SET state = 'SENT', changed = ?, tries = tries + 1 "
        "WHERE id = ? AND lease = ? RETURNING 1"
    )
    return connection.first(again, (time.time(), id, lease)) is not None


def mark_undone(connection: Hot, id: str, by: str) -> None:
    """The write was taken back by another one."""
    connection.execute("UPDATE journal SET undone_by = ? WHERE id = ?", (by, id))


def claimed(connection: Connection, account: str, tool: str) -> set[str]:
    """Ids of the records that writes with this tool are known to have made."""
    done = (journal.c.account == account, journal.c.tool == tool, journal.c.state == "DONE")
    query = select(journal.c.made).where(*done, journal.c.made.is_not(None))
    return set(connection.scalars(query))


def listed(connection: Connection, states: Sequence[State] = ()) -> list[Intent]:
    """Intents, newest first, of these states or all."""
    query = select(journal).order_by(journal.c.created.desc())
    if states:
        query = query.where(journal.c.state.in_(states))
    return [Intent(**found) for found in connection.execute(query).mappings()]


def under_way(connection: Connection, row: Intent, since: float) -> bool:
    """Whether the same write was sent by another call after this moment and has no outcome yet."""
    query = select(journal.c.id).where(
        journal.c.account == row.account,
        journal.c.tool == row.tool,
        journal.c["values"] == row.values,
        journal.c.id != row.id,
        journal.c.state == "SENT",
        journal.c.changed > since,
    )
    return connection.execute(query).first() is not None


def take_lease(connection: Connection, row: Intent, seconds: float) -> float | None:
    """Hold a row for one recoverer until the moment given back; None when another one holds it or moved it on."""
    now = time.time()
    free = (
        journal.c.id == row.id,
        journal.c.lease < now,
        journal.c.state == row.state,
        journal.c.tries == row.tries,
    )
    claim = update(journal).where(*free).values(lease=now + seconds)
    return now + seconds if connection.execute(claim).rowcount == 1 else None
