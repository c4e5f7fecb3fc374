import json
from contextlib import closing

import pytest

from pipedrive_tools.state import audit
from pipedrive_tools.state.store import Store
from tests.state.chains import MUTATIONS, Mutate, chain, entry, missed

ROWS = 12


def verified(url: str, head: str | None = None) -> str | None:
    store = Store(url)
    with store.transaction(durable=False) as connection:
        found = audit.verify(connection, saved_head=head)
    store.close()
    return found


def test_every_mutation_is_found(store_url: str) -> None:
    """Edits, drops, insertions, swaps, cuts and rewrites are all found, and the first bad row is named."""
    head = chain(store_url, ROWS)

    assert list(missed(store_url, head, ROWS, 440, seed=3)) == []
    assert verified(store_url, head) is None


@pytest.mark.parametrize("mutate", dict.fromkeys(MUTATIONS), ids=lambda each: str(each.__name__))
def test_without_a_saved_head(mutate: Mutate, store_url: str) -> None:
    """Only a cut tail and a complete rewrite need a head that was kept elsewhere."""
    from random import Random  # noqa: PLC0415  # beside its only use

    head = chain(store_url, ROWS)
    with closing(Store(store_url)) as store, store.transaction(durable=False) as connection:
        harm = mutate(connection, Random(1), ROWS)

    assert (verified(store_url) is None) == harm.needs_head
    assert verified(store_url, head) is not None


def test_a_clean_chain(store_url: str) -> None:
    """A chain that grew on is clean, and meets every head that it had."""
    assert verified_heads(store_url) == [None, None, None]


def verified_heads(url: str) -> list[str | None]:
    store = Store(url)
    with store.transaction(durable=False) as connection:
        heads = [audit.head(connection)]
    store.close()
    heads += [chain(url, 3), chain(url, 2)]
    return [verified(url, head) for head in heads]


def test_both_rows_or_none(store_url: str) -> None:
    """A row that is added in a transaction which fails is not there, and the chain goes on without a gap."""
    chain(store_url, 2)
    store = Store(store_url)

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
    assert verified(store_url) is None


def test_filters_and_export(store_url: str) -> None:
    """Rows are chosen by the value of a column, and exported as plain JSON."""
    chain(store_url, 4)
    store = Store(store_url)
    with store.transaction(durable=False) as connection:
        outcomes = list(audit.rows(connection, step="outcome"))
        nobody = list(audit.rows(connection, agent="nobody"))
    store.close()

    assert [row.seq for row in outcomes] == [2, 4]
    assert nobody == []
    assert json.loads(json.dumps(audit.as_json(outcomes[0])))["tool"] == "update_deal"
