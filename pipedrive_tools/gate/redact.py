"""Fields that an agent is never shown: taken out of data, before images and sentences alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

HIDDEN: Final = "(hidden)"

_NESTED: Final = {
    "deal": "deals",
    "person": "persons",
    "primary_person": "persons",
    "organization": "organizations",
    "org": "organizations",
    "activity": "activities",
    "lead": "leads",
    "note": "notes",
    "user": "account",
    "owner": "account",
}
"""Keys under which one record carries another one."""


@dataclass(frozen=True)
class Redaction:
    """The fields that are never shown, by resource."""

    fields: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, names: Iterable[str]) -> "Redaction":
        """From names written `resource.field`."""
        found: dict[str, set[str]] = {}
        for name in names:
            resource, _, field = name.partition(".")
            found.setdefault(resource, set()).add(field)
        return cls({resource: frozenset(fields) for resource, fields in found.items()})

    def names(self, *resources: str) -> frozenset[str]:
        """Fields hidden on these resources."""
        return frozenset().union(*(self.fields.get(resource, frozenset()) for resource in resources))

    def data(self, data: Any, *resources: str) -> Any:
        """The data without what is hidden, at any depth."""
        if not self.fields:
            return data
        hidden = self.names(*resources)
        if isinstance(data, dict):
            return {
                name: self.data(part, _NESTED[name])
                if name in _NESTED and isinstance(part, dict)
                else self.data(part, *resources)
                for name, part in data.items()
                if name not in hidden and not _embedded(name, self.fields)
            }
        if isinstance(data, list):
            return [self.data(part, *resources) for part in data]
        return data

    def masked(self, values: Mapping[str, Any], *resources: str) -> dict[str, Any]:
        """The values with what is hidden replaced by a word, for sentences."""
        hidden = self.names(*resources)
        return {name: HIDDEN if name in hidden else value for name, value in values.items()}


def _embedded(name: str, fields: Mapping[str, frozenset[str]]) -> bool:
    """Names such as `person_name`, under which lists carry a field of another record."""
    kind, _, field = name.partition("_")
    return bool(field) and field in fields.get(_NESTED.get(kind, ""), frozenset())
