"""The OAuth server, as the app that was registered with Pipedrive talks to it (FACTS.md, section 2)."""

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from pipedrive_tools.auth.grant import Grant
from pipedrive_tools.auth.hosts import granted_origin, login_origin
from pipedrive_tools.errors import (
    ConnectError,
    LoginError,
    PipedriveToolsError,
    ReauthorizationError,
    SettingsError,
)
from pipedrive_tools.ports import BlockingPort, drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.wire import Request, Response

OK: Final = 200
FAILED: Final = 500
DETAIL_CHARACTERS: Final = 500
"""How much of a refusal is looked at."""
NOT_SENT: Final = "Pipedrive's login server does not answer; nothing was sent; try again later"
AGAIN: Final = "log in again: pipedrive-tools login"

GrantType = Literal["authorization_code", "refresh_token"]
Exchange = Callable[[Request], Response]
"""One blocking request to the OAuth server."""


class TokenAnswer(BaseModel):
    """What the token address answers; the refresh token may be a new one or the old one."""

    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: str = Field(min_length=1, pattern=r"^[!-~]+$", repr=False)
    refresh_token: str = Field(min_length=1, repr=False)
    expires_in: float = Field(gt=0, allow_inf_nan=False)
    api_domain: str
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class App:
    """The app that was registered with Pipedrive, and its OAuth server."""

    client_id: str
    client_secret: str = field(repr=False)
    server: str
    exchange: Exchange = field(repr=False)
    home: Callable[[str], str] = field(repr=False)
    """The origin that an `api_domain` stands for; raises where it may not see a token."""

    @classmethod
    def of(cls, settings: Settings, exchange: Exchange | None = None) -> "App":
        """The app that the settings name."""
        if not settings.client_id or not settings.client_secret:
            raise SettingsError(
                "an OAuth login needs the app's PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET; set both "
                "(Pipedrive: Developer Hub), or use an API token: pipedrive-tools login --token"
            )
        server = login_origin(settings)
        return cls(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server=server,
            exchange=exchange or _blocking_exchange(server, settings),
            home=lambda api_domain: granted_origin(api_domain, settings),
        )

    def authorize_url(self, *, redirect_uri: str, state: str) -> str:
        """The address that the user opens to agree."""
        query = urlencode({"client_id": self.client_id, "redirect_uri": redirect_uri, "state": state})
        return f"{self.server}/oauth/authorize?{query}"

    def granted(self, grant_type: GrantType, form: Mapping[str, str]) -> Grant:
        """Ask the token address; the grant that it gives, or one line that says what is wrong."""
        response = self._posted("/oauth/token", {"grant_type": grant_type, **form})
        if response.status != OK:
            raise _refusal(response, grant_type)
        try:
            answer = TokenAnswer.model_validate_json(response.body)
        except ValidationError:
            raise LoginError("Pipedrive's answer to the login cannot be read; try again later") from None
        return Grant(
            access_token=answer.access_token,
            refresh_token=answer.refresh_token,
            expires=time.time() + answer.expires_in,
            lasts_seconds=answer.expires_in,
            origin=self.home(answer.api_domain),
            scopes=frozenset(answer.scope.replace(",", " ").split()),
        )

    def revoke(self, grant: Grant) -> bool:
        """Give the refresh token back, which uninstalls the app for this user; whether Pipedrive took it."""
        form = {"token": grant.refresh_token, "token_type_hint": "refresh_token"}
        try:
            return self._posted("/oauth/revoke", form).status == OK
        except PipedriveToolsError:
            return False

    def _posted(self, path: str, form: Mapping[str, str]) -> Response:
        """Form body, Basic authentication, no slash at the end: with one the form is dropped on a redirect."""
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        try:
            return self.exchange(Request("POST", path, headers, urlencode(form).encode()))
        except PipedriveToolsError:
            raise ConnectError(NOT_SENT) from None


def _blocking_exchange(server: str, settings: Settings) -> Exchange:
    """A connection for each request: they are an hour apart."""

    def exchange(request: Request) -> Response:
        port = BlockingPort(server, settings)
        try:
            return drive(port.exchange(request))
        finally:
            port.close()

    return exchange


def _refusal(response: Response, grant_type: GrantType) -> PipedriveToolsError:
    """Why the token address refused. Its errors are all 400, told apart by their words (FACTS.md, section 2)."""
    said = _words(response).lower()
    if response.status >= FAILED:
        return ConnectError(NOT_SENT)
    if re.search(r"invalid[ _]grant", said):
        if grant_type == "refresh_token":
            return ReauthorizationError(f"the login is no longer valid; {AGAIN}")
        return LoginError(f"the code has expired or was used already (it lives 5 minutes); {AGAIN}")
    if re.search(r"invalid[ _]client", said):
        return LoginError(
            "Pipedrive does not know this app; check PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET"
        )
    if "redirect_uri" in said:
        return LoginError(
            "the callback address is not the one registered for the app; register it, or see --port"
        )
    return LoginError(
        f"Pipedrive refused the login ({response.status}) and does not say why; check the app in the Developer Hub"
    )


def _words(response: Response) -> str:
    """The words of an error in whatever shape it comes."""
    try:
        body = from_json(response.body)
    except ValueError:
        return response.body.decode("utf-8", "replace")[:DETAIL_CHARACTERS]
    if isinstance(body, dict):
        return " ".join(str(body.get(name) or "") for name in ("error", "error_description", "message"))
    return str(body)[:DETAIL_CHARACTERS]
