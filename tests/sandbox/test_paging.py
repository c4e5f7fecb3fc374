"""Cursors of v2: whole walks, what binds a cursor, and lists that lag."""

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.answers import RefusedError
from pipedrive_tools.sandbox.cursor import Place, read, write

DEALS = "/api/v2/deals"


def walk(client: httpx.Client, path: str, **query: str | int) -> list[dict[str, object]]:
    """Every record of a list, page by page."""
    found: list[dict[str, object]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(path, params={**query, **cursor}).json()
        found += page["data"]
        following = page["additional_data"]["next_cursor"]
        if following is None:
            return found
        cursor = {"cursor": following}


@pytest.mark.parametrize("path", ["deals", "persons", "organizations", "activities", "stages", "dealFields"])
def test_a_walk_sees_every_record_once(path: str, client: httpx.Client) -> None:
    """Pages of seven add up to one page of everything."""
    whole = client.get(f"/api/v2/{path}", params={"limit": 500}).json()["data"]

    assert walk(client, f"/api/v2/{path}", limit=7) == whole
    assert len(whole) > 7


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", ["id", "add_time", "update_time", "due_date"])
def test_a_walk_keeps_its_order(field: str, direction: str, client: httpx.Client) -> None:
    """Sorted pages add up to a sorted whole, whatever is null in between."""
    query = {"sort_by": field, "sort_direction": direction}
    whole = client.get("/api/v2/activities", params={**query, "limit": 500}).json()["data"]
    values = [each.get(field, "") for each in whole]

    assert values == sorted(values, reverse=direction == "desc")
    assert walk(client, "/api/v2/activities", limit=7, **query) == whole


def test_a_full_last_page_ends_the_walk(sandbox: Sandbox, client: httpx.Client) -> None:
    """The end is a null cursor, not an empty page."""
    stages = len(sandbox.records("stages"))

    assert client.get("/api/v2/stages", params={"limit": stages}).json()["additional_data"] == {
        "next_cursor": None
    }
    assert client.get("/api/v2/stages", params={"limit": stages - 1}).json()["additional_data"]["next_cursor"]


def test_a_cursor_is_bound(client: httpx.Client) -> None:
    """A cursor goes with its endpoint and its filters; the page size may change."""
    first = client.get(DEALS, params={"limit": 2, "status": "open"}).json()
    cursor = first["additional_data"]["next_cursor"]
    middle = len(cursor) // 2
    bent = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]

    def status(path: str, **query: str | int) -> int:
        return client.get(path, params=query).status_code

    assert status(DEALS, cursor=cursor, status="open", limit=5) == 200
    assert status(DEALS, cursor=cursor, status="won", limit=2) == 400
    assert status(DEALS, cursor=cursor) == 400
    assert status("/api/v2/persons", cursor=cursor, status="open") == 400
    assert status(DEALS, cursor=bent, status="open", limit=2) == 400


def test_a_cursor_can_grow_old() -> None:
    """A cursor with a life is refused after it; one without lives for ever."""
    cursor = write(Place(None, 7), "here", now=100)

    assert read(cursor, "here", now=160, life_minutes=1) == Place(None, 7)
    assert read(cursor, "here", now=1e9, life_minutes=0) == Place(None, 7)
    with pytest.raises(RefusedError):
        read(cursor, "here", now=161, life_minutes=1)


def test_a_record_that_is_made_during_a_walk_is_seen(client: httpx.Client) -> None:
    """A walk by id meets what was added behind its place."""
    first = client.get(DEALS, params={"limit": 2}).json()
    new = client.post(DEALS, json={"title": "x"}).json()["data"]["id"]
    query = {"limit": 500, "cursor": first["additional_data"]["next_cursor"]}

    assert client.get(DEALS, params=query).json()["data"][-1]["id"] == new


@pytest.mark.parametrize(("setting", "status"), [(400, 400), ("clamped", 200)])
def test_limits_over_the_maximum(
    setting: object, status: int, sandbox: Sandbox, client: httpx.Client
) -> None:
    """What a page size above the maximum does is a switch."""
    sandbox.switch(limit_over_max=setting)

    assert client.get(DEALS, params={"limit": 501}).status_code == status
    assert client.get("/api/v1/notes", params={"limit": 501}).status_code == status


def test_filters(sandbox: Sandbox, client: httpx.Client) -> None:
    """Every filter of deals keeps what it should and nothing else."""
    deals = [each for each in sandbox.records("deals") if not each["is_deleted"] and not each["is_archived"]]
    for name in ("owner_id", "person_id", "org_id", "pipeline_id", "stage_id"):
        value = next(each[name] for each in deals if each[name])
        found = client.get(DEALS, params={name: value, "limit": 500}).json()["data"]
        assert [each["id"] for each in found] == [each["id"] for each in deals if each[name] == value]


def test_several_statuses(client: httpx.Client) -> None:
    """Statuses are joined by commas; without one, everything comes that is not deleted."""
    both = client.get(DEALS, params={"status": "won,lost", "limit": 500}).json()["data"]
    every = client.get(DEALS, params={"limit": 500}).json()["data"]

    assert {each["status"] for each in both} == {"won", "lost"}
    assert {each["status"] for each in every} == {"open", "won", "lost"}


def test_ids_that_are_unknown_drop_out(client: httpx.Client) -> None:
    """Unknown ids are passed over in silence."""
    found = client.get(DEALS, params={"ids": "1,3,99999"}).json()["data"]

    assert {each["id"] for each in found} <= {1, 3}
    assert found != []


def test_updated_since_is_inclusive_and_until_is_not(client: httpx.Client) -> None:
    """A record is in the span that begins at its time, and not in the one that ends there."""
    deal = client.post(DEALS, json={"title": "x"}).json()["data"]
    at = deal["update_time"]

    def found(**query: str) -> set[int]:
        return {each["id"] for each in client.get(DEALS, params={"limit": "500", **query}).json()["data"]}

    assert deal["id"] in found(updated_since=at)
    assert deal["id"] not in found(updated_until=at)


def test_a_filter_that_is_not_there(client: httpx.Client) -> None:
    """A saved filter that does not exist is not found."""
    assert client.get(DEALS, params={"filter_id": 5}).status_code == 404


def test_lists_can_lag(sandbox: Sandbox, client: httpx.Client) -> None:
    """With a lag, lists show records as they were; reads by id are always fresh."""
    sandbox.switch(list_lag=60)
    new = client.post(DEALS, json={"title": "x"}).json()["data"]["id"]
    old = next(each for each in client.get(DEALS).json()["data"] if each["status"] == "open")
    client.patch(f"{DEALS}/{old['id']}", json={"title": "changed"})

    listed = {each["id"]: each["title"] for each in client.get(DEALS, params={"limit": 500}).json()["data"]}

    assert new not in listed
    assert listed[old["id"]] == old["title"]
    assert client.get(f"{DEALS}/{old['id']}").json()["data"]["title"] == "changed"
    sandbox.switch(list_lag=0)
    assert new in {each["id"] for each in client.get(DEALS, params={"limit": 500}).json()["data"]}


def test_the_last_page_can_be_silent(sandbox: Sandbox, client: httpx.Client) -> None:
    """With the switch set, the last page has no cursor at all."""
    sandbox.switch(last_cursor="missing")

    assert client.get("/api/v2/stages").json()["additional_data"] == {}
    assert client.get(f"{DEALS}/search", params={"term": "nobody"}).json()["additional_data"] == {}
