"""Tools that are several calls in one, and named sets of tools."""

import json

import pytest

from pipedrive_tools import schema
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES
from pipedrive_tools.endpoints.profiles import PROFILES
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset.profiles import profile
from tests.toolset.conftest import EVERYTHING, Open, record

FULL = Policy.full("a")


def test_the_overview(connect: Open, sandbox: Sandbox) -> None:
    """One answer holds deal, people, activities and notes; every part is counted, written down and read as data."""
    toolset = connect(FULL)
    deal = next(
        each
        for each in sandbox.records("deals")
        if each["status"] == "open" and each["org_id"] and each["person_id"]
    )
    toolset.call(
        "create_activity",
        {"subject": "Ring them", "type": "call", "deal_id": deal["id"], "due_date": "2026-03-05"},
    )
    toolset.call("create_note", {"content": "They <like> it", "deal_id": deal["id"]})
    before = sum(row.cost for row in toolset.trail(100))
    found = toolset.call("get_deal_overview", {"deal_id": deal["id"]})

    assert found.ok
    for heading in (
        "deal:",
        "person:",
        "organization:",
        "open activities (",
        "done activities (",
        "latest notes (",
    ):
        assert f"\n{heading}" in found.text
    assert "Ring them" in found.text
    assert "They <like> it" in found.text
    assert found.cost <= toolset.estimate("get_deal_overview", {"deal_id": deal["id"]}) == 63
    assert sum(row.cost for row in toolset.trail(100)) - before == found.cost
    assert toolset.call("get_deal_overview", {"deal_id": deal["id"]}).cost == 33
    assert set(found.data) == {"deal", "person", "organization", "activities", "notes"}


def test_an_overview_without_its_parts(connect: Open, sandbox: Sandbox) -> None:
    """Whoever may not use a part is not offered the whole; a deal that is gone is one error."""
    without_notes = EVERYTHING.replace('notes = "full"', 'notes = "off"')

    assert "get_deal_overview" not in connect(without_notes).names()
    assert connect(without_notes).call("get_deal_overview", {"deal_id": 1}).status == "denied"
    assert connect(FULL).call("get_deal_overview", {"deal_id": 999_999}).status == "failed"
    assert connect(FULL).call("get_deal_overview", {"deal": 1}).status == "invalid"


def test_an_overview_that_runs_dry(connect: Open, sandbox: Sandbox) -> None:
    """A part that the budget does not allow is missing aloud."""
    toolset = connect(f"{EVERYTHING}\n[.limits]\ntokens_per_run = 15")
    found = toolset.call("get_deal_overview", {"deal_id": record(sandbox, "deals")["id"]})

    assert found.ok
    assert "notes could not be read: refused" in found.text
    assert found.cost <= 15


def test_find(connect: Open, sandbox: Sandbox) -> None:
    """One search over all kinds; whoever may read some kinds only searches those."""
    whole = connect(FULL).call("find", {"term": "an"})
    some = connect('deals = "read"\npersons = "read"')

    assert whole.ok
    assert whole.cost == 20
    assert {hit["item"]["type"] for hit in whole.data["items"]} > {"deal"}
    assert "there are more" in whole.text
    part = some.call("find", {"term": "an"})
    assert part.cost == 40
    assert {hit["item"]["type"] for hit in part.data["items"]} == {"deal", "person"}
    assert "zzzqq" in some.call("find", {"term": "zzzqq"}).text
    assert some.call("find", {"term": "x"}).status == "invalid"
    assert "find" not in connect('notes = "read"').names()


@pytest.mark.parametrize("name", COMPOSITES)
def test_a_definition(name: str) -> None:
    """A composite is defined like any tool, and says what it costs."""
    tool = COMPOSITES[name]
    for dialect in ("plain", "openai", "anthropic", "gemini"):
        assert json.dumps(schema.export(tool, dialect))  # type: ignore[arg-type]
    assert str(tool.cost) in schema.purpose(tool)
    assert tool.idempotent
    assert not tool.effect.writes
    assert tool.scopes


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile(name: str, connect: Open) -> None:
    """A profile is a set of tools that there are, and gives no more than the policy does."""
    tools = profile(name)
    toolset = connect(Policy.read_only("a"), profile=name)

    assert set(tools) <= set(catalogue) | set(COMPOSITES)
    assert len(set(tools)) == len(tools)
    assert set(toolset.names()) == set(tools) & set(connect(Policy.read_only("a")).names())


def test_profiles_narrow(connect: Open) -> None:
    """What a profile leaves out is refused, and a wider set after it changes nothing; there is no other profile."""
    toolset = connect(FULL, profile=["find"])

    assert toolset.names() == ["find"]
    assert toolset.only(["find", "get_deal"]).names() == ["find"]
    assert toolset.call("get_deal", {"deal_id": 1}).status == "denied"
    assert toolset.call("find", {"term": "an"}).ok
    with pytest.raises(ArgumentsError, match="there is no tool"):
        toolset.estimate("get_deal", {"deal_id": 1})
    with pytest.raises(ArgumentsError, match="no profile 'readr'; nearest: 'reader'"):
        profile("readr")
