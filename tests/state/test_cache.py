"""Lists that are kept in the store: for a time, for one caller, the newest of each name."""

import time

from pipedrive_tools.state import cache
from pipedrive_tools.state.cache import Kept
from pipedrive_tools.state.store import Store


def test_shared(store_url: str) -> None:
    """What one process keeps another one finds; the newer list takes the place of the older."""
    first, second = Store(store_url), Store(store_url)
    with first.hot(durable=False) as connection:
        cache.put(connection, "me", "users", Kept([{"id": 1}], time.time() - 5))
        cache.put(connection, "me", "users", Kept([{"id": 2, "name": "Ö"}], time.time() - 1))
    with second.hot(durable=False) as connection:
        found = cache.young(connection, "me", 3600)

    assert found["users"].records == [{"id": 2, "name": "Ö"}]
    first.close()
    second.close()


def test_not_for_others_and_not_for_ever(store_url: str) -> None:
    """Another caller sees nothing, and what is too old or from the future is not there."""
    store, now = Store(store_url), time.time()
    with store.hot(durable=False) as connection:
        cache.put(connection, "me", "old", Kept([], now - 61))
        cache.put(connection, "me", "future", Kept([], now + 60))
        cache.put(connection, "me", "young", Kept([], now - 59))
        assert set(cache.young(connection, "me", 60)) == {"young"}
        assert cache.young(connection, "you", 60) == {}
    store.close()
