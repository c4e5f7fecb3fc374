"""The types of the public names, as a user's checker sees them. Checked by pyright and mypy, never run."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, assert_type

import pipedrive_tools
from pipedrive_tools import (
    AsyncPipedrive,
    Call,
    Effect,
    Endpoint,
    Pipedrive,
    Policy,
    Settings,
    Tool,
    ToolResult,
    Toolset,
    catalogue,
    errors,
)
from pipedrive_tools.endpoints import deals
from pipedrive_tools.endpoints.deals import Deal
from pipedrive_tools.endpoints.records import Deleted
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset import Status

assert_type(pipedrive_tools.__version__, str)
assert_type(catalogue, Mapping[str, Endpoint[..., Any]])


def calls_are_typed_by_their_entry() -> None:
    """An entry keeps its arguments' names and its result's type."""
    assert_type(deals.get(deal_id=7), Call[Deal])
    assert_type(deals.list_(status=["open"]), Call[list[Deal]])
    assert_type(deals.delete(deal_id=7), Call[Deleted])
    assert_type(deals.get.effect, Effect)
    assert_type(deals.get.effect.writes, bool)
    deals.get(deal="7")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such argument
    deals.get(deal_id=7).send()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def blocking(settings: Settings) -> None:
    """`send` gives what the call promises, `pages` gives lists of it."""
    with Pipedrive(settings=settings, writes=True) as client:
        assert_type(client, Pipedrive)
        assert_type(client.send(deals.get(deal_id=7)), Deal)
        assert_type(client.send(deals.get(deal_id=7)).title, str | None)
        assert_type(client.pages(deals.list_()), Iterator[list[Deal]])


async def awaiting(settings: Settings) -> None:
    """The same in an event loop."""
    async with AsyncPipedrive(settings=settings) as client:
        assert_type(client, AsyncPipedrive)
        assert_type(await client.send(deals.get(deal_id=7)), Deal)
        assert_type(client.pages(deals.list_()), AsyncIterator[list[Deal]])


def tools() -> None:
    """A toolset is made from names, from objects, or from the environment."""
    policy = Policy.read_only("reader")
    assert_type(policy, Policy)
    assert_type(Policy.load("policy.toml"), Policy)
    toolset = Toolset.connect(agent="reader", policy=policy, settings=Settings(api_token="…"))
    assert_type(toolset, Toolset)
    assert_type(toolset.names(), list[str])
    assert_type(toolset.tools(), list[Tool])
    result = toolset.call("list_deals", {"status": ["open"]})
    assert_type(result, ToolResult)
    assert_type(result.status, Status)
    assert_type(result.text, str)
    assert_type(result.cost, int)
    assert_type(result.audit_id, str | None)
    assert_type(toolset.close(), None)


async def tools_in_a_loop(toolset: Toolset) -> None:
    """`acall` awaits the same result."""
    assert_type(await toolset.acall("list_deals"), ToolResult)


def failures() -> None:
    """One tree of errors, under one name."""
    try:
        Settings.from_env()
    except errors.StatusError as error:
        assert_type(error.status, int)
        assert_type(error.wait_seconds, float | None)
    except errors.PipedriveToolsError as error:
        assert_type(error.retryable, bool)


def local() -> None:
    """A sandbox starts in this process."""
    with Sandbox.start() as sandbox:
        assert_type(sandbox.url, str)
        assert_type(sandbox.token, str)
