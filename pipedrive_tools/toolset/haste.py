"""How long one write may be tried: no longer than recovery leaves it alone, or both would send it."""

import time
from dataclasses import dataclass, field

from pipedrive_tools.endpoint import Effect
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.line import Line
from pipedrive_tools.pacing import Patience
from pipedrive_tools.settings import Settings


def answer_seconds(settings: Settings) -> float:
    """How long one answer may take."""
    return settings.timeout_seconds + settings.connect_seconds


def untouched_seconds(settings: Settings, settle_seconds: float) -> float:
    """How long a write that was sent is left alone, because its answer may still come."""
    return max(settle_seconds, answer_seconds(settings))


def in_time(line: Line, settings: Settings, settle_seconds: float) -> Line:
    """The line for one write, whose last try is over before recovery may look into it."""
    latest = time.monotonic() + untouched_seconds(settings, settle_seconds) - answer_seconds(settings)
    whole = line.patience
    # Chance of its own would have to be seeded.
    hasty = _Hasty(whole.attempts, whole.random, whole=whole, latest=latest)
    return Line(line.port, line.credential, hasty, line.pace.until(latest), line.clock)


@dataclass
class _Hasty(Patience):
    """The line's patience, which ends in time."""

    whole: Patience = field(default_factory=Patience)
    latest: float = 0.0

    def wait_seconds(self, error: PipedriveToolsError, effect: Effect, attempt: int) -> float | None:
        """How long to wait before the next try, or None to give up."""
        wait = self.whole.wait_seconds(error, effect, attempt)
        return None if wait is None or time.monotonic() + wait > self.latest else wait

    def reward(self) -> None:
        """Give a point back for a call that went well."""
        self.whole.reward()
