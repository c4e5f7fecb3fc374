"""Through what an answer is looked at: the call, the shape that was asked for, the names that are known."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final, cast

from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.fields import Labels
from pipedrive_tools.fields.choice import folded
from pipedrive_tools.render.shape import Shape

SECTION: Final = "custom_fields"


@dataclass(frozen=True)
class View:
    """Through what an answer is looked at."""

    call: Call[Any]
    shape: Shape
    labels: Labels
    budget: int
    """Characters that may be shown."""

    @property
    def resource(self) -> str:
        """Kind of the records."""
        return self.call.endpoint.resource

    @cached_property
    def asked(self) -> frozenset[str]:
        """Fields that the call itself asks for, by name or by sorting."""
        extra = self.call.values.get("include_fields")
        sorted_by = str(self.call.values.get("sort_by") or self.call.values.get("sort") or "").split(" ")
        return frozenset([*(map(str, extra) if isinstance(extra, list) else ()), *sorted_by])


def shown_fields(call: Call[Any]) -> tuple[str, ...]:
    """Names of the fields that the entry's result type declares, in its order."""
    return _declared(cast("Hashable", call.endpoint.returns))


@cache
def _declared(returns: Any) -> tuple[str, ...]:
    record = next(iter(getattr(returns, "__args__", (returns,))))
    return tuple(getattr(record, "model_fields", ()))


def custom_in(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Custom values, which leads keep beside the others."""
    own = data.get(SECTION)
    return own if isinstance(own, dict) else {name: value for name, value in data.items() if is_key(name)}


def picked(
    view: View, records: list[Mapping[str, Any]], custom: Iterable[str]
) -> tuple[list[str], list[str], list[str]]:
    """The fields that were asked for: built-in ones, custom ones by name, and what nobody knows."""
    there = dict.fromkeys(name for record in records for name in record)
    customs = {folded(name): name for name in custom}
    own = view.labels.fields.get(view.resource) or view.labels.fields.get("deals")
    known = {folded(own.label(each)): own.label(each) for each in own.customs} if own else {}
    names, picked, unknown = [name for name in ("id",) if name in there], [], []
    for name in view.shape.fields:
        code = name.strip().lower().replace(" ", "_")
        found = (
            customs.get(folded(name)) or known.get(folded(name)) or view.labels.called(view.resource, name)
        )
        if name in there and not is_key(name):
            names.append(name)
        elif found != name or is_key(name) or folded(name) in known or folded(name) in customs:
            picked.append(found)
        elif code in there:
            names.append(code)
        else:
            unknown.append(name)
    return list(dict.fromkeys(names)), list(dict.fromkeys(picked)), unknown
