"""Kinds of value that arguments hold: numbers, days, texts, addresses. Its docstrings are read by a language model."""

import json
import re
from datetime import date, datetime
from html import escape
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema

T = TypeVar("T")

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def decoded(value: Any) -> Any:
    """Models send lists and objects as JSON text; only fields that are lists or objects come here."""
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is due, not true or false")  # noqa: TRY004  # pydantic turns ValueError into a message
    if isinstance(value, list | dict):
        raise ValueError(f"one value is due, not {'a list' if isinstance(value, list) else 'an object'}")  # noqa: TRY004  # same
    return value


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("a day is due, written YYYY-MM-DD") from None


def _instant(text: str) -> str:
    try:
        if _INSTANT.fullmatch(text):
            datetime.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise ValueError("a moment in UTC is due, in whole seconds, written 2026-08-18T09:30:00Z")


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError("a time is due, written HH:MM")
    return text


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("a UUID is due") from None


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("a text that is not blank is due")
    return text


def _stated(value: T | None) -> T:
    if value is None:
        raise ValueError("a value is due; an update blanks what its clear names")
    return value


def _unlisted(values: list[T]) -> list[T]:
    if not values:
        raise ValueError("no id is in it; name one, or leave it out for all")
    if len(values) > 100:  # noqa: PLR2004  # FACTS.md, section 8
        raise ValueError("at most 100 ids are taken at once; ask in several calls")
    return values


Many = Annotated[list[T], BeforeValidator(decoded)]
"""A list, also accepted as JSON text."""
Id = Annotated[int, BeforeValidator(_number), Field(gt=0)]
"""A record's number."""
Whole = Annotated[int, BeforeValidator(_number)]
"""A whole number; true and false are not numbers."""
Amount = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
"""A number; true and false are not numbers."""
Ids = Annotated[Many[Id], AfterValidator(_unlisted)]
"""1 to 100 record numbers (FACTS.md, section 8)."""
Uuid = Annotated[str, AfterValidator(_uuid)]
"""A UUID, such as a lead's."""
Day = Annotated[str, AfterValidator(_day)]
"""A day, `YYYY-MM-DD`."""
Instant = Annotated[str, AfterValidator(_instant)]
"""A moment in UTC; whole seconds only (FACTS.md, section 8)."""
Clock = Annotated[str, AfterValidator(_clock)]
"""A time of day or a length, `HH:MM`."""
Text = Annotated[str, AfterValidator(_filled)]
"""A text that is not blank."""
Unshown = Annotated[T, SkipJsonSchema()]
"""An argument that callers may give and models are not shown: what is rarely needed costs tokens in every turn."""
SortDirection = Literal["asc", "desc"]
RecordSort = Literal["id", "update_time", "add_time"]


class Part(BaseModel):
    """An object inside the arguments."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True)


class CustomField(Part):
    """One custom field and its value."""

    name: Text
    """Field name."""
    value: Annotated[JsonValue, BeforeValidator(decoded), AfterValidator(_stated)]
    """Value."""


class Contact(Part):
    """One e-mail address or phone number."""

    value: Text
    """Address or number."""
    label: str | None = None
    """work, home, …"""
    primary: bool | None = None
    """Main one."""


class Address(Part):
    """A postal address; Pipedrive reads the parts out of `value`, and parts not sent become null."""

    value: Text
    """Address in one line."""
    country: str | None = None
    """Country."""
    admin_area_level_1: str | None = None
    """State or region."""
    admin_area_level_2: str | None = None
    """County."""
    locality: str | None = None
    """Town."""
    sublocality: str | None = None
    """District."""
    route: str | None = None
    """Street."""
    street_number: str | None = None
    """House number."""
    subpremise: str | None = None
    """Flat."""
    postal_code: str | None = None
    """Post code."""


class Html(Part):
    """Formatted text as Pipedrive gave it, to put back unchanged; models are offered plain text only."""

    html: str
    """HTML."""


def _from_text(value: Any) -> Any:
    """A text stands for the object whose `value` it is; the object is taken as well, as reads give it."""
    value = decoded(value)
    return {"value": value} if isinstance(value, str) else value


def _prose(value: Any) -> Any:
    if isinstance(value, str):
        return _filled(value)
    if isinstance(value, dict | Html):
        return value
    raise ValueError("a text is due")


Place = Annotated[Address | str, BeforeValidator(_from_text), WithJsonSchema({"type": "string"})]
"""An address, offered to models as one line."""
Contacts = Many[Annotated[Contact | str, BeforeValidator(_from_text), WithJsonSchema({"type": "string"})]]
"""E-mail addresses or phone numbers, offered to models as texts."""
Prose = Annotated[str | Html, BeforeValidator(_prose), WithJsonSchema({"type": "string"})]
"""Text that Pipedrive keeps as HTML, offered to models as plain text."""


def as_html(prose: str | dict[str, str]) -> str:
    """Plain text as HTML that shows the same characters and lines; HTML that was read stays as it is."""
    if isinstance(prose, dict):
        return prose["html"]
    return "<br>".join(escape(line, quote=False) for line in prose.splitlines())
