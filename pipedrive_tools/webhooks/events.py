"""Events as Pipedrive sends them, version 2 and 1, as one typed value (FACTS.md, section 15). Pure.

An event is a hint from outside. What must be there is the action, the kind of record and its number; whatever else
cannot be read is left out here and stays in the bytes. Kinds of records and fields that nobody told us of are kept.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from pipedrive_tools.endpoint import describe
from pipedrive_tools.errors import EventError
from pipedrive_tools.webhooks.customfields import CustomField, typed

ACTIONS: Final[Mapping[str, str]] = {
    "added": "create",
    "updated": "change",
    "merged": "change",
    "deleted": "delete",
}
"""Words of version 1 for what version 2 calls otherwise."""

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
"""What may name a thing: nothing that could break out of a log line, a key or a query."""
_MOMENT: Final = TypeAdapter(datetime)


def _word(value: Any) -> str | None:
    """A name or a number as text; None where it is neither."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        value = str(value)
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _words(value: Any) -> tuple[str, ...] | None:
    """The names that a list holds; None where there is no list."""
    return tuple(word for each in value if (word := _word(each))) if isinstance(value, list) else None


def _moment(value: Any) -> datetime | None:
    """An instant, written as ISO, as seconds or as milliseconds; without a zone it is UTC."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        moment = _MOMENT.validate_python(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValidationError, OverflowError):
        return None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


Word = Annotated[str | None, BeforeValidator(_word)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class Meta(BaseModel):
    """What Pipedrive says about an event."""

    model_config = ConfigDict(extra="allow", frozen=True)

    action: Annotated[str, BeforeValidator(_word)]
    """`create`, `change` or `delete`; a word that is none of them is kept."""
    entity: Annotated[str, BeforeValidator(_word)]
    """Kind of record: `deal`, `person`, …; one that nobody told us of is kept."""
    entity_id: Annotated[str, BeforeValidator(_word)]
    id: Word = None
    """Number of the event; whether it stays over retries is not documented."""
    webhook_id: Word = None
    webhook_owner_id: Word = None
    company_id: Word = None
    user_id: Word = None
    """Who caused the event."""
    correlation_id: Word = None
    change_source: Word = None
    """`app` or `api`."""
    version: Word = None
    attempt: Annotated[int | None, BeforeValidator(_number)] = None
    is_bulk_edit: Annotated[bool, BeforeValidator(lambda value: value is True)] = False
    timestamp: Moment = None
    permitted_user_ids: Annotated[tuple[str, ...] | None, BeforeValidator(_words)] = None
    """Users who may see the record; None where the event does not say."""
    merged_to_id: Word = None
    """Of a delete: the record that this one was merged into."""
    merged_from_id: Word = None
    """Of a change: the record that was merged into this one."""


def _typed_all(value: Any) -> dict[str, CustomField | None]:
    return {key: typed(each) for key, each in value.items()} if isinstance(value, Mapping) else {}


class Snapshot(BaseModel):
    """A record as an event shows it, or those of its fields that changed; every key is kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Word = None
    update_time: Moment = None
    custom_fields: Annotated[Mapping[str, CustomField | None], BeforeValidator(_typed_all)] = Field(
        default_factory=dict
    )

    @property
    def fields(self) -> frozenset[str]:
        """Keys that it came with, custom ones too."""
        return frozenset({*self.model_fields_set, *self.custom_fields} - {"custom_fields"})


class Event(BaseModel):
    """One event."""

    model_config = ConfigDict(frozen=True)

    meta: Meta
    data: Snapshot | None = None
    """The record as it is now; None of one that is gone."""
    previous: Snapshot | None = None
    """What the changed fields held before; of one that is gone, its last state."""
    content: str
    """Digest of what happened, equal for two deliveries of the same event, whatever number each carries."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells this event from others: one that shares any of these keys is the same event again.

        The event's number serves only where it is a UUID: some events carry their record's number in its place.
        """
        number = (f"{self.meta.webhook_id}:{self.meta.id}",) if _is_uuid(self.meta.id) else ()
        return (*number, self.content)

    @property
    def record(self) -> str:
        """The record that it is about: work for one record runs in order."""
        return f"{self.meta.entity}:{self.meta.entity_id}"

    @property
    def update_time(self) -> datetime | None:
        """How new the state is that it shows; the event's own time where the record has none."""
        shown = self.data or self.previous
        return (shown.update_time if shown else None) or self.meta.timestamp

    @property
    def changed(self) -> frozenset[str]:
        """Fields that changed; of a record that came or went, those that it has."""
        shown = self.previous or self.data
        return shown.fields if shown else frozenset()

    def is_echo(self, user_id: int | str) -> bool:
        """Whether a call of this user through the API caused it, as our own calls do."""
        return self.meta.change_source == "api" and self.meta.user_id == str(user_id)

    def permits(self, user_id: int | str) -> bool:
        """Whether this user may see the record, as far as the event says."""
        permitted = self.meta.permitted_user_ids
        return permitted is None or str(user_id) in permitted


def parse(body: bytes) -> Event:
    """The event in a body, whatever its version; `EventError` where there is none."""
    try:
        given = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise EventError("the body is no JSON; nothing was taken from it") from None
    return read(given)


def read(given: Any) -> Event:
    """The event in what a JSON text held."""
    if not isinstance(given, dict) or not isinstance(given.get("meta"), dict):
        raise EventError("the body is no event: it has no 'meta'; nothing was taken from it")
    meta, data, previous = _parts(given)
    try:
        return Event(
            meta=Meta.model_validate(meta),
            data=None if data is None else Snapshot.model_validate(data),
            previous=None if previous is None else Snapshot.model_validate(previous),
            content=_digest(meta, data, previous),
        )
    except ValidationError as error:
        raise EventError(f"the body is no event: {describe(error)}; nothing was taken from it") from None


Object = dict[str, Any]


def _parts(given: Mapping[str, Any]) -> tuple[Object, Object | None, Object | None]:
    """Meta, data and previous in the words of version 2."""
    meta = dict(given["meta"])
    data, previous = _object(given.get("data", given.get("current"))), _object(given.get("previous"))
    if "entity" not in meta:  # version 1: `id` is the record's, and there is none of the event
        meta |= {"entity": meta.get("object"), "entity_id": meta.pop("id", None)}
        meta |= {"is_bulk_edit": meta.get("is_bulk_update"), "version": meta.get("v")}
    meta["action"] = _action(meta.get("action"))
    if _word(meta.get("entity_id")) is None:
        meta["entity_id"] = (data or previous or {}).get("id")
    return meta, data, previous


def _object(value: Any) -> Object | None:
    return value if isinstance(value, dict) else None


def _action(value: Any) -> Any:
    return ACTIONS.get(value, value) if isinstance(value, str) else value


def _digest(meta: Object, data: Object | None, previous: Object | None) -> str:
    """Equal for equal content: without the number of the attempt, of the event and of the webhook."""
    told = [str(meta.get(name)) for name in ("entity", "entity_id", "action", "timestamp")]
    text = json.dumps([told, data, previous], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _is_uuid(text: str | None) -> bool:
    try:
        return text is not None and bool(UUID(text))
    except ValueError:
        return False
