"""What the sandbox answers: bodies that are right, and the four error shapes (FACTS.md, section 7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

Record = Mapping[str, Any]
"""One record, as the server holds it; never changed in place."""

HELP = "Please check developers.pipedrive.com"
"""What several refusals carry as `error_info`."""

JSON_TYPE = b"application/json; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """A status, a body and the headers beyond those that every answer carries."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = JSON_TYPE


@dataclass(frozen=True)
class Encoded:
    """A part of a body that is JSON already."""

    text: bytes


class RefusedError(Exception):
    """A handler's way to say no; it carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def body(status: int, content: Mapping[str, Any]) -> Answer:
    """Any content as an answer."""
    return Answer(status, to_json(content))


def data(content: Any, *, status: int = 200, additional: Mapping[str, Any] | None = None) -> Answer:
    """An answer that went well."""
    parts = [b'{"success":true,"data":', encode(content)]
    if additional is not None:
        parts += [b',"additional_data":', to_json(additional)]
    return Answer(status, b"".join([*parts, b"}"]))


def encode(content: Any) -> bytes:
    """A value, or a list of values some of which are JSON already, as JSON."""
    if isinstance(content, Encoded):
        return content.text
    if isinstance(content, list):
        return b"[" + b",".join(encode(each) for each in content) + b"]"
    return to_json(content)


def general(
    status: int, error: str, info: str | None = None, *, code: str | None = None, with_data: bool = True
) -> RefusedError:
    """Shape 1, of v1 and of the conversions."""
    content: dict[str, Any] = {"success": False, "error": error}
    if info is not None:
        content["error_info"] = info
    if with_data:
        content |= {"data": None, "additional_data": None}
    if code is not None:
        content["code"] = code
    return RefusedError(body(status, content))


def validation(problems: Iterable[str]) -> RefusedError:
    """Shape 2: the body or the query of a v2 call does not fit its schema."""
    text = "Validation failed: " + "; ".join(problems)
    return refusal(400, text, "ERR_SCHEMA_VALIDATION_FAILED")


def refusal(status: int, error: str, code: str = "ERR_BAD_REQUEST") -> RefusedError:
    """Shape 2 with a sentence of its own."""
    return RefusedError(body(status, {"success": False, "error": error, "code": code}))


def missing(noun: str) -> RefusedError:
    """A v2 record that does not exist."""
    return refusal(404, f"{noun} not found", "ERR_NOT_FOUND")


def gateway(
    status: int, error: str, *, headers: Sequence[tuple[bytes, bytes]] = (), info: str | None = HELP
) -> Answer:
    """Shape 3: what stands before the API refuses."""
    content: dict[str, Any] = {"success": False, "error": error, "errorCode": status}
    if info is not None:
        content["error_info"] = info
    return Answer(status, to_json(content), tuple(headers))


BLOCK_PAGE = Answer(
    403,
    b"<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    b"<body><h1>Sorry, you have been blocked</h1><p>You are unable to access pipedrive.com</p></body></html>",
    content_type=b"text/html; charset=UTF-8",
)
"""The page that API-token traffic meets which goes on after a 429."""
