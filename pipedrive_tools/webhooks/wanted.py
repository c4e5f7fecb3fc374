"""Which webhooks there shall be: what a person names on the command line, or declares in a TOML file. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from pipedrive_tools.endpoint import describe
from pipedrive_tools.endpoints import subscriptions
from pipedrive_tools.errors import ArgumentsError, SettingsError

EXAMPLE: Final = "added.deal, updated.person, deleted.deal or *.deal"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One webhook that shall be there."""

    name: str
    url: str
    action: str
    """In the words of version 2."""
    object: str
    user_id: int | None = None
    """Whose rights filter the events; the caller's where it is None."""

    @classmethod
    def of(cls, *, name: str, event: str, url: str, user_id: int | None = None) -> Self:
        """A webhook whose event is named as Pipedrive's guides do: action, dot, kind of record."""
        action, dot, kind = event.strip().partition(".")
        if not dot:
            raise ArgumentsError(f"{event!r} is no event; write it like {EXAMPLE}")
        asked = {"name": name, "subscription_url": url, "event_action": action, "event_object": kind}
        values = subscriptions.create.check(
            asked | ({"user_id": user_id} if user_id is not None else {})
        ).values
        return cls(
            name=str(values["name"]),
            url=str(values["subscription_url"]),
            action=str(values["event_action"]),
            object=str(values["event_object"]),
            user_id=user_id,
        )

    @property
    def event(self) -> str:
        """Action and kind of record."""
        return f"{self.action}.{self.object}"


class _Entry(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    event: str
    url: str | None = None
    user_id: int | None = None


class _File(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    url: str | None = None
    """Where events go, unless a table says otherwise."""
    webhooks: list[_Entry]


def declared(path: Path) -> list[Wanted]:
    """The webhooks that a file declares, or one line that says what is wrong with it."""
    try:
        return parsed(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"the file {str(path)!r} cannot be read ({type(error).__name__})") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None


def parsed(content: Mapping[str, Any], source: str) -> list[Wanted]:
    """The webhooks of a TOML document."""
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise SettingsError(f"{source}: {describe(error)}") from None
    wanted = [_wanted(each, file.url, source) for each in file.webhooks]
    names = [each.name for each in wanted]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"{source}: two webhooks are called {doubled[0]!r}; a name tells them apart")
    if len(wanted) > subscriptions.MOST_PER_USER:
        raise SettingsError(
            f"{source}: {len(wanted)} webhooks are declared, and Pipedrive lets a user have "
            f"{subscriptions.MOST_PER_USER}; join some with '*'"
        )
    return wanted


def _wanted(entry: _Entry, url: str | None, source: str) -> Wanted:
    address = entry.url or url
    if address is None:
        raise SettingsError(f"{source}: the webhook {entry.name!r} has no 'url', and there is none for all")
    try:
        return Wanted.of(name=entry.name, event=entry.event, url=address, user_id=entry.user_id)
    except ArgumentsError as error:
        raise SettingsError(f"{source}: the webhook {entry.name!r}: {error}") from None
