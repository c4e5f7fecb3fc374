"""One try to find every name in the arguments of a call, with what is known. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.endpoints.values import decoded
from pipedrive_tools.errors import ArgumentsError, UnknownNameError
from pipedrive_tools.fields import KINDS, Field, keys, to_wire
from pipedrive_tools.fields.choice import quoted
from pipedrive_tools.fields.writing import LINKS
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.toolset.directory import source_of
from pipedrive_tools.toolset.known import Known, LackError
from pipedrive_tools.toolset.looks import has_name, is_code, is_id, nameable

_LINKED: Final = {"user": "users", "people": "persons", "org": "organizations"}


class Finding:
    """One try to find every name, with what is known."""

    def __init__(self, entry: Endpoint[..., Any], arguments: Mapping[str, Any], known: Known) -> None:
        self._entry, self._arguments, self._known = entry, arguments, known
        self._shape: Any = "v1" if getattr(entry.model, "custom_at_root", False) else "v2"
        self.lacking: set[tuple[str, str | None]] = set()
        self.problems: list[str] = []
        self.at_fault: list[str] = []
        """Names of the arguments that the problems are about."""
        self.unknown = False

    def all(self) -> dict[str, Any]:
        """The arguments as far as they can be found."""
        out = dict(self._arguments)
        for name in sorted(nameable(self._entry) & out.keys(), key=lambda name: name == "stage_id"):
            if not has_name(self._entry, name, out[name]):
                continue
            so_far = len(self.problems)
            if name == "custom_fields":
                out[name] = self._custom_fields(decoded(out[name]))
            elif name in {"clear", "overwrite"}:
                out[name] = self._listed(decoded(out[name]), self._field_names)
            elif name == "field_code":
                out[name] = self._tried(lambda: self._known.any(self._arguments["field_code"]).key)
            else:
                out[name] = self._ids(name, decoded(out[name]), out)
            if len(self.problems) > so_far:
                self.at_fault.append(name)
        return out

    def _tried(self, act: Callable[[], Any], otherwise: Any = None) -> Any:
        """What an act finds; what it lacks and what is wrong is written down."""
        try:
            return act()
        except LackError as lack:
            self.lacking.add((lack.name, lack.sought))
        except UnknownNameError as error:
            self.unknown = True
            self.problems.append(one_line(str(error)))
        except ArgumentsError as error:
            self.problems.append(one_line(str(error)))
        return otherwise

    def _listed(self, value: Any, each: Callable[[str], list[str]]) -> Any:
        if not isinstance(value, list):
            value = [value]
        found: list[Any] = []
        for part in value:
            found += self._tried(lambda part=part: each(part), []) if isinstance(part, str) else [part]  # type: ignore[misc]  # the default binds it
        return found

    def _ids(self, name: str, value: Any, out: Mapping[str, Any]) -> Any:
        def one(part: Any) -> Any:
            if not isinstance(part, str) or is_id(name, part):
                return part
            return self._tried(lambda: self._id(name, part.strip(), out), part)

        if isinstance(value, list):
            return [one(part) for part in value] if name in {"label_ids", "participants"} else value
        return [one(value)] if name == "label_ids" else one(value)

    def _id(self, name: str, text: str, out: Mapping[str, Any]) -> Any:
        """The id that a name stands for."""
        try:
            return self._known.id_of(KINDS[name], text, out.get("pipeline_id"))
        except ArgumentsError as error:
            raise type(error)(f"{name}: {error}") from None

    def _field_names(self, name: str) -> list[str]:
        """A field as clear and overwrite name it: by its argument, or by the keys of a custom one."""
        if is_code(self._entry, name):
            return [name]
        found = self._known.any(name)
        if found.is_custom:
            return list(keys(found, self._shape))
        if found.key in self._entry.model.model_fields:
            return [found.key]
        raise ArgumentsError(f"{quoted(name)} is not a field that {self._entry.name} changes")

    def _custom_fields(self, given: Any) -> Any:
        """Name and value pairs as key and wire value; what is no pair is left to the check."""
        if isinstance(given, dict) and not {"name", "value"} <= set(given):
            given = [{"name": name, "value": value} for name, value in given.items()]
        if isinstance(given, dict):
            given = [given]
        if not isinstance(given, list):
            return given
        found: list[Any] = []
        for pair in given:
            if isinstance(pair, dict) and isinstance(pair.get("name"), str) and "value" in pair:
                found += self._tried(lambda pair=pair: self._pair(pair), [])  # type: ignore[misc]  # the default binds it
            else:
                found.append(pair)
        names = [each["name"] for each in found if isinstance(each, dict) and "name" in each]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            self.problems.append(f"custom_fields: given twice: {', '.join(map(self._called, twice))}")
        return found

    def _called(self, key: str) -> str:
        known = self._known.fields().by_key.get(key)
        return quoted(known.name) if known else key

    def _pair(self, pair: Mapping[str, Any]) -> list[Any]:
        name, value = pair["name"].strip(), decoded(pair["value"])
        own = source_of(self._entry.resource)
        if set(pair) != {"name", "value"} or not name or own is None:
            return [pair]
        if is_key(name) and (self._known.lists(own) is None or len(name) > len(name[:40])):
            return [pair]  # a key needs no definition: its value is taken as it is
        if value is None:
            return [pair]
        found = self._known.custom(name)
        if found.kind in LINKS:
            value = self._linked(found, value)
        return [{"name": key, "value": part} for key, part in to_wire(found, value, self._shape).items()]

    def _linked(self, found: Field, value: Any) -> Any:
        if not isinstance(value, str) or is_id("", value):
            return value
        try:
            return self._known.id_of(_LINKED[found.kind], value.strip())
        except ArgumentsError as error:
            raise type(error)(f"{quoted(found.name)}: {error}") from None
