"""A `Call` to a request, a response to an answer or an error. Pure: nothing is sent from here."""

import html
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

from pydantic_core import ValidationError, from_json, to_json

from pipedrive_tools import errors
from pipedrive_tools.endpoint import Call, Paging, path_names

OK: Final = range(200, 300)
REDIRECT: Final = range(300, 400)
DETAIL_CHARACTERS: Final = 300
"""How much of Pipedrive's own error text is passed on."""
DAILY_WAIT_SECONDS: Final = 10.0
"""A `retry-after` above this means the day's budget is spent (FACTS.md, section 4)."""
EPOCH_FROM: Final = 1e9
"""A reset header above this is a moment, not a length (FACTS.md, section 4)."""

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


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


def request(call: Call[Any], *, page: str | int | None = None) -> Request:
    """The request that carries a call; `page` asks for a further page of a list."""
    endpoint = call.endpoint
    names = path_names(endpoint.path)
    path = endpoint.path.format(**{name: quote(str(call.values[name]), safe="") for name in names})
    values = {name: value for name, value in call.values.items() if name not in names}
    if endpoint.method in {"GET", "DELETE"}:
        if page is not None:
            values[endpoint.paging.value] = page
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


def unzip(chunk: bytes, inflater: "zlib._Decompress", limit: int) -> bytes:
    """A piece of a gzip body, opened no further than `limit` bytes, so that a small piece cannot flood us."""
    return inflater.decompress(chunk, limit + 1)


def answer(call: Call[Any], response: Response) -> Answer:
    """What the response gave, or the one typed error that it stands for."""
    if response.status in REDIRECT:
        raise errors.RedirectError(
            f"{call.endpoint.name}: Pipedrive answered with a redirect ({response.status}), which is never followed "
            "because credentials would travel; check the company domain or base URL"
        )
    if response.status not in OK:
        raise _status_error(call, response)
    envelope = _json(call, response)
    if envelope.get("success") is False:
        raise errors.OtherStatusError(
            f"{call.endpoint.name}: Pipedrive answered {response.status} but calls it a failure: {_said(envelope)}",
            status=response.status,
            detail=_said(envelope),
        )
    return Answer(envelope.get("data"), _next_page(call, envelope), call.endpoint.cost)


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


def _json(call: Call[Any], response: Response) -> dict[str, Any]:
    try:
        envelope = from_json(response.body)
    except ValueError:
        envelope = None
    if not isinstance(envelope, dict):
        raise errors.NotJsonError(
            f"{call.endpoint.name}: the answer ({response.status}) is not JSON or is cut short; "
            + ("read again" if not call.endpoint.effect.writes else "look before you send it again")
        )
    return cast("dict[str, Any]", envelope)


def _next_page(call: Call[Any], envelope: Mapping[str, Any]) -> str | int | None:
    """Three shapes of paging are met in v1 (FACTS.md, section 8)."""
    extra = envelope.get("additional_data") or {}
    if call.endpoint.paging is Paging.CURSOR:
        return cast("str | None", extra.get("next_cursor"))
    if call.endpoint.paging is Paging.OFFSET:
        place = extra.get("pagination") or extra
        if place.get("more_items_in_collection"):
            start = cast("int", place.get("start") or call.values.get("start") or 0)
            return cast("int", place.get("next_start") or start + len(envelope.get("data") or ()))
    return None


def _status_error(call: Call[Any], response: Response) -> errors.StatusError:
    """The error of one status; what it says comes from the body where that is JSON."""
    status, name = response.status, call.endpoint.name
    try:
        envelope = from_json(response.body)
    except ValueError:
        envelope = None
    if status == 403 and not isinstance(envelope, dict):  # noqa: PLR2004  # the status itself
        return errors.BlockedError(
            f"{name}: Pipedrive has blocked this API token for now (403 as a web page, after too many calls); "
            "stop every program that uses it and try again in 15 minutes",
            status=status,
        )
    said = _said(envelope) if isinstance(envelope, dict) else ""
    if status == 429:  # noqa: PLR2004  # the status itself
        return _limit_error(name, response, said)
    kind, advice = _STATUS.get(status, (errors.OtherStatusError, "see Pipedrive's status page"))
    if status == 403 and "scope" in said.lower():  # noqa: PLR2004  # the status itself
        kind = errors.ScopeError
        advice = f"the app needs the OAuth scope {' or '.join(call.endpoint.scopes)}; add it and log in again"
    if kind is errors.GoneError:
        advice = f"this version is gone; use {call.endpoint.name} of the v2 API ({_successor(call)})"
    message = f"{name}: Pipedrive answered {status}" + (f" ({said})" if said else "") + f"; {advice}"
    return kind(message, status=status, detail=said, wait_seconds=_seconds(response, "retry-after"))


def _successor(call: Call[Any]) -> str:
    return f"{call.endpoint.method} {call.endpoint.path.replace('/api/v1/', '/api/v2/')}"


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
    410: (errors.GoneError, ""),
    415: (errors.FeatureOffError, "the feature is off for this account; switch it on in Pipedrive"),
    422: (errors.UnprocessableError, "a limit of the account is reached; remove something first"),
    500: (errors.ServerError, "Pipedrive failed; a change may have happened all the same"),
    501: (errors.ServerError, "Pipedrive does not do this"),
    502: (errors.ServerError, "Pipedrive failed; a change may have happened all the same"),
    503: (errors.ServerError, "Pipedrive is down for maintenance; try again later"),
    504: (errors.ServerError, "Pipedrive took too long; a change may have happened all the same"),
}


def _limit_error(name: str, response: Response, said: str) -> errors.RateLimitedError:
    """Tell the burst window from the empty day; the rules are those of FACTS.md, section 4."""
    wait = _seconds(response, "retry-after")
    daily = (
        "daily" in said.lower()
        or response.headers.get("x-daily-ratelimit-token-remaining", "").strip() == "0"
        or (wait is not None and wait > DAILY_WAIT_SECONDS)
        or (_seconds(response, "x-ratelimit-remaining") or 0) > 0
    )
    if daily:
        return errors.DailyLimitError(
            f"{name}: the company's Pipedrive budget for today is spent; it starts again at midnight of the server",
            status=429,
            detail=said,
            wait_seconds=wait,
        )
    reset = _seconds(response, "x-ratelimit-reset")
    usable = reset if reset is not None and reset < EPOCH_FROM else None
    return errors.BurstLimitError(
        f"{name}: too many calls in two seconds; wait a moment and try again",
        status=429,
        detail=said,
        wait_seconds=wait if wait is not None else usable,
    )


def _seconds(response: Response, header: str) -> float | None:
    try:
        return float(response.headers[header])
    except (KeyError, ValueError):
        return None


def _said(envelope: Mapping[str, Any]) -> str:
    """What Pipedrive says went wrong, in any of its four shapes; foreign text, cleaned and cut."""
    parts = [envelope.get("error") or envelope.get("message") or "", envelope.get("error_info") or ""]
    fields = envelope.get("errors")
    if isinstance(fields, dict):
        parts += [f"{name}: {', '.join(map(str, reasons))}" for name, reasons in fields.items() if reasons]
    parts = [part for part in parts if isinstance(part, str) and "developers.pipedrive.com" not in part]
    if code := envelope.get("code"):
        parts.append(f"code {code}")
    text = _INVISIBLE.sub(" ", html.unescape("; ".join(part for part in parts if part))).strip()
    return text if len(text) <= DETAIL_CHARACTERS else text[: DETAIL_CHARACTERS - 1] + "…"
