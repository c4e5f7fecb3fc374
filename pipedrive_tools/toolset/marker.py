"""The marker that a created record can carry, so that it is recognised when the answer got lost.

Where it sits is the policy's choice: a text custom field that the company made for it, or a last line in a
note or an activity's note. With no place named, nothing is added to the user's data.
"""

from dataclasses import replace
from typing import Any, Final

from pipedrive_tools.endpoint import Call, Effect
from pipedrive_tools.gate.policy import Recovery

DIGITS: Final = 12


def text(number: str) -> str:
    """The marker of one call."""
    return f"ref {number[-DIGITS:]}"


def marked(call: Call[Any], number: str, recovery: Recovery) -> Call[Any]:
    """The call with its marker, where the policy names a place for it."""
    endpoint = call.endpoint
    place = recovery.markers.get(endpoint.resource)
    if endpoint.effect is not Effect.CREATE or place is None or endpoint.marker is None:
        return call
    values = dict(call.values)
    if endpoint.marker != "custom_field":
        before = values.get(endpoint.marker)
        values[endpoint.marker] = f"{before}<br>{text(number)}" if before else text(number)
    elif endpoint.version == "v1":
        values[place] = text(number)
    else:
        custom = values.get("custom_fields")
        values["custom_fields"] = {**(custom if isinstance(custom, dict) else {}), place: text(number)}
    return replace(call, values=values)


def carries(record: dict[str, Any], call: Call[Any], number: str, recovery: Recovery) -> bool | None:
    """Whether a record carries the call's marker; None when the policy names no place for one."""
    place, field = recovery.markers.get(call.endpoint.resource), call.endpoint.marker
    if place is None or field is None:
        return None
    if field != "custom_field":
        return text(number) in str(record.get(field) or "")
    custom = record.get("custom_fields")
    values = custom if isinstance(custom, dict) else record
    return values.get(place) == text(number)
