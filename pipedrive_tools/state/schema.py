"""The tables of the store, on every engine. A change of shape is a new `REVISION`, with a module in `versions`."""

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

REVISION: Final = "1"

metadata = MetaData()

limits = MetaData()
"""What keeps the pace, on a server; beside a file it lives in files of its own (`state.slots`)."""

windows = Table(
    "windows",
    limits,
    Column("caller", Text, primary_key=True),
    Column("packed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

budgets = Table(
    "budgets",
    limits,
    Column("account", Text, primary_key=True),
    Column("resets_at", Float, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("told_limit", BigInteger, nullable=False),
    Column("stop", Text, nullable=False),
    Column("stopped_at", Float, nullable=False),
    Column("stopped_until", Float, nullable=False),
    sqlite_with_rowid=False,
)

alembic_version = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))
"""The revision that the store is in, where Alembic looks for it."""

journal = Table(
    "journal",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", Text, nullable=False),  # a write is never sent again to another account
    Column("run", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("values", Text, nullable=False),  # the wire values, JSON with sorted keys
    Column("fingerprint", String(32), nullable=False),  # equal for equal calls
    Column("target", Text),  # resource:id of the record that is changed
    Column("before", Text),  # the record as it was, JSON
    Column("state", String(8), nullable=False),
    Column("result", Text),  # the answer's data, JSON
    Column("made", Text),  # id of the record that the answer names
    Column("error", Text),
    Column("created", Float, nullable=False),  # seconds since the epoch
    Column("changed", Float, nullable=False),
    Column("lease", Float, nullable=False, default=0.0),  # until when one recoverer holds the row
    Column("tries", Integer, nullable=False, default=1),  # how often it was sent
    Column("undone_by", String(32)),
    Index(
        "journal_repeat", "account", "run", "fingerprint", "created", "id"
    ),  # the last is found without sorting
    sqlite_with_rowid=False,  # ids grow with time, so a row is added at the end and needs no second tree
)

OPEN_STATES: Final = ("SENT", "UNKNOWN")
"""States of a write that is not over; few rows are in them, so their index stays small."""

Index(
    "journal_target",
    journal.c.account,
    journal.c.run,
    journal.c.target,
    journal.c.created,
    journal.c.id,
    sqlite_where=journal.c.target.is_not(None),
    postgresql_where=journal.c.target.is_not(None),
)
Index(
    "journal_open",
    journal.c.state,
    sqlite_where=journal.c.state.in_(OPEN_STATES),
    postgresql_where=journal.c.state.in_(OPEN_STATES),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", String(32), nullable=False),  # the call; the rows of one call share it
    Column("time", Float, nullable=False),
    Column("account", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("step", String(8), nullable=False),  # decision, outcome, or call for both at once
    Column("decision", String(8), nullable=False),
    Column("rule", Text, nullable=False),
    Column("approver", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("cost", Integer, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", Text, nullable=False),
    Column(
        "digest", String(64), nullable=False
    ),  # binds account, agent, tool, arguments, target and its version
    Column("agent", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("state", String(10), nullable=False),  # pending, approved, rejected, used
    Column("approver", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Index("approvals_digest", "digest"),
)

usage = Table(
    "usage",
    metadata,
    Column("account", Text, primary_key=True),
    Column("period", Text, primary_key=True),  # run:<name> or day:<YYYY-MM-DD>
    Column("agent", Text, primary_key=True),
    Column("writes", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("value", Float, nullable=False),
    sqlite_with_rowid=False,
)

touched = Table(
    "touched",
    metadata,
    Column("account", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("record", Text, primary_key=True),
    sqlite_with_rowid=False,
)

cache = Table(
    "cache",
    metadata,
    Column("caller", Text, primary_key=True),  # who asked: what is visible differs
    Column("name", String(64), primary_key=True),
    Column("records", Text, nullable=False),  # JSON
    Column("read", Float, nullable=False),  # seconds since the epoch
    sqlite_with_rowid=False,
)
"""What was read of an account and changes seldom, such as names of stages and fields."""

memory = Table(
    "memory",
    metadata,
    Column("account", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON with sorted keys
    sqlite_with_rowid=False,
)
"""What an agent keeps for itself between its runs."""

credentials = Table(
    "credentials",
    metadata,
    Column("name", Text, primary_key=True),  # what it is, and the address that it is for
    Column("sealed", LargeBinary, nullable=False),
    Column("changed", Float, nullable=False),
    Column("begun", Float),  # when the refresh began that is under way, or was cut off
)

hooks = Table(
    "hooks",
    metadata,
    Column(
        "key", String(32), primary_key=True
    ),  # the user of its Basic credential; tells ours from others' hooks
    Column("address", Text, nullable=False),  # where the account is that it was made in
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("sealed", LargeBinary, nullable=False),  # the password
    Column("number", BigInteger),  # Pipedrive's, once it is known
    Column("created", Float, nullable=False),
    Column("until", Float),  # when its credential stops to count; null of the current one
    Column("lease", Float, nullable=False, default=0.0),  # until when one process may make it at Pipedrive
)
"""Webhooks that we made, or are about to make, and the credentials that Pipedrive shows when it calls."""

Index(
    "hooks_current",
    hooks.c.address,
    hooks.c.name,
    unique=True,
    sqlite_where=hooks.c.until.is_(None),
    postgresql_where=hooks.c.until.is_(None),
)

SERIAL: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up by itself in a column of this type only."""

inbox = Table(
    "inbox",
    metadata,
    Column("id", SERIAL, primary_key=True),  # in the order of arrival
    Column("account", Text, nullable=False),
    Column("content", String(64), nullable=False),  # digest of what happened
    Column("number", Text),  # webhook and event id, where the event has one to rely on
    Column("record", Text, nullable=False),  # entity:id; work for one record runs in order
    Column("source", String(16), nullable=False),  # webhook or sweep
    Column("body", LargeBinary, nullable=False),
    Column("received", Float, nullable=False),
    Column("state", String(9), nullable=False),  # new, queued, done, parked, discarded
    Column("turn", Integer, nullable=False, default=0),  # how often a person sent it again
    Column("outcome", Text),  # what became of it, or why it is parked
    Column("changed", Float, nullable=False),
    Index("inbox_content", "account", "content", unique=True),
    Index("inbox_number", "account", "number", unique=True),
    Index("inbox_changed", "changed"),
    sqlite_autoincrement=True,
)
"""Events that were received, each once. On SQLite it lives in a file of its own: a receiver waits for nobody."""

Index(
    "inbox_open",
    inbox.c.state,
    inbox.c.id,
    sqlite_where=inbox.c.state.in_(("new", "parked")),
    postgresql_where=inbox.c.state.in_(("new", "parked")),
)

sightings = Table(
    "sightings",
    metadata,
    Column("account", Text, primary_key=True),
    Column("record", Text, primary_key=True),
    Column("update_time", Float, nullable=False),  # seconds since the epoch, by Pipedrive's clock
    Column("digest", String(64), nullable=False),  # of the record as it was read; empty of one that is gone
    Column("read", Float, nullable=False),  # seconds since the epoch, by ours
    sqlite_with_rowid=False,
)
"""The newest state of each record that was worked on."""

sweeps = Table(
    "sweeps",
    metadata,
    Column("account", Text, primary_key=True),
    Column("list", String(64), primary_key=True),
    Column("until", Float, nullable=False),  # newest update_time that was seen, seconds since the epoch
    sqlite_with_rowid=False,
)
"""How far each list was swept."""
