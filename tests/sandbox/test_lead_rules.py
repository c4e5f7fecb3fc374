"""Leads of v1: UUIDs, one link at least, flat custom fields, offset paging, and conversion as a job."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox

LEADS = "/api/v1/leads"


def made(client: httpx.Client, **body: Any) -> dict[str, Any]:
    """A new lead of person 1."""
    answer = client.post(LEADS, json={"title": "x", "person_id": 1, **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def code_of(sandbox: Sandbox, kind: str) -> str:
    """The key of the custom field of this kind."""
    fields = sandbox.records("deal_fields")
    found = next(each for each in fields if each["is_custom_field"] and each["field_type"] == kind)
    return str(found["field_code"])


def test_a_lead_has_a_uuid(client: httpx.Client) -> None:
    """A new lead has a UUID, is found by it, and comes from the API."""
    lead = made(client)

    assert str(UUID(lead["id"])) == lead["id"]
    assert (lead["source_name"], lead["origin"], lead["was_seen"]) == ("API", "API", False)
    assert client.get(f"{LEADS}/{lead['id']}").json()["data"] == lead


def test_an_id_that_is_no_uuid_is_refused(client: httpx.Client) -> None:
    """A number is no id of a lead; an unknown UUID is not found."""
    assert client.get(f"{LEADS}/7").status_code == 400
    answer = client.get(f"{LEADS}/00000000-0000-4000-8000-000000000000")
    assert (answer.status_code, answer.json()["error"]) == (404, "requested lead not found")


def test_a_lead_needs_a_person_or_an_organization(client: httpx.Client) -> None:
    """One of the two links must be given, and one must stay."""
    lead = made(client)

    assert client.post(LEADS, json={"title": "x"}).status_code == 400
    assert client.patch(f"{LEADS}/{lead['id']}", json={"person_id": None}).status_code == 400
    swapped = {"person_id": None, "organization_id": 1}
    assert client.patch(f"{LEADS}/{lead['id']}", json=swapped).json()["data"]["person_id"] is None


def test_a_value_has_two_halves(client: httpx.Client) -> None:
    """The value of a lead has an amount and a currency, or is null."""
    for half in ({"amount": 5}, {"currency": "EUR"}, 5):
        assert client.post(LEADS, json={"title": "x", "person_id": 1, "value": half}).status_code == 400
    assert made(client, value={"amount": 5, "currency": "EUR"})["value"] == {"amount": 5, "currency": "EUR"}
    assert made(client, value=None)["value"] is None


def test_custom_fields_are_flat(sandbox: Sandbox, client: httpx.Client) -> None:
    """Custom fields of a lead stand at its root, options as strings; null takes one away."""
    money, choice, several = (code_of(sandbox, kind) for kind in ("monetary", "enum", "set"))
    options = next(each["options"] for each in sandbox.records("deal_fields") if each["field_code"] == choice)
    many = next(each["options"] for each in sandbox.records("deal_fields") if each["field_code"] == several)
    ids = f"{many[0]['id']},{many[1]['id']}"
    sent = {money: 5, f"{money}_currency": "EUR", choice: str(options[0]["id"]), several: ids}

    lead = made(client, **sent)
    after = client.patch(f"{LEADS}/{lead['id']}", json={choice: None}).json()["data"]

    assert lead.items() >= sent.items()
    assert choice not in after
    assert after[several] == ids
    assert client.post(LEADS, json={"title": "x", "person_id": 1, choice: "999999"}).status_code == 400


@pytest.mark.parametrize(("setting", "status"), [("ignored", 201), ("400", 400)])
def test_unknown_keys(setting: str, status: int, sandbox: Sandbox, client: httpx.Client) -> None:
    """What an unknown key of a v1 body does is a switch; it is never stored."""
    sandbox.switch(v1_unknown_keys=setting)

    answer = client.post(LEADS, json={"title": "x", "person_id": 1, "foo": 1})

    assert answer.status_code == status
    assert all("foo" not in lead for lead in sandbox.records("leads"))


def test_archived_leads_are_apart(client: httpx.Client) -> None:
    """An archived lead is in the archive only, and cannot be changed until it is brought back."""
    lead = made(client)
    path = f"{LEADS}/{lead['id']}"

    assert client.patch(path, json={"is_archived": True}).status_code == 200

    assert lead["id"] not in {each["id"] for each in client.get(LEADS).json()["data"]}
    assert lead["id"] in {each["id"] for each in client.get(f"{LEADS}/archived").json()["data"]}
    assert client.patch(path, json={"title": "y"}).status_code == 400
    assert client.patch(path, json={"title": "y", "is_archived": False}).status_code == 200


def test_a_deleted_lead_is_gone(client: httpx.Client) -> None:
    """A deleted lead can be neither read nor deleted again."""
    lead = made(client)

    assert client.delete(f"{LEADS}/{lead['id']}").json()["data"] == {"id": lead["id"]}
    assert client.get(f"{LEADS}/{lead['id']}").status_code == 404
    assert client.delete(f"{LEADS}/{lead['id']}").status_code == 404


def test_pages_by_offset(sandbox: Sandbox, client: httpx.Client) -> None:
    """Leads come oldest first, in pages that tell whether there is more."""
    for _ in range(5):
        made(client)
    living = [each["id"] for each in sandbox.records("leads") if not each["is_archived"]]
    seen, start = [], 0
    while True:
        page = client.get(LEADS, params={"limit": 3, "start": start}).json()
        seen += [each["id"] for each in page["data"]]
        start += 3
        if not page["additional_data"]["more_items_in_collection"]:
            break

    assert seen == living


@pytest.mark.parametrize("setting", ["flat", "pagination", "none", "null"])
def test_paging_shapes(setting: str, sandbox: Sandbox, client: httpx.Client) -> None:
    """Where a list of leads tells how it goes on is a switch."""
    sandbox.switch(v1_paging=setting)

    page = client.get(LEADS, params={"limit": 1}).json()
    empty = client.get(LEADS, params={"owner_id": 999}).json()

    assert ("additional_data" in page) is (setting != "none")
    assert ("pagination" in page.get("additional_data", {})) is (setting == "pagination")
    assert empty["data"] == (None if setting == "null" else [])


def test_sorting(client: httpx.Client) -> None:
    """Leads are sorted by a field and a direction; an unknown field is refused."""
    titles = [each["title"] for each in client.get(LEADS, params={"sort": "title DESC"}).json()["data"]]

    assert titles == sorted(titles, reverse=True)
    assert len(set(titles)) > 1
    assert client.get(LEADS, params={"sort": "phone ASC"}).status_code == 400


def test_changed_since(sandbox: Sandbox, client: httpx.Client) -> None:
    """`updated_since` is inclusive, to the second."""
    lead = made(client)
    at = lead["update_time"][:19] + "Z"

    found = client.get(LEADS, params={"updated_since": at}).json()["data"]

    assert [each["id"] for each in found] == [lead["id"]]
    assert client.get(LEADS, params={"updated_since": lead["update_time"]}).status_code == 400


def test_conversion_is_a_job(sandbox: Sandbox, client: httpx.Client) -> None:
    """A conversion is asked after until it is done; then the lead is gone and the deal holds what it had."""
    sandbox.switch(conversion_polls=3)
    code = code_of(sandbox, "daterange")
    dates = {code: "2026-03-02", f"{code}_until": "2026-03-09"}
    lead = made(client, value={"amount": 5, "currency": "USD"}, **dates)
    note = client.post("/api/v1/notes", json={"content": "x", "lead_id": lead["id"]}).json()["data"]
    path = f"/api/v2/leads/{lead['id']}/convert"

    job = client.post(f"{path}/deal", json={"stage_id": 3}).json()["data"]["conversion_id"]
    polls = [client.get(f"{path}/status/{job}").json()["data"] for _ in range(3)]

    assert [each["status"] for each in polls] == ["running", "running", "completed"]
    assert "deal_id" not in polls[0]
    deal = client.get(
        f"/api/v2/deals/{polls[-1]['deal_id']}", params={"include_fields": "source_lead_id"}
    ).json()["data"]
    assert (deal["title"], deal["stage_id"], deal["person_id"]) == ("x", 3, 1)
    assert (deal["value"], deal["currency"], deal["source_lead_id"]) == (5, "USD", lead["id"])
    assert deal["custom_fields"][code] == {"value": "2026-03-02", "until": "2026-03-09"}
    assert client.get(f"{LEADS}/{lead['id']}").status_code == 404
    assert client.get(f"/api/v1/notes/{note['id']}").json()["data"]["deal_id"] == deal["id"]


def test_a_conversion_takes_a_stage_or_a_pipeline_only(client: httpx.Client) -> None:
    """Other keys are refused, and no body at all is fine."""
    path = f"/api/v2/leads/{made(client)['id']}/convert/deal"

    assert client.post(path, json={"title": "x"}).status_code == 400
    assert client.post(path).status_code == 200


@pytest.mark.parametrize(
    ("setting", "statuses"),
    [
        ("completes", [200, "completed"]),
        ("failed", [200, "failed"]),
        ("rejected", [200, "rejected"]),
        ("never", [200, "running"]),
        ("expired", [404, None]),
    ],
)
def test_how_conversions_end(
    setting: str, statuses: list[Any], sandbox: Sandbox, client: httpx.Client
) -> None:
    """How a conversion ends is a switch; a record that expired is a 404."""
    sandbox.switch(conversion=setting)
    path = f"/api/v2/leads/{made(client)['id']}/convert"
    job = client.post(f"{path}/deal").json()["data"]["conversion_id"]

    answer = client.get(f"{path}/status/{job}")

    assert [answer.status_code, (answer.json()["data"] or {}).get("status")] == statuses


@pytest.mark.parametrize(
    ("setting", "same", "status"), [("same job", True, 200), ("second deal", False, 200), ("400", False, 400)]
)
def test_converting_twice(
    setting: str, same: bool, status: int, sandbox: Sandbox, client: httpx.Client
) -> None:
    """What a second start does while the first runs is a switch."""
    sandbox.switch(convert_twice=setting)
    path = f"/api/v2/leads/{made(client)['id']}/convert/deal"

    first, second = client.post(path), client.post(path)

    assert second.status_code == status
    assert (first.json()["data"] == second.json()["data"]) is same


def test_a_job_that_nobody_polls_ends_all_the_same(sandbox: Sandbox, client: httpx.Client) -> None:
    """A conversion is done after a while, polled or not."""
    lead = made(client)
    client.post(f"/api/v2/leads/{lead['id']}/convert/deal")
    sandbox.switch(convert_seconds=0)

    assert client.get(f"{LEADS}/{lead['id']}").status_code == 404


def test_a_deal_becomes_a_lead(sandbox: Sandbox, client: httpx.Client) -> None:
    """The way back marks the deal deleted and gives a lead with its custom fields flat."""
    code = code_of(sandbox, "monetary")
    money = {"value": 5, "currency": "EUR"}
    body = {"title": "x", "person_id": 1, "value": 7, "custom_fields": {code: money}}
    deal = client.post("/api/v2/deals", json=body).json()["data"]
    path = f"/api/v2/deals/{deal['id']}/convert"

    job = client.post(f"{path}/lead").json()["data"]["conversion_id"]
    done = client.get(f"{path}/status/{job}").json()["data"]

    lead = client.get(f"{LEADS}/{done['lead_id']}").json()["data"]
    assert (lead["title"], lead["source_deal_id"], lead["value"]["amount"]) == ("x", deal["id"], 7)
    assert (lead[code], lead[f"{code}_currency"]) == (5, "EUR")
    assert client.get(f"/api/v2/deals/{deal['id']}").json()["data"]["is_deleted"] is True
