"""What a call that changes nothing leaves in the books: its audit row, and the API tokens that it used."""

import time
from collections.abc import Iterable, Sequence
from typing import Final

from pipedrive_tools.state import audit, spool, usage
from pipedrive_tools.state.driver import Driver, Hot

_KNOWN: Final = "SELECT id FROM audit WHERE step = 'call' AND id IN ({})"


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

    def add(self, entry: audit.Entry, tokens: int) -> bool:
        """Keep a note that the store gets in a moment, and wait for nobody; false where it must be written at once."""
        if self._spool is None or not self._spool.takes_more:
            return False
        said = entry.__dict__
        self._spool.add((time.time(), tokens, *[said[name] for name in audit.SAID]))
        return True

    def flush(self) -> None:
        """Write into the store what waits in this process, whoever noted it."""
        if self._folder:
            spool.flush(self._folder)

    def close(self) -> None:
        """Write what waits, where that can be done."""
        if self._spool:
            self._spool.close()

    def _put(self, rows: Iterable[spool.Row]) -> None:
        with self._driver.hot(durable=False) as connection:
            for moment, tokens, *said in rows:
                note(connection, audit.Entry(**dict(zip(audit.SAID, said, strict=True))), tokens, moment)

    def _put_new(self, rows: Sequence[spool.Row]) -> None:
        """Rows of a process that was killed, perhaps after it had written them and before it could say so."""
        place = 2 + audit.SAID.index("id")
        for start in range(0, len(rows), spool.AT_ONCE):
            some = rows[start : start + spool.AT_ONCE]
            asked = _KNOWN.format(", ".join("?" * len(some)))
            with self._driver.glance() as connection:
                known = {found[0] for found in connection.execute(asked, [row[place] for row in some])}
            self._put([row for row in some if row[place] not in known])


def note(
    connection: Hot, entry: audit.Entry, tokens: int, moment: float | None = None
) -> usage.UsedNow | None:
    """Write one within the caller's transaction; gives the sums, where it used tokens."""
    used = None
    if tokens:
        whose = usage.Whose(entry.account, entry.run, entry.agent)
        used = usage.add(connection, whose, usage.Used(tokens=tokens), at=moment)
    audit.append(connection, entry, at=moment)
    return used
