"""Somebody who is logged in: to a sandbox, or to an OAuth server that a test makes up."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

import httpx
from cryptography.fernet import Fernet

from pipedrive_tools.auth import App, Grant, Login
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.store import Store
from pipedrive_tools.testing import response
from pipedrive_tools.wire import Request, Response

CALLBACK = "http://127.0.0.1:8976/callback"
ACCOUNT = "sandbox/1"
HOME = "https://acme.pipedrive.com"
STATE_KEY = Fernet.generate_key().decode()
"""Seals credentials in a store that is no file."""
APP = Settings(client_id="an-app", client_secret="canary-of-the-app")


def app_of(url: str, **more: Any) -> Settings:
    """Settings of an app that every sandbox knows."""
    from pipedrive_tools.sandbox.oauth import CLIENT_ID, CLIENT_SECRET  # noqa: PLC0415  # a server comes with it

    return Settings(base_url=url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **more)


def log_in(settings: Settings) -> Grant:
    """Log in as the sandbox's user and store the login."""
    login = Login(App.of(settings), CALLBACK)
    grant = login.finish(httpx.get(login.url, trust_env=False).headers["location"])
    store = Store(settings.state)
    Logins(settings, store).vault(ACCOUNT).save(grant)
    store.close()
    return grant


def refreshes(log: list[dict[str, Any]]) -> list[int]:
    """The statuses of the refreshes that a sandbox saw."""
    asked = (entry for entry in log if entry["path"] == "/oauth/token" and entry["body"])
    return [entry["status"] for entry in asked if entry["body"]["grant_type"] == "refresh_token"]


def calls(log: list[dict[str, Any]]) -> list[int]:
    """The statuses of the calls that a sandbox saw."""
    return [entry["status"] for entry in log if entry["path"].startswith("/api/")]


def sandbox_settings(box: Sandbox, state: str) -> Settings:
    """Settings for a sandbox with a store of one's own, on any engine: only a SQLite file has its key beside it."""
    return app_of(box.url, state=state, state_key=STATE_KEY)


def a_grant(number: int = 0, *, expires: float = 9e9, **changes: Any) -> Grant:
    """A grant whose tokens tell which one it is."""
    grant = Grant(
        access_token=f"access-{number}",
        refresh_token=f"refresh-{number}",
        expires=expires,
        lasts_seconds=9e9,
        origin=HOME,
    )
    return replace(grant, **changes)


class MemoryVault:
    """A vault that notes what is done with it."""

    def __init__(self, grant: Grant | None) -> None:
        self.grant = grant
        self.acts: list[str] = []
        self._lock = Lock()

    def load(self) -> Grant | None:
        self.acts.append("load")
        return self.grant

    def save(self, grant: Grant) -> None:
        self.acts.append("save")
        self.grant = grant

    def begin(self) -> None:
        self.acts.append("begin")

    def forget(self) -> None:
        self.grant = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._lock:
            self.acts.append("lock")
            yield
            self.acts.append("unlock")


@dataclass
class OAuthHost:
    """An OAuth server that rotates without grace; each token works once."""

    number: int = 0
    forms: list[dict[str, str]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    answer: Mapping[str, Any] = field(default_factory=dict)
    """What it answers differently."""
    refuses: str = ""

    def __call__(self, request: Request) -> Response:
        """An `auth.app.Exchange`."""
        self.requests.append(request)
        form = {name: values[0] for name, values in parse_qs((request.body or b"").decode()).items()}
        self.forms.append(form)
        if self.refuses:
            return response({"error": self.refuses}, 400)
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != f"refresh-{self.number}":
                return response({"message": "Invalid grant: refresh_token is invalid"}, 400)
            self.number += 1
        said = {
            "access_token": f"access-{self.number}",
            "refresh_token": f"refresh-{self.number}",
            "expires_in": 3599,
            "token_type": "bearer",
            "api_domain": HOME,
            "scope": "base,deals:full",
        }
        return response({**said, **self.answer})
