"""What a model is told beside the tools: examples that are good calls, and only of tools that it is offered."""

import pytest

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.toolset.instructions import EXAMPLES, MANNERS, instructions
from tests.requests import HELD_OUT, IMPROVED_ON
from tests.toolset.conftest import Open


@pytest.mark.parametrize(("words", "tool", "values"), EXAMPLES, ids=[each[1] for each in EXAMPLES])
def test_an_example_is_a_good_call(words: str, tool: str, values: dict[str, object], connect: Open) -> None:
    """Each passes the checks of its tool as far as the gate, and names nothing that its request does not."""
    text = connect(Policy.full("a")).only([tool]).call(tool, {**values, **_dry(tool)}).text

    assert "Extra inputs" not in text
    assert all(
        not isinstance(each, str) or each.lower() in words.lower() for each in values.values() if each != "me"
    )


def _dry(tool: str) -> dict[str, bool]:
    return {"dry_run": True} if catalogue[tool].effect.writes else {}


def test_no_example_is_a_measured_request() -> None:
    """A request that the model was shown the answer of would measure nothing."""
    measured = {request.words for request in (*IMPROVED_ON, *HELD_OUT)}

    assert not measured & {words for words, _, _ in EXAMPLES}


def test_only_what_is_offered(connect: Open) -> None:
    """Examples name tools that the model has; without one there is none."""
    toolset = connect(Policy.full("a")).only(["list_deals", "create_deal"])

    assert toolset.instructions.splitlines()[1:] == [
        'Which deals did we win? -> list_deals {"status": ["won"]}'
    ]
    assert instructions([]) == f"{MANNERS}."
