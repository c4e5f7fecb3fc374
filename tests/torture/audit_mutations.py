"""Ten thousand ways to harm the audit chain: each is found, and the first bad row is named."""

import tempfile
from collections.abc import Iterator
from typing import Final

from pipedrive_tools.state import audit
from pipedrive_tools.state.store import Store
from tests.state.chains import chain, missed
from tests.torture.figures import Figure

MUTATIONS: Final = 10_000
ROWS: Final = 24
SEED: Final = 7


def run() -> Iterator[Figure]:
    """Harm, verify, mend, again and again."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/state.db"
        head = chain(url, ROWS)
        found = list(missed(url, head, ROWS, MUTATIONS, SEED))
        for harm, told in found[:5]:
            print(f"   {harm}: {told}", flush=True)
        store = Store(url)
        with store.transaction(durable=False) as connection:
            whole = audit.verify(connection, saved_head=head)
            other = audit.verify(connection, saved_head=f"{ROWS}:{'0' * 64}")
        store.close()
    yield Figure.none_of(
        "mutations of the audit chain that were not found and named",
        len(found),
        tries=MUTATIONS,
        counter_test=f"the whole chain: {whole or 'nothing wrong'}; a foreign head: {other}",
        has_teeth=whole is None and other is not None,
    )
