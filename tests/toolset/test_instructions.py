"""What a model is told beside the tools: examples that are good calls, and only of tools that it is offered."""

import pytest

from pipedrive_tools import schema
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.toolset.instructions import EXAMPLES, MANNERS, instructions
from tests.requests import HELD_OUT, IMPROVED_ON
from tests.toolset.conftest import Open


@pytest.mark.parametrize(("words", "tool", "values"), EXAMPLES, ids=[each[1] for each in EXAMPLES])
def test_an_example_is_a_good_call(words: str, tool: str, values: dict[str, object]) -> None:
    """Each gives what its tool asks for, in its order, nothing that is not offered, and nothing that is not said."""
    offered = schema.describe(catalogue[tool])
    sorting = {"sort_by", "sort_direction"}  # words say "newest", and no key
    given = [value for name, value in values.items() if name not in sorting]
    parts = [part for value in given for part in (value if isinstance(value, list) else [value])]
    texts = [part for part in parts if isinstance(part, str) and part != "me"]

    assert set(offered.get("required", ())) <= set(values)
    assert list(values) == [name for name in offered["properties"] if name in values]
    assert all(text.lower() in words.lower() for text in texts)


def test_no_example_is_a_measured_request() -> None:
    """A request that the model was shown the answer of would measure nothing."""
    measured = {request.words for request in (*IMPROVED_ON, *HELD_OUT)}

    assert not measured & {words for words, _, _ in EXAMPLES}


def test_only_what_is_offered(connect: Open) -> None:
    """Examples name tools that the model has; without one there is none."""
    toolset = connect(Policy.full("a")).only(["list_pipelines", "create_deal"])

    assert toolset.instructions.splitlines()[1:] == [
        'Create the deal \'Roof\'. -> create_deal {"title": "Roof"}'
    ]
    assert instructions([]) == f"{MANNERS}."
