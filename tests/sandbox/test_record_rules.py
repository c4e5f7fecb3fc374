"""What follows from a write: derived values, soft deletes, archives, and how records point at each other."""

from typing import Any

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox

DEALS, PERSONS, ACTIVITIES = "/api/v2/deals", "/api/v2/persons", "/api/v2/activities"


def made(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """A new record."""
    answer = client.post(path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json()["data"])


def changed(client: httpx.Client, path: str, record: dict[str, Any], **body: Any) -> dict[str, Any]:
    """A record after an update."""
    answer = client.patch(f"{path}/{record['id']}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def test_a_new_deal_begins_at_the_first_stage(client: httpx.Client) -> None:
    """A deal without a stage is put into the first stage of the first pipeline, open, and owned by the caller."""
    deal = made(client, DEALS, title="x")

    assert (deal["pipeline_id"], deal["stage_id"], deal["status"], deal["owner_id"]) == (1, 1, "open", 1)
    assert deal["stage_change_time"] == deal["add_time"] == deal["update_time"]


def test_a_stage_implies_its_pipeline(client: httpx.Client) -> None:
    """A deal that moves to a stage moves to the stage's pipeline, and its stage time moves with it."""
    deal = made(client, DEALS, title="x")

    moved = changed(client, DEALS, deal, stage_id=7)

    assert (moved["pipeline_id"], moved["stage_id"]) == (2, 7)
    assert moved["stage_change_time"] > deal["stage_change_time"]


def test_a_stage_of_another_pipeline_is_refused(client: httpx.Client) -> None:
    """Stage and pipeline must go together when both are sent."""
    assert client.post(DEALS, json={"title": "x", "stage_id": 7, "pipeline_id": 1}).status_code == 400
    assert client.post(DEALS, json={"title": "x", "stage_id": 7, "pipeline_id": 2}).status_code == 200


def test_every_write_moves_the_update_time(client: httpx.Client) -> None:
    """Two writes in one second have two times."""
    deal = made(client, DEALS, title="x")
    times = [deal["update_time"]] + [
        changed(client, DEALS, deal, title=str(count))["update_time"] for count in range(3)
    ]

    assert times == sorted(set(times))


def test_winning_and_reopening(client: httpx.Client) -> None:
    """A won deal has its times, and a deal that is opened again has none."""
    deal = made(client, DEALS, title="x")

    won = changed(client, DEALS, deal, status="won")
    again = changed(client, DEALS, deal, status="open")

    assert won["won_time"] == won["close_time"] == won["update_time"]
    assert won["local_won_date"] == won["won_time"][:10]
    assert again["close_time"] is None
    assert "won_time" not in again


def test_losing_with_a_reason(client: httpx.Client) -> None:
    """A lost deal keeps the reason and the time that were sent."""
    deal = made(client, DEALS, title="x")

    lost = changed(client, DEALS, deal, status="lost", lost_reason="price", lost_time="2026-02-01T10:00:00Z")

    assert (lost["lost_reason"], lost["lost_time"]) == ("price", "2026-02-01T10:00:00Z")


def test_an_empty_close_date_becomes_zeros(client: httpx.Client) -> None:
    """An empty expected close date is stored as 0000-00-00, as the real service does."""
    deal = made(client, DEALS, title="x", expected_close_date="2026-05-01")

    assert changed(client, DEALS, deal, expected_close_date="")["expected_close_date"] == "0000-00-00"


def test_a_deleted_deal_leaves_the_lists(client: httpx.Client) -> None:
    """A deleted deal is in no list but that of deleted deals, and cannot be changed or deleted again."""
    deal = made(client, DEALS, title="x")
    one = {"ids": str(deal["id"])}

    assert client.get(DEALS, params=one).json()["data"] != []
    assert client.delete(f"{DEALS}/{deal['id']}").json() == {"success": True, "data": {"id": deal["id"]}}
    assert client.get(DEALS, params=one).json()["data"] == []
    assert client.get(DEALS, params={**one, "status": "deleted"}).json()["data"][0]["is_deleted"] is True
    assert client.get(f"{DEALS}/{deal['id']}").json()["data"]["is_deleted"] is True
    assert client.patch(f"{DEALS}/{deal['id']}", json={"title": "y"}).status_code == 404
    assert client.delete(f"{DEALS}/{deal['id']}").status_code == 404


def test_reading_a_deleted_record_can_be_a_404(sandbox: Sandbox, client: httpx.Client) -> None:
    """With the switch set, a deleted record cannot be read."""
    deal = made(client, DEALS, title="x")
    client.delete(f"{DEALS}/{deal['id']}")
    sandbox.switch(get_deleted="404")

    assert client.get(f"{DEALS}/{deal['id']}").status_code == 404


@pytest.mark.parametrize(
    ("setting", "status", "deleted"), [("ignored", 200, False), ("400", 400, False), ("deletes", 200, True)]
)
def test_deleting_through_an_update(
    setting: str, status: int, deleted: bool, sandbox: Sandbox, client: httpx.Client
) -> None:
    """What `is_deleted` in an update does is a switch, and by default it does nothing."""
    deal = made(client, DEALS, title="x")
    sandbox.switch(patch_is_deleted=setting)

    assert client.patch(f"{DEALS}/{deal['id']}", json={"is_deleted": True}).status_code == status
    assert sandbox.records("deals")[-1]["is_deleted"] is deleted


def test_an_archived_deal_leaves_the_lists(client: httpx.Client) -> None:
    """An archived deal is in the archive only, and cannot be changed until it is brought back."""
    deal = made(client, DEALS, title="x")
    one = {"ids": str(deal["id"])}

    archived = changed(client, DEALS, deal, is_archived=True)

    assert archived["archive_time"] == archived["update_time"]
    assert client.get(DEALS, params=one).json()["data"] == []
    assert client.get(f"{DEALS}/archived", params=one).json()["data"] != []
    assert client.patch(f"{DEALS}/{deal['id']}", json={"title": "y"}).status_code == 400
    assert changed(client, DEALS, deal, is_archived=False, title="y")["archive_time"] is None
    assert client.get(DEALS, params=one).json()["data"][0]["title"] == "y"


def test_extras_come_only_when_asked_for(client: httpx.Client) -> None:
    """Counts and the next activity come with `include_fields`, and follow the activities."""
    deal = made(client, DEALS, title="x")
    later = made(client, ACTIVITIES, subject="b", type="call", deal_id=deal["id"], due_date="2026-05-02")
    sooner = made(client, ACTIVITIES, subject="a", type="call", deal_id=deal["id"], due_date="2026-04-02")
    path, asked = f"{DEALS}/{deal['id']}", {"include_fields": "next_activity_id,undone_activities_count"}

    before = client.get(path, params=asked).json()["data"]
    changed(client, ACTIVITIES, sooner, done=True)
    after = client.get(path, params=asked).json()["data"]

    assert "next_activity_id" not in client.get(path).json()["data"]
    assert (before["next_activity_id"], before["undone_activities_count"]) == (sooner["id"], 2)
    assert (after["next_activity_id"], after["undone_activities_count"]) == (later["id"], 1)


def test_a_done_activity_has_its_moment(client: httpx.Client) -> None:
    """Marking an activity done stamps it, and undoing that takes the stamp away."""
    activity = made(client, ACTIVITIES, subject="a", type="call")

    assert "marked_as_done_time" not in activity
    assert changed(client, ACTIVITIES, activity, done=True)["marked_as_done_time"]
    assert "marked_as_done_time" not in changed(client, ACTIVITIES, activity, done=False)


def test_the_primary_participant_is_the_person(client: httpx.Client) -> None:
    """The person of an activity is its primary participant, the first one where none is marked."""
    two = [{"person_id": 1}, {"person_id": 4, "primary": True}]
    activity = made(client, ACTIVITIES, subject="a", type="call", participants=two)

    assert activity["person_id"] == 4
    assert changed(client, ACTIVITIES, activity, participants=[{"person_id": 3}])["person_id"] == 3


def test_names_come_in_two_halves(client: httpx.Client) -> None:
    """A name is told whole and in halves, whichever way it was sent."""
    whole = made(client, PERSONS, name="Ada King Lovelace")
    halves = made(client, PERSONS, first_name="Ada", last_name="Lovelace")

    assert (whole["first_name"], whole["last_name"]) == ("Ada", "King Lovelace")
    assert halves["name"] == "Ada Lovelace"


def test_lists_are_replaced_whole(client: httpx.Client) -> None:
    """Emails that are not sent again are gone, and the first one becomes primary."""
    person = made(client, PERSONS, name="x", emails=[{"value": "a"}, {"value": "b"}])

    after = changed(client, PERSONS, person, emails=[{"value": "c"}])

    assert after["emails"] == [{"value": "c", "primary": True, "label": "work"}]


def test_an_address_is_replaced_whole(sandbox: Sandbox, client: httpx.Client) -> None:
    """Parts of an address that are not sent become null."""
    path = "/api/v2/organizations"
    record = made(client, path, name="x", address={"value": "A 1", "country": "Estonia"})

    changed(client, path, record, address={"value": "B 2"})

    stored = sandbox.records("organizations")[-1]["address"]
    assert (stored["value"], stored["country"]) == ("B 2", None)


def test_labels_and_options_can_be_spelt_out(sandbox: Sandbox, client: httpx.Client) -> None:
    """Labels and options are ids, and with their labels when that was asked for."""
    enum = next(
        each
        for each in sandbox.records("deal_fields")
        if each["is_custom_field"] and each["field_type"] == "enum"
    )
    code, option = enum["field_code"], enum["options"][0]
    deal = made(client, DEALS, title="x", label_ids=[1], custom_fields={code: option["id"]})
    asked = {"include_labels": "true", "include_option_labels": "true", "custom_fields": code}

    shown = client.get(f"{DEALS}/{deal['id']}", params=asked).json()["data"]

    assert shown["labels"] == [{"id": 1, "label": "Hot"}]
    assert shown["custom_fields"] == {code: {"id": option["id"], "label": option["label"]}}
