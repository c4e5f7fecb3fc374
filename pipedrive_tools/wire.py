"""A `Call` to a request, a response to an answer or an error. Pure: nothing is sent from here."""

import html
import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from pydantic_core import ValidationError, from_json, to_json

from pipedrive_tools import errors
from pipedrive_tools.endpoint import Call, Paging, path_names
from pipedrive_tools.endpoints import catalogue

OK: Final = range(200, 300)
REDIRECT: Final = range(300, 400)
DETAIL_CHARACTERS: Final = 300
"""How much of Pipedrive's own error text is passed on."""
DAILY_WAIT_SECONDS: Final = 10.0
"""A `retry-after` above this means the day's budget is spent (FACTS.md, section 4)."""
DAY_SECONDS: Final = 86_400.0
"""A reset header above this is a moment, not a length (FACTS.md, section 4)."""
NO_CONTENT: Final = 204
OFFSET_LIMIT: Final = 100
"""Size of a v1 page for which no limit was asked (FACTS.md, section 8)."""

_BRACES = re.compile(r"{\w+}")


@dataclass(frozen=True)
class Request:
    """One HTTP request; `path` carries the query, the host is the port's."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None


@dataclass(frozen=True)
class Response:
    """One HTTP response; header names are lower-case, the body is decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a call gave: the envelope's `data`, where the next page starts, what it cost."""

    data: Any
    next_page: str | int | None
    """Cursor (v2) or offset (v1) of the next page; None at the end."""
    tokens: int
    """Pipedrive API tokens spent, tries and polls included."""


def request(call: Call[Any]) -> Request:
    """The request that carries a call."""
    endpoint = call.endpoint
    names = path_names(endpoint.path)
    path = endpoint.path.format(**{name: quote(str(call.values[name]), safe="") for name in names})
    values = {name: value for name, value in call.values.items() if name not in names}
    if endpoint.method in {"GET", "DELETE"}:
        query = urlencode({name: _query(value, endpoint.version) for name, value in values.items()})
        return Request(endpoint.method, f"{path}?{query}" if query else path)
    return Request(endpoint.method, path, {"content-type": "application/json"}, to_json(values))


def _query(value: Any, version: str) -> str:
    """Flags are true and false in v2, 1 and 0 in v1; lists are joined by commas (FACTS.md, sections 8 and 10)."""
    if isinstance(value, bool):
        return str(int(value)) if version == "v1" else str(value).lower()
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)


class Gunzip:
    """A gzip body, opened piece by piece; one body may be several gzip members in a row (RFC 1952, 2.2)."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._ended = False

    def open(self, chunk: bytes, limit: int) -> bytes:
        """What a piece holds, no more than `limit` bytes and one, so that a small piece cannot flood us."""
        opened = b""
        while chunk and len(opened) <= limit:
            if self._ended:
                self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            opened += self._inflater.decompress(chunk, limit + 1 - len(opened))
            self._ended = self._inflater.eof
            chunk = self._inflater.unused_data
        return opened

    @property
    def is_whole(self) -> bool:
        """Whether the last member came to its end."""
        return self._ended


def answer(call: Call[Any], response: Response) -> Answer:
    """What the response gave, or the one typed error that it stands for."""
    if response.status in REDIRECT:
        raise errors.RedirectError(
            f"{call.endpoint.name}: Pipedrive answered with a redirect ({response.status}), which is never followed "
            "because credentials would travel; check the company domain or base URL"
        )
    if response.status not in OK:
        raise _status_error(call, response)
    if response.status == NO_CONTENT:
        return Answer(None, None, call.endpoint.cost)
    envelope = _json(call, response)
    if envelope.get("success") is False:
        raise errors.OtherStatusError(
            f"{call.endpoint.name}: Pipedrive answered {response.status} but calls it a failure: {_said(envelope)}",
            status=response.status,
            detail=_said(envelope),
        )
    if call.endpoint.paging is not Paging.NONE and "data" not in envelope:
        raise errors.NotJsonError(f"{call.endpoint.name}: the answer ({response.status}) holds no list")
    data = without(envelope.get("data"), call.endpoint.secrets)
    return Answer(data, _next_page(call, envelope), call.endpoint.cost)


def without(data: Any, secrets: frozenset[str]) -> Any:
    """Records without the keys that hold a credential."""
    if not secrets:
        return data
    if isinstance(data, list):
        return [without(each, secrets) for each in data]
    if isinstance(data, dict):
        return {name: value for name, value in data.items() if name not in secrets}
    return data


def typed_answer(call: Call[Any], response: Response) -> Answer:
    """The same with `data` in the entry's type: one pass over the bytes, and no dicts in between."""
    if response.status in OK:
        try:
            envelope = call.endpoint.envelope.validate_json(response.body)
        except ValidationError:
            pass  # the plain way below tells what is wrong with it
        else:
            if envelope.success is not False:
                extra = {"additional_data": envelope.additional_data, "data": envelope.data}
                return Answer(envelope.data, _next_page(call, extra), call.endpoint.cost)
    found = answer(call, response)
    return replace(found, data=call.endpoint.parse(found.data))


