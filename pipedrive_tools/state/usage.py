"""What agents have used up: writes, tokens, rows and deal value, per run and per day (UTC)."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from pipedrive_tools.state.schema import touched, usage

_ADD: Final = (
    f"INSERT INTO {usage.name} (period, agent, writes, tokens, rows, value) VALUES (?, ?, ?, ?, ?, ?) "  # noqa: S608
    "ON CONFLICT (period, agent) DO UPDATE SET writes = writes + excluded.writes, "
    "tokens = tokens + excluded.tokens, rows = rows + excluded.rows, value = value + excluded.value "
    "RETURNING writes, tokens, rows, value"
)
_TOUCH: Final = (
    f"INSERT INTO {touched.name} (period, agent, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1"  # noqa: S608
)
_READ: Final = f"SELECT writes, tokens, rows, value FROM {usage.name} WHERE period = ? AND agent = ?"  # noqa: S608


class Used(NamedTuple):
    """What was used up in one period."""

    writes: int = 0
    tokens: int = 0
    rows: int = 0
    value: float = 0.0


class UsedNow(NamedTuple):
    """What was used up in this run, and today."""

    run: Used = Used()
    day: Used = Used()


def periods(run: str) -> tuple[str, str]:
    """The two periods that a call counts in."""
    return f"run:{run}", f"day:{datetime.now(UTC).date().isoformat()}"


def read(connection: Connection, run: str, agent: str) -> UsedNow:
    """What an agent has used up."""
    found = [connection.exec_driver_sql(_READ, (period, agent)).first() for period in periods(run)]
    return UsedNow(*(Used(*row) if row else Used() for row in found))


def add(connection: Connection, run: str, agent: str, more: Used, *, record: str | None = None) -> UsedNow:
    """Count what a call uses, and its record once per period; gives the sums."""
    sums = []
    for period in periods(run):
        rows = 0
        if record and connection.exec_driver_sql(_TOUCH, (period, agent, record)).first():
            rows = 1
        values = (period, agent, more.writes, more.tokens, more.rows + rows, more.value)
        sums.append(Used(*connection.exec_driver_sql(_ADD, values).one()))
    return UsedNow(*sums)
