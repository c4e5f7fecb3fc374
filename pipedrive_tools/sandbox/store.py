"""The state: one table per resource. Records are replaced, never changed in place, so a reset costs nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.clock import Clock

Key = int | str
"""What tells records apart: numbers, UUIDs of leads, codes of fields."""


class Row:
    """One record with what a reader that lags behind still sees, and its encoded form."""

    __slots__ = ("before", "changed_at", "encoded", "record")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.before: Record | None = None
        self.changed_at = float("-inf")
        self.encoded: bytes | None = None


@dataclass(frozen=True)
class Change:
    """One write, as listeners such as webhooks hear of it."""

    resource: str
    before: Record | None
    after: Record | None


class Table:
    """The records of one resource, by key, in the order they were made."""

    def __init__(self, name: str, records: Iterable[Record], clock: Clock, *, key: str = "id") -> None:
        self.name = name
        self.key = key
        self.revision = 0
        self.listeners: list[Callable[[Change], None]] = []
        self._first = list(records)
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Go back to the first records."""
        self.rows: dict[Key, Row] = {each[self.key]: Row(each) for each in self._first}
        self.revision += 1
        numbers = [each for each in self.rows if isinstance(each, int)]
        self._next = max(numbers, default=0) + 1

    def fresh_id(self) -> int:
        """A number that no record has or had."""
        self._next += 1
        return self._next - 1

    def get(self, key: object) -> Record | None:
        """The record, deleted or not."""
        row = self.rows.get(key) if isinstance(key, int | str) else None
        return row.record if row else None

    def put(self, record: Record) -> Record:
        """Add a record, or put it in the place of the one with its key."""
        row = self.rows.get(record[self.key])
        if row is None:
            row = self.rows[record[self.key]] = Row(record)
            before = None
        else:
            before = row.before = row.record
            row.record, row.encoded = record, None
        row.changed_at = self._clock.monotonic()
        self._heard(before, record)
        return record

    def remove(self, key: Key) -> None:
        """Take a record out for good."""
        self._heard(self.rows.pop(key).record, None)

    def records(self) -> Iterator[Record]:
        """Every record, deleted ones included."""
        return (row.record for row in self.rows.values())

    def seen(self, lag_seconds: float) -> Iterator[Record]:
        """Every record as a reader sees it that lags behind."""
        if not lag_seconds:
            return self.records()
        edge = self._clock.monotonic() - lag_seconds
        late = (row.record if row.changed_at <= edge else row.before for row in self.rows.values())
        return (record for record in late if record is not None)

    def forget_encoded(self) -> None:
        """Drop the encoded forms, because what they depend on has changed."""
        for row in self.rows.values():
            row.encoded = None

    def _heard(self, before: Record | None, after: Record | None) -> None:
        self.revision += 1
        for listener in self.listeners:
            listener(Change(self.name, before, after))


class Index:
    """Records of a table by one of their fields; built anew when the table has changed."""

    def __init__(self, table: Table, field: str) -> None:
        self._table = table
        self._field = field
        self._revision = -1
        self._groups: dict[Any, list[Record]] = {}

    def of(self, value: object) -> list[Record]:
        """The records whose field has this value, deleted ones included."""
        if self._revision != self._table.revision:
            self._groups = {}
            for record in self._table.records():
                self._groups.setdefault(record.get(self._field), []).append(record)
            self._revision = self._table.revision
        return self._groups.get(value, [])


class Store:
    """All tables, and the indexes between them."""

    def __init__(self, tables: Mapping[str, Iterable[Record]], clock: Clock) -> None:
        self.tables = {name: Table(name, records, clock, key=_key(name)) for name, records in tables.items()}
        self._indexes: dict[tuple[str, str], Index] = {}

    def __getitem__(self, name: str) -> Table:
        """A table by the name of its resource."""
        return self.tables[name]

    def linked(self, name: str, field: str, value: object) -> list[Record]:
        """The records of a resource that point at something; built once per change."""
        if (index := self._indexes.get((name, field))) is None:
            index = self._indexes[name, field] = Index(self.tables[name], field)
        return index.of(value)

    def reset(self) -> None:
        """Go back to the first state."""
        for table in self.tables.values():
            table.reset()


def _key(name: str) -> str:
    if name == "lead_fields":
        return "key"
    return "field_code" if name.endswith("_fields") else "id"
