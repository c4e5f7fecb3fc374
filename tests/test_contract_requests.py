"""Every request we build is one that Pipedrive's own OpenAPI documents describe, but for the slips listed here."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema
import pytest

from pipedrive_tools.endpoint import Call, Endpoint, path_names
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.arguments import LISTS, Change
from pipedrive_tools.wire import Request, request
from tests.endpoints.examples import EXAMPLES
from tests.endpoints.facts import document, needs_documents

pytestmark = needs_documents

Node: TypeAlias = dict[str, Any]
Entry: TypeAlias = Endpoint[..., Any]

CUSTOM_KEY = re.compile("[0-9a-f]{40}")
FORMATS = jsonschema.FormatChecker(["date", "uuid"])


@dataclass(frozen=True)
class Slip:
    """Where the documents are wrong and we are right."""

    row: str
    """Row of FACTS.md, section 17."""
    why: str
    parameters: frozenset[str]


COMMA_LISTS = Slip(
    row="m",
    why="comma lists are typed as one enum string; `status` of lists and `fields` of searches likewise (section 8)",
    parameters=frozenset({"include_fields", "sort", "status", "fields", "item_types"}),
)
SLIPS = [COMMA_LISTS]
"""All of them; what departs from the documents elsewhere is our mistake."""

CASES = [
    pytest.param(catalogue[name].check(arguments), id=f"{name}-{case}")
    for name, cases in EXAMPLES.items()
    for case, arguments in cases.items()
]


def blanking() -> Iterator[Any]:
    """One call per field that an update may blank."""
    for name, entry in catalogue.items():
        if issubclass(entry.model, Change):
            path = {key: EXAMPLES[name]["minimal"][key] for key in entry.path_arguments}
            for field in sorted(entry.model.clearable):
                yield pytest.param(entry.check(path | {"clear": [field]}), id=f"{name}-{field}")


def operation(entry: Entry) -> Node:
    """The operation that an entry stands for."""
    place = re.sub(r"{\w+}", "{}", entry.path.removeprefix(f"/api/{entry.version}"))
    for path, item in document(entry.version)["paths"].items():
        if re.sub(r"{\w+}", "{}", path) == place:
            shared = item.get("parameters", [])
            found = item[entry.method.lower()]
            return {**found, "parameters": [*shared, *found.get("parameters", [])]}
    raise AssertionError(f"{entry.path} is in no document")


def parameters(entry: Entry, place: str) -> dict[str, Node]:
    """The parameters of an operation that stand in one place."""
    return {row["name"]: row for row in operation(entry)["parameters"] if row["in"] == place}


def json_schema(node: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON schema: `nullable` is a type of its own there."""
    if isinstance(node, list):
        return [json_schema(part) for part in node]
    if not isinstance(node, Mapping):
        return node
    plain = {key: json_schema(part) for key, part in node.items() if key not in {"example", "nullable"}}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def check(value: Any, schema: Node) -> None:
    """The value fits the schema, formats included."""
    jsonschema.Draft202012Validator(json_schema(schema), format_checker=FORMATS).validate(value)


def typed(text: str, schema: Node) -> Any:
    """The text of a query parameter as the value that it writes."""
    if schema["type"] in {"integer", "number"}:
        assert re.fullmatch(r"-?\d+", text), text
        return int(text)
    if schema["type"] == "boolean":
        return {"true": True, "false": False}[text]
    return text


def known_keys(schema: Node) -> set[str]:
    """Every key that the schema of a body names."""
    own = set(schema.get("properties", {}))
    return own.union(*(known_keys(part) for part in schema.get("allOf", ())))


@cache
def body_schema(entry: Entry) -> Node | None:
    """The schema of an operation's body, where it takes one."""
    body = operation(entry).get("requestBody")
    return body["content"]["application/json"]["schema"] if body else None


def body(call: Call[Any]) -> Any:
    """The JSON that a call sends."""
    sent = request(call).body
    return None if sent is None else json.loads(sent)


def query(sent: Request) -> dict[str, str]:
    """The query parameters of a request, each given once."""
    pairs = parse_qsl(
        urlsplit(sent.path).query, keep_blank_values=True, strict_parsing=bool(urlsplit(sent.path).query)
    )
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize("call", CASES)
def test_path(call: Call[Any]) -> None:
    """Each part of the path is of the type that the documents give it."""
    sent = request(call)
    pattern = re.sub(r"{\w+}", "([^/]+)", call.endpoint.path)
    match = re.fullmatch(pattern, urlsplit(sent.path).path)

    assert match is not None
    assert sent.method == call.endpoint.method
    theirs = parameters(call.endpoint, "path").values()
    assert len(theirs) == len(path_names(call.endpoint.path))
    for text, row in zip(match.groups(), theirs, strict=True):
        check(typed(unquote(text), row["schema"]), row["schema"])


@pytest.mark.parametrize("call", CASES)
def test_query(call: Call[Any]) -> None:
    """Every query parameter is known and of its type; every required one is there."""
    theirs, ours = parameters(call.endpoint, "query"), query(request(call))

    assert {name for name, row in theirs.items() if row.get("required")} <= set(ours)
    for name, text in ours.items():
        assert name in theirs, f"{name!r} is unknown"
        for part in _parts(name, text):
            check(typed(part, theirs[name]["schema"]), theirs[name]["schema"])


def _parts(name: str, text: str) -> list[str]:
    if name not in COMMA_LISTS.parameters:
        return [text]
    return [part.removesuffix(" ASC").removesuffix(" DESC") for part in text.split(",")]


@pytest.mark.parametrize("call", CASES)
def test_body(call: Call[Any]) -> None:
    """Every body fits its schema and holds no key that the schema lacks; reads and deletes have none."""
    schema, sent = body_schema(call.endpoint), body(call)

    if schema is None:
        assert not sent
        return
    check(sent, schema)
    strange = set(sent) - known_keys(schema)
    if call.endpoint.resource == "leads":  # custom fields of leads lie at the root (section 12)
        strange = {key for key in strange if not CUSTOM_KEY.fullmatch(key)}
    assert strange == set()


@pytest.mark.parametrize("call", list(blanking()))
def test_blanked_fields_may_be_blank(call: Call[Any]) -> None:
    """What `clear` accepts, the documents call nullable, or it is a list."""
    sent = body(call)

    check(sent, body_schema(call.endpoint) or {})
    assert all(value == [] if name in LISTS else value is None for name, value in sent.items())


@pytest.mark.parametrize("call", CASES)
def test_read_only_fields_stay_at_home(call: Call[Any]) -> None:
    """A body never holds what the documents list and the service refuses (rows b and c)."""
    sent = body(call) or {}

    assert "is_deleted" not in sent
    assert call.endpoint.resource != "activities" or "person_id" not in sent


def test_every_slip_is_needed() -> None:
    """A slip that no request needs any more is taken off the list."""
    used = {name for case in CASES for name in query(request(case.values[0]))}  # type: ignore[arg-type]  # one value each

    assert all(slip.parameters <= used for slip in SLIPS)


def test_the_checks_bite() -> None:
    """A wrong type, a wrong format, an unknown choice and a null where none is due are found."""
    lead = body_schema(catalogue["update_lead"]) or {}
    good = {"title": "x", "value": {"amount": 1, "currency": "EUR"}, "expected_close_date": "2026-09-30"}

    check(good, lead)
    for wrong in (
        {"title": 7},
        {"value": {"amount": 1}},
        {"expected_close_date": "soon"},
        {"visible_to": "2"},
        {"owner_id": None},
        {"label_ids": ["hot"]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check(good | wrong, lead)
