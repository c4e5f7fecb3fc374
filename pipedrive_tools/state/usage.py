"""What agents have used up: writes, tokens, rows and deal value, per run and per day (UTC)."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.schema import touched, usage

_ADD: Final = (
    f"INSERT INTO {usage.name} AS held (account, period, agent, writes, tokens, rows, value) "  # noqa: S608
    "VALUES (?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (account, period, agent) DO UPDATE SET writes = held.writes + excluded.writes, "
    "tokens = held.tokens + excluded.tokens, rows = held.rows + excluded.rows, "
    "value = held.value + excluded.value RETURNING writes, tokens, rows, value"
)
_TOUCH: Final = (
    f"INSERT INTO {touched.name} (account, period, agent, record) VALUES (?, ?, ?, ?) "  # noqa: S608
    "ON CONFLICT DO NOTHING RETURNING 1"
)
_READ: Final = (
    f"SELECT period, writes, tokens, rows, value FROM {usage.name} "  # noqa: S608
    "WHERE account = ? AND period IN (?, ?) AND agent = ?"
)
_TOUCHED: Final = (
    f"SELECT period FROM {touched.name} "  # noqa: S608
    "WHERE account = ? AND period IN (?, ?) AND agent = ? AND record = ?"
)


class Whose(NamedTuple):
    """Who uses up: one run of one agent on one account."""

    account: str
    run: str
    agent: str

    def periods(self, at: float | None = None) -> tuple[str, str]:
        """The two periods that a call counts in, now or at a moment."""
        day = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
        return f"run:{self.run}", f"day:{day.date().isoformat()}"


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


def read(connection: Hot, whose: Whose) -> UsedNow:
    """What an agent has used up."""
    both = whose.periods()
    rows = connection.execute(_READ, (whose.account, *both, whose.agent))
    found = {row[0]: Used(*row[1:]) for row in rows}
    return UsedNow(*(found.get(period, Used()) for period in both))


def counted(connection: Hot, whose: Whose, record: str) -> frozenset[str]:
    """The periods, `run` and `day`, in which a record is among the rows that were counted."""
    names = dict(zip(whose.periods(), ("run", "day"), strict=True))
    found = connection.execute(_TOUCHED, (whose.account, *names, whose.agent, record))
    return frozenset(names[period] for (period,) in found)


def add(
    connection: Hot, whose: Whose, more: Used, *, record: str | None = None, at: float | None = None
) -> UsedNow:
    """Count what a call uses, and its record once per period; gives the sums."""
    values: list[Any] = []
    account, _, agent = whose
    for period in whose.periods(at):
        is_new = record is not None and connection.first(_TOUCH, (account, period, agent, record)) is not None
        values += (account, period, agent, more.writes, more.tokens, more.rows + is_new, more.value)
    of_run, of_day = connection.execute(_ADD, values).fetchall()
    return UsedNow(Used(*of_run), Used(*of_day))
