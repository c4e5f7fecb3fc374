"""What was read of an account and changes seldom, shared by every process for a time: stages, fields, users."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.schema import cache

_PUT: Final = (
    f"INSERT INTO {cache.name} (caller, name, records, read) VALUES (?, ?, ?, ?) "  # noqa: S608
    "ON CONFLICT (caller, name) DO UPDATE SET records = excluded.records, read = excluded.read"
)
_ALL: Final = f"SELECT name, records, read FROM {cache.name} WHERE caller = ? AND read > ? AND read <= ?"  # noqa: S608

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Kept:
    """A list as it was read, and when."""

    records: Records
    read: float
    """Seconds since the epoch."""


def put(connection: Hot, caller: str, name: str, kept: Kept) -> None:
    """Keep a list, in the place of the one before."""
    connection.execute(_PUT, (caller, name, json.dumps(kept.records, separators=(",", ":")), kept.read))


def young(connection: Hot, caller: str, lifetime_seconds: float) -> Mapping[str, Kept]:
    """Every list that is not too old; one from the future counts as too old."""
    now = time.time()
    rows = connection.execute(_ALL, (caller, now - lifetime_seconds, now))
    return {name: Kept(json.loads(records), read) for name, records, read in rows}
