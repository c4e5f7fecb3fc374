"""The OAuth server of the sandbox: authorize, token, revoke, and which access tokens are good (FACTS.md, section 2).

Whoever opens the authorize address agrees at once; with `deny=1` in it, or the switch, the user says no.
"""

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic_core import to_json

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.sandbox.answers import Answer, RefusedError, body
from pipedrive_tools.sandbox.clock import Clock
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.switches import Switches

CLIENT_ID = "sandbox-app"
CLIENT_SECRET = sha256(b"sandbox app").hexdigest()[:40]
"""The app that every sandbox knows; it opens nothing but sandboxes."""

SCOPES = ("base", *sorted({entry.scopes[-1] for entry in catalogue.values()} - {"base"}))
"""What the app asks for unless a switch says otherwise: the widest scope of every endpoint."""
GRACE_SECONDS = 60.0
AT_ONCE_SECONDS = 1.0
"""Refreshes of one login this close together happen in parallel."""
DAY_SECONDS = 86_400.0
FORM = "application/x-www-form-urlencoded"
SHOWN = frozenset({"grant_type", "token_type_hint"})
"""What of a form the log may show."""
TEXT = b"text/plain; charset=utf-8"
UNKNOWN_CODE = "Invalid grant: authorization_code is invalid"
UNKNOWN_REFRESH = "Invalid grant: refresh_token is invalid"


@dataclass
class Session:
    """One user's login to the app."""

    scopes: frozenset[str]
    refreshed: float = float("-inf")
    is_revoked: bool = False


@dataclass
class Code:
    """A code that waits to be exchanged."""

    redirect_uri: str
    made: float
    challenge: str


@dataclass
class Token:
    """A token of a session, until its time is over."""

    session: Session
    until: float


