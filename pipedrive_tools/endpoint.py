"""What a catalogue entry is: `Endpoint`, its `Args`, its `Effect`, and the `Call` that calling one gives.

Nothing here sends anything. The entries themselves live in `endpoints/`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, cached_property
from string import Formatter
from typing import Any, ClassVar, Final, Generic, Literal, ParamSpec, TypeVar, cast

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError, model_validator

from pipedrive_tools.errors import ArgumentsError, NotJsonError

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
"""HTTP methods that Pipedrive's endpoints use."""

Resource = Literal[
    "deals", "persons", "organizations", "activities", "leads", "notes", "pipelines", "account", "webhooks"
]
"""What a policy grants rights on."""

Marker = Literal["custom_field", "note", "content"]
"""Where a created record can carry the journal's marker (RELIABILITY.md, section 2)."""

PROBLEMS: Final = 10
"""How many wrong values one message names."""

_TRAVELS: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

Assumed = dict[str, bool | int | str | frozenset[str]]
"""What Pipedrive takes for arguments that are not given; a set is a list in any order."""


class Effect(StrEnum):
    """What a call does to the account."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    CONVERT = "convert"

    @property
    def writes(self) -> bool:
        """Whether the call changes anything."""
        return self is not Effect.READ


class Paging(StrEnum):
    """How a list goes on: not at all, by an opaque cursor (v2), or by an offset (v1)."""

    NONE = "none"
    CURSOR = "cursor"
    OFFSET = "start"


class Args(BaseModel):
    """Arguments of one endpoint. The docstrings of its subclasses are read by a language model."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True)

    controls: ClassVar[frozenset[str]] = frozenset()
    """Arguments that steer the toolset and never travel to Pipedrive."""
    assumed: ClassVar[Assumed] = {}
    """What Pipedrive takes for an argument that is not given; giving just that says nothing."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, given: Any) -> Any:
        """Models send null for what they leave out; strict schemas make them."""
        if isinstance(given, Mapping):
            return {name: value for name, value in given.items() if value is not None}
        return given

    def values(self) -> dict[str, Any]:
        """The arguments as Pipedrive takes them. Null means "leave alone" and never travels."""
        return self.model_dump(mode="json", exclude_none=True, exclude=set(self.controls))


class Record(BaseModel):
    """One record of an answer; keys that the model does not name are kept."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)

    secrets: ClassVar[frozenset[str]] = frozenset()
    """Keys whose value is a credential: nobody sees them, whichever way an answer is read."""


