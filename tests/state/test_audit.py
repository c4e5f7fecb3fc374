import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipedrive_tools.state import audit
from pipedrive_tools.state.store import Store
from tests.state.chains import MUTATIONS, Mutate, chain, entry, missed

ROWS = 12


def verified(path: Path, head: str | None = None) -> str | None:
    store = Store(f"sqlite:///{path}")
    with store.transaction(durable=False) as connection:
        found = audit.verify(connection, saved_head=head)
    store.close()
    return found


def test_every_mutation_is_found(tmp_path: Path) -> None:
    """Edits, drops, insertions, swaps, cuts and rewrites are all found, and the first bad row is named."""
    path = tmp_path / "state.db"
    head = chain(path, ROWS)

    assert list(missed(path, head, ROWS, 440, seed=3)) == []
    assert verified(path, head) is None


@pytest.mark.parametrize("mutate", dict.fromkeys(MUTATIONS), ids=lambda each: str(each.__name__))
def test_without_a_saved_head(mutate: Mutate, tmp_path: Path) -> None:
    """Only a cut tail and a complete rewrite need a head that was kept elsewhere."""
    from random import Random  # noqa: PLC0415  # beside its only use

    path = tmp_path / "state.db"
    head = chain(path, ROWS)
    with closing(sqlite3.connect(path)) as connection:
        harm = mutate(connection, Random(1), ROWS)
        connection.commit()

    assert (verified(path) is None) == harm.needs_head
    assert verified(path, head) is not None


def test_a_clean_chain(tmp_path: Path) -> None:
    """A chain that grew on is clean, and meets every head that it had."""
    path = tmp_path / "state.db"
    assert verified_heads(path) == [None, None, None]


def verified_heads(path: Path) -> list[str | None]:
    store = Store(f"sqlite:///{path}")
    with store.transaction(durable=False) as connection:
        heads = [audit.head(connection)]
    store.close()
    heads += [chain(path, 3), chain(path, 2)]
    return [verified(path, head) for head in heads]


def test_both_rows_or_none(tmp_path: Path) -> None:
    """A row that is added in a transaction which fails is not there, and the chain goes on without a gap."""
    path = tmp_path / "state.db"
    chain(path, 2)
    store = Store(f"sqlite:///{path}")

    def fails() -> None:
        with store.hot(durable=True) as connection:
            audit.append(connection, entry(2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with store.hot(durable=True) as connection:
        audit.append(connection, entry(3))
    with store.transaction(durable=False) as reader:
        found = [row.seq for row in audit.rows(reader)]
    store.close()

    assert found == [1, 2, 3]
    assert verified(path) is None


def test_filters_and_export(tmp_path: Path) -> None:
    """Rows are chosen by the value of a column, and exported as plain JSON."""
    path = tmp_path / "state.db"
    chain(path, 4)
    store = Store(f"sqlite:///{path}")
    with store.transaction(durable=False) as connection:
        outcomes = list(audit.rows(connection, step="outcome"))
        nobody = list(audit.rows(connection, agent="nobody"))
    store.close()

    assert [row.seq for row in outcomes] == [2, 4]
    assert nobody == []
    assert json.loads(json.dumps(audit.as_json(outcomes[0])))["tool"] == "update_deal"
