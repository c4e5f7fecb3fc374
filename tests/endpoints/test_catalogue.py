"""What holds for every entry of the catalogue; the facts come from endpoints.yaml where that is at hand."""

import re
from typing import Any, TypeAlias

import pytest

from pipedrive_tools import schema
from pipedrive_tools.endpoint import Effect, Endpoint, Paging
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.arguments import Change
from pipedrive_tools.endpoints.values import Part
from pipedrive_tools.errors import ArgumentsError
from tests.endpoints.examples import EXAMPLES
from tests.endpoints.facts import document, listed, needs_documents, needs_endpoints

ENTRIES = [pytest.param(entry, id=name) for name, entry in catalogue.items()]
CASES = [
    pytest.param(catalogue[name], arguments, id=f"{name}-{case}")
    for name, cases in EXAMPLES.items()
    for case, arguments in cases.items()
]
EFFECTS = {
    "read": {Effect.READ},
    "write": {Effect.CREATE, Effect.UPDATE, Effect.CONVERT},
    "delete": {Effect.DELETE},
}
SEARCH_PAGE = 100
"""The reference says 500, and over 100 was refused (FACTS.md, section 17, row l)."""
OPTIONAL_ALONE = {"clear", "overwrite", "custom_fields"}
"""Lists that are empty when left out."""

READERS = {entry.resource for entry in catalogue.values() if entry.name.startswith("get_")}
"""Kinds of which one record can be read."""

Entry: TypeAlias = Endpoint[..., Any]


def fact(entry: Entry) -> dict[str, Any]:
    """What endpoints.yaml says of an entry."""
    return {**listed("beyond"), **listed("endpoints")}[entry.name]


@needs_endpoints
def test_all_36_are_there() -> None:
    """The catalogue holds every endpoint that the toolkit promises."""
    assert len(listed("endpoints")) == 36
    assert set(listed("endpoints")) <= set(catalogue)


@needs_endpoints
def test_nothing_is_made_up() -> None:
    """Every other entry is one of the neighbours that the facts list."""
    assert set(catalogue) <= set(listed("endpoints")) | set(listed("beyond"))


@needs_endpoints
@pytest.mark.parametrize("entry", ENTRIES)
def test_method_and_path(entry: Entry) -> None:
    """An entry goes where Pipedrive listens, whatever the path's arguments are called."""
    assert (entry.method, re.sub(r"{\w+}", "{}", entry.path)) == (
        fact(entry)["method"],
        re.sub(r"{\w+}", "{}", fact(entry)["path"]),
    )


@needs_endpoints
@pytest.mark.parametrize("entry", ENTRIES)
def test_cost(entry: Entry) -> None:
    """An entry costs what the API reference says."""
    assert entry.cost == fact(entry)["token_cost"]["spec"]


@needs_endpoints
@pytest.mark.parametrize("entry", ENTRIES)
def test_scopes(entry: Entry) -> None:
    """An entry names exactly the scopes of which any one opens it; those of webhooks the reference forgot (row j)."""
    own = (
        {each for each in entry.scopes if each.startswith("webhooks:")}
        if entry.resource == "webhooks"
        else set()
    )

    assert set(entry.scopes) - own == set(fact(entry)["oauth_scopes"]["spec"])


@needs_endpoints
@pytest.mark.parametrize("entry", ENTRIES)
def test_paging(entry: Entry) -> None:
    """A list goes on the way Pipedrive goes on, in pages no larger than it gives."""
    paging = fact(entry)["pagination"]
    style = {"none": Paging.NONE, "cursor": Paging.CURSOR, "offset": Paging.OFFSET}[paging["style"]]

    assert entry.paging is style
    assert entry.page_limit <= (paging.get("max_limit") or 500)
    assert entry.page_limit == SEARCH_PAGE or not entry.name.startswith("search_")


@needs_endpoints
@pytest.mark.parametrize("entry", ENTRIES)
def test_effect(entry: Entry) -> None:
    """What an entry says it does is what the facts say."""
    assert entry.effect in EFFECTS[fact(entry)["access"]]


@needs_endpoints
@pytest.mark.parametrize(("entry", "arguments"), CASES)
def test_every_name_that_is_sent_exists(entry: Entry, arguments: dict[str, Any]) -> None:
    """No query parameter and no key of a body is one that Pipedrive does not know."""
    known = {row["name"] for row in fact(entry)["query_params"] or ()}
    known |= {row["name"] for row in (fact(entry).get("body") or {}).get("fields", ())}
    sent = set(entry.check(arguments).values) - set(entry.path_arguments)

    assert {name for name in sent if not re.fullmatch("[0-9a-f]{40}", name)} <= known


def test_names_are_unique() -> None:
    """Each entry is called by its own name, one that every provider takes."""
    assert all(name == entry.name for name, entry in catalogue.items())
    assert all(re.fullmatch("[a-z0-9_]{1,64}", name) for name in catalogue)


def test_order() -> None:
    """The catalogue begins with deals and keeps what belongs together together."""
    assert next(iter(catalogue)) == "list_deals"


