"""Toolsets on the sandbox with a store of their own, and what the sandbox saw of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset

Open = Callable[..., Toolset]
Found = dict[str, Any]

EVERYTHING = "\n".join(
    f'{each} = "full"'
    for each in (
        "deals",
        "persons",
        "organizations",
        "activities",
        "leads",
        "notes",
        "pipelines",
        "account",
    )
)
"""Creates and updates of everything; deletes and conversions are not among it."""


def policy(text: str) -> Policy:
    """A policy for the agent `a`: the lines of its table, then further tables below `agents.a`."""
    return Policy.parse("[agents.a]\n" + text.replace("[.", "[agents.a."))


def writes(sandbox: Sandbox) -> list[tuple[str, str, Any]]:
    """Every change that the sandbox was asked for: method, path and body."""
    return [(each["method"], each["path"], each["body"]) for each in sandbox.log() if each["method"] != "GET"]


def record(sandbox: Sandbox, table: str, **wanted: Any) -> Found:
    """The first live record with these values."""
    for each in sandbox.records(table):
        if each.get("is_deleted") or each.get("is_archived") or each.get("status") == "deleted":
            continue
        if all(each.get(name) == value for name, value in wanted.items()):
            return each
    raise LookupError(f"no {table} with {wanted}")


def read(sandbox: Sandbox, table: str, number: int | str) -> Found:
    """One record as the server holds it."""
    return next(each for each in sandbox.records(table) if each["id"] == number)


@pytest.fixture
def settings(sandbox: Sandbox, store_url: str) -> Settings:
    """How the sandbox is reached, with a fresh store on the disk."""
    return Settings(base_url=sandbox.url, api_token=sandbox.token, state=store_url)


@pytest.fixture
def connect(settings: Settings) -> Iterator[Open]:
    """Opens toolsets of the agent `a` and closes them in the end."""
    opened: list[Toolset] = []

    def make(rights: str | Policy = EVERYTHING, **more: Any) -> Toolset:
        found = policy(rights) if isinstance(rights, str) else rights
        opened.append(Toolset.connect("a", found, **{"settings": settings, **more}))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
