"""Progress of one call, for clients that ask for it: that it still waits, and how much of a list came.

A call reads one page at most, so there is no share of the work to tell: the number is seconds, the words tell the
rest. A call may wait for Pipedrive's limits, for a slow answer, or for an approver that takes its time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from pipedrive_tools.render.cells import plural
from pipedrive_tools.toolset import ToolResult

Report = Callable[[float, float | None, str | None], Awaitable[None]]
"""Takes how far a call is, of how much, and what to say."""
EVERY_SECONDS: Final = 2.0


async def accompanied(
    call: Awaitable[ToolResult], report: Report, *, every_seconds: float = EVERY_SECONDS
) -> ToolResult:
    """The result of a call, telling meanwhile that it goes on; no trouble with telling touches the call."""
    clock = asyncio.get_running_loop().time
    began = clock()

    async def say(words: str) -> None:
        await report(clock() - began, None, words)

    async def beat() -> None:
        with suppress(Exception):
            while True:
                await asyncio.sleep(every_seconds)
                await say("still waiting")

    beating = asyncio.create_task(beat())
    try:
        result = await call
    finally:
        beating.cancel()
    if isinstance(result.data, list):
        with suppress(Exception):
            await say(f"{plural(len(result.data), 'record')}; {_rest(result)}")
    return result


def _rest(result: ToolResult) -> str:
    return "the list is complete" if result.next_page is None else "more follow"
