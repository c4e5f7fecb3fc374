"""How long it takes to verify ten thousand rows of the audit trail."""

import statistics
import tempfile
import time
from collections.abc import Iterator

from pipedrive_tools.state import audit
from pipedrive_tools.state.store import Store
from tests.figures import Figure
from tests.state.chains import chain

ROWS = 10_000
ROUNDS = 7


def run() -> Iterator[Figure]:
    """The median of several verifications."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/state.db"
        head = chain(url, ROWS)
        store = Store(url)
        took = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            with store.transaction(durable=False) as connection:
                assert audit.verify(connection, saved_head=head) is None
            took.append(time.perf_counter() - start)
        store.close()
    note = f"worst {max(took):.2f} s of {ROUNDS}"
    yield Figure("verifying 10,000 audit rows, seconds", statistics.median(took), "<= 1", note)
