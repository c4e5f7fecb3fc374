"""The audit trail: one row or two for every call, chained by hashes, each with a sentence in plain English."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.schema import audit

GENESIS: Final = "0" * 64
_ENCODE: Final = json.JSONEncoder(separators=(",", ":")).encode
_COLUMNS: Final = (
    "seq", "id", "time", "account", "run", "agent", "tool", "step", "decision",
    "rule", "approver", "status", "cost", "sentence", "hash",
)  # fmt: skip
SAID: Final = tuple(name for name in _COLUMNS if name not in {"seq", "time", "hash"})
"""What a row says; the rest is where it stands in the chain."""
_INSERT: Final = f"INSERT INTO audit ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_IN_ORDER: Final = f"SELECT {', '.join(_COLUMNS)} FROM audit ORDER BY seq"  # noqa: S608
_HEAD: Final = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one row says; the sentence is made from fields, never by a model."""

    id: str
    run: str
    agent: str
    tool: str
    step: str
    """`decision` and `outcome` for a write, `call` for whatever needs one row only."""
    decision: str
    rule: str
    status: str
    sentence: str
    approver: str = ""
    cost: int = 0
    account: str = ""
    """Where: the company's host, or a fingerprint of the credential."""


@dataclass(frozen=True, kw_only=True)
class Row(Entry):
    """One row as it is stored."""

    seq: int
    time: float
    hash: str


def append(connection: Hot, entry: Entry, *, at: float | None = None) -> str:
    """Add a row to the chain within the caller's transaction, made now or then; gives the new head."""
    connection.alone("audit")  # one chain, one after the other
    head = connection.first(_HEAD)
    seq, previous = (head[0] + 1, head[1]) if head else (1, GENESIS)
    now = round(time.time() if at is None else at, 6)
    digest = link(previous, seq, now, entry)
    connection.execute(
        _INSERT,
        (
            seq, entry.id, now, entry.account, entry.run, entry.agent, entry.tool, entry.step, entry.decision,
            entry.rule, entry.approver, entry.status, entry.cost, entry.sentence, digest,
        ),
    )  # fmt: skip
    return digest


def link(previous: str, seq: int, moment: float, entry: Entry) -> str:
    """The hash of a row: over the previous hash and everything that the row says."""
    said = [
        previous, seq, moment, entry.id, entry.account, entry.run, entry.agent, entry.tool, entry.step, entry.decision,
        entry.rule, entry.approver, entry.status, entry.cost, entry.sentence,
    ]  # fmt: skip
    return hashlib.sha256(_ENCODE(said).encode()).hexdigest()


def rows(connection: Connection, **filters: str) -> Iterator[Row]:
    """The rows in order; filters name columns and the values they must have."""
    query = select(audit).order_by(audit.c.seq)
    for name, value in filters.items():
        query = query.where(audit.c[name] == value)
    for found in connection.execute(query).mappings():
        yield Row(**found)


def head(connection: Connection) -> str:
    """The last hash; kept elsewhere, it lets `verify` see a cut tail."""
    found = connection.exec_driver_sql(_HEAD).first()
    return f"{found[0]}:{found[1]}" if found else f"0:{GENESIS}"


def verify(connection: Connection, *, saved_head: str | None = None) -> str | None:
    """What is wrong with the chain, naming the first bad row; None when nothing is."""
    previous, seq = GENESIS, 0
    saved = saved_head or f"0:{GENESIS}"
    met_saved = saved == f"0:{GENESIS}"
    try:
        for row in connection.exec_driver_sql(_IN_ORDER):
            if wrong := _wrong(row, seq, previous):
                return wrong
            seq, previous = row[0], row[-1]
            met_saved = met_saved or saved == f"{seq}:{previous}"
    except DBAPIError:
        return f"row {seq + 1} cannot be read: it was edited"
    if not met_saved:
        return (
            f"the chain ends at row {seq} and never meets the saved head {saved}: rows were cut or rewritten"
        )
    return None


def _wrong(row: Sequence[Any], seq: int, previous: str) -> str | None:
    """What is wrong with the row that comes after number `seq`."""
    if not isinstance(row[0], int) or row[0] <= seq:
        return f"row {row[0]} does not belong there: it was inserted"
    if row[0] != seq + 1:
        return f"row {seq + 1} is missing; the next one found is {row[0]}"
    values = dict(zip(_COLUMNS, row, strict=True))
    moment, found = values.pop("time"), values.pop("hash")
    del values["seq"]
    try:
        fits = link(previous, row[0], moment, Entry(**values)) == found
    except TypeError:  # a value that JSON cannot hold
        fits = False
    return None if fits else f"row {row[0]} does not match its hash: it was edited, swapped or inserted"


def as_json(row: Row) -> dict[str, Any]:
    """One row for an export."""
    return asdict(row)
