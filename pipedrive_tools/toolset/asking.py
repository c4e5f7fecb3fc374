"""Asking a person about one exact effect."""

from collections.abc import Awaitable, Mapping
from typing import Any

from pipedrive_tools.endpoint import Call
from pipedrive_tools.gate import approval
from pipedrive_tools.gate.approval import Question, Ruling
from pipedrive_tools.line import Line
from pipedrive_tools.toolset.desk import Desk


async def ask(desk: Desk, call: Call[Any], before: Mapping[str, Any] | None, line: Line) -> Ruling:
    """What a person says to it, or that nobody has said anything yet."""
    question = Question(
        digest=approval.digest(desk.books.account, desk.agent, call, (before or {}).get("update_time")),
        account=desk.books.account,
        agent=desk.agent,
        run=desk.run.name,
        tool=call.endpoint.name,
        canonical=call.canonical,
        effect=desk.books.said(call, before),
    )
    ruling = await line.port.run(desk.approver, question)
    return await ruling if isinstance(ruling, Awaitable) else ruling
