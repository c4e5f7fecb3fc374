"""Custom fields as an event carries them, each of its kind, and their shape in v2 (FACTS.md, section 12)."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

LinkId = int | str
"""Number of an option, a user, an organization or a person; some events write it as text."""


class CustomField(BaseModel):
    """A custom field of a kind that nobody told us of; what it holds is kept."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    type: str = ""

    @property
    def as_v2(self) -> Any:
        """What `custom_fields` of a v2 answer holds for the same value."""
        rest = self.model_dump(exclude={"type"}, by_alias=True)
        return rest["value"] if set(rest) == {"value"} else rest


class Single(CustomField):
    """A text, a number, a phone or a day."""

    type: Literal["text", "varchar", "varchar_auto", "double", "phone", "date"]
    value: str | int | float | None = None


class Money(CustomField):
    """An amount with its currency."""

    type: Literal["monetary"]
    value: int | float | None = None
    currency: str | None = None


class Link(CustomField):
    """One option of a list; or a user, an organization or a person."""

    type: Literal["enum", "user", "org", "people"]
    id: LinkId | None = None

    @property
    def as_v2(self) -> Any:
        """The number alone."""
        return self.id


class Option(BaseModel):
    """One of several options."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: LinkId


class Options(CustomField):
    """Several options of a list."""

    type: Literal["set"]
    values: tuple[Option, ...] = ()

    @property
    def as_v2(self) -> Any:
        """The numbers."""
        return [each.id for each in self.values]


class Span(CustomField):
    """From one day, or one time of day, to another."""

    type: Literal["daterange", "timerange"]
    start: str | None = Field(default=None, alias="from")
    until: str | None = None
    timezone_name: str | None = None

    @property
    def as_v2(self) -> Any:
        """Both ends; of times, the zone as well."""
        zone = {"timezone_name": self.timezone_name} if self.type == "timerange" else {}
        return {"value": self.start, "until": self.until, **zone}


class Time(CustomField):
    """A time of day in a time zone."""

    type: Literal["time"]
    value: str | None = None
    timezone_name: str | None = None

    @property
    def as_v2(self) -> Any:
        """The time with the name of its zone; the zone's number is being dropped."""
        return {"value": self.value, "timezone_name": self.timezone_name}


KINDS: Final[Mapping[str, type[CustomField]]] = {
    kind: model
    for model in (Single, Money, Link, Options, Span, Time)
    for kind in get_args(model.model_fields["type"].annotation)
}
"""The model of each kind of field; addresses are shown nowhere, and kept as they come."""


def typed(value: Any) -> CustomField | None:
    """A custom field of its kind; of no kind where it does not fit one, and None where it is empty."""
    if value is None or isinstance(value, CustomField):
        return value
    given = dict(value) if isinstance(value, Mapping) else {"value": value}
    kind = given.get("type")
    try:
        return KINDS.get(kind if isinstance(kind, str) else "", CustomField).model_validate(given)
    except ValidationError:
        return CustomField.model_validate({**given, "type": kind if isinstance(kind, str) else ""})
