"""Whether a worker of the fleet lives on this machine, as its health check asks."""

from threading import Event, Thread

from sales_follow_up.beats import Beats, lives_here, new_name, of_fleet

from pipedrive_tools.state.store import Store


def test_alive_while_it_counts(store: Store) -> None:
    """A worker of this machine is alive as long as it counts; one that stands still is not."""
    beats, stops = Beats(of_fleet(store), new_name()), Event()
    beats.beat()
    assert not lives_here(of_fleet(store), wait_seconds=0.4)

    def count() -> None:
        while not stops.wait(0.05):
            beats.beat()

    thread = Thread(target=count)
    thread.start()
    try:
        assert lives_here(of_fleet(store), wait_seconds=20)
    finally:
        stops.set()
        thread.join()


def test_another_machine(store: Store) -> None:
    """What counts elsewhere says nothing about this machine."""
    elsewhere, stops = Beats(of_fleet(store), "elsewhere-1"), Event()
    thread = Thread(target=lambda: [elsewhere.beat() for _ in iter(lambda: stops.wait(0.05), True)])
    thread.start()
    try:
        assert not lives_here(of_fleet(store), wait_seconds=0.6)
    finally:
        stops.set()
        thread.join()