class Envelope(BaseModel, Generic[R]):
    """What Pipedrive wraps every answer in."""

    success: bool | None = None
    data: R
    additional_data: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[P, R_co]):
    """One endpoint, described once; calling it gives a `Call` and sends nothing."""

    name: str
    """Name of the tool: verb and noun."""
    method: Method
    path: str
    """Path with its version; a name in braces is the argument that fills it."""
    args: Callable[P, Args]
    """Arguments model; its docstring is the tool's description."""
    returns: type[R_co]
    """Type of the answer's `data`."""
    effect: Effect
    resource: Resource
    scopes: tuple[str, ...]
    """OAuth scopes; any one of them opens the endpoint (FACTS.md, section 3)."""
    cost: int
    """Pipedrive API tokens of one call (FACTS.md, section 5)."""
    also_reads: tuple[Resource, ...] = ()
    """Further resources whose records the answer shows; the policy must grant them all."""
    paging: Paging = Paging.NONE
    page_limit: int = 500
    """Most records that one page may hold; a page costs the same whatever its size."""
    target: "Endpoint[..., Any] | None" = None
    """The entry that reads the record which this one changes; or the list that shows it, where none reads one."""
    job: "Endpoint[..., Any] | None" = None
    """The entry that tells how far the job is which this one starts."""
    marker: Marker | None = None
    """Where a create can carry the journal's marker."""
    reaches_people: tuple[str, ...] = ()
    """Arguments that may send something to people outside, such as invitations."""
    by_name_only: bool = False
    """Whether no level of a policy grants it: `actions` must name it."""

    def __post_init__(self) -> None:
        """Refuse an entry that contradicts itself."""
        if (self.method == "GET") != (self.effect is Effect.READ):
            raise ValueError(f"{self.name}: {self.method} does not go with the effect {self.effect.value!r}")
        if missing := set(self.path_arguments) - set(self.model.model_fields):
            raise ValueError(f"{self.name}: the path names {sorted(missing)}, which the arguments lack")
        if self.marker and self.effect is not Effect.CREATE:
            raise ValueError(f"{self.name}: only a create carries a marker")
        if self.path_arguments and self.effect.writes and self.target is None:
            raise ValueError(f"{self.name}: it changes a record and names no entry that reads it")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> "Call[R_co]":
        """The call with these arguments, checked; nothing is sent."""
        return self._call(lambda: self.args(*args, **kwargs))

    def check(self, arguments: Mapping[str, Any]) -> "Call[R_co]":
        """The call with arguments from outside, checked; nothing is sent."""
        return self._call(lambda: self.model.model_validate(arguments))

    def _call(self, checked: Callable[[], Args]) -> "Call[R_co]":
        try:
            args = checked()
            call = Call(self, args, args.values())
        except ValidationError as error:
            wrong = ArgumentsError(f"{self.name}: {describe(error, tuple(self.model.model_fields))}")
            wrong.arguments = tuple(str(each["loc"][0]) for each in error.errors() if each["loc"])
            raise wrong from None
        self._refuse_what_cannot_travel(call.values)
        if self.effect is Effect.UPDATE and not set(call.values) - set(self.path_arguments):
            raise ArgumentsError(f"{self.name}: nothing to change; name at least one field")
        return call

    @property
    def can_be_undone(self) -> bool:
        """Whether Pipedrive has a call that takes this one back."""
        return self.effect in {Effect.CREATE, Effect.UPDATE} or self.name == "convert_lead_to_deal"

    @cached_property
    def envelope(self) -> TypeAdapter["Envelope[R_co]"]:
        """Reads a whole answer in one pass, `data` in the type that the entry promises."""
        return TypeAdapter(Envelope[self.returns])  # type: ignore[name-defined]  # a type made from a value

    def _refuse_what_cannot_travel(self, values: Mapping[str, Any]) -> None:
        """Half a character pair and a number that is none fit no JSON; dots alone walk up the path."""
        try:
            _TRAVELS(values).encode()
        except ValueError:
            raise ArgumentsError(f"{self.name}: a text or a number holds what JSON cannot carry") from None
        for name in self.path_arguments:
            if str(values[name]).strip() in {"", ".", ".."}:
                raise ArgumentsError(f"{self.name}: {name}: this names no record")

    @cached_property
    def _adapter(self) -> TypeAdapter[R_co]:
        return TypeAdapter(self.returns)

    @cached_property
    def is_search(self) -> bool:
        """Whether the stricter burst window of searches counts it."""
        return "search" in self.path.lower()

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice leaves what sending it once leaves."""
        return self.effect in {Effect.READ, Effect.UPDATE, Effect.DELETE}

    @property
    def model(self) -> type[Args]:
        """The arguments model, as a class."""
        return cast("type[Args]", self.args)

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Keys of its records whose value is a credential."""
        kinds = getattr(self.returns, "__args__", (self.returns,))
        return frozenset().union(*(getattr(kind, "secrets", ()) for kind in kinds))

    @cached_property
    def path_arguments(self) -> tuple[str, ...]:
        """Names of the arguments that stand in the path."""
        return path_names(self.path)

    @property
    def version(self) -> Literal["v1", "v2"]:
        """Version of the API that the endpoint belongs to."""
        return "v1" if self.path.startswith("/api/v1/") else "v2"

    def parse(self, data: Any) -> R_co:
        """The answer's `data` as the type that the entry promises; a list that is null is empty."""
        if data is None and self.paging is not Paging.NONE:
            data = []
        try:
            return self._adapter.validate_python(data)
        except ValidationError as error:
            raise NotJsonError(f"{self.name}: the answer has another shape: {describe(error)}") from None


@dataclass(frozen=True)
class Call(Generic[R_co]):
    """One endpoint with its arguments: a value to judge, approve, store, print, compare or send."""

    endpoint: Endpoint[..., R_co]
    args: Args
    values: Mapping[str, JsonValue]
    """The arguments as Pipedrive takes them."""

    @property
    def target_id(self) -> int | str | None:
        """Number or UUID of the record that the path names, where it names one."""
        names = self.endpoint.path_arguments
        return cast("int | str", self.values[names[0]]) if names else None

    @property
    def reading(self) -> "Call[Any] | None":
        """The call that reads the record which this one changes; None where it changes none."""
        target = self.endpoint.target
        if target is None or self.target_id is None:
            return None
        return target.check(dict.fromkeys(target.path_arguments, self.target_id))

    def record_in(self, read: Any) -> Mapping[str, Any] | None:
        """The record that this call changes, in what `reading` gave; None where it is not among it."""
        if isinstance(read, list):
            return next((each for each in read if each.get("id") == self.target_id), None)
        return read if isinstance(read, Mapping) else None

    def at(self, page: str | int) -> "Call[R_co]":
        """The same list from a further page on; `page` is what the page before gave."""
        return replace(self, values={**self.values, self.endpoint.paging.value: page})

    @cached_property
    def canonical(self) -> str:
        """One line that is equal for equal calls."""
        return f"{self.endpoint.name} " + _CANONICAL(self.values)


@cache
def path_names(path: str) -> tuple[str, ...]:
    """Names in braces, in the order of the path."""
    return tuple(name for _, name, _, _ in Formatter().parse(path) if name)


def _nearest(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def describe(error: ValidationError, known: Sequence[str] = ()) -> str:
    """What is wrong with each argument, without the values: they may be other people's data.

    `known` are the names that there are: the nearest one is told for a name that there is not.
    """
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    lines = []
    for problem in problems[:PROBLEMS]:
        place = ".".join(str(part) for part in problem["loc"]) or "arguments"
        unknown = problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1
        meant = _nearest(place, known) if unknown else ""
        lines.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}{meant}")
    if more := len(problems) - len(lines):
        lines.append(f"and {more} more")
    return "; ".join(lines)
