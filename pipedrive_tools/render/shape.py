"""How much of an answer a model wants to see: taken off the arguments of a read, never sent to Pipedrive.

Models are not shown these two in the schemas, which they would make dearer in every turn: a result that leaves
something out names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from pipedrive_tools.endpoint import Effect, Endpoint
from pipedrive_tools.endpoints.values import decoded
from pipedrive_tools.errors import ArgumentsError

Detail = Literal["concise", "full"]
_NAMES: Final = frozenset({"detail", "fields"})


@dataclass(frozen=True)
class Shape:
    """What of each record is shown."""

    detail: Detail = "concise"
    """`full` shows every field that is filled."""
    fields: tuple[str, ...] = ()
    """These fields, by name or key, and no others."""

    @classmethod
    def taken(
        cls, entry: Endpoint[..., Any], arguments: Mapping[str, Any]
    ) -> tuple["Shape", Mapping[str, Any]]:
        """The shape that the arguments ask for, and the arguments without it."""
        if arguments.keys().isdisjoint(_NAMES):
            return CONCISE, arguments
        own = frozenset(entry.model.model_fields)
        taken = _NAMES - own if entry.effect is Effect.READ else set()
        if not taken & arguments.keys():
            return CONCISE, arguments
        rest = {name: value for name, value in arguments.items() if name not in taken}
        detail = (arguments.get("detail") if "detail" in taken else None) or "concise"
        if detail not in {"concise", "full"}:
            raise ArgumentsError(f"{entry.name}: detail: 'concise' or 'full' is due")
        fields = decoded(arguments.get("fields") if "fields" in taken else None) or []
        if isinstance(fields, str):
            fields = [part.strip() for part in fields.split(",") if part.strip()]
        if not isinstance(fields, list) or not all(isinstance(each, str) for each in fields):
            raise ArgumentsError(f"{entry.name}: fields: a list of field names is due")
        return cls(cast("Detail", detail), tuple(dict.fromkeys(fields))), rest


CONCISE: Final = Shape()
"""What is shown unless more is asked for."""
