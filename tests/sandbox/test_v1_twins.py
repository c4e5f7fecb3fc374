"""The v1 endpoints that v2 has taken over: gone by default, and good enough for old clients when asked for."""

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox


@pytest.fixture
def old(sandbox: Sandbox, client: httpx.Client) -> httpx.Client:
    """A client of a service that still has the v1 endpoints."""
    sandbox.switch(v1_twins=200)
    return client


@pytest.mark.parametrize("setting", [404, 410])
@pytest.mark.parametrize(
    "path", ["deals", "persons/1", "organizations", "activities", "pipelines", "stages", "itemSearch"]
)
def test_they_are_gone(path: str, setting: int, sandbox: Sandbox, client: httpx.Client) -> None:
    """By default they are not there; a switch says in which words."""
    sandbox.switch(v1_twins=setting)

    assert client.get(f"/v1/{path}").status_code == setting


def test_what_v1_still_has_stays(client: httpx.Client) -> None:
    """Leads and notes are served all the same: the counter-test."""
    assert client.get("/v1/leads").status_code == 200
    assert client.get("/v1/notes").status_code == 200


@pytest.mark.parametrize("name", ["deals", "persons", "organizations", "activities", "pipelines", "stages"])
def test_lists(name: str, old: httpx.Client) -> None:
    """Lists page by offset and have the v1 shape."""
    page = old.get(f"/v1/{name}", params={"limit": 1, "start": 1}).json()

    assert len(page["data"]) == 1
    assert page["additional_data"]["pagination"]["next_start"] == 2
    assert "is_deleted" not in page["data"][0]
    assert old.get(f"/v1/{name}/{page['data'][0]['id']}").json()["data"] == page["data"][0]
    assert old.get(f"/v1/{name}/99999").status_code == 404


def test_a_deal_in_the_old_shape(sandbox: Sandbox, old: httpx.Client) -> None:
    """Numbers as text are taken, links are unfolded, custom fields are flat."""
    code = next(
        each["field_code"]
        for each in sandbox.records("deal_fields")
        if each["is_custom_field"] and each["field_type"] == "text"
    )
    body = {"title": "x", "value": "12.5", "user_id": 2, "person_id": "1", "label": "1", code: "y"}

    answer = old.post("/v1/deals", json=body)

    deal = answer.json()["data"]
    assert answer.status_code == 201
    assert (deal["value"], deal["user_id"]["value"], deal["person_id"]["value"], deal[code]) == (
        12.5,
        2,
        1,
        "y",
    )
    assert (deal["active"], deal["label"], deal["visible_to"]) == (True, 1, "3")
    assert old.put(f"/v1/deals/{deal['id']}", json={"status": "won"}).json()["data"]["status"] == "won"
    assert old.delete(f"/v1/deals/{deal['id']}").json()["data"] == {"id": deal["id"]}


def test_an_activity_in_the_old_shape(old: httpx.Client) -> None:
    """A person is taken by its id, and done as a number."""
    body = {"subject": "x", "type": "call", "person_id": 1, "done": 1, "user_id": 2}

    activity = old.post("/v1/activities", json=body).json()["data"]

    assert (activity["person_id"], activity["done"], activity["user_id"]) == (1, True, 2)


def test_a_person_in_the_old_shape(old: httpx.Client) -> None:
    """Bare emails are taken."""
    body = {"name": "x", "email": ["a@example.org"], "phone": "+1"}

    person = old.post("/v1/persons", json=body).json()["data"]

    assert person["email"] == [{"value": "a@example.org", "primary": True, "label": "work"}]
    assert person["phone"][0]["value"] == "+1"


def test_an_organization_in_the_old_shape(old: httpx.Client) -> None:
    """An address is one string."""
    organization = old.post("/v1/organizations", json={"name": "x", "address": "Tallinn"}).json()["data"]

    assert organization["address"] == "Tallinn"


def test_refusals_have_the_general_shape(old: httpx.Client) -> None:
    """What v2 refuses, v1 refuses in its own shape."""
    answer = old.post("/v1/deals", json={"value": 5})

    assert answer.status_code == 400
    assert answer.json()["data"] is None
    assert "title" in answer.json()["error"]


def test_search(old: httpx.Client) -> None:
    """Search gives the same items, with an offset."""
    old.post("/v1/deals", json={"title": "zebra"})

    for path in ("/v1/itemSearch", "/v1/deals/search"):
        answer = old.get(path, params={"term": "zebra", "start": 0, "limit": 5}).json()
        assert [each["item"]["title"] for each in answer["data"]["items"]] == ["zebra"]
        assert answer["additional_data"]["pagination"]["start"] == 0


def test_old_prices(sandbox: Sandbox, old: httpx.Client) -> None:
    """A v1 call costs what v1 cost."""
    for path in ("deals", "deals/1", "stages"):
        old.get(f"/v1/{path}")

    assert [each["cost"] for each in sandbox.log()] == [20, 2, 10]


def test_filters(sandbox: Sandbox, old: httpx.Client) -> None:
    """Old filter names are understood."""
    found = old.get("/v1/deals", params={"user_id": 1, "status": "open", "limit": 500}).json()["data"]
    stages = old.get("/v1/stages", params={"pipeline_id": 2}).json()["data"]
    done = old.get("/v1/activities", params={"done": "1", "limit": 500}).json()["data"]

    assert {(each["user_id"]["id"], each["status"]) for each in found} == {(1, "open")}
    assert {each["pipeline_id"] for each in stages} == {2}
    assert {each["done"] for each in done} == {True}
