"""Audit chains to harm, and the ways to harm them: every kind of mutation knows the first row that it makes bad."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from sqlalchemy import Connection, Row, text

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


def chain(url: str, rows: int) -> str:
    """A store with so many audit rows; gives its head."""
    store = Store(url)
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


Mutate = Callable[[Connection, Random, int], Harm]


def _run(connection: Connection, statement: str, **values: Any) -> Sequence[Row[Any]]:
    done = connection.execute(text(statement), values)
    return done.all() if done.returns_rows else ()


def _insert(connection: Connection, values: Sequence[Any]) -> None:
    marks = ", ".join(f":{name}" for name in COLUMNS)
    statement = f"INSERT INTO audit ({', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608  # our own names
    _run(connection, statement, **dict(zip(COLUMNS, values, strict=True)))


def _rows(connection: Connection, where: str, **values: Any) -> Sequence[Row[Any]]:
    statement = f"SELECT {', '.join(COLUMNS)} FROM audit WHERE {where} ORDER BY seq"  # noqa: S608  # our own
    return _run(connection, statement, **values)


def _others(connection: Connection, old: Any) -> list[Any]:
    """Values for another's place: SQLite takes any kind of any length, PostgreSQL what its column is made for."""
    if connection.dialect.name == "sqlite":
        values: list[Any] = [f"{old}x", "", "allow ", 3, 0, -1.5, b"\xff\x00", "denied"]
    else:
        values = [f"{old[1:]}x", "", "allow ", "denied"] if isinstance(old, str) else [3, 0, -1.5]
    return [other for other in values if other != old]


def edited(connection: Connection, random: Random, rows: int) -> Harm:
    """Another value in any column."""
    number, column = random.randint(1, rows), random.choice(COLUMNS[1:])
    place = COLUMNS.index(column)
    old = _rows(connection, "seq = :seq", seq=number)[0][place]
    new = random.choice(_others(connection, old))
    _run(connection, f"UPDATE audit SET {column} = :new WHERE seq = :seq", new=new, seq=number)  # noqa: S608
    if _rows(connection, "seq = :seq", seq=number)[0][place] == old:  # the column's type undid it
        return edited(connection, random, rows)
    return Harm(f"edited {column}", number)


def renumbered(connection: Connection, random: Random, rows: int) -> Harm:
    """A row with another number."""
    number = random.randint(1, rows)
    _move(connection, number, rows + random.randint(2, 9))
    return Harm("renumbered", number)


def _move(connection: Connection, number: int, to: int) -> None:
    _run(connection, "UPDATE audit SET seq = :to WHERE seq = :seq", to=to, seq=number)


def dropped(connection: Connection, random: Random, rows: int) -> Harm:
    """A row less, in the middle."""
    number = random.randint(1, rows - 1)
    _run(connection, "DELETE FROM audit WHERE seq = :seq", seq=number)
    return Harm("dropped", number)


def closed_up(connection: Connection, random: Random, rows: int) -> Harm:
    """A row less, and the later ones moved up."""
    number = dropped(connection, random, rows).row
    for later in range(number + 1, rows + 1):
        _move(connection, later, later - 1)
    return Harm("closed up", number)


def inserted(connection: Connection, random: Random, rows: int) -> Harm:
    """A row more: before the first one, after the last one, or in between with a hash of its own."""
    place = random.choice((0, -3, rows + 1))
    [copy] = _rows(connection, "seq = :seq", seq=random.randint(1, rows))
    _insert(connection, (place, *copy[1:]))
    return Harm("inserted", place)


def pushed_in(connection: Connection, random: Random, rows: int) -> Harm:
    """A row more in the middle, and the later ones moved down."""
    number = random.randint(1, rows)
    for later in range(rows, number - 1, -1):
        _move(connection, later, later + 1)
    [copy] = _rows(connection, "seq = :seq", seq=number + 1)
    _insert(connection, (number, "f" * 32, *copy[2:]))
    return Harm("pushed in", number)


def swapped(connection: Connection, random: Random, rows: int) -> Harm:
    """Two rows in each other's place."""
    first, second = sorted(random.sample(range(1, rows + 1), 2))
    for number, to in ((first, -1), (second, first), (-1, second)):
        _move(connection, number, to)
    return Harm("swapped", first)


def cut(connection: Connection, random: Random, rows: int) -> Harm:
    """The tail gone."""
    kept = random.randint(0, rows - 1)
    _run(connection, "DELETE FROM audit WHERE seq > :kept", kept=kept)
    return Harm("cut", kept, needs_head=True)


def rewritten(connection: Connection, random: Random, rows: int) -> Harm:
    """One row changed, and every hash from there on made anew by somebody who knows how."""
    number = random.randint(1, rows)
    _run(connection, "UPDATE audit SET sentence = 'Nothing happened.' WHERE seq = :seq", seq=number)
    before = _rows(connection, "seq = :seq", seq=number - 1)
    previous = before[0][-1] if before else "0" * 64
    for each in _rows(connection, "seq >= :seq", seq=number):
        values = dict(zip(COLUMNS, each, strict=True))
        said: list[Any] = [previous, values["seq"], values["time"]]
        said += [values[name] for name in SAID if name != "time"]
        previous = hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()
        _run(connection, "UPDATE audit SET hash = :hash WHERE seq = :seq", hash=previous, seq=values["seq"])
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


class _Undone(Exception):  # noqa: N818  # no error: it rolls back
    """Ends a transaction that leaves nothing behind."""


def missed(url: str, head: str, rows: int, mutations: int, seed: int) -> Iterator[tuple[Harm, str | None]]:
    """Harm a chain in many ways, each undone before the next; gives those that were not found or not named."""
    random = Random(seed)
    store = Store(url)
    for number in range(mutations):
        with suppress(_Undone), store.transaction(durable=False) as connection:
            harm = MUTATIONS[number % len(MUTATIONS)](connection, random, rows)
            told = audit.verify(connection, saved_head=head)
            raise _Undone
        if told is None or f"row {harm.row}" not in told:
            yield harm, told
    store.close()
