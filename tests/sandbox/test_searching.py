"""Search: what is found, in which order, in how thin an item, and how late."""

from typing import Any

import httpx

from pipedrive_tools.sandbox import Sandbox

DEALS, PERSONS, ORGANIZATIONS = "/api/v2/deals", "/api/v2/persons", "/api/v2/organizations"


def found(client: httpx.Client, path: str, **query: str | int) -> list[dict[str, Any]]:
    """The items of a search."""
    answer = client.get(f"{path}/search", params=query)
    assert answer.status_code == 200, answer.text
    return [each["item"] for each in answer.json()["data"]["items"]]


def test_the_best_hit_comes_first(client: httpx.Client) -> None:
    """A whole title beats its beginning, which beats a part."""
    for title in ("the zebra crossing", "zebra", "zebra crossing"):
        client.post(DEALS, json={"title": title})

    items = client.get(f"{DEALS}/search", params={"term": "ZEBRA"}).json()["data"]["items"]

    assert [each["item"]["title"] for each in items] == ["zebra", "zebra crossing", "the zebra crossing"]
    scores = [each["result_score"] for each in items]
    assert scores == sorted(scores, reverse=True)


def test_an_exact_match_is_the_whole_field(client: httpx.Client) -> None:
    """`exact_match` ignores case and takes one letter."""
    client.post(DEALS, json={"title": "Zebra"})
    client.post(DEALS, json={"title": "Zebra crossing"})
    client.post(DEALS, json={"title": "Z"})

    assert [each["title"] for each in found(client, DEALS, term="zebra", exact_match="true")] == ["Zebra"]
    assert [each["title"] for each in found(client, DEALS, term="z", exact_match="true")] == ["Z"]


def test_fields_narrow_a_search(sandbox: Sandbox, client: httpx.Client) -> None:
    """Only the fields that were named are looked at; hits in notes and custom fields are quoted."""
    code = next(
        each["field_code"]
        for each in sandbox.records("deal_fields")
        if each["is_custom_field"] and each["field_type"] == "text"
    )
    one = client.post(DEALS, json={"title": "one", "custom_fields": {code: "zebra stripes"}}).json()["data"]
    two = client.post(DEALS, json={"title": "two"}).json()["data"]
    client.post("/api/v1/notes", json={"content": "a zebra", "deal_id": two["id"]})

    assert found(client, DEALS, term="zebra", fields="title") == []
    assert [each["custom_fields"] for each in found(client, DEALS, term="zebra", fields="custom_fields")] == [
        ["zebra stripes"]
    ]
    assert [each["notes"] for each in found(client, DEALS, term="zebra", fields="notes")] == [["a zebra"]]
    assert {each["id"] for each in found(client, DEALS, term="zebra")} == {one["id"], two["id"]}


def test_persons_are_found_by_email(client: httpx.Client) -> None:
    """Emails and phones are looked at, and are plain strings in the item."""
    client.post(PERSONS, json={"name": "Ada", "org_id": 1, "emails": [{"value": "zebra@example.org"}]})

    (item,) = found(client, PERSONS, term="zebra@example.org")

    assert item["emails"] == ["zebra@example.org"]
    assert item["organization"]["id"] == 1
    assert "update_time" not in item


def test_organizations_are_found_by_address(client: httpx.Client) -> None:
    """The address of an organization is one string in the item."""
    client.post(ORGANIZATIONS, json={"name": "x", "address": {"value": "Zebra street 1"}})

    assert [each["address"] for each in found(client, ORGANIZATIONS, term="zebra")] == ["Zebra street 1"]


def test_filters(client: httpx.Client) -> None:
    """Hits are filtered by person, organization and status."""
    for status, person in (("open", 1), ("won", 1), ("open", 4)):
        client.post(DEALS, json={"title": "zebra", "status": status, "person_id": person})

    assert len(found(client, DEALS, term="zebra")) == 3
    assert len(found(client, DEALS, term="zebra", person_id=1)) == 2
    assert len(found(client, DEALS, term="zebra", person_id=1, status="won")) == 1
    assert found(client, DEALS, term="zebra", organization_id=1) == []


def test_pages(client: httpx.Client) -> None:
    """Search goes on by cursor."""
    for count in range(5):
        client.post(DEALS, json={"title": f"zebra {count}"})
    first = client.get(f"{DEALS}/search", params={"term": "zebra", "limit": 3}).json()
    query = {"term": "zebra", "limit": 3, "cursor": first["additional_data"]["next_cursor"]}

    second = client.get(f"{DEALS}/search", params=query).json()

    ids = [each["item"]["id"] for page in (first, second) for each in page["data"]["items"]]
    assert len(set(ids)) == 5
    assert second["additional_data"]["next_cursor"] is None


def test_the_index_can_lag(sandbox: Sandbox, client: httpx.Client) -> None:
    """With a lag, a search does not find what was just written; without it, it does."""
    sandbox.switch(search_lag=60)
    client.post(DEALS, json={"title": "zebra"})

    assert found(client, DEALS, term="zebra") == []
    sandbox.switch(search_lag=0)
    assert len(found(client, DEALS, term="zebra")) == 1


def test_deleted_records_are_not_found(client: httpx.Client) -> None:
    """A deleted deal is out of the index."""
    deal = client.post(DEALS, json={"title": "zebra"}).json()["data"]
    assert len(found(client, DEALS, term="zebra")) == 1

    client.delete(f"{DEALS}/{deal['id']}")

    assert found(client, DEALS, term="zebra") == []


def test_every_kind_at_once(client: httpx.Client) -> None:
    """Item search finds all kinds or those that were named, and related deals when asked."""
    person = client.post(PERSONS, json={"name": "zebra"}).json()["data"]["id"]
    client.post(ORGANIZATIONS, json={"name": "zebra"})
    client.post("/api/v1/leads", json={"title": "zebra", "person_id": person})
    deal = client.post(DEALS, json={"title": "other", "person_id": person}).json()["data"]["id"]
    query = {"term": "zebra", "search_for_related_items": "true"}

    every = client.get("/api/v2/itemSearch", params=query).json()["data"]
    persons = client.get("/api/v2/itemSearch", params={"term": "zebra", "item_types": "person"}).json()[
        "data"
    ]

    assert {each["item"]["type"] for each in every["items"]} == {"person", "organization", "lead"}
    assert [each["item"]["id"] for each in every["related_items"]] == [deal]
    assert [each["item"]["id"] for each in persons["items"]] == [person]


def test_one_field_minds_case(client: httpx.Client) -> None:
    """The search of one field minds case and matches whole, at the beginning or anywhere."""
    client.post(DEALS, json={"title": "Zebra crossing"})

    def names(**query: str) -> list[str]:
        shared = {"entity_type": "deal", "field": "title"}
        answer = client.get("/api/v2/itemSearch/field", params={**shared, **query}).json()
        return [each["item"]["name"] for each in answer["data"]]

    assert names(term="Zebra crossing") == ["Zebra crossing"]
    assert names(term="Zebra") == []
    assert names(term="Zebra", match="beginning") == ["Zebra crossing"]
    assert names(term="crossing", match="middle") == ["Zebra crossing"]
    assert names(term="zebra", match="beginning") == []
