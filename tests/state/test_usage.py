from pipedrive_tools.state import usage
from pipedrive_tools.state.store import Store
from pipedrive_tools.state.usage import Used, Whose


def test_sums(store: Store) -> None:
    """What is used adds up over the run and over the day; another run shares the day, another agent nothing."""
    with store.hot(durable=False) as connection:
        usage.add(connection, Whose("c", "r1", "a"), Used(1, 5, 1, 100.5))
        usage.add(connection, Whose("c", "r1", "a"), Used(1, 5, 0, 0))
        usage.add(connection, Whose("c", "r2", "a"), Used(1, 2, 0, 1))
        usage.add(connection, Whose("c", "r1", "b"), Used(7, 7, 7, 7))
        first, second = (
            usage.read(connection, Whose("c", "r1", "a")),
            usage.read(connection, Whose("c", "r2", "a")),
        )
        other = usage.read(connection, Whose("c", "r1", "b"))

    assert first == (Used(2, 10, 1, 100.5), Used(3, 12, 1, 101.5))
    assert second == (Used(1, 2, 0, 1), Used(3, 12, 1, 101.5))
    assert other == (Used(7, 7, 7, 7), Used(7, 7, 7, 7))


def test_rows_count_once(store: Store) -> None:
    """A record counts once in each period, however often it is changed."""
    with store.hot(durable=False) as connection:
        sums = [
            usage.add(connection, Whose("c", run, "a"), Used(writes=1), record=record)
            for run, record in (("r1", "deals:1"), ("r1", "deals:1"), ("r1", "deals:2"), ("r2", "deals:1"))
        ]
        counted = [usage.counted(connection, Whose("c", run, "a"), "deals:2") for run in ("r1", "r2")]

    assert [(each.run.rows, each.day.rows) for each in sums] == [(1, 1), (1, 1), (2, 2), (1, 2)]
    assert counted == [{"run", "day"}, {"day"}]
