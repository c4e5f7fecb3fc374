"""The requests for the small model, and the judge of its calls."""

from typing import Any

import pytest

from pipedrive_tools import schema
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.toolset.profiles import profile
from tests.judging import Judged, Request, judge
from tests.requests import HELD_OUT, IMPROVED_ON

REQUEST = Request(
    "Rename deal 7 to Alpha.", "update_deal", {"deal_id": 7, "title": "Alpha"}, {"status": "open"}
)
GOOD: dict[str, Any] = {"deal_id": "7", "title": " alpha"}
CASES = [
    ("as expected", [("update_deal", GOOD)], (True, True, True)),
    ("leave to overwrite", [("update_deal", GOOD | {"overwrite": ["title"]})], (True, True, True)),
    ("what it may", [("update_deal", GOOD | {"status": "open"})], (True, True, True)),
    ("no call", [], (False, False, False)),
    ("another tool", [("get_deal", {"deal_id": 7})], (False, False, False)),
    ("two calls", [("update_deal", GOOD), ("update_deal", GOOD)], (False, False, False)),
    ("a wrong value", [("update_deal", GOOD | {"deal_id": 8})], (True, False, True)),
    ("a missing value", [("update_deal", {"deal_id": 7})], (True, False, True)),
    ("an invented argument", [("update_deal", GOOD | {"value": 0})], (True, True, False)),
    ("false that says something", [("update_deal", GOOD | {"is_archived": False})], (True, True, False)),
    ("empty arguments", [("update_deal", GOOD | {"currency": "", "label_ids": []})], (True, True, True)),
    (
        "an empty argument that is due",
        [("update_deal", {"deal_id": "", "title": "Alpha"})],
        (True, False, True),
    ),
    ("another value of what it may", [("update_deal", GOOD | {"status": "won"})], (True, True, False)),
    ("too much leave", [("update_deal", GOOD | {"overwrite": ["value"]})], (True, True, False)),
    ("a list for a text", [("update_deal", GOOD | {"title": ["Alpha"]})], (True, False, True)),
]


@pytest.mark.parametrize(("calls", "verdict"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_judge(calls: list[tuple[str, dict[str, Any]]], verdict: tuple[bool, bool, bool]) -> None:
    """A call counts for the tool, the values and nothing invented, each by itself."""
    assert judge(REQUEST, calls) == Judged(*verdict)


def test_the_two_sets() -> None:
    """Each set is over every tool of the core, and no request is in both."""
    for requests in (IMPROVED_ON, HELD_OUT):
        assert {request.tool for request in requests} == set(profile("core"))
    assert not {each.words for each in IMPROVED_ON} & {each.words for each in HELD_OUT}
    assert len(IMPROVED_ON) + len(HELD_OUT) >= 60


@pytest.mark.parametrize("request_", [*IMPROVED_ON, *HELD_OUT], ids=lambda request: request.words[:40])
def test_what_is_expected_can_be_called(request_: Request) -> None:
    """What a request expects are arguments that models are shown, all that the tool requires among them."""
    shown = schema.describe(catalogue[request_.tool])

    assert set(request_.expected) <= set(shown.get("properties", {}))
    assert set(shown.get("required", [])) <= set(request_.expected)