@dataclass
class OAuthServer:
    """The OAuth server of one company."""

    clock: Clock
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, Token] = field(default_factory=dict)
    refresh: dict[str, Token] = field(default_factory=dict)

    def scopes_of(self, bearer: str, switches: Switches) -> frozenset[str] | None:
        """The scopes of an access token that is good; None where it is not."""
        token = self.access.get(bearer)
        if token is None:
            return frozenset() if switches.bearer == "any" else None
        is_good = token.until > self.clock.monotonic() and not token.session.is_revoked
        return token.session.scopes if is_good else None

    def expire(self) -> None:
        """End the life of every access token that was given out."""
        for token in self.access.values():
            token.until = 0.0

    def reset(self) -> None:
        """Forget every login."""
        self.codes.clear()
        self.access.clear()
        self.refresh.clear()

    def answer(self, request: Request, switches: Switches) -> tuple[Answer, dict[str, str]]:
        """What it says, and what of the body the log may show."""
        form = dict(parse_qsl(request.raw.decode("latin-1"), keep_blank_values=True))
        shown = {name: text for name, text in form.items() if name in SHOWN}
        serve: Mapping[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "/oauth/authorize"): lambda: self._authorize(request, switches),
            ("POST", "/oauth/token"): lambda: self._token(request, form, switches),
            ("POST", "/oauth/token/"): lambda: Answer(301, b"", ((b"location", b"/oauth/token"),)),
            ("GET", "/oauth/token"): lambda: _refusal(switches, "Missing parameter: `grant_type`"),
            ("POST", "/oauth/revoke"): lambda: self._revoke(request, form, switches),
        }
        act = serve.get((request.method, request.path))
        if act is None:
            return Answer(404, b"Not found", content_type=TEXT), shown
        try:
            return act(), shown
        except RefusedError as refused:
            return refused.answer, shown

    def _authorize(self, request: Request, switches: Switches) -> Answer:
        query = request.query
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != CLIENT_ID:
            return _page("This app is not available to your company.")
        if urlsplit(redirect_uri).scheme not in {"http", "https"}:
            return _page("The callback address is not the one registered for the app.")
        challenge = query.get("code_challenge", "")
        if challenge and switches.pkce == "refused":
            return _page("Unknown parameter: code_challenge")
        if switches.consent == "denied" or query.get("deny") == "1":
            told = {"error": "user_denied"}
        else:
            code = secrets.token_hex(20)
            self.codes[code] = Code(redirect_uri, self.clock.monotonic(), challenge)
            told = {"code": code}
        if "state" in query:
            told["state"] = query["state"]
        joint = "&" if "?" in redirect_uri else "?"
        return Answer(302, b"", ((b"location", f"{redirect_uri}{joint}{urlencode(told)}".encode()),))

    def _token(self, request: Request, form: Mapping[str, str], switches: Switches) -> Answer:
        self._known_client(request, form, switches)
        if form["grant_type"] == "authorization_code":
            session = self._exchanged(form, switches)
            return self._granted(session, self._new_refresh(session, switches), request, switches)
        if form["grant_type"] == "refresh_token":
            return self._refreshed(form.get("refresh_token", ""), request, switches)
        return _refusal(switches, "Unsupported grant type: `grant_type` is invalid")

    def _known_client(self, request: Request, form: Mapping[str, str], switches: Switches) -> None:
        """Who asks: Basic credentials, or the discouraged ones in the body."""
        if FORM not in request.headers.get(b"content-type", b"").decode("latin-1"):
            raise RefusedError(_refusal(switches, f"Invalid request: content must be {FORM}"))
        if not form.get("grant_type") and request.path == "/oauth/token":
            raise RefusedError(_refusal(switches, "Missing parameter: `grant_type`"))
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        scheme, _, packed = request.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(packed, validate=True).decode().partition(":")
            except ValueError:
                name = secret = ""
            given = (name, secret)
        if given != (CLIENT_ID, CLIENT_SECRET):
            raise RefusedError(_refusal(switches, "Invalid client: client credentials are invalid"))

    def _exchanged(self, form: Mapping[str, str], switches: Switches) -> Session:
        """The session that a code begins; a code works once, for its callback address, for five minutes."""
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or self.clock.monotonic() > code.made + switches.code_seconds:
            raise RefusedError(_refusal(switches, UNKNOWN_CODE))
        if code.redirect_uri != form.get("redirect_uri"):
            raise RefusedError(_refusal(switches, "Invalid request: redirect_uri does not match"))
        if code.challenge and switches.pkce == "accepted":
            digest = sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
                raise RefusedError(_refusal(switches, UNKNOWN_CODE))
        scopes = switches.scopes.replace(",", " ").split() or SCOPES
        return Session(frozenset({"base", *scopes}))

    def _refreshed(self, given: str, request: Request, switches: Switches) -> Answer:
        now = self.clock.monotonic()
        token = self.refresh.get(given)
        if token is None or token.session.is_revoked or token.until <= now:
            return _refusal(switches, UNKNOWN_REFRESH)
        session = token.session
        if switches.parallel_refresh == "one wins" and now < session.refreshed + AT_ONCE_SECONDS:
            return _refusal(switches, UNKNOWN_REFRESH)
        session.refreshed = now
        if switches.access_token_on_refresh == "dies":  # noqa: S105 - the value of a switch
            for old in self.access.values():
                if old.session is session:
                    old.until = 0.0
        if switches.refresh_rotation == "same":
            token.until = now + switches.refresh_token_days * DAY_SECONDS
            return self._granted(session, given, request, switches)
        token.until = min(token.until, now + (GRACE_SECONDS if switches.refresh_rotation == "grace" else 0))
        return self._granted(session, self._new_refresh(session, switches), request, switches)

    def _new_refresh(self, session: Session, switches: Switches) -> str:
        text = f"1:1:{secrets.token_hex(20)}"
        until = self.clock.monotonic() + switches.refresh_token_days * DAY_SECONDS
        self.refresh[text] = Token(session, until)
        return text

    def _granted(self, session: Session, refresh: str, request: Request, switches: Switches) -> Answer:
        access = f"v1u:{secrets.token_urlsafe(96)}"
        self.access[access] = Token(session, self.clock.monotonic() + switches.access_token_seconds)
        host = request.headers.get(b"host", b"").decode("latin-1")
        seconds = switches.access_token_seconds
        return body(
            200,
            {
                "access_token": access,
                "token_type": "Bearer",
                "refresh_token": refresh,
                "scope": ",".join(sorted(session.scopes)),
                "expires_in": int(seconds) if seconds == int(seconds) else seconds,
                "api_domain": switches.api_domain or f"http://{host}",
            },
        )

    def _revoke(self, request: Request, form: Mapping[str, str], switches: Switches) -> Answer:
        """A refresh token takes the whole login with it, an access token only itself; unknown ones are fine."""
        self._known_client(request, form, switches)
        given = form.get("token", "")
        if given in self.refresh:
            self.refresh[given].session.is_revoked = True
        elif given in self.access:
            self.access[given].until = 0.0
        return body(200, {"success": True})


def _refusal(switches: Switches, said: str) -> Answer:
    """Every error of the token address is a 400; the shape of its body is shown nowhere."""
    if switches.oauth_error_shape == "text":
        return Answer(400, said.encode(), content_type=TEXT)
    code = "invalid_" + said.split(" ")[1].rstrip(":") if said.startswith("Invalid") else "invalid_request"
    if switches.oauth_error_shape == "oauth":
        return Answer(400, to_json({"error": code, "error_description": said}))
    return Answer(400, to_json({"success": False, "error": code, "message": said}))


def _page(said: str) -> Answer:
    return Answer(
        400, f"<!DOCTYPE html><title>Pipedrive</title><p>{said}</p>".encode(), content_type=b"text/html"
    )
