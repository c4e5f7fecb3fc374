"""What a model's arguments say: models fill optional ones with nothing, which is taken as leaving them out. Pure.

An empty text, list or object never travels, nor does a language's word for no value, so an update cannot blank a field
in passing: `clear` is for that. What was left aside is told in the result, save where leaving it out is the very same:
an empty cursor is the first page, and a value that Pipedrive assumes anyway says nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pipedrive_tools.endpoint import Args
from pipedrive_tools.toolset.result import ToolResult

SILENT: Final = frozenset({"cursor"})
MEANT: Final = frozenset({"ids"})
"""A filter by no ids would show none; the check of the arguments refuses it, and it is not widened to all."""
BLANKS: Final = frozenset({"", "None", "null"})
"""Texts that say nothing: two of them are how a language writes that there is no value."""


def stated(model: type[Args], arguments: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
    """The arguments that say something, and the names of those that were left aside and are to be told."""
    idle = [name for name, value in arguments.items() if _says_nothing(model, name, value)]
    if not idle:
        return arguments, idle
    rest = {name: value for name, value in arguments.items() if name not in idle}
    return rest, [name for name in idle if name not in SILENT and _is_news(model, name, arguments[name])]


def told(result: ToolResult, model: type[Args], aside: list[str]) -> ToolResult:
    """The result, with a first line that says what was left aside."""
    if not aside or result.status == "denied":  # a tool that is not granted is not told about
        return result
    how = "; to blank a field, name it in clear" if "clear" in model.model_fields else ""
    return replace(result, text=f"left aside, as empty: {', '.join(aside)}{how}.\n{result.text}")


def _says_nothing(model: type[Args], name: str, value: Any) -> bool:
    field = model.model_fields.get(name)
    if field is None or field.is_required() or name in MEANT:
        return False
    if isinstance(value, str):
        return value.strip() in BLANKS or _is_assumed(model, name, value)
    return value in ([], {}) or _is_assumed(model, name, value)


def _is_assumed(model: type[Args], name: str, value: Any) -> bool:
    """Whether Pipedrive takes just that where nothing is given; `False` is not 0."""
    assumed = model.assumed.get(name)
    if isinstance(assumed, frozenset) and isinstance(value, list):
        return all(isinstance(each, str) for each in value) and set(value) == assumed
    return assumed is not None and type(value) is type(assumed) and value == assumed


def _is_news(model: type[Args], name: str, value: Any) -> bool:
    """Whether leaving it out is not the very same."""
    return not _is_assumed(model, name, value) and value != model.model_fields[name].default
