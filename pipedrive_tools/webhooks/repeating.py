"""Something that is done at once and again and again, in a thread, while a block lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def repeating(act: Callable[[], None], seconds: float, name: str) -> Iterator[None]:
    """Do it now, and again so many seconds after each time; what it raises ends the thread."""
    stops = Event()

    def run() -> None:
        while True:
            act()
            if stops.wait(seconds):
                return

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stops.set()
        thread.join()
