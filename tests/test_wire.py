"""A call to a request, a response to an answer or to the one error that it stands for."""

import gzip
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipedrive_tools import errors, wire
from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints import account, activities, deals, leads, notes, persons
from pipedrive_tools.testing import response
from pipedrive_tools.wire import Request, Response

LEAD = "adf21080-0e10-11eb-879b-05d71fb426ec"
READ = deals.get(deal_id=7)
HTML = b"<html><body>Sorry, you have been blocked</body></html>"
REFERENCE = "Please check developers.pipedrive.com for more information about Pipedrive API."

REQUESTS = [
    (deals.get(deal_id=7), "GET", "/api/v2/deals/7", None),
    (deals.list_(status=["open", "won"], limit=5), "GET", "/api/v2/deals?limit=5&status=open%2Cwon", None),
    (deals.list_(ids=[1, 2]).at("a/b=="), "GET", "/api/v2/deals?ids=1%2C2&cursor=a%2Fb%3D%3D", None),
    (notes.list_(deal_id=3).at(200), "GET", "/api/v1/notes?deal_id=3&start=200", None),
    (
        deals.search(term="50% & more", exact_match=True),
        "GET",
        "/api/v2/deals/search?term=50%25+%26+more&exact_match=true",
        None,
    ),
    (deals.delete(deal_id=7), "DELETE", "/api/v2/deals/7", None),
    (leads.convert(lead_id=LEAD), "POST", f"/api/v2/leads/{LEAD}/convert/deal", b"{}"),
    (deals.update(deal_id=7, title="Käse ✓"), "PATCH", "/api/v2/deals/7", '{"title":"Käse ✓"}'.encode()),
    (notes.update(note_id=7, content="a < b"), "PUT", "/api/v1/notes/7", b'{"content":"a &lt; b"}'),
    (
        account.get_deal_field(field_code="a/../b?c#d%"),
        "GET",
        "/api/v2/dealFields/a%2F..%2Fb%3Fc%23d%25",
        None,
    ),
]


@pytest.mark.parametrize(
    ("call", "method", "path", "body"), REQUESTS, ids=lambda value: getattr(value, "canonical", "")
)
def test_a_request(call: Call[Any], method: str, path: str, body: bytes | None) -> None:
    """A call becomes method, path and body: what stands in the path is quoted, and a read has no body."""
    found = wire.request(call)

    assert (found.method, found.path, found.body) == (method, path, body)
    assert ("content-type" in found.headers) is (body is not None)


def test_flags_in_a_query() -> None:
    """Flags are words in v2 and digits in v1."""
    assert wire.request(activities.list_(done=False)).path == "/api/v2/activities?done=false"
    old = replace(notes.list_(), values={"pinned_to_deal_flag": True})
    assert wire.request(old).path == "/api/v1/notes?pinned_to_deal_flag=1"


def test_a_request_hides_its_headers() -> None:
    """A request's representation shows no header, where the credential stands."""
    assert "canary" not in repr(Request("GET", "/api/v2/deals", {"x-api-token": "canary"}))
    assert "canary" in repr(Request("GET", "/api/v2/canary")), "what is shown is found"


@dataclass(frozen=True)
class Case:
    """An answer that is none, the error that it stands for, and what the message must say."""

    name: str
    status: int
    body: Any
    kind: type[errors.PipedriveToolsError]
    says: tuple[str, ...]
    call: Call[Any] = READ
    headers: dict[str, str] = field(default_factory=dict)
    never: str = "developers.pipedrive.com"


def general(error: str, **further: Any) -> dict[str, Any]:
    return {
        "success": False,
        "error": error,
        "error_info": REFERENCE,
        "data": None,
        "additional_data": None,
    } | further


OLD_DEAL = replace(deals.get, path="/api/v1/deals/{deal_id}")

