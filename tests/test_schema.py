"""The schemas that models read, and their form in every dialect.

One snapshot per dialect lies in `tests/endpoints/snapshots/`, keyed by tool. After a change that is meant, write them
anew and read the difference before committing it:

    UPDATE_SNAPSHOTS=1 python -m pytest tests/test_schema.py
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args

import jsonschema
import pytest
from pydantic import Field

from pipedrive_tools import schema
from pipedrive_tools.endpoint import Args, Effect, Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES
from pipedrive_tools.fields import KINDS
from pipedrive_tools.toolset.profiles import profile
from tests.endpoints.examples import EXAMPLES
from tests.endpoints.facts import listed, needs_endpoints
from tests.o200k import count

SNAPSHOTS = Path(__file__).parent / "endpoints" / "snapshots"
UPDATING = os.environ.get("UPDATE_SNAPSHOTS") == "1"
FORBIDDEN = {
    "$ref",
    "$defs",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "title",
    "default",
    "const",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "minItems",
    "prefixItems",
    "additionalProperties",
}
Entry: TypeAlias = Endpoint[..., Any]
Node: TypeAlias = dict[str, Any]

TOOLS: dict[str, Any] = {**catalogue, **COMPOSITES}
ENTRIES = [pytest.param(entry, id=name) for name, entry in catalogue.items()]
PAIRS = [
    pytest.param(entry, dialect, id=f"{name}-{dialect}")
    for name, entry in TOOLS.items()
    for dialect in get_args(schema.Dialect)
]


def nodes(node: Node) -> Iterator[Node]:
    """A schema and all that it is made of."""
    yield node
    for child in node.get("properties", {}).values():
        yield from nodes(child)
    if "items" in node:
        yield from nodes(node["items"])


def compact(definition: Node) -> str:
    """A definition as it is sent."""
    return json.dumps(definition, separators=(",", ":"), ensure_ascii=False)


@cache
def tokens(name: str) -> int:
    """What a definition costs a model that counts by o200k."""
    entry: Any = COMPOSITES[name] if name in COMPOSITES else catalogue[name]
    return count(compact(schema.export(entry)))


@cache
def snapshot(dialect: str) -> dict[str, Node]:
    """What was agreed on for one dialect."""
    path = SNAPSHOTS / f"{dialect}.json"
    if UPDATING:
        now = {name: schema.export(entry, dialect) for name, entry in TOOLS.items()}  # type: ignore[arg-type]  # from get_args
        path.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return cast("dict[str, Node]", json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


@pytest.mark.parametrize(("entry", "dialect"), PAIRS)
def test_snapshot(entry: Entry, dialect: schema.Dialect) -> None:
    """A definition is the one that was agreed on; a changed or missing snapshot fails."""
    assert entry.name in snapshot(dialect), "no snapshot; see the top of this file"
    assert schema.export(entry, dialect) == snapshot(dialect)[entry.name]


@pytest.mark.parametrize("dialect", get_args(schema.Dialect))
def test_no_snapshot_is_left_over(dialect: str) -> None:
    """A tool that is gone takes its snapshot with it."""
    assert set(snapshot(dialect)) == set(TOOLS)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_provider_takes_it(entry: Entry) -> None:
    """Every node has one type, and none holds what some provider refuses or drops."""
    for node in nodes(schema.describe(entry)):
        assert node["type"] in {"object", "array", "string", "integer", "number", "boolean"}
        assert not FORBIDDEN & set(node)
        assert node.get("properties") != {}
        assert all(isinstance(choice, str) for choice in node.get("enum", ()))
        assert ("items" in node) == (node["type"] == "array")


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_property_is_described(entry: Entry) -> None:
    """Every property says in few words what it holds."""
    for node in nodes(schema.describe(entry)):
        for name, child in node.get("properties", {}).items():
            what = re.split(r"; (''|\[\])", child["description"])[0]
            assert 1 <= len(what.split()) <= 8, name


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_page_size_that_is_told_is_the_one_that_is_assumed(entry: Entry) -> None:
    """Only the lists whose page size Pipedrive documents tell it."""
    told = schema.describe(entry).get("properties", {}).get("limit", {}).get("description", "")
    number = told.removeprefix("Page size").removeprefix("; ").removesuffix(" if left out")

    assert number in {"", str(entry.model.assumed.get("limit"))}


@pytest.mark.parametrize("entry", ENTRIES)
def test_required_is_what_cannot_be_left_out(entry: Entry) -> None:
    """Optional means absent from `required`."""
    shown = schema.describe(entry)

    needed = [name for name, field in entry.model.model_fields.items() if field.is_required()]
    assert sorted(shown.get("required", [])) == sorted(needed)


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_narrower_than_the_model(entry: Entry) -> None:
    """The minimal example fits the schema, which itself is sound."""
    shown = schema.describe(entry)

    jsonschema.Draft202012Validator.check_schema(shown)
    jsonschema.validate(as_texts(entry, EXAMPLES[entry.name]["minimal"]), shown)


def as_texts(entry: Entry, arguments: Node) -> Node:
    """The arguments with ids as texts where names are taken, too; both are understood."""
    written = {
        name: str(value) if name in KINDS and isinstance(value, int) else value
        for name, value in arguments.items()
        if name not in entry.path_arguments
    }
    assert entry.check(arguments | written) == entry.check(arguments)
    return arguments | written


def test_free_values_are_texts() -> None:
    """A custom field's value, which may be anything, is offered as a text."""
    fields = schema.describe(catalogue["create_deal"])["properties"]["custom_fields"]

    assert fields["items"]["properties"]["value"]["type"] == "string"


