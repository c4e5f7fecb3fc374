"""Who calls: the credential of a request, and the fingerprint under which it may be shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from pipedrive_tools.sandbox.answers import RefusedError, gateway
from pipedrive_tools.sandbox.oauth import OAuthServer
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.switches import Switches

TOKEN_LENGTH = 40
"""Characters of an API token."""

DEMO_TOKEN = sha256(b"sandbox").hexdigest()[:TOKEN_LENGTH]
"""The token a sandbox names when none was chosen for it; it opens nothing but sandboxes."""

BY_GATEWAY = ((b"x-401-by-gw", b"1"),)


@dataclass(frozen=True)
class Credential:
    """A caller, known by a fingerprint only."""

    fingerprint: str
    is_bearer: bool = False
    scopes: frozenset[str] = field(default=frozenset(), compare=False)
    """What a login may do; empty is everything."""


@lru_cache(maxsize=1024)
def fingerprint(token: str) -> str:
    """Enough of a hash to tell callers apart, and not enough to call as one of them."""
    return sha256(token.encode()).hexdigest()[:12]


def identify(request: Request, switches: Switches, only_token: str | None, logins: OAuthServer) -> Credential:
    """The caller of a request; refused where the gateway would."""
    if (bearer := _bearer(request.headers)) is not None:
        if not bearer:
            raise RefusedError(gateway(400, "Invalid header: Authorization is malformed"))
        scopes = logins.scopes_of(bearer, switches)
        if scopes is None:
            raise RefusedError(gateway(401, "Invalid token: access_token is invalid", headers=BY_GATEWAY))
        return Credential(fingerprint(bearer), is_bearer=True, scopes=scopes)
    token = _api_token(request.headers, request.query, switches)
    if len(token) != TOKEN_LENGTH or (only_token is not None and token != only_token):
        raise RefusedError(gateway(401, "unauthorized access", headers=BY_GATEWAY))
    return Credential(fingerprint(token))


def _bearer(headers: Mapping[bytes, bytes]) -> str | None:
    value = headers.get(b"authorization")
    if value is None:
        return None
    scheme, _, token = value.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _api_token(headers: Mapping[bytes, bytes], query: Mapping[str, str], switches: Switches) -> str:
    if (value := headers.get(b"x-api-token")) is not None:
        return value.decode("latin-1")
    counts = switches.query_api_token == "accepted"  # noqa: S105 - the value of a switch
    return query.get("api_token", "") if counts else ""
