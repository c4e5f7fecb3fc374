"""The strictness of the real service: what it refuses, in which words, and that nothing is written."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox
from tests.sandbox.openapi import HEX_KEY_LENGTH

VALIDATION = "ERR_SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True)
class Refused:
    """A body that v2 refuses."""

    name: str
    path: str
    body: Any
    says: str
    code: str = VALIDATION

    def __str__(self) -> str:
        return self.name


DEAL, PERSON, ACTIVITY = "/api/v2/deals", "/api/v2/persons", "/api/v2/activities"
CALL = {"subject": "Call", "type": "call"}

REFUSED = [
    Refused("an unknown key", DEAL, {"title": "x", "foo": 1}, "foo: Parameter 'foo' is not allowed"),
    Refused("a custom key at the root", DEAL, {"title": "x", "a" * 40: 1}, "is not allowed for this request"),
    Refused("an unknown custom key", DEAL, {"title": "x", "custom_fields": {"a" * 40: 1}}, "is not allowed"),
    Refused("a missing title", DEAL, {}, "title: Parameter 'title' is required"),
    Refused("an empty title", DEAL, {"title": " "}, "is not allowed to be empty"),
    Refused(
        "a number as text", DEAL, {"title": "x", "value": "5"}, "value: Parameter 'value' must be a number"
    ),
    Refused("an id as text", DEAL, {"title": "x", "stage_id": "1"}, "must be an integer"),
    Refused("a boolean as an id", DEAL, {"title": "x", "stage_id": True}, "must be an integer"),
    Refused("a boolean as a number", DEAL, {"title": "x", "is_archived": 1}, "must be a boolean"),
    Refused(
        "an unknown status", DEAL, {"title": "x", "status": "deleted"}, "must be one of [open, won, lost]"
    ),
    Refused("a null day", DEAL, {"title": "x", "expected_close_date": None}, "YYYY-MM-DD"),
    Refused("a day that is none", DEAL, {"title": "x", "expected_close_date": "2026-02-30"}, "YYYY-MM-DD"),
    Refused(
        "a reason for an open deal", DEAL, {"title": "x", "lost_reason": "r"}, "goes with status lost only"
    ),
    Refused("a stage that is not there", DEAL, {"title": "x", "stage_id": 999}, "was not found"),
    Refused("a currency nobody has", DEAL, {"title": "x", "currency": "XXX"}, "currency code"),
    Refused("a label that is none", DEAL, {"title": "x", "label_ids": [99]}, "must be among the labels"),
    Refused("visibility as text", DEAL, {"title": "x", "visible_to": "3"}, "must be one of [1, 3, 5, 7]"),
    Refused("a body that is a list", DEAL, [1], "the body must be a JSON object"),
    Refused("a person without a name", PERSON, {"emails": []}, "first_name and last_name together"),
    Refused("half a name", PERSON, {"first_name": "Ada"}, "first_name and last_name together"),
    Refused("an email as text", PERSON, {"name": "x", "emails": ["a@example.org"]}, "must be an object"),
    Refused("an email without value", PERSON, {"name": "x", "emails": [{"label": "work"}]}, "needs 'value'"),
    Refused(
        "two primary emails",
        PERSON,
        {"name": "x", "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
        "one primary item only",
    ),
    Refused(
        "a field of contact sync", PERSON, {"name": "x", "job_title": "CEO"}, "contact sync", "ERR_FORBIDDEN"
    ),
    Refused("an activity without a type", ACTIVITY, {"subject": "x"}, "'type' is required"),
    Refused("a type nobody has", ACTIVITY, {**CALL, "type": "seance"}, "must be one of [call"),
    Refused(
        "a person id", ACTIVITY, {**CALL, "person_id": 1}, "'person_id' is a read-only", "ERR_BAD_REQUEST"
    ),
    Refused("a time with seconds", ACTIVITY, {**CALL, "due_time": "09:30:00"}, "must be in HH:MM format"),
    Refused("an hour that is none", ACTIVITY, {**CALL, "due_time": "24:30"}, "must be in HH:MM format"),
    Refused("a duration in minutes", ACTIVITY, {**CALL, "duration": 30}, "must be in HH:MM format"),
    Refused("done as a number", ACTIVITY, {**CALL, "done": 1}, "must be a boolean"),
    Refused("a lead id that is no UUID", ACTIVITY, {**CALL, "lead_id": "7"}, "must be a valid GUID"),
    Refused("a participant by number", ACTIVITY, {**CALL, "participants": [1]}, "must be an object"),
    Refused(
        "an address of parts only", "/api/v2/organizations", {"name": "x", "address": {}}, "needs 'value'"
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_body_is_refused(case: Refused, sandbox: Sandbox, client: httpx.Client) -> None:
    """A body that v2 does not take is refused with the reason, and nothing is written."""
    resource = case.path.rsplit("/", 1)[1]
    before = sandbox.records(resource)

    answer = client.post(case.path, json=case.body)

    assert answer.status_code in {400, 403}
    assert answer.json()["code"] == case.code
    assert case.says in answer.json()["error"]
    assert sandbox.records(resource) == before


def test_all_problems_are_told_at_once(client: httpx.Client) -> None:
    """A refusal names every wrong key."""
    answer = client.post(DEAL, json={"title": 1, "value": "x", "foo": 1, "bar": 1}).json()

    assert all(f"{name}: Parameter" in answer["error"] for name in ("title", "value", "foo", "bar"))


def test_a_good_body_is_taken(sandbox: Sandbox, client: httpx.Client) -> None:
    """What is not refused is written: the counter-test of all refusals."""
    known = len(sandbox.records("deals"))

    assert client.post(DEAL, json={"title": "x", "stage_id": 1, "value": 5}).status_code == 200
    assert client.post(ACTIVITY, json={**CALL, "due_time": "09:30"}).status_code == 200
    assert len(sandbox.records("deals")) == known + 1


@dataclass(frozen=True)
class Custom:
    """A kind of custom field, a value that it takes and one that it refuses."""

    kind: str
    good: Any
    bad: Any


CUSTOM = [
    Custom("varchar", "x", 5),
    Custom("varchar_auto", "x", "x" * 256),
    Custom("text", "x", ["x"]),
    Custom("double", 1.5, "1.5"),
    Custom("monetary", {"value": 5, "currency": "EUR"}, 5),
    Custom("date", "2026-03-02", "02.03.2026"),
    Custom("daterange", {"value": "2026-03-02", "until": "2026-03-04"}, {"value": "2026-03-02"}),
    Custom("time", {"value": "09:30:00", "timezone_name": "Europe/Berlin"}, "09:30:00"),
    Custom("timerange", {"value": "09:30:00", "until": "10:00:00"}, {"value": "09:30", "until": "10:00"}),
    Custom("phone", "+1", 1),
    Custom("user", 1, 99),
    Custom("org", 1, 9999),
    Custom("people", 1, "1"),
    Custom("address", {"value": "Tallinn"}, "Tallinn"),
]


def field_of(sandbox: Sandbox, kind: str) -> dict[str, Any]:
    """The custom field of this kind."""
    fields = sandbox.records("deal_fields")
    return next(each for each in fields if each["is_custom_field"] and each["field_type"] == kind)


@pytest.mark.parametrize("case", CUSTOM, ids=lambda case: case.kind)
def test_a_custom_field_takes_its_own_kind(case: Custom, sandbox: Sandbox, client: httpx.Client) -> None:
    """A custom field takes and gives back values of its kind, and refuses others by naming the field."""
    code = field_of(sandbox, case.kind)["field_code"]

    refused = client.post(DEAL, json={"title": "x", "custom_fields": {code: case.bad}})
    taken = client.post(DEAL, json={"title": "x", "custom_fields": {code: case.good}})

    assert refused.status_code == 400
    assert code in refused.json()["error"]
    value = taken.json()["data"]["custom_fields"][code]
    assert value == case.good if not isinstance(case.good, dict) else value.items() >= case.good.items()


def test_options_go_by_id(sandbox: Sandbox, client: httpx.Client) -> None:
    """Option fields take ids that exist, a list is emptied by null and not by an empty list."""
    single, several = field_of(sandbox, "enum"), field_of(sandbox, "set")
    one, many = single["field_code"], several["field_code"]
    ids = [each["id"] for each in several["options"]][:2]

    def status(**values: Any) -> int:
        return client.post(DEAL, json={"title": "x", "custom_fields": values}).status_code

    assert status(**{one: single["options"][0]["id"], many: ids}) == 200
    assert status(**{one: str(single["options"][0]["id"])}) == 400
    assert status(**{one: 999_999}) == 400
    assert status(**{many: []}) == 400
    assert status(**{many: [999_999]}) == 400
    assert status(**{one: None, many: None}) == 200


def test_a_custom_field_that_is_not_sent_stays(sandbox: Sandbox, client: httpx.Client) -> None:
    """An update changes the custom fields it names and no others; null empties one."""
    text, number = field_of(sandbox, "text")["field_code"], field_of(sandbox, "double")["field_code"]
    deal = client.post(DEAL, json={"title": "x", "custom_fields": {text: "a", number: 1}}).json()["data"]

    after = client.patch(f"{DEAL}/{deal['id']}", json={"custom_fields": {number: None}}).json()["data"]

    assert after["custom_fields"][text] == "a"
    assert after["custom_fields"][number] is None
    assert all(len(code) == HEX_KEY_LENGTH for code in after["custom_fields"])


@dataclass(frozen=True)
class Query:
    """A query that v2 refuses."""

    path: str
    query: dict[str, str]
    says: str

    def __str__(self) -> str:
        return "-".join([self.path.rsplit("/", 1)[1], *self.query])


QUERIES = [
    Query(DEAL, {"foo": "1"}, "foo: Parameter 'foo' is not allowed"),
    Query(DEAL, {"limit": "501"}, "between 1 and 500"),
    Query(DEAL, {"limit": "0"}, "between 1 and 500"),
    Query(DEAL, {"limit": "x"}, "must be an integer"),
    Query(DEAL, {"ids": ",".join(map(str, range(101)))}, "at most 100 ids"),
    Query(DEAL, {"status": "open,closed"}, "not 'closed'"),
    Query(DEAL, {"include_fields": "next_activity_id,nope"}, "not 'nope'"),
    Query(DEAL, {"custom_fields": ",".join(["a" * 40] * 16)}, "at most 15 keys"),
    Query(DEAL, {"updated_since": "2026-03-02T00:00:00.000Z"}, "fractions of a second"),
    Query(DEAL, {"updated_since": "2026-03-02"}, "RFC 3339"),
    Query(DEAL, {"sort_by": "title"}, "must be one of [id"),
    Query(DEAL, {"sort_direction": "up"}, "must be one of [asc"),
    Query(DEAL, {"include_labels": "1"}, "must be a boolean"),
    Query(DEAL, {"cursor": "abc"}, "cursor"),
    Query(f"{DEAL}/search", {"term": "a"}, "at least 2 characters"),
    Query(f"{DEAL}/search", {"term": "", "exact_match": "true"}, "at least 1 characters"),
    Query(f"{DEAL}/search", {"term": "ab", "limit": "101"}, "between 1 and 100"),
    Query("/api/v2/itemSearch", {"term": "ab", "limit": "101"}, "between 1 and 100"),
    Query(f"{DEAL}/archived", {"include_labels": "true"}, "is not allowed"),
]


@pytest.mark.parametrize("case", QUERIES, ids=str)
def test_a_query_is_refused(case: Query, client: httpx.Client) -> None:
    """A query that v2 does not take is refused with the reason."""
    answer = client.get(case.path, params=case.query)

    assert answer.status_code == 400
    assert case.says in answer.json()["error"]
    assert answer.json()["code"] == VALIDATION


def test_boundaries_are_taken(client: httpx.Client) -> None:
    """The largest page, a hundred ids and fifteen keys are fine: the counter-test of the refusals."""
    taken = [
        {"limit": "500"},
        {"ids": ",".join(map(str, range(1, 101)))},
        {"custom_fields": ",".join(["a" * 40] * 15)},
        {"updated_since": "2026-03-02T00:00:00Z"},
        {"updated_since": "2026-03-02T00:00:00+02:00"},
    ]

    assert [client.get(DEAL, params=each).status_code for each in taken] == [200] * len(taken)


def test_form_bodies_are_refused(client: httpx.Client) -> None:
    """v2 takes JSON only."""
    assert client.post(DEAL, data={"title": "x"}).status_code == 400


def test_broken_json_is_refused(client: httpx.Client) -> None:
    """A body that is not JSON is a 400, not a failure of the server."""
    headers = {"content-type": "application/json"}

    assert client.post(DEAL, content=b'{"title": ', headers=headers).status_code == 400
