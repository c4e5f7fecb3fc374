"""How calls ended: an audit row, the API tokens that were used, and of a write what Pipedrive answered."""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from pipedrive_tools.state import audit, journal, spool, usage
from pipedrive_tools.state.driver import Driver, Hot

_KNOWN: Final = "SELECT id, step FROM audit WHERE id IN ({})"
_ID, _STEP = audit.SAID.index("id"), audit.SAID.index("step")


class Done(NamedTuple):
    """What a write that went through leaves in the journal."""

    result: str | None
    """The answer's data, JSON."""
    made: str | None
    """Id of the record that the answer names."""


class Note(NamedTuple):
    """How one call ended."""

    moment: float
    """Seconds since the epoch."""
    tokens: int
    """Of Pipedrive's, not counted yet."""
    said: Sequence[object]
    """The audit row: `audit.SAID`."""
    done: Done | None = None

    @classmethod
    def of(cls, entry: audit.Entry, tokens: int, done: Done | None = None) -> "Note":
        """A note made now."""
        values = entry.__dict__
        return cls(time.time(), tokens, [values[name] for name in audit.SAID], done)

    @classmethod
    def kept(cls, row: spool.Row) -> "Note":
        """A note as its file has it."""
        moment, tokens, said, done = row
        return cls(moment, tokens, said, done and Done(*done))

    def write(self, connection: Hot) -> usage.UsedNow | None:
        """Write it within the caller's transaction; gives the sums, where it used tokens."""
        entry = audit.Entry(**dict(zip(audit.SAID, self.said, strict=True)))  # type: ignore[arg-type]  # as they were
        used = None
        if self.done:
            journal.done(connection, entry.id, *self.done, at=self.moment)
        if self.tokens:
            whose = usage.Whose(entry.account, entry.run, entry.agent)
            used = usage.add(connection, whose, usage.Used(tokens=self.tokens), at=self.moment)
        audit.append(connection, entry, at=self.moment)
        return used


class Notes:
    """The notes of one store; on their way into a file they wait a moment for company (`state.spool`)."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._folder = spool.beside(driver.path) if driver.path else None
        self._spool = spool.Spool(self._folder, self._put) if self._folder else None
        if self._folder:
            spool.adopt(self._folder, self._put_new)

    @property
    def may_wait(self) -> bool:
        """Whether `add` would take a note now."""
        return self._spool is not None and self._spool.takes_more

    def add(self, note: Note) -> bool:
        """Keep a note that the store gets in a moment, and wait for nobody; false where it must be written at once."""
        return self._spool is not None and self._spool.takes_more and self._spool.add(note)

    def flush(self) -> None:
        """Write into the store what waits in this process, whoever noted it."""
        if self._folder:
            spool.flush(self._folder)

    def close(self) -> None:
        """Write what waits, where that can be done."""
        if self._spool:
            self._spool.close()

    def _put(self, rows: Sequence[spool.Row]) -> None:
        with self._driver.hot(durable=False) as connection:
            for row in rows:
                Note.kept(row).write(connection)

    def _put_new(self, rows: Sequence[spool.Row]) -> None:
        """Rows of a process that was killed, perhaps after it had written them and before it could say so."""
        for start in range(0, len(rows), spool.AT_ONCE):
            notes = [Note.kept(row) for row in rows[start : start + spool.AT_ONCE]]
            asked = _KNOWN.format(", ".join("?" * len(notes)))
            with self._driver.glance() as connection:
                found = connection.execute(asked, [note.said[_ID] for note in notes])
                known = {tuple(each) for each in found}
            self._put([note for note in notes if (note.said[_ID], note.said[_STEP]) not in known])
