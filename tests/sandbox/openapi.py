"""Pipedrive's OpenAPI documents as JSON schemas for answers, and the slips in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import jsonschema

from tests.endpoints.facts import document

Node: TypeAlias = dict[str, Any]

FORMATS = jsonschema.FormatChecker(["date", "uuid"])

HEX_KEY_LENGTH = 40


@dataclass(frozen=True)
class Slip:
    """Something that the documents do not allow or do not name, and the service does all the same."""

    row: str
    """Row of FACTS.md, section 17; elsewhere the section that tells."""
    why: str
    keys: frozenset[str] = frozenset()
    """Keys of answers that the schemas lack."""
    null_keys: frozenset[str] = frozenset()
    """Keys that are null although their schema does not say so."""
    texts: frozenset[str] = frozenset()
    """Texts that are not in the format of their schema."""


SLIPS = (
    Slip(
        "f",
        "the examples of deals have them, the schema does not",
        keys=frozenset(
            {"archive_time", "creator_user_id", "local_won_date", "local_lost_date", "local_close_date"}
        ),
    ),
    Slip("e", "the Node client knows it", keys=frozenset({"outcome"})),
    Slip("i", "the examples of notes have it, the schema does not", keys=frozenset({"pinned_to_lead_flag"})),
    Slip(
        "section 8",
        "the prose of next_cursor itself says null at the end, its type does not",
        null_keys=frozenset({"next_cursor"}),
    ),
    Slip(
        "section 8",
        "what include_fields and include_labels bring is told in prose only",
        keys=frozenset(
            {
                "labels",
                "next_activity_id",
                "last_activity_id",
                "notes_count",
                "cc_email",
                "picture",
                "was_seen",
            }
        ),
    ),
    Slip("section 12", "all examples of field definitions have it", keys=frozenset({"description"})),
    Slip("section 10", "an empty day of a deal is stored as 0000-00-00", texts=frozenset({"0000-00-00"})),
    Slip("section 13", "the example of an organization in a hit has it", keys=frozenset({"address"})),
)
"""The only places where an answer of the sandbox departs from the documents."""

EXTRA_KEYS = frozenset[str]().union(*(slip.keys for slip in SLIPS))
NULL_KEYS = frozenset[str]().union(*(slip.null_keys for slip in SLIPS))
TEXTS = frozenset[str]().union(*(slip.texts for slip in SLIPS))


def response_schema(method: str, path: str, status: int) -> Node | None:
    """The schema of an answer, by the path that the catalogue writes."""
    operation = _operation(path)[method.lower()]
    answers = operation["responses"]
    if str(status) not in answers:
        return None
    version = path.split("/")[2]
    content: Node = _resolved(version, answers[str(status)])["content"]
    return _whole(version, content["application/json"]["schema"])


def described(method: str, path: str) -> bool:
    """Whether the documents have this operation."""
    try:
        return method.lower() in _operation(path)
    except KeyError:
        return False


def problems(schema: Node, answer: Any) -> list[str]:
    """Where an answer is not what the schema allows, or has keys that it does not name."""
    validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    wrong = [
        f"{error.json_path}: {error.message[:120]}"
        for error in validator.iter_errors(answer)
        if not _slipped(error)
    ]
    return wrong + [f"{where}: not in the schema" for where in _unnamed([schema], answer, "$")]


def _slipped(error: jsonschema.ValidationError) -> bool:
    if error.instance is None:
        return bool(error.path) and error.path[-1] in NULL_KEYS
    return error.validator == "format" and error.instance in TEXTS


@cache
def _operation(path: str) -> Node:
    _, _, version, *rest = path.split("/")
    shape = [None if part.startswith("{") else part for part in rest]
    for template, operations in document(version)["paths"].items():
        parts = [part for part in template.split("/") if part]
        parts = parts[2:] if parts[:1] == ["api"] else parts
        if [None if part.startswith("{") else part for part in parts] == shape:
            return dict(operations)
    raise KeyError(path)


def _resolved(version: str, node: Node) -> Node:
    while "$ref" in node:
        target: Node = document(version)
        for part in node["$ref"].split("/")[1:]:
            target = target[part]
        node = target
    return node


def _whole(version: str, given: Any) -> Node:
    """A schema without references, with OpenAPI's nullable as JSON schema says it."""
    node: Node = dict(_resolved(version, given))
    for name in ("allOf", "anyOf", "oneOf"):
        if name in node:
            node[name] = [_whole(version, each) for each in node[name]]
    if "properties" in node:
        node["properties"] = {key: _whole(version, each) for key, each in node["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(node.get(name), Mapping):
            node[name] = _whole(version, node[name])
    node.pop("example", None)
    if node.pop("nullable", False):
        return {"anyOf": [node, {"type": "null"}]}
    return node


def _parts(schemas: list[Node]) -> Iterator[Node]:
    for schema in schemas:
        yield schema
        for name in ("allOf", "anyOf", "oneOf"):
            yield from _parts(schema.get(name, []))


def _unnamed(schemas: list[Node], value: Any, where: str) -> Iterator[str]:
    parts = list(_parts(schemas))
    if isinstance(value, list):
        items = [part["items"] for part in parts if isinstance(part.get("items"), dict)]
        for each in value if items else ():
            yield from _unnamed(items, each, f"{where}[]")
    elif isinstance(value, dict):
        named = [part["properties"] for part in parts if "properties" in part]
        if not named or any(part.get("additionalProperties") for part in parts):
            return
        for key, each in value.items():
            below = [properties[key] for properties in named if key in properties]
            if below:
                yield from _unnamed(below, each, f"{where}.{key}")
            elif key not in EXTRA_KEYS and len(key) < HEX_KEY_LENGTH:
                yield f"{where}.{key}"
