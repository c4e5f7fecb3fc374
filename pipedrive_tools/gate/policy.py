"""The policy file: what each agent may do. Deny by default; an unknown name anywhere is an error that names it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Resource, describe
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.errors import PolicyError

Level = Literal["off", "read", "full"]
"""Rights on one resource; `full` grants create and update, never delete, conversion or anything of webhooks."""
Action = Literal["off", "ask", "allow"]
"""An exception for one tool."""
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]

GRANTED_BY_FULL = frozenset({Effect.CREATE, Effect.UPDATE})
"""Deletes and conversions must be named in `actions`."""


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Limits(Section):
    """Ceilings that add up over a run and over a day; None is no ceiling."""

    writes_per_run: Count | None = None
    writes_per_day: Count | None = None
    tokens_per_run: Count | None = None
    """Pipedrive API tokens."""
    tokens_per_day: Count | None = None
    rows_per_run: Count | None = None
    """Different records changed."""
    rows_per_day: Count | None = None
    value_per_run: Amount | None = None
    """Sum of the values of the deals touched, whatever their currency."""
    value_per_day: Amount | None = None

    @property
    def for_tokens(self) -> bool:
        """Whether tokens are limited."""
        return self.tokens_per_run is not None or self.tokens_per_day is not None

    @property
    def for_rows(self) -> bool:
        """Whether the number of records is limited."""
        return self.rows_per_run is not None or self.rows_per_day is not None


class Records(Section):
    """Only these records may be changed; None is no restriction, an empty list is none at all."""

    pipelines: list[int] | None = None
    owners: list[int | Literal["me"]] | None = None
    stages: list[int] | None = None

    @property
    def restricts(self) -> bool:
        """Whether anything is restricted at all."""
        return any(part is not None for part in (self.pipelines, self.owners, self.stages))


class Fields(Section):
    """Fields, written `resource.field`, that are never written, never shown, or capped."""

    never_write: list[str] = []
    never_show: list[str] = []
    max: dict[str, Amount] = {}
    """Highest number that may be written."""

    @field_validator("never_write", "max")
    @classmethod
    def _writable(cls, names: Any) -> Any:
        for name in names:
            _known_field(name, _writable_fields)
        return names

    @field_validator("never_show")
    @classmethod
    def _showable(cls, names: list[str]) -> list[str]:
        for name in names:
            _known_field(name, _shown_fields)
        return names


class Recovery(Section):
    """What becomes of a write whose outcome is not known (RELIABILITY.md, section 2)."""

    settle_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60.0
    """How long Pipedrive may still commit a call that we gave up on; nobody knows, so it is a choice."""
    absent: Literal["resend", "park"] = "resend"
    """What to do when the record is not there after that time: send again, or leave it to a person."""
    markers: dict[Resource, str] = {}
    """Where creates carry a marker: the key of a text custom field, or `line` in notes and activities.

    Without one, a record is recognised by all the values that were sent, and nothing is added to the data.
    """

    @field_validator("markers")
    @classmethod
    def _places_exist(cls, markers: dict[Resource, str]) -> dict[Resource, str]:
        for resource, place in markers.items():
            if resource in {"notes", "activities"} and place == "line":
                continue
            if resource in {"deals", "persons", "organizations", "leads"} and is_key(place):
                continue
            raise ValueError(
                f"{resource} cannot carry a marker in {place!r}; give a custom field's key, or 'line'"
            )
        return markers


class AgentPolicy(Section):
    """What one agent may do."""

    deals: Level = "off"
    persons: Level = "off"
    organizations: Level = "off"
    activities: Level = "off"
    leads: Level = "off"
    notes: Level = "off"
    pipelines: Level = "off"
    account: Level = "off"
    webhooks: Level = "off"
    actions: dict[str, Action] = {}
    """Exceptions per tool; they win over the level of the resource."""
    tainted: dict[str, Action] = {}
    """What a tool may do once the run has read foreign text; unnamed tools follow the built-in rule."""
    limits: Limits = Limits()
    records: Records = Records()
    fields: Fields = Fields()
    recovery: Recovery = Recovery()

    @field_validator("actions", "tainted")
    @classmethod
    def _tools_are_known(cls, actions: dict[str, Action]) -> dict[str, Action]:
        for tool in actions:
            if tool not in catalogue:
                raise ValueError(f"there is no tool {tool!r}{_nearest(tool, catalogue)}")
        return actions

    def level(self, resource: Resource) -> Level:
        """Rights on one resource."""
        level: Level = getattr(self, resource)
        return level


class Policy(Section):
    """Every agent that may do anything; an agent that is not named has no tools."""

    agents: dict[str, AgentPolicy] = {}

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a policy file, or raise one line that says what is wrong with it."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise PolicyError(
                f"the policy file {str(path)!r} cannot be read ({type(error).__name__})"
            ) from None
        return cls.parse(text, source=str(path))

    @classmethod
    def parse(cls, text: str, *, source: str = "policy") -> Self:
        """Read a policy from TOML text."""
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"{source} is not TOML: {error}") from None
        except ValidationError as error:
            raise PolicyError(f"{source}: {describe(error)}") from None

    @classmethod
    def read_only(cls, agent: str) -> Self:
        """Every read for one agent: for a person at a prompt, never a default."""
        named = {
            name: "allow"
            for name, entry in catalogue.items()
            if entry.by_name_only and entry.effect is Effect.READ
        }
        levels = dict.fromkeys(get_args(Resource), "read")
        return cls(agents={agent: AgentPolicy.model_validate({**levels, "actions": named})})

    @classmethod
    def full(cls, agent: str) -> Self:
        """Everything for one agent, deletes included: for a person at a prompt, never a default."""
        everything: dict[str, Action] = {
            name: "allow"
            for name, entry in catalogue.items()
            if entry.by_name_only or entry.effect not in GRANTED_BY_FULL | {Effect.READ}
        }
        levels = dict.fromkeys(get_args(Resource), "full")
        writes = {name: "allow" for name, entry in catalogue.items() if entry.effect.writes}
        rights = AgentPolicy.model_validate({**levels, "actions": everything, "tainted": writes})
        return cls(agents={agent: rights})

    def of(self, agent: str) -> AgentPolicy:
        """The rights of one agent; one that is not named has none."""
        return self.agents.get(agent, NOTHING)

    @model_validator(mode="after")
    def _agents_have_names(self) -> Self:
        if any(not name.strip() for name in self.agents):
            raise ValueError("an agent needs a name")
        return self


NOTHING = AgentPolicy()
"""The rights of whoever is not named."""


def _known_field(name: str, known: Any) -> None:
    resource, _, field = name.partition(".")
    if resource not in get_args(Resource):
        raise ValueError(
            f"{name!r}: there is no resource {resource!r}{_nearest(resource, get_args(Resource))}"
        )
    names = known()[resource]
    if field not in names and not is_key(field):
        raise ValueError(f"{name!r}: {resource} have no field {field!r}{_nearest(field, names)}")


def _nearest(word: str, words: Any) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # needed for a message only

    close = get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


@cache
def _writable_fields() -> Mapping[str, frozenset[str]]:
    return _fields(lambda entry: entry.effect.writes)


@cache
def _shown_fields() -> Mapping[str, frozenset[str]]:
    return _fields(lambda _: True)


def _fields(chosen: Any) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {resource: set() for resource in get_args(Resource)}
    for entry in catalogue.values():
        if chosen(entry):
            found[entry.resource] |= _names(entry)
    return MappingProxyType({resource: frozenset(names) for resource, names in found.items()})


def _names(entry: Endpoint[..., Any]) -> set[str]:
    """Names of the fields that an entry takes or shows, without those that steer the toolset."""
    model: type[Args] = entry.model
    names = set(model.model_fields) - model.controls - set(entry.path_arguments)
    shown = getattr(entry.returns, "__args__", (entry.returns,))
    for part in shown:
        names |= set(getattr(part, "model_fields", ()))
    return names
