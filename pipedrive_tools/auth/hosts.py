"""Which hosts may see a credential, and where calls go."""

import re
from typing import Final
from urllib.parse import urlsplit

from pipedrive_tools.errors import LoginError, SettingsError
from pipedrive_tools.settings import Settings

DEFAULT_HOST: Final = "api.pipedrive.com"
OAUTH_ORIGIN: Final = "https://oauth.pipedrive.com"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_PIPEDRIVE = re.compile(r"([a-z0-9-]+\.)*pipedrive\.com")
_COMPANY = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


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
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        parts, host, port = None, "", None
    if parts is None or parts.scheme not in {"http", "https"} or not host or port == 0:
        raise SettingsError("the base URL is not an address; write it like https://acme.pipedrive.com")
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path.strip("/"):
        raise SettingsError("the base URL may hold a scheme, a host and a port only")
    local = host in LOOPBACK
    if not (local or _PIPEDRIVE.fullmatch(host) or host in allowed_hosts):
        raise SettingsError(
            f"{host!r} is not under pipedrive.com and would see the credential; "
            "if you trust it, name it in PIPEDRIVE_ALLOWED_HOSTS"
        )
    if parts.scheme == "http" and not (local or host in allowed_hosts):
        raise SettingsError(f"{host!r} would see the credential in clear; use https")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def login_origin(settings: Settings) -> str:
    """Where the OAuth server is: Pipedrive's, or the one of a sandbox or proxy that is named."""
    return OAUTH_ORIGIN if _is_pipedrive(origin(settings)) else origin(settings)


def granted_origin(api_domain: str, settings: Settings) -> str:
    """Where the calls of a login go; the answer that names the address may lie, and tokens must not follow it.

    A sandbox or proxy that is named stands for all of pipedrive.com.
    """
    try:
        found = checked_origin(api_domain, settings.allowed_hosts)
    except SettingsError:
        raise LoginError(
            "the login names a host outside pipedrive.com for its calls, so it is refused; "
            "if you trust that host, name it in PIPEDRIVE_ALLOWED_HOSTS"
        ) from None
    named = origin(settings)
    if _is_local(found) and not _is_local(named):
        raise LoginError(
            "the login names this machine for its calls and no sandbox is named, so it is refused"
        )
    stands_in = not _is_pipedrive(named)
    if stands_in and (_is_pipedrive(found) or urlsplit(found).scheme != urlsplit(named).scheme):
        return named
    return found


def _is_pipedrive(address: str) -> bool:
    return bool(_PIPEDRIVE.fullmatch(urlsplit(address).hostname or ""))


def _is_local(address: str) -> bool:
    return urlsplit(address).hostname in LOOPBACK
