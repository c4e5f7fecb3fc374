"""Audit chains to harm, and the ways to harm them: every kind of mutation knows the first row that it makes bad."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from pipedrive_tools.state import audit
from pipedrive_tools.state.store import Store

COLUMNS: Final = (
    "seq",
    "id",
    "time",
    "account",
    "run",
    "agent",
    "tool",
    "step",
    "decision",
    "rule",
    "approver",
    "status",
    "cost",
    "sentence",
    "hash",
)
SAID: Final = COLUMNS[1:-1]


def chain(path: Path, rows: int) -> str:
    """A store with so many audit rows; gives its head."""
    store = Store(f"sqlite:///{path}")
    with store.hot(durable=False) as connection:
        for number in range(rows):
            audit.append(connection, entry(number))
    with store.transaction(durable=False) as reader:
        found = audit.head(reader)
    store.close()
    return found


def entry(number: int) -> audit.Entry:
    return audit.Entry(
        id=f"{number:032x}",
        run="run",
        agent="agent",
        account="https://acme.pipedrive.com",
        tool="update_deal",
        step=("decision", "outcome")[number % 2],
        decision="allow",
        rule="agents.agent.deals",
        status="ok",
        sentence=f'Agent "agent": change deal {number}; done (rule agents.agent.deals).',
        approver="Ann" if number % 3 else "",
        cost=number % 7,
    )


@dataclass(frozen=True)
class Harm:
    """One mutation: what it was, the first row that is bad since, and whether only a saved head can show it."""

    kind: str
    row: int
    needs_head: bool = False


Mutate = Callable[[sqlite3.Connection, Random, int], Harm]


def edited(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """Another value in any column."""
    row, column = random.randint(1, rows), random.choice(COLUMNS[1:])
    old = connection.execute(f"SELECT {column} FROM audit WHERE seq = ?", (row,)).fetchone()[0]  # noqa: S608
    new = random.choice(
        [other for other in (f"{old}x", "", "allow ", 3, 0, -1.5, b"\xff\x00", "denied") if other != old]
    )
    connection.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (new, row))  # noqa: S608
    stored = connection.execute(f"SELECT {column} FROM audit WHERE seq = ?", (row,)).fetchone()[0]  # noqa: S608
    if stored == old:  # the column's type undid it
        return edited(connection, random, rows)
    return Harm(f"edited {column}", row)


def renumbered(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """A row with another number."""
    row = random.randint(1, rows)
    connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (rows + random.randint(2, 9), row))
    return Harm("renumbered", row)


def dropped(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """A row less, in the middle."""
    row = random.randint(1, rows - 1)
    connection.execute("DELETE FROM audit WHERE seq = ?", (row,))
    return Harm("dropped", row)


def closed_up(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """A row less, and the later ones moved up."""
    row = random.randint(1, rows - 1)
    connection.execute("DELETE FROM audit WHERE seq = ?", (row,))
    for later in range(row + 1, rows + 1):
        connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (later - 1, later))
    return Harm("closed up", row)


def inserted(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """A row more: before the first one, after the last one, or in between with a hash of its own."""
    place = random.choice((0, -3, rows + 1))
    copy = list(
        connection.execute("SELECT * FROM audit WHERE seq = ?", (random.randint(1, rows),)).fetchone()
    )
    copy[0] = place
    connection.execute(f"INSERT INTO audit VALUES ({', '.join('?' * len(copy))})", copy)  # noqa: S608
    return Harm("inserted", place)


def pushed_in(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """A row more in the middle, and the later ones moved down."""
    row = random.randint(1, rows)
    for later in range(rows, row - 1, -1):
        connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (later + 1, later))
    copy = list(connection.execute("SELECT * FROM audit WHERE seq = ?", (row + 1,)).fetchone())
    copy[0], copy[1] = row, "f" * 32
    connection.execute(f"INSERT INTO audit VALUES ({', '.join('?' * len(copy))})", copy)  # noqa: S608
    return Harm("pushed in", row)


def swapped(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """Two rows in each other's place."""
    first, second = sorted(random.sample(range(1, rows + 1), 2))
    connection.execute("UPDATE audit SET seq = -1 WHERE seq = ?", (first,))
    connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (first, second))
    connection.execute("UPDATE audit SET seq = ? WHERE seq = -1", (second,))
    return Harm("swapped", first)


def cut(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """The tail gone."""
    kept = random.randint(0, rows - 1)
    connection.execute("DELETE FROM audit WHERE seq > ?", (kept,))
    return Harm("cut", kept, needs_head=True)


def rewritten(connection: sqlite3.Connection, random: Random, rows: int) -> Harm:
    """One row changed, and every hash from there on made anew by somebody who knows how."""
    row = random.randint(1, rows)
    connection.execute("UPDATE audit SET sentence = 'Nothing happened.' WHERE seq = ?", (row,))
    found = connection.execute("SELECT hash FROM audit WHERE seq = ?", (row - 1,)).fetchone()
    previous = found[0] if found else "0" * 64
    for each in connection.execute("SELECT * FROM audit WHERE seq >= ? ORDER BY seq", (row,)).fetchall():
        values = dict(zip(COLUMNS, each, strict=True))
        said: list[Any] = [previous, values["seq"], values["time"]]
        said += [values[name] for name in SAID if name != "time"]
        previous = hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()
        connection.execute("UPDATE audit SET hash = ? WHERE seq = ?", (previous, values["seq"]))
    return Harm("rewritten", rows, needs_head=True)


MUTATIONS: Final[tuple[Mutate, ...]] = (
    edited,
    edited,
    edited,
    renumbered,
    dropped,
    closed_up,
    inserted,
    pushed_in,
    swapped,
    cut,
    rewritten,
)


def missed(path: Path, head: str, rows: int, mutations: int, seed: int) -> Iterator[tuple[Harm, str | None]]:
    """Harm a chain in many ways, each undone before the next; gives those that were not found or not named."""
    random = Random(seed)
    store = Store(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as whole, closing(sqlite3.connect(":memory:")) as image:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole.backup(image)
        clean = image.execute("SELECT * FROM audit ORDER BY seq").fetchall()
        marks = ", ".join("?" * len(COLUMNS))
        for number in range(mutations):
            harm = MUTATIONS[number % len(MUTATIONS)](whole, random, rows)
            whole.commit()
            with store.transaction(durable=False) as connection:
                told = audit.verify(connection, saved_head=head)
            if told is None or f"row {harm.row}" not in told:
                yield harm, told
            whole.execute("DELETE FROM audit")
            whole.executemany(f"INSERT INTO audit VALUES ({marks})", clean)  # noqa: S608
            whole.commit()
    store.close()
