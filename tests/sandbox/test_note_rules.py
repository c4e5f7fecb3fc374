"""Notes of v1: HTML that is cleaned, a parent that must be there, pins, offset paging."""

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox

NOTES = "/api/v1/notes"


def test_html_is_cleaned(client: httpx.Client) -> None:
    """What would run is taken out, what is shown stays."""
    content = '<b onclick="x()">Hello</b><script>alert(1)</script> <i>there</i>'

    note = client.post(NOTES, json={"content": content, "person_id": 1}).json()["data"]

    assert note["content"] == "<b>Hello</b> <i>there</i>"


def test_a_note_needs_a_parent(client: httpx.Client) -> None:
    """A note hangs on something."""
    assert client.post(NOTES, json={"content": "x"}).status_code == 400
    assert client.post(NOTES, json={"content": "x", "person_id": 1}).status_code == 200


@pytest.mark.parametrize("body", [{"deal_id": "1"}, {"lead_id": "7"}, {"person_id": 99_999}, {"content": ""}])
def test_wrong_values_are_refused(body: dict[str, object], client: httpx.Client) -> None:
    """A wrong value is refused in the general shape."""
    answer = client.post(NOTES, json={"content": "x", "person_id": 1, **body})

    assert answer.status_code == 400
    assert answer.json()["data"] is None


def test_pins_are_numbers_in_and_booleans_out(client: httpx.Client) -> None:
    """A pin is sent as 0 or 1, comes back as a boolean, and needs its parent."""
    body = {"content": "x", "person_id": 1}

    pinned = client.post(NOTES, json={**body, "pinned_to_person_flag": 1}).json()["data"]

    assert pinned["pinned_to_person_flag"] is True
    assert client.post(NOTES, json={**body, "pinned_to_person_flag": True}).status_code == 400
    assert client.post(NOTES, json={**body, "pinned_to_deal_flag": 1}).status_code == 400


def test_an_update_is_a_put_of_what_changes(client: httpx.Client) -> None:
    """What is left out of a PUT keeps its value, and the writer is remembered."""
    note = client.post(NOTES, json={"content": "x", "person_id": 1}).json()["data"]

    after = client.put(f"{NOTES}/{note['id']}", json={"content": "y"}).json()["data"]

    assert (after["content"], after["person_id"], after["last_update_user_id"]) == ("y", 1, 1)
    assert after["update_time"] > note["update_time"]
    assert client.patch(f"{NOTES}/{note['id']}", json={"content": "z"}).status_code == 405


def test_deleting_answers_true(client: httpx.Client) -> None:
    """A delete answers `true`, and the note is inactive and in no list."""
    note = client.post(NOTES, json={"content": "x", "person_id": 1}).json()["data"]
    path = f"{NOTES}/{note['id']}"

    assert client.delete(path).json() == {"success": True, "data": True}
    assert client.get(path).json()["data"]["active_flag"] is False
    assert client.delete(path).status_code == 404
    listed = client.get(NOTES, params={"person_id": 1, "limit": 500}).json()["data"]
    assert note["id"] not in {each["id"] for each in listed}


def test_pages_tell_the_next_start(sandbox: Sandbox, client: httpx.Client) -> None:
    """Pages of notes carry `pagination` with the next start, which the last page lacks."""
    active = [each["id"] for each in sandbox.records("notes") if each["active_flag"]]
    seen: list[int] = []
    start: int | None = 0
    while start is not None:
        page = client.get(NOTES, params={"limit": 10, "start": start}).json()
        seen += [each["id"] for each in page["data"]]
        start = page["additional_data"]["pagination"].get("next_start")

    assert seen == active


def test_filters(client: httpx.Client) -> None:
    """Notes are filtered by parent, day, pin and change."""
    body = {"content": "x", "person_id": 1, "pinned_to_person_flag": 1, "add_time": "2026-01-05 10:00:00"}
    note = client.post(NOTES, json=body).json()["data"]
    changed = note["update_time"].replace(" ", "T") + "Z"

    def found(**query: str | int) -> list[int]:
        return [each["id"] for each in client.get(NOTES, params={"limit": 500, **query}).json()["data"]]

    assert note["id"] in found(person_id=1, pinned_to_person_flag=1)
    assert note["id"] not in found(person_id=1, pinned_to_person_flag=0)
    assert note["id"] in found(start_date="2026-01-05", end_date="2026-01-05")
    assert note["id"] not in found(start_date="2026-01-06")
    assert note["id"] in found(updated_since=changed)
    assert found(sort="id DESC")[0] == note["id"]


def test_parents_are_named(client: httpx.Client) -> None:
    """An answer tells the names of parents as they are now."""
    note = client.post(NOTES, json={"content": "x", "person_id": 1}).json()["data"]
    client.patch("/api/v2/persons/1", json={"name": "New Name"})

    assert client.get(f"{NOTES}/{note['id']}").json()["data"]["person"] == {"name": "New Name"}
