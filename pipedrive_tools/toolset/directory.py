"""What is known of the account's names: read when first needed, kept for a time, shared through the store.

Costs API tokens only when a list is read, which the run pays for; a list that the agent itself asks for is kept as
well. Which agent may know what follows the policy's levels, and fields that it is never shown stay out.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from pipedrive_tools.endpoint import Call, Endpoint, Resource
from pipedrive_tools.endpoints import account, leads, organizations, persons, pipelines
from pipedrive_tools.fields import Fields, Labels, strangers
from pipedrive_tools.gate.redact import Redaction
from pipedrive_tools.state import cache
from pipedrive_tools.state.cache import Kept, Records
from pipedrive_tools.state.store import Store

PEOPLE: Final = 5000
"""So many names of persons and of organizations are remembered."""


@dataclass(frozen=True)
class Source:
    """One list of names."""

    entry: Endpoint[..., Any]
    parts: tuple[str, ...]
    """What is kept of a record."""
    levels: tuple[Resource, ...]
    """Any one of these resources, if it may be read, opens the names."""
    one: Endpoint[..., Any] | None = None
    """Reads one of them by itself, where Pipedrive has a way to."""


_FIELD: Final = ("field_code", "field_name", "field_type", "is_custom_field", "options")
SOURCES: Final[Mapping[str, Source]] = {
    "deals": Source(account.list_deal_fields, _FIELD, ("deals", "leads"), account.get_deal_field),
    "persons": Source(account.list_person_fields, _FIELD, ("persons",), account.get_person_field),
    "organizations": Source(
        account.list_organization_fields, _FIELD, ("organizations",), account.get_organization_field
    ),
    "stages": Source(
        pipelines.list_stages,
        ("id", "name", "pipeline_id", "is_deleted"),
        ("pipelines", "deals", "leads"),
        pipelines.get_stage,
    ),
    "pipelines": Source(
        pipelines.list_pipelines,
        ("id", "name", "is_deleted"),
        ("pipelines", "deals", "leads"),
        pipelines.get_pipeline,
    ),
    "users": Source(
        account.list_users, ("id", "name", "email", "active_flag", "is_you"), ("account",), account.get_user
    ),
    "activity_types": Source(
        account.list_activity_types, ("key_string", "name", "active_flag"), ("activities",)
    ),
    "lead_labels": Source(account.list_lead_labels, ("id", "name"), ("leads",)),
}
"""Every list of names; the first three hold field definitions."""
FIELDS: Final = ("deals", "persons", "organizations")
_FED_BY: Final = {source.entry.name: name for name, source in SOURCES.items()}
_WHOLE: Final = frozenset({"limit"})
"""Arguments with which a list may still be whole."""


class Directory:
    """The names that one toolset knows; safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        caller: str,
        *,
        lifetime_seconds: float,
        redaction: Redaction,
        may: Callable[[Resource], bool],
    ) -> None:
        self._store, self._caller, self._lifetime = store, caller, lifetime_seconds
        self._redaction, self._may = redaction, may
        self._kept: dict[str, Kept] = {}
        self._people: dict[str, dict[Any, str]] = {"persons": {}, "organizations": {}}
        self._recalled = float("-inf")
        self._labels: tuple[float, Labels] | None = None
        self._strangers: set[tuple[str, str]] = set()
        self._lock = Lock()

    def may_know(self, name: str) -> bool:
        """Whether the policy lets the agent know a list's names."""
        return any(self._may(level) for level in SOURCES[name].levels)

    @property
    def is_due(self) -> bool:
        """Whether it was not looked for long what other processes have read."""
        return time.time() - self._recalled > self._lifetime

    def look(self) -> None:
        """Take over what other processes have read meanwhile."""
        self._recalled = time.time()
        with self._store.glance() as connection:
            found = cache.young(connection, self._caller, self._lifetime)
        with self._lock:
            newer = {
                name: kept
                for name, kept in found.items()
                if name not in self._kept or self._kept[name].read < kept.read
            }
            self._kept.update(newer)
            self._labels = None if newer else self._labels

    def kept(self, name: str) -> Records | None:
        """A list that is at hand and not too old, without what the agent is never shown."""
        held = self._kept.get(name)
        if held is None or time.time() - held.read > self._lifetime or not self.may_know(name):
            return None
        shown: Records = self._redaction.data(held.records, SOURCES[name].entry.resource)
        return shown

    def age_seconds(self, name: str) -> float:
        """How old a list is."""
        held = self._kept.get(name)
        return time.time() - held.read if held else 0.0

    def is_news(self, name: str, custom: Mapping[str, Any]) -> bool:
        """Whether custom values tell that definitions are out of date; what stays unknown is news once."""
        own = self.labels.fields.get(name)
        seen = {(name, each) for each in strangers(own, custom)} if own else set()
        with self._lock:
            is_new = not seen <= self._strangers
            self._strangers |= seen
        return is_new

    def keep(self, name: str, records: Records) -> None:
        """Keep a whole list, for every process."""
        parts = SOURCES[name].parts
        kept = Kept([{part: each[part] for part in parts if part in each} for each in records], time.time())
        with self._lock:
            self._kept[name] = kept
            self._labels = None
        with self._store.hot(durable=False) as connection:
            cache.put(connection, self._caller, name, kept)

    def feeds(self, call: Call[Any], next_page: Any) -> str | None:
        """The list that an answer is, if it is a whole one."""
        is_whole = next_page is None and set(call.values) <= _WHOLE
        return _FED_BY.get(call.endpoint.name) if is_whole else None

    def saw(self, call: Call[Any], data: Any) -> None:
        """Remember names of persons and organizations that an answer showed for nothing."""
        kind = _PEOPLE_IN.get(call.endpoint.name)
        records = data if isinstance(data, list) else [data]
        if kind:
            self._remember(kind, records)
        elif isinstance(data, dict) and isinstance(data.get("items"), list):
            items = [hit.get("item") for hit in data["items"] if isinstance(hit, dict)]
            for item in (each for each in items if isinstance(each, dict)):
                self._remember("persons", [item.get("person")])
                self._remember("organizations", [item.get("organization")])
                self._remember(f"{item.get('type')}s", [item])

    def _remember(self, kind: str, records: list[Any]) -> None:
        names = self._people.get(kind)
        if names is None:
            return
        for each in records:
            if isinstance(each, dict) and isinstance(each.get("name"), str) and "id" in each:
                if names.get(each["id"]) == each["name"]:
                    continue
                if len(names) >= PEOPLE:
                    names.clear()
                names[each["id"]] = each["name"]

    @property
    def labels(self) -> Labels:
        """Names for showing, of all that is at hand."""
        made = self._labels
        if made is None or time.time() - made[0] > self._lifetime / 10:
            made = self._labels = (time.time(), self._made())
        return made[1]

    def _made(self) -> Labels:
        names: dict[str, Mapping[Any, str]] = dict(self._people)
        fields: dict[str, Fields] = {}
        for name in SOURCES:
            records = self.kept(name)
            if records is None:
                continue
            if name in FIELDS:
                fields[name] = Fields.read(name, records)
            else:
                names[name] = {id_of(each): each["name"] for each in records if each.get("name")}
        return Labels(names=names, fields=fields)


_PEOPLE_IN: Final = {
    persons.get.name: "persons",
    persons.list_.name: "persons",
    organizations.get.name: "organizations",
    organizations.list_.name: "organizations",
}


def id_of(record: Mapping[str, Any]) -> Any:
    """What arguments give for a record of a list: a field's code, the key of an activity type, an id."""
    return next(record[part] for part in ("field_code", "key_string", "id") if part in record)


def source_of(resource: str) -> str | None:
    """The list that holds the fields of a kind of record."""
    name = "deals" if resource == leads.get.resource else resource
    return name if name in FIELDS else None
