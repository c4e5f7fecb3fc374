"""All doors to the same tool: what is sent and what is told is the same, whichever one is used."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset
from tests.calls import NOT_THERE, allow_everything, calls
from tests.conftest import TODAY
from tests.doors import DOORS, Arguments, Door
from tests.endpoints.examples import EXAMPLES
from tests.postgres import Tables

POLICY: Final = allow_everything()
OF_THE_MOMENT: Final = re.compile(
    rf"{TODAY}[T ]\d\d:\d\d:\d\d(\.\d+Z|Z)?"  # the sandbox's clock goes on between two doors
    r"|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"  # it draws new lead and job ids,
    r"|\+lead[0-9a-f]+@"  # and makes addresses of them
    r"|(?<=cursor=')[\w-]+|(?<=\"next_page\": \")[\w-]+"  # and its cursors hold the time
)
"""All that differs between two equal calls to two equal sandboxes."""


NewStore = Callable[[], str]


@pytest.fixture
def new_store(engine: str, request: pytest.FixtureRequest) -> NewStore:
    """Gives the address of an empty store for each call, on each engine in turn."""
    if engine == "sqlite":
        return lambda: "sqlite://"
    tables: Tables = request.getfixturevalue("postgres_tables")
    return tables.emptied


@dataclass(frozen=True)
class Seen:
    """What a door showed to the model and to Pipedrive."""

    text: str
    artifact: str
    sent: tuple[str, ...]


async def through(door: Door, sandbox: Sandbox, state: str, name: str, arguments: Arguments) -> Seen:
    """One call through one door, to a sandbox and a store in their first state."""
    sandbox.reset()
    settings = Settings(base_url=sandbox.url, api_token=sandbox.token, state=state)
    toolset = Toolset.connect("tester", POLICY, settings=settings, fence_tag="fence")
    try:
        text, artifact = await door(toolset, name, dict(arguments))
    finally:
        await toolset.aclose()
    sent = ("method", "path", "query", "body", "credential", "status")
    return Seen(
        stable(text),
        stable(json.dumps(artifact | {"audit_id": "", "undo": ""})),
        tuple(stable(json.dumps([entry[part] for part in sent])) for entry in sandbox.log()),
    )


def stable(text: str) -> str:
    return OF_THE_MOMENT.sub("<of the moment>", text)


async def all_doors(sandbox: Sandbox, new_store: NewStore, name: str, arguments: Arguments) -> Seen:
    first, *others = [await through(door, sandbox, new_store(), name, arguments) for door in DOORS]

    for door, other in zip(DOORS[1:], others, strict=True):
        assert other == first, door.__name__
    return first


@pytest.mark.parametrize("name", catalogue)
async def test_a_good_call(sandbox: Sandbox, new_store: NewStore, name: str) -> None:
    """A call that Pipedrive answers well is the same through every door."""
    seen = await all_doors(sandbox, new_store, name, calls(sandbox)[name])

    assert json.loads(seen.artifact)["status"] == ("failed" if name in NOT_THERE else "ok")
    assert seen.sent


@pytest.mark.parametrize("name", COMPOSITES)
async def test_a_good_call_of_several(sandbox: Sandbox, new_store: NewStore, name: str) -> None:
    """A tool that is made of several calls sends and tells the same through every door."""
    deal_id = calls(sandbox)["get_deal"]["deal_id"]
    seen = await all_doors(
        sandbox, new_store, name, {"find": {"term": "an"}, "get_deal_overview": {"deal_id": deal_id}}[name]
    )

    assert json.loads(seen.artifact)["status"] == "ok"
    assert seen.sent


@pytest.mark.parametrize("name", COMPOSITES)
async def test_wrong_arguments_for_several(sandbox: Sandbox, new_store: NewStore, name: str) -> None:
    """A tool that is made of several refuses what does not fit in the same words; nothing is sent."""
    seen = await all_doors(sandbox, new_store, name, {"deal_id": "seven", "term": "x", "force": True})

    assert json.loads(seen.artifact)["status"] == "invalid"
    assert seen.sent == ()


@pytest.mark.sqlite_only("a good call of each tool is on both")
@pytest.mark.parametrize("case", ["minimal", "full"])
@pytest.mark.parametrize("name", catalogue)
async def test_every_argument(sandbox: Sandbox, new_store: NewStore, name: str, case: str) -> None:
    """Whatever Pipedrive says to it, every argument travels in the same way through every door."""
    await all_doors(sandbox, new_store, name, EXAMPLES[name][case])


async def test_null_blanks_nothing(sandbox: Sandbox, new_store: NewStore) -> None:
    """A null that a model sends for what it leaves out does not travel, and blanks nothing."""
    deal_id = calls(sandbox)["get_deal"]["deal_id"]
    arguments = {"deal_id": deal_id, "title": "X", "value": None, "overwrite": ["title"], "clear": None}
    seen = await all_doors(sandbox, new_store, "update_deal", arguments)

    *_, sent = seen.sent
    assert json.loads(sent)[:4] == ["PATCH", f"/api/v2/deals/{deal_id}", {}, {"title": "X"}]


async def test_empty_blanks_nothing(sandbox: Sandbox, new_store: NewStore) -> None:
    """Nor does an empty text or list, through whichever door it comes; the model is told."""
    deal_id = calls(sandbox)["get_deal"]["deal_id"]
    arguments = {"deal_id": deal_id, "title": "X", "lost_reason": "", "label_ids": [], "overwrite": ["title"]}
    seen = await all_doors(sandbox, new_store, "update_deal", arguments)

    *_, sent = seen.sent
    assert json.loads(sent)[:4] == ["PATCH", f"/api/v2/deals/{deal_id}", {}, {"title": "X"}]
    assert seen.text.startswith(
        "left aside, as empty: lost_reason, label_ids; to blank a field, name it in clear."
    )


WRONG: Final = {
    "an unknown key": {"deal_id": 5, "force": True},
    "a key that a framework uses itself": {"deal_id": 5, "config": {}, "run_manager": 1, "runtime": 2},
    "names of Python": {"deal_id": 5, "self": 1, "args": 2, "kwargs": 3, "tool_call_id": "4"},
    "a wrong type": {"deal_id": "seven"},
    "nothing": {},
}


@pytest.mark.parametrize("case", WRONG)
async def test_wrong_arguments(sandbox: Sandbox, new_store: NewStore, case: str) -> None:
    """Arguments reach the core as they are, which refuses what does not fit; nothing is sent."""
    seen = await all_doors(sandbox, new_store, "get_deal", WRONG[case])

    assert json.loads(seen.artifact)["status"] == "invalid"
    assert seen.sent == ()
    for name in WRONG[case].keys() - {"deal_id"}:
        assert f"{name}: Extra inputs are not permitted" in seen.text
