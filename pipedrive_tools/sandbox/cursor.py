"""The opaque cursor of v2: bound to its endpoint and filters, and checked when it comes back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic_core import from_json, to_json

from pipedrive_tools.sandbox.answers import RefusedError, validation

SEAL_BYTES = 9
"""How much of the seal travels; enough to notice a changed cursor."""


@dataclass(frozen=True)
class Place:
    """Where a walk goes on: after this sort value and this id, or at this offset."""

    value: Any
    key: Any


def binding(path: str, query: Mapping[str, str]) -> str:
    """What a cursor is good for: the endpoint and its filters, not the page size."""
    kept = sorted(
        (name, value) for name, value in query.items() if name not in {"cursor", "limit", "api_token"}
    )
    return sha256(to_json([path, kept])).hexdigest()[:16]


def write(place: Place, bound_to: str, now: float) -> str:
    """A cursor for the next page."""
    text = to_json([bound_to, place.value, place.key, int(now)])
    return urlsafe_b64encode(_seal(text) + text).rstrip(b"=").decode()


def read(cursor: str, bound_to: str, *, now: float, life_minutes: float) -> Place:
    """The place a cursor names; one that was changed, borrowed or is too old is refused."""
    try:
        sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise _refused() from None
    seal, text = sealed[:SEAL_BYTES], sealed[SEAL_BYTES:]
    if seal != _seal(text):
        raise _refused()
    owner, value, key, made = from_json(text)
    if owner != bound_to or (life_minutes and now - made > life_minutes * 60):
        raise _refused()
    return Place(value, key)


def _seal(text: bytes) -> bytes:
    return sha256(b"cursor" + text).digest()[:SEAL_BYTES]


def _refused() -> RefusedError:
    return validation(["cursor: Parameter 'cursor' is not valid for this request"])
