"""A read that the gate makes for itself, charged to the call that it is made for."""

from typing import Any

from pipedrive_tools.client import perform
from pipedrive_tools.endpoint import Call
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.line import Line
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.wire import Answer


async def paid(desk: Desk, reading: Call[Any], line: Line, number: str) -> Answer:
    """The answer; the call with this number pays for it, and at its price for one that was refused, too."""
    try:
        answer = await perform(reading, line)
    except PipedriveToolsError:
        await line.port.run(desk.books.spend, reading.endpoint.cost, number)
        raise
    await line.port.run(desk.books.spend, answer.tokens, number)
    return answer