CASES = [
    Case(
        "400-validation",
        400,
        {
            "success": False,
            "error": "Validation failed: foo: Parameter 'foo' is not allowed",
            "code": "ERR_SCHEMA_VALIDATION_FAILED",
        },
        errors.BadRequestError,
        ("Parameter 'foo' is not allowed", "ERR_SCHEMA_VALIDATION_FAILED", "correct the arguments"),
    ),
    Case(
        "400-read-only",
        400,
        {
            "success": False,
            "error": "'person_id' is a read-only field. See https://developers.pipedrive.com",
            "code": "ERR_BAD_REQUEST",
        },
        errors.BadRequestError,
        ("'person_id' is a read-only field",),
        never="\n",
    ),
    Case(
        "400-webhook",
        400,
        {
            "status": "error",
            "success": False,
            "errors": {"subscription_url": ["invalid or non-reachable URL", "no https"]},
        },
        errors.BadRequestError,
        ("subscription_url: invalid or non-reachable URL, no https",),
    ),
    Case(
        "400-webhook-one-reason",
        400,
        {"success": False, "errors": {"id": "not found"}},
        errors.BadRequestError,
        ("id: not found",),
    ),
    Case(
        "400-webhook-a-number",
        400,
        {"success": False, "errors": {"id": 5}},
        errors.BadRequestError,
        ("id: 5",),
    ),
    Case(
        "400-errors-in-a-list",
        400,
        {"success": False, "errors": ["a"]},
        errors.BadRequestError,
        ("answered 400; correct",),
    ),
    Case(
        "400-error-is-an-object",
        400,
        {"success": False, "error": {"deep": 1}},
        errors.BadRequestError,
        ("answered 400; correct",),
    ),
    Case("400-empty", 400, b"", errors.BadRequestError, ("answered 400; correct",)),
    Case(
        "401-gateway",
        401,
        {"success": False, "error": "unauthorized access", "errorCode": 401, "error_info": REFERENCE},
        errors.UnauthorizedError,
        ("unauthorized access", "PIPEDRIVE_API_TOKEN"),
    ),
    Case(
        "402",
        402,
        general("account is not open"),
        errors.AccountClosedError,
        ("the account is not open; ask its owner",),
    ),
    Case(
        "403-permission",
        403,
        general("You do not have permissions to do this."),
        errors.ForbiddenError,
        ("You do not have permissions", "the user lacks the permission"),
    ),
    Case(
        "403-plan",
        403,
        general("Couldn't add the deal. Open deals limit reached.", code="feature_capping_deals_limit"),
        errors.ForbiddenError,
        ("Open deals limit reached", "a limit of the plan"),
    ),
    Case(
        "403-plan-without-code",
        403,
        general("Activity types limit reached"),
        errors.ForbiddenError,
        ("a limit of the plan",),
    ),
    Case(
        "403-webhook",
        403,
        {"success": False, "message": "Forbidden"},
        errors.ForbiddenError,
        ("Forbidden", "ask an admin"),
    ),
    Case(
        "403-scope",
        403,
        {"success": False, "error": "Scope and URL mismatch", "errorCode": 403, "error_info": REFERENCE},
        errors.ScopeError,
        ("deals:read or deals:full", "log in again"),
    ),
    Case(
        "403-html",
        403,
        HTML,
        errors.BlockedError,
        ("blocked", "stop every program", "15 minutes"),
        never="<html>",
    ),
    Case("403-empty", 403, b"", errors.BlockedError, ("blocked",)),
    Case("403-a-list", 403, [], errors.BlockedError, ("blocked",)),
    Case(
        "404",
        404,
        {
            "success": False,
            "error": "requested lead not found",
            "error_info": "Object was not found.",
            "data": None,
        },
        errors.NotFoundError,
        ("requested lead not found; Object was not found.", "hidden from this user"),
    ),
    Case(
        "404-conversion",
        404,
        general("Entity was not found"),
        errors.NotFoundError,
        ("Entity was not found",),
    ),
    Case(
        "404-webhook",
        404,
        {"status": "error", "success": False, "errors": {"id": ["not found"]}},
        errors.NotFoundError,
        ("id: not found",),
    ),
    Case("405", 405, general("no"), errors.MethodError, ("please report it",)),
    Case("408", 408, b"", errors.ConflictError, ("look before you send it again",)),
    Case("409", 409, general("conflict"), errors.ConflictError, ("look before you send it again",)),
    Case(
        "410-with-a-twin",
        410,
        general("gone"),
        errors.GoneError,
        ("use get_deal of the v2 API (GET /api/v2/deals/{deal_id})",),
        call=OLD_DEAL(deal_id=7),
    ),
    Case(
        "410-without-a-twin",
        410,
        general("gone"),
        errors.GoneError,
        ("none is known to replace it", "update pipedrive-tools"),
        call=notes.list_(),
        never="/api/v2",
    ),
    Case(
        "410-lead",
        410,
        b"",
        errors.GoneError,
        ("none is known to replace it",),
        call=leads.get(lead_id=LEAD),
        never="/api/v2",
    ),
    Case("410-of-v2", 410, b"", errors.GoneError, ("none is known to replace it",), never="of the v2 API"),
    Case("415", 415, general("feature off"), errors.FeatureOffError, ("switch it on",)),
    Case("422", 422, general("webhooks limit"), errors.UnprocessableError, ("remove something first",)),
    Case("500", 500, general("oops"), errors.ServerError, ("oops", "may have happened")),
    Case("501", 501, general("no"), errors.ServerError, ("does not do this",)),
    Case("502-html", 502, HTML, errors.ServerError, ("answered 502; Pipedrive failed",), never="<html>"),
    Case("503-nothing", 503, b"", errors.ServerError, ("maintenance",)),
    Case("504", 504, b"\xff\xfe", errors.ServerError, ("took too long",)),
    Case("418", 418, general("teapot"), errors.OtherStatusError, ("answered 418 (teapot)",)),
    Case("520", 520, HTML, errors.OtherStatusError, ("answered 520; see",)),
    Case(
        "redirect",
        302,
        b"",
        errors.RedirectError,
        ("never followed", "check the company domain"),
        headers={"location": "https://evil.example"},
        never="evil.example",
    ),
    Case("308", 308, b"", errors.RedirectError, ("308",)),
    Case("not-json", 200, HTML, errors.NotJsonError, ("is not JSON", "read again"), never="<html>"),
    Case("cut-json", 200, b'{"success":true,"data":{"id"', errors.NotJsonError, ("cut short",)),
    Case(
        "cut-json-after-a-write",
        200,
        b'{"success":true',
        errors.NotJsonError,
        ("look before you send it again",),
        call=deals.create(title="x"),
    ),
    Case("nothing", 200, b"", errors.NotJsonError, ("is not JSON",)),
    Case("a-list", 200, [1], errors.NotJsonError, ("is not JSON",)),
    Case("no-number", 200, b'{"success":true,"data":{"value":NaN}}', errors.NotJsonError, ("is not JSON",)),
    Case("nested-without-end", 200, b'{"data":' + b"[" * 100_000, errors.NotJsonError, ("is not JSON",)),
    Case(
        "half-a-character", 200, b'{"success":true,"data":"\\ud83d"}', errors.NotJsonError, ("is not JSON",)
    ),
    Case(
        "a-failure-with-200",
        200,
        general("Something is wrong"),
        errors.OtherStatusError,
        ("calls it a failure", "Something is wrong"),
    ),
    Case(
        "a-failure-with-200-of-a-list",
        200,
        {"success": False, "error": "Something is wrong", "data": []},
        errors.OtherStatusError,
        ("calls it a failure",),
        call=deals.list_(),
    ),
    Case("no-list", 200, {"success": True}, errors.NotJsonError, ("holds no list",), call=deals.list_()),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_an_answer_that_is_none(case: Case) -> None:
    """Every such answer is one typed error that says what happened and what to do."""
    with pytest.raises(errors.PipedriveToolsError) as caught:
        wire.answer(case.call, response(case.body, case.status, case.headers))
    error = caught.value

    assert type(error) is case.kind
    assert str(error).startswith(f"{case.call.endpoint.name}: ")
    for words in case.says:
        assert words in str(error)
    assert case.never not in str(error)
    if isinstance(error, errors.StatusError):
        assert error.status == case.status


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name) for case in CASES if case.name != "no-number"]
)
def test_an_answer_that_is_none_typed(case: Case) -> None:
    """Read in the entry's type, an answer stands for the same error."""
    with pytest.raises(errors.PipedriveToolsError) as caught:
        wire.typed_answer(case.call, response(case.body, case.status, case.headers))

    assert type(caught.value) is case.kind


