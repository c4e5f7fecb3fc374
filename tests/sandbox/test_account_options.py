"""What depends on what the account has: contact sync, Campaigns, its plan, its users and currencies."""

from collections.abc import Iterator

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox

PERSONS = "/api/v2/persons"


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """A company on the smallest plan."""
    with Sandbox.start(data="empty", plan="lite") as box:
        yield box


def test_contact_sync(sandbox: Sandbox, client: httpx.Client) -> None:
    """With contact sync, its five fields are taken and given back; without it they are a 403."""
    body = {
        "name": "Ada",
        "job_title": "CEO",
        "birthday": "1815-12-10",
        "notes": "n",
        "im": [{"value": "ada", "label": "skype"}],
        "postal_address": {"value": "London"},
    }
    assert client.post(PERSONS, json=body).status_code == 403
    sandbox.switch(contact_sync="on")

    person = client.post(PERSONS, json=body).json()["data"]

    assert (person["job_title"], person["im"][0]["primary"]) == ("CEO", True)
    assert person["postal_address"] == {"value": "London"}


def test_campaigns(sandbox: Sandbox, client: httpx.Client) -> None:
    """Without Campaigns its fields are neither taken nor told."""
    asked = {"include_fields": "marketing_status"}
    body = {"marketing_status": "subscribed"}
    assert client.get(f"{PERSONS}/1", params=asked).status_code == 403
    assert client.patch(f"{PERSONS}/1", json=body).status_code == 403
    sandbox.switch(campaigns="on")

    assert client.patch(f"{PERSONS}/1", json=body).status_code == 200

    assert client.get(f"{PERSONS}/1", params=asked).json()["data"]["marketing_status"] == "subscribed"
    assert "marketing_status" not in client.get(f"{PERSONS}/1").json()["data"]


@pytest.mark.parametrize(("value", "status"), [(1, 200), (3, 200), (5, 400), (7, 400)])
def test_visibility_by_plan(value: int, status: int, small: Sandbox) -> None:
    """A small plan has fewer groups of visibility."""
    answer = httpx.post(
        f"{small.url}/api/v2/deals",
        headers={"x-api-token": small.token},
        json={"title": "x", "visible_to": value},
    )

    assert answer.status_code == status


def test_renaming_needs_both_halves(client: httpx.Client) -> None:
    """A person is renamed by its name, or by both halves together."""
    assert client.patch(f"{PERSONS}/1", json={"first_name": "Ada"}).status_code == 400
    both = client.patch(f"{PERSONS}/1", json={"first_name": "Ada", "last_name": "King"}).json()["data"]
    assert both["name"] == "Ada King"


def test_persons_of_a_deal(client: httpx.Client) -> None:
    """Persons are filtered by deal and by organization."""
    deal = client.post("/api/v2/deals", json={"title": "x", "person_id": 1}).json()["data"]["id"]

    found = client.get(PERSONS, params={"deal_id": deal}).json()["data"]

    assert [each["id"] for each in found] == [1]
    assert client.get(PERSONS, params={"deal_id": 99_999}).json()["data"] == []


def test_counts_follow_the_deals(client: httpx.Client) -> None:
    """The deal counts of a person and an organization are those of their deals."""
    person = client.post(PERSONS, json={"name": "Ada", "org_id": 1}).json()["data"]["id"]
    for status in ("open", "open", "won", "lost"):
        client.post("/api/v2/deals", json={"title": "x", "person_id": person, "status": status})
    client.post("/api/v1/notes", json={"content": "x", "person_id": person})
    names = (
        "open_deals_count",
        "won_deals_count",
        "closed_deals_count",
        "related_won_deals_count",
        "notes_count",
        "files_count",
        "last_activity_id",
        "smart_bcc_email",
    )

    told = client.get(f"{PERSONS}/{person}", params={"include_fields": ",".join(names)}).json()["data"]
    people = client.get("/api/v2/organizations/1", params={"include_fields": "people_count"}).json()["data"]

    assert [told[name] for name in names[:7]] == [2, 1, 2, 0, 1, 0, None]
    assert told["smart_bcc_email"].endswith(f"person{person}@pipedrivemail.com")
    assert people["people_count"] >= 1


