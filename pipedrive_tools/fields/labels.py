"""Names beside numbers: what is known of an account's stages, people and fields, for showing and for asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Literal

from pipedrive_tools.fields.definition import Field, Fields
from pipedrive_tools.fields.showing import as_text

Kind = Literal["stages", "pipelines", "users", "persons", "organizations", "activity_types", "labels"]
"""What has names that stand for an id."""

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "stage_id": "stages",
        "pipeline_id": "pipelines",
        "owner_id": "users",
        "user_id": "users",
        "creator_user_id": "users",
        "person_id": "persons",
        "participants": "persons",
        "org_id": "organizations",
        "organization_id": "organizations",
        "type": "activity_types",
        "label_ids": "labels",
    }
)
"""Fields and arguments that hold ids of something with a name."""
_LINKED: Final[Mapping[str, Kind]] = {"user": "users", "org": "organizations", "people": "persons"}
_UNKNOWN: Final = Field("", "", "")
OF_DEALS: Final = frozenset({"deals", "leads"})
"""Records that have the fields of deals."""


def fields_of(resource: str) -> str:
    """Whose fields a kind of record has: leads have those of deals."""
    return "deals" if resource in OF_DEALS else resource


@dataclass(frozen=True)
class Labels:
    """Names by kind and id, and the fields by resource; what is not known is shown as it is."""

    names: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    fields: Mapping[str, Fields] = field(default_factory=dict)

    @cached_property
    def _by_field(self) -> dict[tuple[str, str], Mapping[Any, str]]:
        return {}

    def known(self, resource: str, name: str) -> Mapping[Any, str]:
        """Names by id for one field of one kind of record."""
        found = self._by_field.get((resource, name))
        if found is None:
            found = self._by_field[resource, name] = self._known(resource, name)
        return found

    def _known(self, resource: str, name: str) -> Mapping[Any, str]:
        kind = KINDS.get(name)
        if kind == "activity_types" and resource != "activities":
            return {}
        if kind == "labels" and resource == "leads":
            return self.names.get("lead_labels", {})
        if kind in {"persons", "organizations"}:
            return self.names.get(kind, {})  # grows while records are read
        if kind and (listed := self.names.get(kind)):
            return listed
        own = self.fields.get(fields_of(resource))
        definition = own.by_key.get(name) if own else None
        if definition is None or (kind is None and name != "industry"):
            return {}
        return {_id(option.id): option.label for option in definition.options}

    def beside(self, resource: str, name: str, value: Any) -> str | None:
        """`Proposal (3)`, where the name of an id is known."""
        known = self.known(resource, name)
        if not known or isinstance(value, dict):
            return None
        if isinstance(value, list):
            told = [self.beside(resource, name, each) for each in value]
            return ", ".join(map(str, told)) if told and None not in told else None
        label = known.get(value)
        if label is None or label == value:
            return None
        return f"{label} ({value})" if KINDS.get(name) != "activity_types" else label

    def custom(self, resource: str, values: Mapping[str, Any]) -> dict[str, str]:
        """Custom values by name as texts; what is empty is left out, what is unknown keeps its key."""
        own = self.fields.get(fields_of(resource))
        texts: dict[str, str] = {}
        for key, value in values.items():
            if value is None:  # most fields of most records
                continue
            found = own.of(key) if own else None
            if found is None or own is None:
                if text := as_text(_UNKNOWN, value):
                    texts[key] = text
            elif key == found.key and (text := as_text(found, value, values, self._linked)):
                texts[own.label(found)] = text
        return texts

    def called(self, resource: str, key: str) -> str:
        """The name of a field, custom or built in; a key that is unknown stays."""
        own = self.fields.get(fields_of(resource))
        found = own.of(key) if own else None
        return own.label(found) if own and found and found.is_custom else key

    def _linked(self, kind: str, number: Any) -> str | None:
        return self.names.get(_LINKED[kind], {}).get(number)


def _id(number: int | str) -> int | str:
    """Built-in fields give the ids of their options as texts (FACTS.md, section 12)."""
    return int(number) if isinstance(number, str) and number.isdecimal() else number
