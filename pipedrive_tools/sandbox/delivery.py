"""Deliveries: each event to each webhook that wants it, on Pipedrive's schedule (FACTS.md, section 15).

Four attempts; a first one that fails counts, and ten of them silence the webhook for half an hour, whose events are
lost; after three days without success it is deleted. The switches say how long a second lasts here.
"""

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Coroutine
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

from pydantic_core import to_json

from pipedrive_tools.sandbox.answers import Record
from pipedrive_tools.sandbox.clock import lead_stamp
from pipedrive_tools.sandbox.events import ENTITIES, OLD_WORDS, Event, event_of, payload
from pipedrive_tools.sandbox.outgoing import NO_ANSWER, Address, Outgoing
from pipedrive_tools.sandbox.store import Change, Key
from pipedrive_tools.sandbox.webhooks import AGENT, removed
from pipedrive_tools.sandbox.world import World

WAITS_SECONDS = (0, 3, 30, 150)
"""Before each attempt."""
MOST_FAILURES = 10
BAN_SECONDS = 1800
DELETED_AFTER_SECONDS = 3 * 86_400
AT_ONCE = 64
"""Deliveries that are under way at the same time."""
SPREAD_SECONDS = 1
"""How far apart two events may be whose order is shuffled."""
MOST_ENTRIES = 400_000
"""Older ones fall out of the log."""
SUCCESS = range(200, 300)


@dataclass(frozen=True)
class Entry:
    """One attempt to deliver, or one event that was lost."""

    webhook_id: int
    event_id: str
    action: str
    entity: str
    entity_id: int | str
    attempt: int
    """0 of an event that was never sent."""
    due_seconds: float
    """When the attempt was due, in Pipedrive's seconds after the event."""
    status: int
    """0 where no answer came in time."""
    outcome: str
    """`delivered`, `failed`, `given up`, `lost` in a ban, or `elsewhere`: not on this machine, so not sent."""


@dataclass
class State:
    """What the service remembers of one webhook."""

    failures: int = 0
    banned_until: float = float("-inf")
    failing_since: float | None = None


@dataclass(frozen=True)
class Parcel:
    """An event on its way to one webhook."""

    hook_id: int
    event: Event
    number: str = field(default_factory=lambda: str(uuid4()))


