"""What is known of one field, and of all fields of one kind of record: by key, by name, namesakes told apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pipedrive_tools.errors import ArgumentsError, UnknownNameError
from pipedrive_tools.fields.choice import folded, nearest, quoted

KEY_LETTERS_SHOWN: Final = 6
"""So much of its key tells a field from its namesakes."""
KEY_LETTERS: Final = 40


@dataclass(frozen=True)
class Option:
    """One choice of a dropdown."""

    id: int | str
    label: str


@dataclass(frozen=True)
class Field:
    """One field as its definition tells it."""

    key: str
    name: str
    kind: str
    is_custom: bool = True
    options: tuple[Option, ...] = ()

    @classmethod
    def read(cls, definition: Mapping[str, Any]) -> "Field":
        """From a definition, in the words of v2 or of v1."""
        options = definition.get("options") or ()
        key = str(definition.get("field_code") or definition.get("key") or "")
        return cls(
            key=key,
            name=str(definition.get("field_name") or definition.get("name") or key),
            kind=str(definition.get("field_type") or ""),
            is_custom=bool(definition.get("is_custom_field", definition.get("edit_flag", False))),
            options=tuple(
                Option(each["id"], str(each.get("label", each["id"]))) for each in options if "id" in each
            ),
        )

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Labels by the id as text: v2 gives a number where v1 gives a text."""
        return {str(option.id): option.label for option in self.options}


@dataclass(frozen=True)
class Fields:
    """The fields of one kind of record, to look up by name, key or the name that tells namesakes apart."""

    resource: str
    fields: tuple[Field, ...]

    @classmethod
    def read(cls, resource: str, definitions: Iterable[Mapping[str, Any]]) -> "Fields":
        """From definitions as a list gives them."""
        return cls(resource, tuple(Field.read(each) for each in definitions))

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        """Every field by its key."""
        return {each.key: each for each in self.fields}

    @cached_property
    def customs(self) -> tuple[Field, ...]:
        """The custom fields."""
        return tuple(each for each in self.fields if each.is_custom)

    @cached_property
    def _namesakes(self) -> Mapping[str, tuple[Field, ...]]:
        found: dict[str, tuple[Field, ...]] = {}
        for each in self.customs:
            found[folded(each.name)] = (*found.get(folded(each.name), ()), each)
        return found

    def of(self, key: str) -> Field | None:
        """The field that a key belongs to; a v1 lead keeps the parts of one under keys of their own."""
        return self.by_key.get(key) or self.by_key.get(key[:KEY_LETTERS])

    def custom(self, name: str) -> Field:
        """The custom field of this name or key; a built-in one is written under its own argument."""
        if (keyed := self.by_key.get(name)) is not None:
            return self._custom(keyed)
        found = self._namesakes.get(folded(name), ())
        exact = tuple(each for each in found if each.name == name)
        if len(found) == 1 or len(exact) == 1:
            return (exact or found)[0]
        if found:
            told = ", ".join(quoted(self.label(each)) for each in found)
            raise ArgumentsError(
                f"{self.resource} have {len(found)} custom fields named {quoted(name)}; use one of {told}"
            )
        if told_apart := [each for each in self.customs if folded(self.label(each)) == folded(name)]:
            return told_apart[0]
        if built_in := [each for each in self.fields if folded(each.name) == folded(name)]:
            return self._custom(built_in[0])
        raise UnknownNameError(
            f"{self.resource} have no custom field {quoted(name)}{nearest(name, self._shown_names)}"
        )

    def any(self, name: str) -> Field:
        """The field of this name or key, custom or built in."""
        built_in = [each for each in self.fields if not each.is_custom and folded(each.name) == folded(name)]
        if folded(name) not in self._namesakes and len(built_in) == 1:
            return built_in[0]
        return self.by_key.get(name) or self.custom(name)

    def label(self, each: Field) -> str:
        """The name that tells a field from its namesakes."""
        twins = self._namesakes.get(folded(each.name), ())
        return each.name if len(twins) < 2 else f"{each.name} [{each.key[:KEY_LETTERS_SHOWN]}]"  # noqa: PLR2004  # a twin makes two

    @cached_property
    def _shown_names(self) -> list[str]:
        return [self.label(each) for each in self.customs]

    def _custom(self, each: Field) -> Field:
        if not each.is_custom:
            raise ArgumentsError(
                f"{quoted(each.name)} is a field of its own: pass it as {each.key!r}, not among custom_fields"
            )
        return each
