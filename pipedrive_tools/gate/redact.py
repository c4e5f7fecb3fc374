"""Fields that an agent is never shown: taken out of data, before images and sentences alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipedrive_tools.endpoints.arguments import is_key

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


_SAME: Final = {
    "emails": ("email", "primary_email"),
    "phones": ("phone",),
    "name": ("first_name", "last_name"),
}
"""Other names under which answers show a field."""
_LENT: Final = {"leads": (("persons", "emails"), ("persons", "phones"))}
"""Fields of other records that a search shows as a lead's own."""


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
            found.setdefault(resource, set()).update({field, *_SAME.get(field, ())})
        for resource, lent in _LENT.items():
            for owner, field in lent:
                if field in found.get(owner, ()):
                    found.setdefault(resource, set()).update({field, *_SAME.get(field, ())})
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
                name: self._part(name, part, resources)
                for name, part in data.items()
                if not self._hides(name, part, hidden)
            }
        if isinstance(data, list):
            return [self.data(part, *resources) for part in data]
        return data

    def masked(self, values: Mapping[str, Any], *resources: str) -> dict[str, Any]:
        """The values with what is hidden replaced by a word, custom fields included, for sentences."""
        hidden = self.names(*resources)
        shown: dict[str, Any] = {}
        for name, value in values.items():
            if _is_among(name, hidden):
                shown[name] = HIDDEN
            elif name == "custom_fields" and isinstance(value, Mapping):
                shown[name] = self.masked(value, *resources)
            else:
                shown[name] = self.data(value, *resources)
        return shown

    def _part(self, name: str, part: Any, resources: tuple[str, ...]) -> Any:
        if name in _NESTED and isinstance(part, dict | list):
            return self.data(part, _NESTED[name])
        return self.data(part, *resources)

    def _hides(self, name: str, part: Any, hidden: frozenset[str]) -> bool:
        """Whether a field is taken out; a search lists custom values and notes without saying whose they are."""
        if isinstance(part, list) and name == "custom_fields":
            return any(is_key(field) for field in hidden)
        if isinstance(part, list) and name == "notes":
            return "content" in self.names("notes")
        return _is_among(name, hidden) or _embedded(name, self.fields)


def _is_among(name: str, hidden: frozenset[str]) -> bool:
    """Whether a field is hidden, or a part of a custom field that is, such as its currency."""
    return name in hidden or (
        is_key(name) and any(name.startswith(field) for field in hidden if is_key(field))
    )


def _embedded(name: str, fields: Mapping[str, frozenset[str]]) -> bool:
    """Names such as `person_name`, under which lists carry a field of another record."""
    kind, _, field = name.partition("_")
    return bool(field) and field in fields.get(_NESTED.get(kind, ""), frozenset())
