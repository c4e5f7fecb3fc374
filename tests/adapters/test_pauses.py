from collections.abc import Awaitable
from contextlib import aclosing
from itertools import product

import pytest
from langgraph.errors import GraphInterrupt
from llama_index.core.workflow import HumanResponseEvent
from workflows.runtime.types.results import AddWaiter, WaitingForEvent

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.approval import Question, Ruling
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from tests.adapters.conftest import Connect
from tests.adapters.scripts import changes
from tests.calls import calls
from tests.doors import DOORS, mcp


class Pause(BaseException):
    """Stands for a pause that is no Exception at all."""


PAUSES = (
    GraphInterrupt(()),
    WaitingForEvent(
        AddWaiter(
            waiter_id="1", requirements={}, timeout=None, waiter_event=None, event_type=HumanResponseEvent
        )
    ),
    Pause(),
)
ASK_ALWAYS = Policy.parse(
    "[agents.tester]\n"
    + "".join(f'{each} = "read"\n' for each in sorted({entry.resource for entry in catalogue.values()}))
    + "[agents.tester.actions]\n"
    + "".join(f'{name} = "ask"\n' for name in catalogue)
)


class Pausing:
    """An approver that pauses, as those of the frameworks do: when it is called, or when it is awaited."""

    pause: BaseException
    awaited: bool

    def __call__(self, _question: Question) -> Awaitable[Ruling]:
        if self.awaited:
            return self._later()
        raise self.pause

    async def _later(self) -> Ruling:
        raise self.pause


FRAMEWORKS = tuple(door for door in DOORS if door is not mcp)
"""MCP has no pause of its own: its questions wait in the store."""


@pytest.mark.parametrize("name", catalogue)
async def test_a_pause_passes(connect: Connect, sandbox: Sandbox, name: str) -> None:
    """No tool and no door swallows a framework's pause, and nothing was changed when it comes."""
    arguments, approver = calls(sandbox)[name], Pausing()
    async with aclosing(connect(ASK_ALWAYS, approver=approver)) as toolset:
        for approver.pause, approver.awaited, door in product(PAUSES, (False, True), FRAMEWORKS):
            with pytest.raises(type(approver.pause)):
                await door(toolset, name, arguments)

    assert changes(sandbox) == []