def test_every_status_is_met() -> None:
    """The cases hold every status that FACTS.md names."""
    named = {400, 401, 402, 403, 404, 405, 408, 409, 410, 415, 422, 500, 501, 502, 503, 504}

    assert named <= {case.status for case in CASES}


@dataclass(frozen=True)
class Limit:
    """A 429, and whether it means the window or the day."""

    name: str
    daily: bool
    said: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    wait_seconds: float | None = None


LIMITS = [
    Limit("bare", daily=False),
    Limit("words-of-the-day", daily=True, said="daily request budget exceeded"),
    Limit("words-of-the-day-in-capitals", daily=True, said="Daily Request Budget exceeded"),
    Limit("other-words", daily=False, said="Request over limit"),
    Limit("day-has-none-left", daily=True, headers={"x-daily-ratelimit-token-remaining": "0"}),
    Limit("day-has-some-left", daily=False, headers={"x-daily-ratelimit-token-remaining": "5000"}),
    Limit("wait-an-hour", daily=True, headers={"retry-after": "3939"}, wait_seconds=3939),
    Limit("wait-eleven", daily=True, headers={"retry-after": "11"}, wait_seconds=11),
    Limit("wait-ten", daily=False, headers={"retry-after": "10"}, wait_seconds=10),
    Limit("wait-two", daily=False, headers={"retry-after": "2"}, wait_seconds=2),
    Limit("wait-none", daily=False, headers={"retry-after": "0"}, wait_seconds=0),
    Limit("wait-less-than-none", daily=False, headers={"retry-after": "-5"}),
    Limit("wait-for-ever", daily=False, headers={"retry-after": "inf"}),
    Limit("wait-no-number", daily=False, headers={"retry-after": "nan"}),
    Limit("wait-until-a-day", daily=False, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    Limit("window-has-some-left", daily=True, headers={"x-ratelimit-remaining": "7"}),
    Limit("window-has-none-left", daily=False, headers={"x-ratelimit-remaining": "0"}),
    Limit("window-resets-in-two", daily=False, headers={"x-ratelimit-reset": "2"}, wait_seconds=2),
    Limit("window-resets-at-a-moment", daily=False, headers={"x-ratelimit-reset": "1790000000"}),
    Limit(
        "retry-before-reset",
        daily=False,
        headers={"retry-after": "1", "x-ratelimit-reset": "2"},
        wait_seconds=1,
    ),
]


@pytest.mark.parametrize("limit", [pytest.param(limit, id=limit.name) for limit in LIMITS])
def test_window_or_day(limit: Limit) -> None:
    """A 429 means the two-second window or the spent day, by the rules of FACTS.md, section 4."""
    body = {"success": False, "error": limit.said, "errorCode": 429}
    with pytest.raises(errors.RateLimitedError) as caught:
        wire.answer(READ, response(body, 429, limit.headers))
    error = caught.value

    assert type(error) is (errors.DailyLimitError if limit.daily else errors.BurstLimitError)
    assert error.wait_seconds == limit.wait_seconds
    assert error.detail == limit.said


def test_a_limit_as_a_web_page() -> None:
    """A 429 that is not JSON is told apart by its headers."""
    with pytest.raises(errors.BurstLimitError):
        wire.answer(READ, response(HTML, 429))
    with pytest.raises(errors.DailyLimitError):
        wire.answer(READ, response(HTML, 429, {"retry-after": "7200"}))


def test_maintenance_tells_how_long() -> None:
    """A wait that any failure tells is passed on."""
    with pytest.raises(errors.ServerError) as caught:
        wire.answer(READ, response(b"", 503, {"retry-after": "120"}))

    assert caught.value.wait_seconds == 120


def test_what_pipedrive_says_is_cleaned_and_cut() -> None:
    """Pipedrive's own words come on one line, without what cannot be seen, and have an end."""
    error = "a\r\nb\u202ec\u200b &amp;lt;d\x00\U000e0041 " + "x" * 1000
    with pytest.raises(errors.BadRequestError) as caught:
        wire.answer(READ, response({"success": False, "error": error}, 400))
    detail = caught.value.detail

    assert detail.startswith("a b c &lt;d x")
    assert detail.isprintable()
    assert len(detail) == wire.DETAIL_CHARACTERS
    assert detail.endswith("…")


def test_an_answer() -> None:
    """An answer gives its data and what it cost; any 2xx is one, and 204 has no data."""
    body = {"success": True, "data": {"id": 7}}

    assert wire.answer(READ, response(body)) == wire.Answer({"id": 7}, None, READ.endpoint.cost)
    assert wire.answer(READ, response(body, 201)).data == {"id": 7}
    assert wire.answer(READ, response(b"", 204)) == wire.Answer(None, None, READ.endpoint.cost)
    assert wire.answer(READ, response({"data": {"id": 7}})).data == {"id": 7}


def test_a_typed_answer() -> None:
    """The typed way gives the same answer in the entry's type; a list that is null is empty."""
    body = {"success": True, "data": [{"id": 7}], "additional_data": {"next_cursor": "abc"}}
    plain, typed = (read(deals.list_(), response(body)) for read in (wire.answer, wire.typed_answer))

    assert typed == replace(plain, data=[deals.Deal(id=7)])
    assert wire.typed_answer(deals.list_(), response({"success": True, "data": None})).data == []
    with pytest.raises(errors.NotJsonError, match="another shape"):
        wire.typed_answer(READ, response({"success": True, "data": None}))


NESTED = {"pagination": {"start": 0, "limit": 2, "more_items_in_collection": True, "next_start": 2}}
FLAT = {"start": 0, "limit": 2, "more_items_in_collection": True}


@dataclass(frozen=True)
class Page:
    """What an answer says about paging, and where the list goes on."""

    name: str
    call: Call[Any]
    extra: Any
    goes_on: str | int | None
    read: int = 2


TWO = notes.list_(limit=2)
PAGES = [
    Page("cursor", deals.list_(), {"next_cursor": "abc"}, "abc"),
    Page("cursor-null", deals.list_(), {"next_cursor": None}, None),
    Page("cursor-missing", deals.list_(), {}, None),
    Page("cursor-empty", deals.list_(), {"next_cursor": ""}, None),
    Page("cursor-no-text", deals.list_(), {"next_cursor": 5}, None),
    Page("cursor-on-an-empty-page", deals.list_(), {"next_cursor": "abc"}, "abc", read=0),
    Page("nothing-beside", deals.list_(), None, None),
    Page("a-list-beside", deals.list_(), [1], None),
    Page("nested", TWO, NESTED, 2),
    Page(
        "nested-end", TWO, {"pagination": {"start": 2, "limit": 2, "more_items_in_collection": False}}, None
    ),
    Page(
        "nested-without-next",
        TWO.at(4),
        {"pagination": {"start": 4, "limit": 2, "more_items_in_collection": True}},
        6,
    ),
    Page("flat", TWO, FLAT, 2),
    Page("flat-later", TWO.at(6), FLAT | {"start": 6}, 8),
    Page("flat-without-start", TWO.at(6), {"more_items_in_collection": True}, 8),
    Page(
        "flat-server-has-its-own-limit",
        notes.list_(limit=500).at(100),
        {"start": 100, "limit": 100, "more_items_in_collection": True},
        200,
        read=98,
    ),
    Page("flat-empty-page", TWO.at(6), {"more_items_in_collection": True}, 8, read=0),
    Page("flat-end", TWO, FLAT | {"more_items_in_collection": False}, None),
    Page("none-and-full", TWO.at(2), None, 4),
    Page("none-and-not-full", TWO, None, None, read=1),
    Page("none-and-no-limit", notes.list_(), None, None),
    Page("none-and-the-usual-limit", notes.list_(), {}, 100, read=100),
    Page("nested-is-no-object", TWO, {"pagination": [1]}, 2),
    Page("no-pages", READ, NESTED, None),
]


@pytest.mark.parametrize("read", [wire.answer, wire.typed_answer])
@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_where_a_list_goes_on(page: Page, read: Any) -> None:
    """A cursor or an offset, in each shape that v1 has, is found; where there is none, the list has ended."""
    data: Any = [{"id": number} for number in range(1, page.read + 1)]
    body = {
        "success": True,
        "data": data if page.call is not READ else data[0],
        "additional_data": page.extra,
    }

    assert read(page.call, response(body)).next_page == page.goes_on


def opened(packed: bytes, *, limit: int = 1000, step: int = 7) -> bytes:
    gunzip = wire.Gunzip()
    pieces = [gunzip.open(packed[place : place + step], limit) for place in range(0, len(packed), step)]
    assert gunzip.is_whole
    return b"".join(pieces)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4), st.integers(1, 200))
