"""API tokens: a person's own key, without expiry and without scopes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pipedrive_tools.errors import SettingsError
from pipedrive_tools.ports import Port
from pipedrive_tools.settings import Settings

WAYS_IN: Final = (
    "set PIPEDRIVE_API_TOKEN (Pipedrive: Personal preferences > API), or run: pipedrive-tools login"
)
"""How a person gives us a credential."""
LOG_IN: Final = "run: pipedrive-tools login"
"""How a person adds an account."""


@dataclass(frozen=True)
class ApiToken:
    """A personal API token, sent in a header and never in an address (FACTS.md, section 1)."""

    token: str = field(repr=False)

    @property
    def origin(self) -> str:
        """The address that the settings name."""
        return ""

    @property
    def scopes(self) -> frozenset[str]:
        """Whatever the user may do."""
        return frozenset()

    async def headers(self, port: Port) -> Mapping[str, str]:  # noqa: ARG002  # nothing to refresh
        """The one header that carries the token."""
        return {"x-api-token": self.token}

    async def renewed(self, port: Port, refused: Mapping[str, str]) -> bool:  # noqa: ARG002  # nothing to refresh
        """A personal token does not change by itself."""
        return False


def checked_token(token: str, *, source: str) -> ApiToken:
    """A token that may stand in a header; `source` is where it came from."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(f"{source} holds characters that no API token has; copy it again")
    return ApiToken(token)


def credential(settings: Settings) -> ApiToken:
    """The API token that the settings name, or one clear line on how to give a credential."""
    if not settings.api_token:
        raise SettingsError(f"no Pipedrive credential found; {WAYS_IN}")
    return checked_token(settings.api_token, source="PIPEDRIVE_API_TOKEN")
