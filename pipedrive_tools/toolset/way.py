"""The way of one call, step by step (DESIGN.md, section 4). Every door ends here, and nothing goes around it."""

from collections.abc import Mapping
from typing import Any

from pipedrive_tools import auth, render
from pipedrive_tools.endpoint import Call, Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.gate.verdict import Verdict, grant
from pipedrive_tools.line import Line
from pipedrive_tools.render import CONCISE, Shape
from pipedrive_tools.state.journal import new_id
from pipedrive_tools.toolset import names
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.endings import invalid, refused, repeated
from pipedrive_tools.toolset.reading import read
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.toolset.writing import write

UNKNOWN_TOOL = Verdict("deny", "tools", "no such tool is granted to this agent")


async def serve(desk: Desk, name: str, arguments: Mapping[str, Any], line: Line) -> ToolResult:
    """Take one call all the way."""
    endpoint = _granted(desk, name)
    if endpoint is None:
        return await refused(desk, name, f"Use {name}", UNKNOWN_TOOL, line)
    number = new_id()
    if desk.directory.is_due:
        await line.port.run(desk.directory.look)
    try:
        shape, rest = Shape.taken(endpoint, arguments)
        call = endpoint.check(await names.resolved(desk, endpoint, rest, line, number))
    except ArgumentsError as error:
        return await invalid(desk, endpoint, error, line, number)
    return await judge(desk, call, line, number=number, shape=shape)


async def judge(
    desk: Desk,
    call: Call[Any],
    line: Line,
    *,
    version: str | None = None,
    number: str | None = None,
    shape: Shape = CONCISE,
) -> ToolResult:
    """Take a checked call from the decision on; `version` is what the record must still be in."""
    number = number or new_id()
    verdict = desk.decided(call, None)
    if scope := auth.lacking(line.credential, call.endpoint):
        verdict = Verdict("deny", render.SCOPES, f"the login lacks the OAuth scope {scope}")
    if verdict.decision == "deny":
        return await refused(desk, call.endpoint.name, desk.books.said(call), verdict, line, number)
    if not call.endpoint.effect.writes:
        return await read(desk, call, verdict, line, number, shape)
    # Where nothing is read and nobody is asked first, it is soon enough to look when the intent is written.
    looks_first = call.endpoint.target or verdict.decision == "ask"
    if (
        looks_first
        and not desk.rehearses(call)
        and (first := await line.port.run(desk.books.repeat_of, call))
    ):
        return await repeated(desk, call, first, line, number)
    result = await write(desk, call, line, version, number)
    if call.endpoint.target and result.status != "denied":
        desk.run.read_foreign_text()  # the answer, a refusal and a rehearsal show the record, too
    return result


def _granted(desk: Desk, name: str) -> Endpoint[..., Any] | None:
    """The tool, if the policy lets this agent use it; unknown and not granted are one and the same."""
    endpoint = catalogue.get(name) if desk.offers(name) else None
    if endpoint is None or grant(desk.policy, desk.agent, endpoint).decision == "deny":
        return None
    return endpoint
