"""Which arguments may hold a name in the place of an id or a key, by their looks. Pure."""

import re
from functools import cache
from typing import Any, Final

from pipedrive_tools.endpoint import Args, Endpoint
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.endpoints.values import decoded
from pipedrive_tools.fields import KINDS
from pipedrive_tools.toolset.directory import source_of

_NAMED_FIELDS: Final = frozenset({"custom_fields", "clear", "overwrite", "field_code"})

_CODE: Final = re.compile(r"[a-z0-9_]+")

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def nameable(entry: Endpoint[..., Any]) -> frozenset[str]:
    """Arguments of an entry that may hold names."""
    taken = _named_in(entry.model)
    return taken if entry.resource == "activities" else taken - {"type"}


@cache
def _named_in(model: type[Args]) -> frozenset[str]:
    return frozenset(model.model_fields) & (KINDS.keys() | _NAMED_FIELDS)


def has_name(entry: Endpoint[..., Any], name: str, value: Any) -> bool:
    """Whether an argument may hold a name, by its looks."""
    if name == "custom_fields":
        return bool(value)
    if name in {"clear", "overwrite"}:
        return source_of(entry.resource) is not None and not all(
            is_code(entry, each) for each in _texts(value)
        )
    return any(not is_id(name, each) for each in _texts(value))


def is_code(entry: Endpoint[..., Any], name: str) -> bool:
    """Whether a field is named by its argument or its key already."""
    return name in entry.model.model_fields or is_key(name)


def is_id(name: str, text: str) -> bool:
    """Whether a text is an id already: a number, a UUID, the key of a type or of a field."""
    text = text.strip()
    if name in {"type", "field_code"}:
        return bool(_CODE.fullmatch(text)) or not text
    return text.isdecimal() or bool(_UUID.fullmatch(text)) or not text


def _texts(value: Any) -> list[str]:
    value = decoded(value)
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