class Toggle(Args):
    """Turn the light on."""

    state: Literal["on"]
    """Only on."""
    seconds: Annotated[int, Field(ge=1, le=60)] = 5
    """At most 60."""


def test_one_choice_is_an_enumeration() -> None:
    """A single choice is written as an enumeration of one, and bounds stand in the description alone."""
    entry = Endpoint(
        name="toggle_light",
        method="GET",
        path="/api/v2/light",
        args=Toggle,
        returns=bool,
        effect=Effect.READ,
        resource="deals",
        scopes=("base",),
        cost=1,
    )

    assert schema.describe(entry) == {
        "type": "object",
        "properties": {
            "state": {"type": "string", "description": "Only on", "enum": ["on"]},
            "seconds": {"type": "integer", "description": "At most 60"},
        },
        "required": ["state"],
    }


def test_own_arguments_come_first() -> None:
    """What makes the tool stands before what many tools share."""
    assert list(schema.describe(catalogue["list_stages"])["properties"]) == ["pipeline_id"]
    assert list(schema.describe(catalogue["list_notes"])["properties"])[-3:] == ["sort", "limit", "start"]
    assert list(schema.describe(catalogue["search_deals"])["properties"]) == ["term", "cursor"]


def test_the_rarely_needed_is_not_shown_but_taken() -> None:
    """An argument that models are not shown still works."""
    assert "dry_run" not in schema.describe(catalogue["update_deal"])["properties"]
    assert catalogue["create_deal"](title="x", visible_to=3).values["visible_to"] == 3


@pytest.mark.parametrize("entry", ENTRIES)
def test_openai_is_strict(entry: Entry) -> None:
    """Every tool can be expressed in OpenAI's strict mode: closed, all required, the optional nullable."""
    function = schema.export(entry, "openai")["function"]

    assert function["strict"] is True
    for node in nodes(function["parameters"]):
        if node["type"] == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])


@pytest.mark.parametrize("entry", ENTRIES)
def test_strict_nulls_are_taken(entry: Entry) -> None:
    """What a strict mode makes a model send, null for all it leaves out, is taken as left out."""
    parameters = schema.export(entry, "openai")["function"]["parameters"]
    minimal = as_texts(entry, EXAMPLES[entry.name]["minimal"])
    sent = dict.fromkeys(parameters["required"]) | minimal

    jsonschema.validate(sent, parameters)
    assert entry.check(sent) == entry.check(minimal)


@dataclass(frozen=True)
class Inexpressible:
    """A schema that strict mode cannot express, and the reason that is given."""

    name: str
    part: Node
    reason: str | None


LOOSE = [
    Inexpressible("a map", {"type": "object"}, "an object of free keys"),
    Inexpressible("a bare list", {"type": "array"}, "a list of anything"),
    Inexpressible("any value", {}, "a value of any type"),
    Inexpressible("a list of maps", {"type": "array", "items": {"type": "object"}}, "an object of free keys"),
    Inexpressible("an object", {"type": "object", "properties": {"name": {"type": "string"}}}, None),
    Inexpressible("a text", {"type": "string"}, None),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in LOOSE])
def test_what_strict_mode_cannot_express(case: Inexpressible) -> None:
    """A schema that strict mode cannot hold is found, with the reason."""
    around = {"type": "object", "properties": {"part": case.part}}

    assert schema.not_strict(around) == case.reason


@pytest.mark.parametrize("entry", ENTRIES)
def test_gemini_writes_types_its_own_way(entry: Entry) -> None:
    """Types are those of Gemini's enumeration; a tool without arguments has no parameters at all."""
    declaration = schema.export(entry, "gemini")

    assert ("parameters" in declaration) == ("properties" in schema.describe(entry))
    assert all(node["type"].isupper() for node in nodes(declaration.get("parameters", {"type": "OBJECT"})))


def test_plain_is_the_default() -> None:
    """Without a dialect a definition is nobody's in particular."""
    entry = catalogue["get_deal"]

    assert schema.export(entry) == schema.export(entry, "plain")
    assert schema.export(entry, "anthropic")["input_schema"] == schema.export(entry)["parameters"]


@needs_endpoints
def test_the_core() -> None:
    """The core profile holds exactly the tools of the endpoint guide that this project started from."""
    assert set(profile("core")) == set(listed("endpoints"))
    assert len(profile("core")) == 36


def test_characters() -> None:
    """The 36 tools of the core are defined in less than 20,000 characters."""
    assert 0 < sum(len(compact(schema.export(catalogue[name]))) for name in profile("core")) < 20_000


def test_tokens() -> None:
    """The 36 tools take at most 5,000 tokens, a follow-up agent's at most 1,800, none more than 350."""
    assert 0 < sum(tokens(name) for name in profile("core")) <= 5_000
    assert sum(tokens(name) for name in profile("sales-follow-up")) <= 1_800
    assert sum(tokens(name) for name in profile("reader")) <= 1_900
    assert max(tokens(name) for name in (*catalogue, *COMPOSITES)) <= 350
