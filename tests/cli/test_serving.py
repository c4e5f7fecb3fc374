"""Whoever reads that something serves may end it at once: by then the server itself hears signals."""

import asyncio
import signal
from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette

from pipedrive_tools import sandbox
from pipedrive_tools.webhooks import serving

Serve = Callable[[Callable[..., None]], None]
SERVERS: dict[str, Serve] = {
    "receiver": lambda ready: serving.serve(Starlette(), "127.0.0.1", 0, ready=ready),
    "sandbox": lambda ready: sandbox.serve(0, data="empty", ready=ready),
}


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """A job that a shell put into the background, as a whole run of the tests may be, ignores Ctrl-C by itself."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("serve", SERVERS.values(), ids=SERVERS.keys())
def test_a_signal_at_the_first_moment(serve: Serve) -> None:
    """A signal that comes with the first line ends a loop that runs, not one that is being made."""
    loops: list[asyncio.AbstractEventLoop] = []

    def ready(*_told: str) -> None:
        loops.append(asyncio.get_running_loop())
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):  # uvicorn raises it again once it has let go of everything
        serve(ready)

    assert [loop.is_closed() for loop in loops] == [True]