def test_users(client: httpx.Client) -> None:
    """The calling user knows the company; others are found by a part of their name."""
    me = client.get("/api/v1/users/me").json()["data"]

    assert me["is_you"] is True
    assert me["company_domain"] == "sandbox"
    found = client.get("/api/v1/users/find", params={"term": me["email"], "search_by_email": 1}).json()
    assert [each["id"] for each in found["data"]] == [me["id"]]
    assert client.get("/api/v1/users/find").status_code == 400


def test_currencies_by_term(client: httpx.Client) -> None:
    """Currencies are found by a part of their code or name."""
    found = client.get("/api/v1/currencies", params={"term": "dollar"}).json()["data"]

    assert {"USD", "CAD"} <= {each["code"] for each in found}
    assert "EUR" not in {each["code"] for each in found}


def test_field_definitions(client: httpx.Client) -> None:
    """Definitions are read one by one, and tell more when asked to."""
    plain = client.get("/api/v2/dealFields/title").json()["data"]
    more = client.get("/api/v2/dealFields/title", params={"include_fields": "ui_visibility"}).json()["data"]

    assert "ui_visibility" not in plain
    assert more.keys() - plain.keys() == {"ui_visibility"}
    assert client.get("/api/v2/dealFields/nothing").status_code == 404


@pytest.mark.parametrize(("setting", "status"), [("moves both", 200), ("400", 400)])
def test_a_stage_of_another_pipeline(
    setting: str, status: int, sandbox: Sandbox, client: httpx.Client
) -> None:
    """Whether a stage alone can move a deal to another pipeline is a switch."""
    deal = client.post("/api/v2/deals", json={"title": "x", "stage_id": 1}).json()["data"]["id"]
    sandbox.switch(stage_other_pipeline=setting)
    path = f"/api/v2/deals/{deal}"

    assert client.patch(path, json={"stage_id": 7}).status_code == status
    assert client.patch(path, json={"stage_id": 7, "pipeline_id": 2}).status_code == 200
    assert client.patch(path, json={"pipeline_id": 3}).json()["data"]["stage_id"] == 11


@pytest.mark.parametrize(("setting", "status"), [("HH:MM", 400), ("both", 200)])
def test_times_with_seconds(setting: str, status: int, sandbox: Sandbox, client: httpx.Client) -> None:
    """Whether an activity takes seconds is a switch."""
    sandbox.switch(time_format=setting)
    body = {"subject": "x", "type": "call", "due_time": "09:30:00"}

    assert client.post("/api/v2/activities", json=body).status_code == status


@pytest.mark.parametrize(("setting", "status"), [("object", 400), ("string", 200)])
def test_times_as_text(setting: str, status: int, sandbox: Sandbox, client: httpx.Client) -> None:
    """Whether a time field takes bare text is a switch."""
    sandbox.switch(time_field_input=setting)
    code = next(
        each["field_code"]
        for each in sandbox.records("deal_fields")
        if each["is_custom_field"] and each["field_type"] == "time"
    )

    answer = client.post("/api/v2/deals", json={"title": "x", "custom_fields": {code: "09:30:00"}})

    assert answer.status_code == status


@pytest.mark.parametrize(("setting", "status"), [("400", 400), ("allowed", 200)])
def test_changing_what_is_archived(setting: str, status: int, sandbox: Sandbox, client: httpx.Client) -> None:
    """Whether an archived record can be changed is a switch."""
    deal = client.post("/api/v2/deals", json={"title": "x", "is_archived": True}).json()["data"]["id"]
    sandbox.switch(edit_archived=setting)

    assert client.patch(f"/api/v2/deals/{deal}", json={"title": "y"}).status_code == status
