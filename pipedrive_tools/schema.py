"""An entry's arguments as JSON schema, and as the tool definition of one provider's dialect.

Pure. The schemas stay inside what every provider takes (TOOLKITS.md, section 7): no references, no combinators,
a type on every node, optional means absent from `required`. Bounds and formats stand in the descriptions, because
some providers drop them; the arguments model checks them all the same. `additionalProperties` is left out too, save
where a dialect asks for it: it would cost 180 tokens, one provider refuses it, and unknown keys are refused anyway.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, Final, Literal, Protocol, cast

from pipedrive_tools.endpoint import Args
from pipedrive_tools.endpoints.arguments import Change, CursorPage, OffsetPage
from pipedrive_tools.fields import KINDS

Schema = dict[str, Any]
Dialect = Literal["plain", "openai", "anthropic", "gemini"]
"""Whose form of a tool definition is due; `plain` is nobody's."""


class Described(Protocol):
    """What a definition is made from: an entry of the catalogue, or a tool made of several."""

    @property
    def name(self) -> str:
        """Name of the tool."""
        ...

    @property
    def model(self) -> type[Args]:
        """Its arguments; the docstring is its description."""
        ...


_LAST: Final = (*CursorPage.model_fields, *OffsetPage.model_fields, *Change.model_fields)
"""Arguments that many tools share come after those that make the tool."""


def describe(entry: Described) -> Schema:
    """The JSON schema of an entry's arguments, in the form that every provider takes; the caller's own."""
    return deepcopy(_described(entry.model))


@cache
def _described(arguments: type[Args]) -> Schema:
    model = arguments.model_json_schema()
    schema = _plain(model, model.get("$defs", {}))
    for name, node in schema.get("properties", {}).items():
        if name in KINDS and name not in schema.get("required", ()):
            _takes_names(node)
    del schema["description"]
    return schema


def _takes_names(node: Schema) -> None:
    """A text, which an id is as well: the toolset finds the id of a name before the arguments are checked."""
    if node["type"] == "array":
        node["items"] = node["items"] | {"type": "string"}
    else:
        node["type"] = "string"


def export(entry: Described, dialect: Dialect = "plain") -> Schema:
    """The tool definition of an entry in one dialect."""
    return _EXPORTERS[dialect](entry.name, purpose(entry), describe(entry))


def purpose(entry: Described) -> str:
    """What the tool is for, as a model reads it."""
    return " ".join((entry.model.__doc__ or "").split())


def not_strict(schema: Schema) -> str | None:
    """Why OpenAI's strict mode cannot express a tool's arguments; None where it can."""
    return _first(_loose(part) for part in schema.get("properties", {}).values())


def _loose(node: Schema) -> str | None:
    match node.get("type"):
        case "object":
            parts = node.get("properties", {}).values()
            return _first(map(_loose, parts)) if parts else "an object of free keys"
        case "array":
            return _loose(node["items"]) if "items" in node else "a list of anything"
        case None:
            return "a value of any type"
    return None


def _first(reasons: Iterable[str | None]) -> str | None:
    return next(filter(None, reasons), None)


def _plain(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """One node without references, combinators, titles, defaults and bounds."""
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        return _plain({**target, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    if "anyOf" in node:  # an optional argument: the other choice is null
        (choice,) = (choice for choice in node["anyOf"] if choice != {"type": "null"})
        return _plain({**choice, **_kept(node, "description")}, definitions)
    kind = node.get("type", "string")
    plain: Schema = {"type": kind, **_kept(node, "description", "enum")}
    if "description" in plain:
        plain["description"] = plain["description"].removesuffix(".")
    if "const" in node:
        plain["enum"] = [node["const"]]
    if kind == "array":
        plain["items"] = _without_description(_plain(node["items"], definitions))
    if properties := node.get("properties"):
        required = node.get("required", [])
        names = sorted(properties, key=lambda name: (name not in required, name in _LAST))
        plain["properties"] = {name: _plain(properties[name], definitions) for name in names}
        if required:
            plain["required"] = required
    return plain


def _kept(node: Mapping[str, Any], *keys: str) -> Schema:
    return {key: node[key] for key in keys if key in node}


def _without_description(node: Schema) -> Schema:
    return {key: value for key, value in node.items() if key != "description"}


def _as_plain(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "description": description, "parameters": schema}


def _as_anthropic(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "description": description, "input_schema": schema}


def _as_openai(name: str, description: str, schema: Schema) -> Schema:
    strict = not_strict(schema) is None
    function = {"name": name, "description": description, "parameters": _strict(schema) if strict else schema}
    return {"type": "function", "function": function | {"strict": strict}}


def _strict(node: Schema) -> Schema:
    """The node with every key required; what was optional takes null, which the arguments model drops."""
    if node["type"] == "array":
        return node | {"items": _strict(node["items"])}
    if node["type"] != "object":
        return node
    required = node.get("required", [])
    properties = {
        name: _strict(child) if name in required else _nullable(_strict(child))
        for name, child in node.get("properties", {}).items()
    }
    return node | {"properties": properties, "required": list(properties), "additionalProperties": False}


def _nullable(node: Schema) -> Schema:
    choices = {"enum": [*node["enum"], None]} if "enum" in node else {}
    return node | {"type": [node["type"], "null"]} | choices


def _as_gemini(name: str, description: str, schema: Schema) -> Schema:
    declaration = {"name": name, "description": description}
    return declaration | ({"parameters": _upper(schema)} if "properties" in schema else {})


def _upper(node: Schema) -> Schema:
    """The node with types as Gemini's enumeration writes them."""
    upper = node | {"type": node["type"].upper()}
    if "items" in node:
        upper["items"] = _upper(node["items"])
    if "properties" in node:
        upper["properties"] = {name: _upper(child) for name, child in node["properties"].items()}
    return upper


_EXPORTERS: Final = cast(
    "Mapping[Dialect, Callable[[str, str, Schema], Schema]]",
    {"plain": _as_plain, "openai": _as_openai, "anthropic": _as_anthropic, "gemini": _as_gemini},
)
