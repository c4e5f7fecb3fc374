from typing import Any

import pytest

from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints import deals
from pipedrive_tools.state import journal
from pipedrive_tools.state.journal import Intent, State
from pipedrive_tools.state.store import Store


def titled(title: str) -> Call[Any]:
    return deals.update.check({"deal_id": 5, "title": title})


def begun(store: Store, call: Call[Any], *, run: str = "r", target: str | None = "deals:5") -> Intent:
    row = journal.intent(
        call, id=journal.new_id(), run=run, agent="a", asked=call, target=target, before={"title": "Old"}
    )
    with store.hot(durable=True) as connection:
        journal.add(connection, row)
    return row


def settled(store: Store, row: Intent, state: State, **more: Any) -> bool:
    with store.hot(durable=False) as connection:
        return journal.settle(connection, row.id, state, **more)


def repeat(store: Store, call: Call[Any], *, run: str = "r", target: str | None = "deals:5") -> str | None:
    with store.hot(durable=False) as connection:
        found = journal.repeat_of(connection, "", run, call, target)
    return found.id if found else None


def read(store: Store, row: Intent) -> Intent:
    with store.transaction(durable=False) as connection:
        found = journal.get(connection, row.id)
    assert found is not None
    return found


def test_what_is_kept(store: Store) -> None:
    """An intent comes back as it was written: values, before image and, later, the answer."""
    row = begun(store, titled("A"))
    assert read(store, row) == row
    assert (row.state, row.arguments, row.image) == ("SENT", {"deal_id": 5, "title": "A"}, {"title": "Old"})

    settled(store, row, "DONE", data={"id": 5})
    assert (read(store, row).state, read(store, row).answer) == ("DONE", {"id": 5})


def test_three_changes(store: Store) -> None:
    """A, B, A on one record are three changes; A, A is one; what failed counts for nothing."""
    first = begun(store, titled("A"))
    settled(store, first, "DONE")
    assert repeat(store, titled("A")) == first.id
    assert repeat(store, titled("A"), run="other") is None

    settled(store, begun(store, titled("C")), "FAILED")
    assert repeat(store, titled("C")) is None
    assert repeat(store, titled("A")) == first.id
    settled(store, begun(store, titled("B")), "DONE")
    assert repeat(store, titled("A")) is None


@pytest.mark.parametrize("state", ["SENT", "UNKNOWN", "PARKED", "DONE"])
def test_an_open_create(store: Store, state: State) -> None:
    """A create that was sent is recognised whatever became of it, unless it failed."""
    call: Call[Any] = deals.create.check({"title": "A"})
    row = begun(store, call, target=None)
    settled(store, row, state)

    assert repeat(store, call, target=None) == row.id
    settled(store, row, "FAILED")
    assert repeat(store, call, target=None) is None


def test_a_create_that_was_taken_back(store: Store) -> None:
    """What was made and deleted, or undone, may be made once more."""
    call: Call[Any] = deals.create.check({"title": "A"})
    row = begun(store, call, target=None)
    settled(store, row, "DONE", data={"id": 77})
    gone = begun(store, deals.delete.check({"deal_id": 77}), target="deals:77")
    assert repeat(store, call, target=None) == row.id

    settled(store, gone, "DONE")
    assert repeat(store, call, target=None) is None
    again = begun(store, call, target=None)
    settled(store, again, "DONE", data={"id": 78})
    assert repeat(store, call, target=None) == again.id
    with store.hot(durable=True) as connection:
        journal.mark_undone(connection, again.id, "x")
    assert repeat(store, call, target=None) is None


def test_a_lease(store: Store) -> None:
    """One recoverer holds a row; whoever lost it writes nothing down and sends nothing."""
    row = begun(store, titled("A"))
    with store.transaction(durable=True) as connection:
        mine = journal.take_lease(connection, row, 30)
        assert journal.take_lease(connection, row, 30) is None
    assert mine is not None

    assert not settled(store, row, "DONE", lease=mine - 1)
    with store.hot(durable=True) as hot:
        assert not journal.send_again(hot, row.id, lease=mine - 1)
        assert journal.send_again(hot, row.id, lease=mine)
    assert read(store, row).tries == 2
    assert settled(store, row, "DONE", lease=mine)
    with store.transaction(durable=True) as connection:
        assert journal.take_lease(connection, row, 30) is None  # it is not what the recoverer saw


def test_numbers_grow() -> None:
    """Numbers of calls are all different and sort by the moment they were made."""
    numbers = [journal.new_id() for _ in range(2000)]

    assert len(set(numbers)) == 2000
    assert [each[:16] for each in numbers] == sorted(each[:16] for each in numbers)
    assert {len(each) for each in numbers} == {32}
