"""The store that the environment names, opened for one command."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipedrive_tools.settings import Settings
from pipedrive_tools.state.store import Store


@contextmanager
def store(settings: Settings | None = None) -> Iterator[Store]:
    """Open the store, and close it afterwards."""
    opened = Store((settings or Settings.from_env()).state)
    try:
        yield opened
    finally:
        opened.close()
