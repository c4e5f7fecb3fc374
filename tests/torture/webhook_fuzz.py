"""Hostile webhooks: a million bodies and headers, and what the time of a check tells about a credential."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from random import Random
from statistics import fmean, pvariance
from typing import Any, Final

from pydantic_core import from_json

from pipedrive_tools.errors import EventError
from pipedrive_tools.state.hooks import Live
from pipedrive_tools.state.inbox import Arrival
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.credentials import HookCredentials
from pipedrive_tools.webhooks.receiver import PATH, Receiver
from tests.torture.figures import Figure
from tests.torture.hostile_bodies import SECRET, body, headers

PARSED: Final = 800_000
RECEIVED: Final = 200_000
ANSWERS: Final = frozenset({204, 400, 401, 405, 408, 413, 415, 503})
SAMPLES: Final = 200_000
KEPT_SHARE: Final = 0.9
"""The slowest tenth is the machine's doing, not the code's."""
SEED: Final = 11


@dataclass
class Seen:
    """What became of the tries."""

    outcomes: Counter[str] = field(default_factory=Counter)
    uncaught: list[str] = field(default_factory=list)

    def caught(self, error: BaseException, given: bytes) -> None:
        """Something came out that nobody expects."""
        self.uncaught.append(f"{type(error).__name__}: {given[:80]!r}")


def parsed(tries: int, *, parse: Callable[[bytes], Any] = events.parse, seed: int = SEED) -> Seen:
    """Read so many bodies; whatever is no event is told by one kind of error."""
    random, seen = Random(seed), Seen()
    for _ in range(tries):
        given = body(random)
        try:
            found = parse(given)
        except EventError:
            seen.outcomes["refused"] += 1
        except Exception as error:  # noqa: BLE001  # this is what must not happen
            seen.caught(error, given)
        else:
            seen.outcomes["taken"] += 1
            if isinstance(found, events.Event):
                _used(found, seen, given)
    return seen


def _used(event: events.Event, seen: Seen, given: bytes) -> None:
    """Everything that others ask an event for."""
    try:
        _ = (event.keys, event.record, event.update_time, event.changed, event.is_echo(9), event.permits(9))
        for shown in (event.data, event.previous):
            for each in shown.custom_fields.values() if shown else ():
                _ = each.as_v2 if each else None
        assert event.record.isprintable()
    except Exception as error:  # noqa: BLE001  # the same
        seen.caught(error, given)


@dataclass
class Kept:
    """Stands for the inbox."""

    arrivals: int = 0

    async def keep(self, arrival: Arrival) -> None:
        """Count it."""
        self.arrivals += bool(arrival.record)


def received(
    tries: int, *, check: Callable[[str | None], str | None] | None = None, seed: int = SEED
) -> Seen:
    """Send so many requests to the receiver itself, as a server would hand them over."""
    found = check or HookCredentials(lambda: [Live(name="a", secret=SECRET.encode())]).check
    return asyncio.run(_received(tries, found, Random(seed)))


async def _received(tries: int, check: Callable[[str | None], str | None], random: Random) -> Seen:
    seen, receiver = Seen(), Receiver(Kept(), check)
    for _ in range(tries):
        given = body(random)[: 2 * 1024 * 1024]
        try:
            status = await _answer(receiver, given, random)
        except Exception as error:  # noqa: BLE001  # this is what must not happen
            seen.caught(error, given)
            continue
        seen.outcomes[str(status)] += 1
        if status not in ANSWERS:
            seen.uncaught.append(f"status {status}")
    return seen


async def _answer(receiver: Receiver, given: bytes, random: Random) -> int:
    method = random.choice(("POST", "POST", "POST", "POST", "GET", "PUT", "\u0000"))
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": PATH,
        "query_string": random.choice((b"", b"\xff", b"a=b&a")),
        "headers": headers(random, given),
    }
    cut = random.randrange(len(given) + 1)
    pieces: list[dict[str, Any]] = [
        {"type": "http.request", "body": given[:cut], "more_body": True},
        {"type": "http.request", "body": given[cut:], "more_body": False},
    ]
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await receiver(scope, receive, send)
    return statuses[0]


def naive(given: bytes) -> Any:
    """A parser as it is usually written."""
    found = from_json(given)
    return found["meta"]["action"].lower() + str(found["meta"]["entity_id"])


def careless(header: str | None) -> str | None:
    """A check of credentials as it is usually written."""
    import base64  # noqa: PLC0415  # of this one function

    return "a" if base64.b64decode((header or "").split(" ")[1]).decode() == SECRET else None


def _byte_loop(header: str | None) -> str | None:
    """A comparison that stops at the first difference."""
    given = header or ""
    for mine, theirs in zip(NEAR[-1], given, strict=False):
        if mine != theirs:
            return None
    return "a"


def _basic(secret: str) -> str:
    from base64 import b64encode  # noqa: PLC0415

    return "Basic " + b64encode(secret.encode()).decode()


NEAR: Final = (_basic(SECRET[:-1] + "!"), _basic("!" + SECRET[1:]), _basic(SECRET))
"""A guess that is wrong in its last letter, one that is wrong in its first, and the credential.

The guesses hold the same letters but for two: what decoding takes of other letters tells nothing of the credential.
"""
LOOP_TIMES: Final = 100
"""So many times more must a byte loop tell, or the clock is too coarse to show anything."""


def difference(check: Callable[[str | None], str | None], samples: int = SAMPLES, seed: int = SEED) -> float:
    """Welch's t between the times of a guess that is nearly right and of one that is all wrong."""
    random = Random(seed)
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(samples):
        which = random.randrange(2)
        header = NEAR[which]
        start = time.perf_counter_ns()
        check(header)
        times[which].append(time.perf_counter_ns() - start)
    edge = sorted(times[0] + times[1])[int(KEPT_SHARE * samples)]
    near, far = ([each for each in side if each <= edge] for side in times)
    return (fmean(near) - fmean(far)) / sqrt(pvariance(near) / len(near) + pvariance(far) / len(far))


def run() -> Iterator[Figure]:
    """A million tries, and the times of two hundred thousand checks."""
    read, told = parsed(PARSED), received(RECEIVED)
    print(f"   bodies: {dict(read.outcomes)}; requests: {dict(told.outcomes)}", flush=True)
    for each in (read.uncaught + told.uncaught)[:5]:
        print(f"   uncaught: {each}", flush=True)
    without = len(parsed(2_000, parse=naive).uncaught) + len(received(2_000, check=careless).uncaught)
    yield Figure.none_of(
        "uncaught exceptions and strange answers to hostile webhooks",
        len(read.uncaught) + len(told.uncaught),
        tries=PARSED + RECEIVED,
        counter_test=f"a usual parser and a usual check: {without} in 4,000",
        has_teeth=without > 0,
    )
    ours = abs(difference(HookCredentials(lambda: [Live(name="a", secret=SECRET.encode())]).check))
    loop = abs(difference(_byte_loop))
    yield Figure(
        "what the time of a check tells of a webhook's credential, |t|",
        ours,
        "<= 10",
        holds=ours <= 10 and loop >= LOOP_TIMES * ours,
        tries=SAMPLES,
        counter_test=f"a byte loop: {loop:,.0f}, {loop / ours:,.0f} times as much",
    )
