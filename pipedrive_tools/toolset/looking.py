"""Looking at what a call touches before it is decided: the record as Pipedrive has it, not as the arguments say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipedrive_tools.endpoint import Call
from pipedrive_tools.errors import ArgumentsError, NotFoundError
from pipedrive_tools.gate import scope
from pipedrive_tools.gate.scope import Facts
from pipedrive_tools.line import Line
from pipedrive_tools.toolset import names
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.paying import paid


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A call after the gate has looked at what it touches."""

    call: Call[Any]
    asked: Call[Any]
    """The call as it came."""
    facts: Facts
    number: str
    """Number of the call in the books."""

    @property
    def before(self) -> Mapping[str, Any] | None:
        """The record as it is now."""
        return self.facts.of(self.call)


async def look(desk: Desk, call: Call[Any], line: Line, number: str) -> Looked:
    """Read what the call touches: the record it changes, and what decides about its scope."""
    rights = desk.policy.of(desk.agent)
    me = await names.me(desk, line, number) if scope.needs_me(rights.records, call) else None
    counted = await line.port.run(desk.books.counted, call) if rights.limits.for_rows else frozenset()
    facts = Facts(me=me, counted=counted)
    while (reading := scope.next_reading(rights, call, facts)) is not None:
        answer = await paid(desk, reading, line, number)
        record = _found(call, reading, answer.data)
        facts = replace(facts, records={**facts.records, scope.key_read(call, reading): record})
    return Looked(call=call, asked=call, facts=facts, number=number)


def _found(call: Call[Any], reading: Call[Any], data: Any) -> Mapping[str, Any]:
    """The record that was read; a list shows the one that the call changes, or there is none."""
    record = (data or {}) if reading.target_id is not None else call.record_in(data)
    if record is None:
        raise NotFoundError(
            f"{call.endpoint.name}: there is no {call.target_id!r} among {call.endpoint.resource}; "
            f"{reading.endpoint.name} tells which there are",
            status=404,
        )
    found: Mapping[str, Any] = record
    return found


async def looked_again(desk: Desk, looked: Looked, line: Line) -> Looked:
    """What a person approved, as it is just before it is sent; refused where the record moved on meanwhile."""
    again = await look(desk, looked.asked, line, looked.number)
    if (again.before or {}).get("update_time") != (looked.before or {}).get("update_time"):
        raise ArgumentsError(
            f"{looked.call.endpoint.name}: the record moved on since it was approved; read it and ask again. "
            "Nothing was changed"
        )
    return replace(again, call=looked.call, asked=looked.asked)