class Deliveries:
    """Hears of every write and tells it; everything happens in the loop that serves the API."""

    def __init__(self, world: World, outgoing: Outgoing) -> None:
        self._world, self._outgoing = world, outgoing
        for table in world.store.tables.values():
            table.listeners.append(self._heard)
        self._log: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._tasks: set[asyncio.Task[None]] = set()
        self.reset()

    @property
    def pending(self) -> int:
        """Events on their way, those that wait for another attempt among them."""
        return self._pending

    def entries(self) -> list[dict[str, Any]]:
        """Every attempt so far, oldest first."""
        return [asdict(each) for each in self._log]

    def reset(self) -> None:
        """Forget everything, and stop what is under way."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._log.clear()
        self._states: dict[int, State] = {}
        self._queues: dict[tuple[int, str, Key], deque[Parcel]] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._random = Random(7)
        self._pending = 0

    def close(self) -> None:
        """Stop for good."""
        self.reset()
        self._outgoing.close()

    def _heard(self, change: Change) -> None:
        entity = ENTITIES.get(change.resource)
        about = [
            hook for hook in self._world.store["webhooks"].records() if entity and _is_about(hook, entity)
        ]
        event = event_of(self._world, change) if about else None
        if event is None:
            return
        for hook in about:
            if hook["event_action"] in {"*", event.action, OLD_WORDS[event.action]}:
                self._take(hook, event)

    def _take(self, hook: Record, event: Event) -> None:
        parcel = Parcel(hook["id"], event)
        if Address.on_this_machine(hook["subscription_url"]) is None:
            self._note(parcel, 0, NO_ANSWER, "elsewhere")
        elif self._state(parcel).banned_until > self._world.clock.monotonic():
            self._note(parcel, 0, NO_ANSWER, "lost")
        elif self._world.switches.webhook_order == "shuffled":
            self._start(self._later(parcel, self._random.uniform(0, self._seconds(SPREAD_SECONDS))))
        else:
            for _ in range(2 if self._world.switches.webhook_order == "doubled" else 1):
                self._enqueue(parcel)

    def _enqueue(self, parcel: Parcel) -> None:
        """Events of one record go one after the other, those of different records side by side."""
        lane = (parcel.hook_id, parcel.event.entity, parcel.event.key)
        waiting = self._queues.get(lane)
        if waiting is None:
            waiting = self._queues[lane] = deque()
            self._start(self._drain(lane, waiting))
        waiting.append(parcel)
        self._pending += 1

    async def _drain(self, lane: tuple[int, str, Key], waiting: deque[Parcel]) -> None:
        while waiting:
            parcel = waiting.popleft()
            if await self._attempt(parcel, 1):
                self._pending -= 1
            else:
                self._start(self._again(parcel))
        self._queues.pop(lane, None)

    async def _later(self, parcel: Parcel, seconds: float) -> None:
        self._pending += 1
        await asyncio.sleep(seconds)
        if await self._attempt(parcel, 1):
            self._pending -= 1
        else:
            await self._again(parcel)

    async def _again(self, parcel: Parcel) -> None:
        for attempt, wait in enumerate(WAITS_SECONDS[1:], start=2):
            await asyncio.sleep(self._seconds(wait))
            if await self._attempt(parcel, attempt):
                break
        self._pending -= 1

    async def _attempt(self, parcel: Parcel, attempt: int) -> bool:
        """Send once; true where nothing is left to do."""
        hook = self._world.store["webhooks"].get(parcel.hook_id)
        address = Address.on_this_machine(hook["subscription_url"]) if hook else None
        if hook is None or address is None or not hook["is_active"]:
            return True
        async with self._at_once:
            number = str(uuid4()) if attempt > 1 and self._renumbers else parcel.number
            in_digits = self._world.switches.webhook_meta == "digits"
            content = to_json(payload(parcel.event, hook, number, attempt, in_digits=in_digits))
            within = self._world.switches.webhook_answer_seconds
            status = await self._outgoing.send("POST", address, headers(hook), content, within_seconds=within)
        return self._judge(parcel, attempt, status)

    @property
    def _renumbers(self) -> bool:
        return self._world.switches.webhook_id_on_retry == "new"

    def _judge(self, parcel: Parcel, attempt: int, status: int) -> bool:
        good, last = status in SUCCESS, attempt == len(WAITS_SECONDS)
        self._note(parcel, attempt, status, "delivered" if good else "given up" if last else "failed")
        hook = self._world.store["webhooks"].get(parcel.hook_id)
        if hook is not None:
            told = {
                "last_http_status": status or None,
                "last_delivery_time": lead_stamp(self._world.clock.now()),
            }
            self._world.store["webhooks"].put({**hook, **told})
        self._count(parcel, attempt, is_good=good)
        return good or last

    def _count(self, parcel: Parcel, attempt: int, *, is_good: bool) -> None:
        state, now = self._state(parcel), self._world.clock.monotonic()
        if is_good:
            state.failing_since = None
            return
        if state.failing_since is None:
            state.failing_since = now
            self._start(self._end(parcel, state, now))
        if attempt == 1 and state.banned_until <= now:
            state.failures += 1
        if state.failures >= MOST_FAILURES:
            state.failures, state.banned_until = 0, now + self._seconds(BAN_SECONDS)

    async def _end(self, parcel: Parcel, state: State, since: float) -> None:
        """Delete the webhook if nothing has succeeded by then."""
        await asyncio.sleep(self._seconds(DELETED_AFTER_SECONDS))
        hook = self._world.store["webhooks"].get(parcel.hook_id)
        if hook is not None and state.failing_since == since:
            removed(self._world, hook, "no delivery succeeded for 3 days")

    def _state(self, parcel: Parcel) -> State:
        return self._states.setdefault(parcel.hook_id, State())

    def _seconds(self, seconds: float) -> float:
        return seconds * self._world.switches.webhook_second

    def _note(self, parcel: Parcel, attempt: int, status: int, outcome: str) -> None:
        event = parcel.event
        self._log.append(
            Entry(
                webhook_id=parcel.hook_id,
                event_id=parcel.number,
                action=event.action,
                entity=event.entity,
                entity_id=event.key,
                attempt=attempt,
                due_seconds=sum(WAITS_SECONDS[:attempt]),
                status=status,
                outcome=outcome,
            )
        )

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_about(hook: Record, entity: str) -> bool:
    """Whether a webhook is told of this kind of record."""
    wanted = hook["event_object"]
    return bool(hook["is_active"]) and bool(
        {"*", entity} & {*(wanted if isinstance(wanted, list) else [wanted])}
    )


def headers(hook: Record) -> dict[str, str]:
    """What goes along with every delivery."""
    plain = {"content-type": "application/json", "user-agent": AGENT}
    if hook["http_auth_user"] is None:
        return plain
    secret = f"{hook['http_auth_user']}:{hook['http_auth_password'] or ''}"
    return {**plain, "authorization": f"Basic {b64encode(secret.encode()).decode()}"}
