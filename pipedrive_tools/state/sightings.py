"""The newest state of each record that was worked on, and how far each list was swept."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from pipedrive_tools.state.schema import sightings, sweeps


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One record as it was when it was read."""

    record: str
    """`entity:id`."""
    update_time: float
    """By Pipedrive's clock, seconds since the epoch; 0 where the record does not say."""
    digest: str
    """Of the whole record; empty of one that is gone."""
    read: float
    """When it was read, by our clock."""


def seen(connection: Connection, account: str, records: Collection[str]) -> dict[str, Sighting]:
    """The last sighting of each of these records."""
    columns = [sightings.c[name] for name in ("record", "update_time", "digest", "read")]
    query = select(*columns).where(sightings.c.account == account, sightings.c.record.in_(records))
    return {row["record"]: Sighting(**row) for row in connection.execute(query).mappings()}


def saw(connection: Connection, account: str, sighting: Sighting) -> None:
    """A record was read and worked on."""
    values = {
        "update_time": sighting.update_time,
        "digest": sighting.digest,
        "read": sighting.read,
    }
    _upsert(connection, sightings, {"account": account, "record": sighting.record}, values)


def swept_until(connection: Connection, account: str, name: str) -> float | None:
    """The newest update_time that a sweep of this list has seen; None before the first."""
    query = select(sweeps.c.until).where(sweeps.c.account == account, sweeps.c.list == name)
    found: float | None = connection.scalar(query)
    return found


def swept(connection: Connection, account: str, name: str, until: float) -> None:
    """A list was swept to here."""
    _upsert(connection, sweeps, {"account": account, "list": name}, {"until": until})


def _upsert(connection: Connection, table: Any, key: dict[str, Any], values: dict[str, Any]) -> None:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = dialect.insert(table).values(**key, **values)
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))
