"""What agents have used up: writes, tokens, rows and deal value, per run and per day (UTC)."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from pipedrive_tools.state.schema import touched, usage
from pipedrive_tools.state.store import Hot

_ADD: Final = (
    f"INSERT INTO {usage.name} (period, agent, writes, tokens, rows, value) "  # noqa: S608
    "VALUES (?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (period, agent) DO UPDATE SET writes = writes + excluded.writes, "
    "tokens = tokens + excluded.tokens, rows = rows + excluded.rows, value = value + excluded.value "
    "RETURNING writes, tokens, rows, value"
)
_TOUCH: Final = (
    f"INSERT INTO {touched.name} (period, agent, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1"  # noqa: S608
)
_READ: Final = (
    f"SELECT period, writes, tokens, rows, value FROM {usage.name} WHERE period IN (?, ?) AND agent = ?"  # noqa: S608
)
_TOUCHED: Final = f"SELECT period FROM {touched.name} WHERE period IN (?, ?) AND agent = ? AND record = ?"  # noqa: S608


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


def read(connection: Hot, run: str, agent: str) -> UsedNow:
    """What an agent has used up."""
    both = periods(run)
    found = {row[0]: Used(*row[1:]) for row in connection.execute(_READ, (*both, agent))}
    return UsedNow(*(found.get(period, Used()) for period in both))


def counted(connection: Hot, run: str, agent: str, record: str) -> frozenset[str]:
    """The periods, `run` and `day`, in which a record is among the rows that were counted."""
    names = dict(zip(periods(run), ("run", "day"), strict=True))
    found = connection.execute(_TOUCHED, (*names, agent, record))
    return frozenset(names[period] for (period,) in found)


def add(connection: Hot, run: str, agent: str, more: Used, *, record: str | None = None) -> UsedNow:
    """Count what a call uses, and its record once per period; gives the sums."""
    values: list[Any] = []
    for period in periods(run):
        is_new = record is not None and connection.first(_TOUCH, (period, agent, record)) is not None
        values += (period, agent, more.writes, more.tokens, more.rows + is_new, more.value)
    of_run, of_day = connection.execute(_ADD, values).fetchall()
    return UsedNow(Used(*of_run), Used(*of_day))
