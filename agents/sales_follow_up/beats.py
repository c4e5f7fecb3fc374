"""Which workers live: each counts up in the store, and whoever stands still for long is taken for dead.

Nobody compares clocks: an observer measures with its own how long a count has stood still.
"""

import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pipedrive_tools.state.memory import Memory
from pipedrive_tools.state.store import Store

DEAD_SECONDS: Final = 30.0
FLEET: Final = "sales-follow-up-fleet"
PREFIX: Final = "worker:"
LOOK_SECONDS: Final = 0.25


def of_fleet(store: Store) -> Memory:
    """Where the workers of a fleet count."""
    return Memory(store, account=FLEET, agent=FLEET)


def new_name() -> str:
    """The name of a worker that begins on this machine."""
    return f"{socket.gethostname()}-{uuid.uuid4().hex}"


def lives_here(memory: Memory, *, wait_seconds: float) -> bool:
    """Whether a worker on this machine counts; looked at for so long."""
    mine = f"{PREFIX}{socket.gethostname()}-"
    first, until = memory.all(mine), time.monotonic() + wait_seconds
    while time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        if any(count != first.get(name) for name, count in memory.all(mine).items()):
            return True
    return False


@dataclass
class Beats:
    """The counts of all workers, as one of them sees them."""

    memory: Memory
    me: str
    dead_seconds: float = DEAD_SECONDS
    now: Callable[[], float] = time.monotonic
    _count: int = field(default=0, init=False)
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)

    def beat(self) -> None:
        """Tell the others that this one lives."""
        self._count += 1
        self.memory.keep(PREFIX + self.me, self._count)

    def dead(self) -> list[str]:
        """The others whose count has stood still for too long."""
        counts = {name: count for name, count in self.memory.all(PREFIX).items() if name != self.me}
        now = self.now()
        self._seen = {
            name: seen if (seen := self._seen.get(name)) and seen[0] == count else (count, now)
            for name, count in counts.items()
        }
        return [name for name, (_, since) in self._seen.items() if now - since > self.dead_seconds]

    def bury(self, name: str) -> None:
        """Forget a dead one, once its work was taken over."""
        self.memory.forget(PREFIX + name)