def test_gzip(members: list[bytes], step: int) -> None:
    """A gzip body is opened whole, in pieces of any size and from any number of members."""
    assert opened(b"".join(map(gzip.compress, members)), step=step) == b"".join(members)


@pytest.mark.parametrize("cut", [1, 8, 12])
def test_gzip_that_is_cut(cut: int) -> None:
    """A gzip body that lacks its end is known to be cut."""
    gunzip = wire.Gunzip()
    gunzip.open(gzip.compress(b"all of it")[:-cut], 100)

    assert not gunzip.is_whole


def test_gzip_and_what_is_none() -> None:
    """What follows a member and is no gzip, or a sum that is wrong, is refused."""
    packed = gzip.compress(b"all of it")
    for damaged in (packed + b"tail", packed[:-8] + b"\x00" * 8, b"tail"):
        with pytest.raises(zlib.error):
            wire.Gunzip().open(damaged, 100)


def test_gzip_stops_at_the_limit() -> None:
    """No more is opened than the limit and one byte, over however many members it is spread."""
    bomb = gzip.compress(b"x" * 1_000_000)

    assert len(wire.Gunzip().open(bomb, 100)) == 101
    assert len(wire.Gunzip().open(gzip.compress(b"x" * 60) * 5, 100)) == 101
    assert len(wire.Gunzip().open(gzip.compress(b"x" * 100), 100)) == 100


def test_response_is_a_value() -> None:
    """A response is what it holds."""
    assert Response(200, {}, b"{}") == response({})
    assert wire.request(persons.get(person_id=1)) == wire.request(persons.get(person_id=1))
