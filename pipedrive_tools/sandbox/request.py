"""One request as the handlers see it, and how it is read off the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json
from starlette.types import Receive, Scope

from pipedrive_tools.sandbox.answers import RefusedError, general, validation

PASSWORD = "http_auth_password"  # noqa: S105 - the name of a key
MOST_DIGITS = 18
"""Digits of an id; longer ones are no numbers that a database knows."""


@dataclass
class Request:
    """One request, taken apart."""

    method: str
    path: str
    """As the catalogue writes it, under `/api`."""
    sent_path: str
    """As the caller wrote it."""
    query: dict[str, str]
    raw: bytes
    headers: dict[bytes, bytes]
    arguments: tuple[str, ...] = ()
    """What stood where the path template has braces, in order."""
    content: Any = None
    """The body as JSON, once a handler asked for it."""
    is_reachable: bool = True
    """Whether the address that a webhook is to call answers."""
    resets: int = 0
    """How often the sandbox had been reset when it came."""

    @property
    def version(self) -> str:
        """Version of the API that the path belongs to."""
        return "v2" if self.path.startswith("/api/v2/") else "v1"

    def parsed(self) -> Any:
        """The body as JSON, or None where it is none; never an error, so that the log can hold it."""
        if self.content is None and self.raw:
            try:
                self.content = from_json(self.raw, allow_inf_nan=False)
            except ValueError:
                return None
        return self.content

    def shown_body(self) -> Any:
        """The body as the log may show it: without the password of a webhook."""
        content = self.parsed()
        if isinstance(content, dict) and content.get(PASSWORD):
            return {**content, PASSWORD: "(hidden)"}
        return content

    def entries(self) -> dict[str, Any]:
        """The body as an object; anything else is refused."""
        if self.raw and b"json" not in self.headers.get(b"content-type", b"application/json"):
            raise self.no_object("the body must be application/json")
        content = self.parsed()
        if not isinstance(content, dict):
            raise self.no_object("the body must be a JSON object")
        return content

    def no_object(self, why: str) -> RefusedError:
        """The refusal of a body that is no JSON object, in the shape of the version."""
        return validation([why]) if self.version == "v2" else general(400, f"Bad request: {why}")

    @property
    def actor(self) -> int | None:
        """The user who is said to make this change in the app: `x-sandbox-user`, which the service does not know."""
        text = self.headers.get(b"x-sandbox-user", b"")
        return int(text) if text.isdigit() and len(text) <= MOST_DIGITS else None

    def number(self, place: int, noun: str) -> int:
        """A record number from the path."""
        text = self.arguments[place]
        if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) > 0:
            return int(text)
        if self.version == "v2":
            raise validation([f"id: Parameter 'id' of a {noun} must be a positive integer"])
        raise general(400, "Bad request: the id must be a positive integer")


async def read(scope: Scope, receive: Receive) -> Request | None:
    """The request, with its whole body; None when the caller was gone before it was complete."""
    chunks = []
    more = scope["method"] != "GET" or _has_body(scope)
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    text = scope["query_string"].decode("latin-1")
    query = dict(parse_qsl(text, keep_blank_values=True)) if text else {}
    path = scope["path"]
    return Request(scope["method"], canonical(path), path, query, b"".join(chunks), dict(scope["headers"]))


def canonical(path: str) -> str:
    """The path with its version under `/api`: `/v1/…` is the same as `/api/v1/…`."""
    return f"/api{path}" if path.startswith("/v1/") else path


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


def shown(query: Mapping[str, str]) -> dict[str, str]:
    """A query without its credential, and without the secret of a login."""
    return {name: value for name, value in query.items() if name not in {"api_token", "state"}}
