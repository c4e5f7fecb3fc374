"""Every answer of the sandbox is one that Pipedrive's OpenAPI documents allow, but for the slips in `openapi`."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.routes import BEYOND, catalogue_endpoints
from tests.endpoints.facts import needs_documents
from tests.sandbox.openapi import described, problems, response_schema

pytestmark = needs_documents

UNKNOWN_UUID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Case:
    """One call: the endpoint, what fills its path, and what it sends. Names in braces are ids of the demo."""

    tool: str
    arguments: tuple[str, ...] = ()
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    status: int = 200

    def __str__(self) -> str:
        return "-".join([self.tool, *self.query, str(self.status)])


EVERYTHING = {"limit": "500"}
LABELS = {"include_labels": "true", "include_option_labels": "true"}
ACTIVITY = {
    "subject": "Call",
    "type": "call",
    "due_date": "2026-03-04",
    "due_time": "09:30",
    "duration": "00:30",
    "location": {"value": "Tallinn"},
    "participants": [{"person_id": 1, "primary": True}],
    "attendees": [{"email": "a@example.org"}],
    "note": "n",
    "busy": True,
    "done": True,
}
WEBHOOK = {
    "subscription_url": "https://hooks.example.com/",
    "event_action": "change",
    "event_object": "deal",
    "name": "Deals",
    "http_auth_user": "u",
    "http_auth_password": "p",
}

CASES = [
    Case("list_deals", query=EVERYTHING),
    Case("list_deals", query={"status": "deleted"}),
    Case("list_deals", query={**LABELS, "include_fields": "next_activity_id,notes_count", "limit": "500"}),
    Case("list_archived_deals", query=EVERYTHING),
    Case("get_deal", ("{deal}",)),
    Case("create_deal", body={"title": "New", "person_id": 1, "org_id": 1, "value": 9.5}),
    Case("update_deal", ("{deal}",), body={"status": "lost", "lost_reason": "price"}),
    Case("update_deal", ("{deal}",), body={"expected_close_date": "2026-05-01", "label_ids": [1]}),
    Case("delete_deal", ("{deal}",)),
    Case("search_deals", query={"term": "in"}),
    Case("list_persons", query=EVERYTHING),
    Case("get_person", ("1",)),
    Case("create_person", body={"name": "Ada Lovelace", "emails": [{"value": "a@example.org"}]}),
    Case("create_person", body={"name": "Ada"}),
    Case("update_person", ("1",), body={"phones": [{"value": "+1", "primary": True}]}),
    Case("delete_person", ("1",)),
    Case("search_persons", query={"term": "an", "include_fields": "person.picture"}),
    Case("list_organizations", query=EVERYTHING),
    Case("get_organization", ("1",)),
    Case("create_organization", body={"name": "New", "address": {"value": "Tallinn"}}),
    Case("update_organization", ("1",), body={"website": None, "employee_count": 3}),
    Case("delete_organization", ("1",)),
    Case("search_organizations", query={"term": "er"}),
    Case("list_activities", query={**EVERYTHING, "include_fields": "attendees"}),
    Case("get_activity", ("1",)),
    Case("create_activity", body=ACTIVITY),
    Case("update_activity", ("1",), body={"done": True, "outcome": None}),
    Case("delete_activity", ("1",)),
    Case("list_leads", query=EVERYTHING),
    Case("list_archived_leads", query=EVERYTHING),
    Case("get_lead", ("{lead}",)),
    Case("get_lead", (UNKNOWN_UUID,), status=404),
    Case(
        "create_lead",
        body={"title": "New", "person_id": 1, "value": {"amount": 5, "currency": "EUR"}},
        status=201,
    ),
    Case("update_lead", ("{lead}",), body={"title": "Other", "value": None}),
    Case("update_lead", (UNKNOWN_UUID,), body={"title": "Other"}, status=404),
    Case("delete_lead", ("{lead}",)),
    Case("delete_lead", (UNKNOWN_UUID,), status=404),
    Case("search_leads", query={"term": "as", "include_fields": "lead.was_seen"}),
    Case("list_notes", query=EVERYTHING),
    Case("get_note", ("1",)),
    Case(
        "create_note",
        body={"content": "<p>x</p>", "lead_id": "{lead}", "person_id": 1, "pinned_to_person_flag": 1},
    ),
    Case("update_note", ("1",), body={"content": "y"}),
    Case("delete_note", ("1",)),
    Case("list_pipelines"),
    Case("get_pipeline", ("1",)),
    Case("list_stages"),
    Case("get_stage", ("1",)),
    Case("convert_lead_to_deal", ("{lead}",), body={"stage_id": 1}),
    Case("convert_lead_to_deal", (UNKNOWN_UUID,), status=404),
    Case("get_lead_conversion_status", (UNKNOWN_UUID, UNKNOWN_UUID), status=404),
    Case("convert_deal_to_lead", ("{deal}",)),
    Case("convert_deal_to_lead", ("99999",), status=404),
    Case("get_deal_conversion_status", ("1", UNKNOWN_UUID), status=404),
    Case("list_deal_fields", query={"include_fields": "ui_visibility,required_fields"}),
    Case("get_deal_field", ("title",)),
    Case("list_person_fields", query=EVERYTHING),
    Case("get_person_field", ("name",)),
    Case("list_organization_fields", query=EVERYTHING),
    Case("get_organization_field", ("name",)),
    Case("list_activity_fields", query=EVERYTHING),
    Case("get_activity_field", ("subject",)),
    Case("list_lead_fields", query=EVERYTHING),
    Case("list_users"),
    Case("find_users", query={"term": "mar"}),
    Case("get_user", ("2",)),
    Case("get_user", ("9999",), status=404),
    Case("get_current_user"),
    Case("list_activity_types"),
    Case("list_lead_labels"),
    Case("list_lead_sources"),
    Case("list_currencies"),
    Case("list_filters"),
    Case("list_webhooks"),
    Case("create_webhook", body=WEBHOOK, status=201),
    Case("create_webhook", body={**WEBHOOK, "subscription_url": "http://hooks.example.com/"}, status=400),
    Case("delete_webhook", ("1",)),
    Case("delete_webhook", ("99",), status=404),
    Case("search_items", query={"term": "er", "search_for_related_items": "true"}),
    Case(
        "search_items_by_field",
        query={"term": "e", "entity_type": "deal", "field": "title", "match": "middle"},
    ),
]

ENDPOINTS = {route.name: route for route in (*catalogue_endpoints(), *BEYOND)}


def living(sandbox: Sandbox) -> dict[str, str]:
    """A lead and a deal that can be read and changed."""
    lead = next(each for each in sandbox.records("leads") if not each["is_archived"])
    deals = sandbox.records("deals")
    deal = next(
        each for each in deals if each["status"] == "open" and each["person_id"] and not each["is_archived"]
    )
    return {"{lead}": lead["id"], "{deal}": str(deal["id"])}


def send(client: httpx.Client, case: Case, known: dict[str, str]) -> httpx.Response:
    """Make one call."""
    path, body = ENDPOINTS[case.tool].path, case.body
    for argument in case.arguments:
        before, _, rest = path.partition("{")
        path = before + known.get(argument, argument) + rest.partition("}")[2]
    if body and body.get("lead_id") in known:
        body = {**body, "lead_id": known[body["lead_id"]]}
    return client.request(ENDPOINTS[case.tool].method, path, params=case.query, json=body)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_answers_are_in_the_contract(case: Case, sandbox: Sandbox, client: httpx.Client) -> None:
    """An answer has the documented shape, and no key that the documents do not name."""
    endpoint = ENDPOINTS[case.tool]

    answer = send(client, case, living(sandbox))

    assert answer.status_code == case.status, answer.text
    schema = response_schema(endpoint.method, endpoint.path, case.status)
    assert schema is not None
    assert problems(schema, answer.json()) == []


def test_every_endpoint_is_in_the_documents() -> None:
    """Nothing is served under a path that Pipedrive does not document."""
    assert [name for name, each in ENDPOINTS.items() if not described(each.method, each.path)] == []


def test_every_endpoint_has_a_case() -> None:
    """No endpoint goes without a contract test."""
    assert ENDPOINTS.keys() - {case.tool for case in CASES} == set()


def test_a_finished_conversion_is_in_the_contract(sandbox: Sandbox, client: httpx.Client) -> None:
    """The status of a finished job has the documented shape."""
    lead = living(sandbox)["{lead}"]
    job = client.post(f"/api/v2/leads/{lead}/convert/deal").json()["data"]["conversion_id"]

    answer = client.get(f"/api/v2/leads/{lead}/convert/status/{job}").json()

    schema = response_schema("GET", "/api/v2/leads/{lead_id}/convert/status/{conversion_id}", 200)
    assert schema is not None
    assert answer["data"]["status"] == "completed"
    assert problems(schema, answer) == []


def test_nulls_can_be_sent(sandbox: Sandbox, client: httpx.Client) -> None:
    """With the switch set, empty fields are null, which the documents' types do not allow."""
    schema = response_schema("GET", "/api/v2/deals", 200)
    assert schema is not None
    sandbox.switch(null_fields="sent")

    answer = client.get("/api/v2/deals", params={"status": "open", "limit": 500}).json()

    assert answer["data"][0]["won_time"] is None
    assert problems(schema, answer) != []