@pytest.mark.parametrize("entry", ENTRIES)
def test_description(entry: Entry) -> None:
    """A tool says what it is for, in no more than the 1,024 characters that providers take."""
    assert 10 < len(schema.purpose(entry)) <= 1024
    assert schema.purpose(entry).endswith(".")


@needs_documents
def test_descriptions_are_our_own() -> None:
    """No description is one of Pipedrive's."""
    theirs = {
        str(text).strip().rstrip(".").casefold()
        for version in ("v1", "v2")
        for item in document(version)["paths"].values()
        for operation in item.values()
        for key, text in operation.items()
        if key in {"summary", "description", "x-tool-description"}
    }

    assert not theirs & {schema.purpose(entry).rstrip(".").casefold() for entry in catalogue.values()}


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_argument_is_described(entry: Entry) -> None:
    """Each argument, shown to models or not, says what it holds."""
    assert [name for name, field in entry.model.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("part", [pytest.param(part, id=part.__name__) for part in Part.__subclasses__()])
def test_every_part_is_described(part: type[Part]) -> None:
    """Each key of an object inside the arguments says what it holds."""
    assert [name for name, field in part.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_changes_a_record_can_read_it(entry: Entry) -> None:
    """An update, a delete and a conversion name the entry that reads the same record, or the list that shows it."""
    if not entry.effect.writes or entry.effect is Effect.CREATE:
        assert entry.target is None
    else:
        assert entry.target is not None
        assert entry.target.effect is Effect.READ
        assert entry.target.path_arguments in {entry.path_arguments, ()}
        assert entry.target.path_arguments or not READERS & {entry.resource}
        assert entry.target.resource == entry.resource


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_conversion_has_a_job(entry: Entry) -> None:
    """Whatever runs as a job names the entry that tells how far it is."""
    assert (entry.job is not None) == (entry.effect is Effect.CONVERT)
    assert entry.job is None or entry.job.path_arguments == (*entry.path_arguments, "conversion_id")


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_create_carries_a_marker(entry: Entry) -> None:
    """Every create of a record names a place where the journal can mark what it made."""
    if entry.effect is Effect.CREATE and entry.resource != "webhooks":
        assert entry.marker is not None


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_may_be_cleared_exists(entry: Entry) -> None:
    """A field that can be blanked is one that can be set."""
    if issubclass(entry.model, Change):
        assert entry.model.clearable <= set(entry.model.model_fields) - entry.model.controls


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_reaches_people_is_an_argument(entry: Entry) -> None:
    """An argument that may send something outside is one that the entry takes."""
    assert set(entry.reaches_people) <= set(entry.model.model_fields)


def test_every_tool_has_examples() -> None:
    """Each tool has a minimal and a full example, in the order of the catalogue."""
    assert set(EXAMPLES) == set(catalogue)
    assert all(set(cases) == {"minimal", "full"} for cases in EXAMPLES.values())


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_full_example_is_full(entry: Entry) -> None:
    """The full example gives every argument, or blanks what it does not give."""
    full = EXAMPLES[entry.name]["full"]

    assert set(entry.model.model_fields) <= set(full) | set(full.get("clear", ()))


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_minimal_example_is_minimal(entry: Entry) -> None:
    """Nothing can be dropped from the minimal example."""
    minimal = EXAMPLES[entry.name]["minimal"]

    entry.check(minimal)
    for name in minimal:
        with pytest.raises(ArgumentsError):
            entry.check({key: value for key, value in minimal.items() if key != name})


@pytest.mark.parametrize(("entry", "arguments"), CASES)
def test_both_ways_of_calling_agree(entry: Entry, arguments: dict[str, Any]) -> None:
    """Keyword arguments and arguments from outside give one and the same call."""
    assert entry(**arguments) == entry.check(arguments)
    assert entry(**arguments).canonical == entry.check(arguments).canonical


@pytest.mark.parametrize(("entry", "arguments"), CASES)
def test_null_is_left_out(entry: Entry, arguments: dict[str, Any]) -> None:
    """Null for what could be left out changes nothing and never travels."""
    nulls = dict.fromkeys(set(entry.model.model_fields) - set(arguments))

    assert entry.check(nulls | arguments) == entry.check(arguments)
    assert None not in entry.check(EXAMPLES[entry.name]["minimal"]).values.values()


@pytest.mark.parametrize(("entry", "arguments"), CASES)
def test_arguments_survive_storage(entry: Entry, arguments: dict[str, Any]) -> None:
    """Arguments that were written down as JSON give the same call when they are read again."""
    call = entry.check(arguments)

    assert entry.check(call.args.model_dump(mode="json", exclude_none=True, exclude_unset=True)) == call


@pytest.mark.parametrize("entry", ENTRIES)
def test_unknown_arguments_are_refused(entry: Entry) -> None:
    """A key that the entry does not know is refused by name."""
    with pytest.raises(ArgumentsError, match="is_deleted_for_ever"):
        entry.check(EXAMPLES[entry.name]["minimal"] | {"is_deleted_for_ever": True})


@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_marks_a_record_deleted(entry: Entry) -> None:
    """No write offers to delete by a side door (FACTS.md, section 17, row b)."""
    assert "is_deleted" not in entry.model.model_fields
