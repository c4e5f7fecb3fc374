"""What reading a record again says of an event: is there anything new in it, and is what was read new enough. Pure."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from pipedrive_tools.state.sightings import Sighting
from pipedrive_tools.webhooks.events import Event, Snapshot

Verdict = Literal["new", "same", "stale"]
SECOND: Final = 1.0
"""Times of records are whole seconds."""


def sighting(event: Event, record: Mapping[str, Any] | None, *, read: float) -> Sighting:
    """A record as it was read at this moment; None is one that is gone."""
    if record is None:
        return Sighting(record=event.record, update_time=_seconds(event.update_time), digest="", read=read)
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()
    newest = Snapshot.model_validate(record).update_time
    return Sighting(record=event.record, update_time=_seconds(newest), digest=digest, read=read)


def judge(event: Event, now: Sighting, last: Sighting | None) -> Verdict:
    """What a reading means: `stale` shows less than somebody has seen already, so it must be read once more."""
    if not now.digest:
        return "same" if last is not None and not last.digest else "new"
    told = _seconds(event.data.update_time if event.data else None)
    known = last.update_time if last is not None else 0.0
    if now.update_time and (now.update_time + SECOND <= max(told, known) or _outlived(event, now)):
        return "stale"
    return "same" if last is not None and last.digest == now.digest else "new"


def _outlived(event: Event, now: Sighting) -> bool:
    """Whether a reading shows a record that is told to be gone, and that nobody has changed, or restored, since."""
    return event.meta.action == "delete" and now.update_time <= _seconds(event.update_time)


def is_known(event: Event, last: Sighting | None) -> bool:
    """Whether a newer state than the one that the event tells of was worked on, so that nothing need be read."""
    if last is None or event.meta.action == "delete":
        return False
    told = _seconds(event.data.update_time if event.data else None)
    return bool(told) and told + SECOND <= last.update_time


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
