"""API tokens, and which hosts may see a credential."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

from pipedrive_tools.errors import SettingsError
from pipedrive_tools.ports import Port
from pipedrive_tools.settings import Settings

DEFAULT_HOST: Final = "api.pipedrive.com"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_COMPANY = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Credential(Protocol):
    """Whatever can sign a request."""

    async def headers(self, port: Port) -> Mapping[str, str]:
        """The headers that show who is calling; may first refresh what has expired."""
        ...

    async def renewed(self, port: Port) -> bool:
        """Whether another try may pass after a 401: something new was obtained."""
        ...


@dataclass(frozen=True)
class ApiToken:
    """A personal API token, sent in a header and never in an address (FACTS.md, section 1)."""

    token: str = field(repr=False)

    async def headers(self, port: Port) -> Mapping[str, str]:  # noqa: ARG002  # nothing to refresh
        """The one header that carries the token."""
        return {"x-api-token": self.token}

    async def renewed(self, port: Port) -> bool:  # noqa: ARG002  # nothing to refresh
        """A personal token does not change by itself."""
        return False


def credential(settings: Settings) -> Credential:
    """The credential that the settings name, or one clear line on how to give one."""
    token = settings.api_token
    if not token:
        raise SettingsError(
            "no Pipedrive credential found; set PIPEDRIVE_API_TOKEN (Pipedrive: Personal preferences > API)"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError("PIPEDRIVE_API_TOKEN holds characters that no API token has; copy it again")
    return ApiToken(token)


def origin(settings: Settings) -> str:
    """Scheme, host and port to talk to; a host that may not see a credential is refused."""
    if settings.base_url:
        return checked_origin(settings.base_url, settings.allowed_hosts)
    if not settings.company_domain:
        return f"https://{DEFAULT_HOST}"
    company = settings.company_domain.lower().removesuffix(".pipedrive.com")
    if not _COMPANY.fullmatch(company):
        raise SettingsError(
            f"PIPEDRIVE_COMPANY_DOMAIN is {settings.company_domain!r}; give the name before .pipedrive.com"
        )
    return f"https://{company}.pipedrive.com"


def checked_origin(address: str, allowed_hosts: frozenset[str]) -> str:
    """The origin of an address, if its host may see a credential (DESIGN, section 9)."""
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise SettingsError(
            "the base URL is not an address; write it like https://acme.pipedrive.com"
        ) from None
    if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"):
        raise SettingsError("the base URL may hold a scheme, a host and a port only")
    local = host in LOOPBACK
    if not (local or host == "pipedrive.com" or host.endswith(".pipedrive.com") or host in allowed_hosts):
        raise SettingsError(
            f"{host!r} is not under pipedrive.com and would see the credential; "
            "if you trust it, name it in PIPEDRIVE_ALLOWED_HOSTS"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and (local or host in allowed_hosts)):
        raise SettingsError(f"{host!r} would see the credential in clear; use https")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