def _envelope(response: Response) -> dict[str, Any] | None:
    try:
        found = from_json(response.body, allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _json(call: Call[Any], response: Response) -> dict[str, Any]:
    envelope = _envelope(response)
    if envelope is None:
        raise errors.NotJsonError(
            f"{call.endpoint.name}: the answer ({response.status}) is not JSON or is cut short; "
            + ("read again" if not call.endpoint.effect.writes else "look before you send it again")
        )
    return envelope


def _next_page(call: Call[Any], envelope: Mapping[str, Any]) -> str | int | None:
    """Where the list goes on; a cursor is opaque, and an empty one is none."""
    extra = _mapping(envelope.get("additional_data"))
    if call.endpoint.paging is Paging.CURSOR:
        cursor = extra.get("next_cursor")
        return cursor if isinstance(cursor, str) and cursor else None
    if call.endpoint.paging is Paging.OFFSET:
        return _next_start(call, _mapping(extra.get("pagination")) or extra, envelope.get("data"))
    return None


def _next_start(call: Call[Any], place: Mapping[str, Any], data: Any) -> int | None:
    """Three shapes of paging are met in v1: nested, flat, and none at all (FACTS.md, section 8)."""
    read = len(data) if isinstance(data, list) else 0
    asked = _whole(call.values.get("limit")) or OFFSET_LIMIT
    if not place.get("more_items_in_collection", read >= asked):
        return None
    start = _whole(place.get("start")) or _whole(call.values.get("start")) or 0
    return _whole(place.get("next_start")) or start + (_whole(place.get("limit")) or read or asked)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _status_error(call: Call[Any], response: Response) -> errors.StatusError:
    """The error of one status; what it says comes from the body where that is JSON."""
    status, name = response.status, call.endpoint.name
    envelope = _envelope(response)
    if status == 403 and envelope is None:  # noqa: PLR2004  # the status itself
        return errors.BlockedError(
            f"{name}: Pipedrive has blocked this API token for now (403 as a web page, after too many calls); "
            "stop every program that uses it and try again in 15 minutes",
            status=status,
        )
    said = _said(envelope or {})
    if status == 429:  # noqa: PLR2004  # the status itself
        return _limit_error(call, response, said)
    kind, advice = _STATUS.get(status, (errors.OtherStatusError, "see Pipedrive's status page"))
    if kind is errors.ForbiddenError:
        kind, advice = _forbidden(call, said, advice)
    if kind is errors.GoneError:
        advice = _successor(call)
    message = f"{name}: Pipedrive answered {status}" + (f" ({said})" if said else "") + f"; {advice}"
    return kind(message, status=status, detail=said, wait_seconds=_figure(response, "retry-after"))


def _forbidden(call: Call[Any], said: str, otherwise: str) -> tuple[type[errors.StatusError], str]:
    """Which of the causes of a 403 it is, and what to do about that one (FACTS.md, section 7)."""
    words = said.lower()
    if "scope" in words:
        scopes = " or ".join(call.endpoint.scopes)
        return errors.ScopeError, f"the app needs the OAuth scope {scopes}; add it and log in again"
    if "feature_capping" in words or "limit" in words:
        return (
            errors.ForbiddenError,
            "a limit of the plan is reached; remove something first or change the plan",
        )
    if "permission" in words:
        return errors.ForbiddenError, "the user lacks the permission; ask an admin of the account"
    return errors.ForbiddenError, otherwise


def _successor(call: Call[Any]) -> str:
    """The call that took the place of one that is gone; none is made up for what v2 lacks (FACTS.md, section 6)."""
    place = _shape(call.endpoint.path.replace("/api/v1/", "/api/v2/"))
    for entry in catalogue.values():
        if (entry.effect, _shape(entry.path)) == (call.endpoint.effect, place) and entry != call.endpoint:
            return (
                f"this version is gone for good; use {entry.name} of the v2 API ({entry.method} {entry.path})"
            )
    return "Pipedrive has removed this call for good and none is known to replace it; update pipedrive-tools"


def _shape(path: str) -> str:
    return _BRACES.sub("{}", path)


_STATUS: Mapping[int, tuple[type[errors.StatusError], str]] = {
    400: (errors.BadRequestError, "correct the arguments it names"),
    401: (
        errors.UnauthorizedError,
        "the API token or the login is not valid; set PIPEDRIVE_API_TOKEN or log in again",
    ),
    402: (errors.AccountClosedError, "the account is not open; ask its owner"),
    403: (errors.ForbiddenError, "the user or the plan does not allow it; ask an admin of the account"),
    404: (errors.NotFoundError, "there is no such record or it is hidden from this user; search for it"),
    405: (errors.MethodError, "the address does not take this method; please report it"),
    408: (errors.ConflictError, "it took too long; look before you send it again"),
    409: (errors.ConflictError, "it met another change; look before you send it again"),
    410: (errors.GoneError, "it is gone for good"),
    415: (errors.FeatureOffError, "the feature is off for this account; switch it on in Pipedrive"),
    422: (errors.UnprocessableError, "a limit of the account is reached; remove something first"),
    500: (errors.ServerError, "Pipedrive failed; a change may have happened all the same"),
    501: (errors.ServerError, "Pipedrive does not do this"),
    502: (errors.ServerError, "Pipedrive failed; a change may have happened all the same"),
    503: (errors.ServerError, "Pipedrive is down for maintenance; try again later"),
    504: (errors.ServerError, "Pipedrive took too long; a change may have happened all the same"),
}


def _limit_error(call: Call[Any], response: Response, said: str) -> errors.RateLimitedError:
    """Tell the burst window from the empty day; the rules are those of FACTS.md, section 4."""
    name, wait = call.endpoint.name, _figure(response, "retry-after")
    has_room = (_figure(response, "x-ratelimit-remaining") or 0) > 0
    daily = (
        "daily" in said.lower()
        or _figure(response, "x-daily-ratelimit-token-remaining") == 0
        or (wait or 0) > DAILY_WAIT_SECONDS
        or (has_room and not call.endpoint.is_search)  # the header tells nothing of the window of searches
    )
    if daily:
        return errors.DailyLimitError(
            f"{name}: the company's Pipedrive budget for today is spent; it starts again at midnight of the server",
            status=429,
            detail=said,
            wait_seconds=wait,
        )
    reset = _figure(response, "x-ratelimit-reset")
    usable = reset if reset is not None and reset <= DAY_SECONDS else None
    return errors.BurstLimitError(
        f"{name}: too many calls in two seconds; wait a moment and try again",
        status=429,
        detail=said,
        wait_seconds=wait if wait is not None else usable,
    )


def _figure(response: Response, header: str) -> float | None:
    """The number in a header; what is none, or below zero, says nothing."""
    try:
        figure = float(response.headers[header])
    except (KeyError, ValueError):
        return None
    return figure if math.isfinite(figure) and figure >= 0 else None


def _said(envelope: Mapping[str, Any]) -> str:
    """What Pipedrive says went wrong, in any of its four shapes; foreign text, cleaned and cut."""
    parts = [envelope.get("error") or envelope.get("message"), envelope.get("error_info")]
    if "developers.pipedrive.com" in str(parts[1]):
        parts[1] = None  # a pointer to the reference, in every answer alike
    for name, reasons in _mapping(envelope.get("errors")).items():
        listed = reasons if isinstance(reasons, list) else [reasons]
        parts.append(f"{name}: {', '.join(map(str, listed))}")
    if code := envelope.get("code"):
        parts.append(f"code {code}")
    said = html.unescape("; ".join(part for part in parts if isinstance(part, str) and part))
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
    return text if len(text) <= DETAIL_CHARACTERS else text[: DETAIL_CHARACTERS - 1] + "…"
