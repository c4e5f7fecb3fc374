"""Deliveries of the sandbox: what happened, to whom it is told, and Pipedrive's schedule when nobody takes it."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.webhooks.events import read
from tests.receivers import Receiver, receiving, until

QUICK = 0.0005
"""A second of the schedule, in seconds: 183 s pass in 92 ms."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hooked(sandbox: Sandbox, client: httpx.Client, receiver: Receiver) -> Sandbox:
    """A sandbox that tells the receiver everything, on a schedule that hurries."""
    sandbox.switch(webhook_second=QUICK, webhook_answer_seconds=5)
    hook(client, receiver)
    return sandbox


def hook(client: httpx.Client, receiver: Receiver, **changed: Any) -> int:
    values = {
        "subscription_url": receiver.url,
        "event_action": "*",
        "event_object": "*",
        "name": "All",
        "http_auth_user": "u",
        "http_auth_password": "p",
    }
    answer = client.post("/api/v1/webhooks", json={**values, **changed})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["data"]["id"])


def settled(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The log, once nothing is on its way."""
    until(lambda: sandbox.pending() == 0)
    return sandbox.deliveries()


def test_the_life_of_a_deal(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """A deal that is made, moved and deleted is told three times: what it is now, and what changed."""
    deal = client.post("/api/v2/deals", json={"title": "x", "stage_id": 1}).json()["data"]["id"]
    client.patch(f"/api/v2/deals/{deal}", json={"stage_id": 2})
    client.delete(f"/api/v2/deals/{deal}")
    created, changed, deleted = (each.event for each in receiver.came(3))

    assert [each["meta"]["action"] for each in (created, changed, deleted)] == ["create", "change", "delete"]
    assert (created["previous"], created["data"]["stage_id"]) == (None, 1)
    assert (changed["previous"]["stage_id"], changed["data"]["stage_id"]) == (1, 2)
    assert changed["previous"].keys() <= {"stage_id", "stage_change_time"}
    assert (deleted["data"], deleted["previous"]["stage_id"]) == (None, 2)


def test_who_and_where(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """An event says who changed what through the API, and carries the webhook's credential."""
    client.post("/api/v2/deals", json={"title": "x"})
    (told,) = receiver.came(1)
    meta = told.meta

    assert (told.method, told.credential) == ("POST", "u:p")
    assert (meta["entity"], meta["user_id"], meta["change_source"], meta["attempt"]) == (
        "deal",
        "1",
        "api",
        1,
    )
    assert (meta["webhook_id"], meta["version"]) == (str(hooked.records("webhooks")[-1]["id"]), "2.0")
    assert "1" in meta["permitted_user_ids"]
    assert meta["timestamp"].endswith(".000Z")


def test_somebody_in_the_app(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """A change can be said to be made by another user in the app, which makes it no echo of ours."""
    client.post("/api/v2/deals", json={"title": "x"}, headers={"x-sandbox-user": "3"})
    client.post("/api/v2/deals", json={"title": "y"})
    theirs, ours = sorted((read(each.event) for each in receiver.came(2)), key=lambda each: each.record)

    assert (theirs.meta.user_id, theirs.meta.change_source) == ("3", "app")
    assert (theirs.is_echo(1), ours.is_echo(1)) == (False, True)


EVERY_KIND: dict[str, list[tuple[str, str, dict[str, Any] | None]]] = {
    "person": [
        ("POST", "/api/v2/persons", {"name": "Ada"}),
        ("PATCH", "/api/v2/persons/1", {"name": "Bo"}),
        ("DELETE", "/api/v2/persons/1", None),
    ],
    "organization": [
        ("POST", "/api/v2/organizations", {"name": "Acme"}),
        ("PATCH", "/api/v2/organizations/1", {"name": "Bolt"}),
        ("DELETE", "/api/v2/organizations/1", None),
    ],
    "activity": [
        ("POST", "/api/v2/activities", {"subject": "x", "type": "call"}),
        ("PATCH", "/api/v2/activities/1", {"subject": "another one"}),
        ("DELETE", "/api/v2/activities/1", None),
    ],
    "note": [
        ("POST", "/api/v1/notes", {"content": "x", "person_id": 1}),
        ("PUT", "/api/v1/notes/1", {"content": "another one"}),
        ("DELETE", "/api/v1/notes/1", None),
    ],
    "lead": [
        ("POST", "/api/v1/leads", {"title": "x", "person_id": 1}),
        ("PATCH", "/api/v1/leads/{lead}", {"title": "another one"}),
        ("DELETE", "/api/v1/leads/{lead}", None),
    ],
}


@pytest.mark.parametrize("entity", EVERY_KIND)
def test_every_kind(entity: str, hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """Every change of every kind of record is told, and is an event that our own reader takes."""
    lead = next(each["id"] for each in hooked.records("leads") if not each["is_archived"])
    for method, path, body in EVERY_KIND[entity]:
        answer = client.request(method, path.format(lead=lead), json=body)
        assert answer.is_success, answer.text
    events = [read(each.event) for each in receiver.came(3)]

    assert {(each.meta.action, each.meta.entity) for each in events} == {
        (action, entity) for action in ("create", "change", "delete")
    }
    assert len({key for each in events for key in each.keys}) == 6
    assert all(each.update_time for each in events)


def test_a_conversion(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """A lead that becomes a deal is a deal that came and a lead that is gone."""
    lead = next(each["id"] for each in hooked.records("leads") if not each["is_archived"])
    job = client.post(f"/api/v2/leads/{lead}/convert/deal").json()["data"]["conversion_id"]
    client.get(f"/api/v2/leads/{lead}/convert/status/{job}")
    until(
        lambda: (
            {("create", "deal"), ("delete", "lead")} <= {(m["action"], m["entity"]) for m in metas(receiver)}
        )
    )


def metas(receiver: Receiver) -> list[dict[str, Any]]:
    return [each.meta for each in receiver.events]


def test_custom_fields_are_typed(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """Custom fields of all kinds come typed, and say the same as the API."""
    deal = max(
        hooked.records("deals"), key=lambda each: sum(v is not None for v in each["custom_fields"].values())
    )
    deal = next(each for each in hooked.records("deals") if each["custom_fields"] == deal["custom_fields"])
    client.patch(f"/api/v2/deals/{deal['id']}", json={"title": "x", "is_archived": False})
    told = read(receiver.came(1)[0].event).data
    assert told is not None
    held = {code: value for code, value in deal["custom_fields"].items() if value is not None}

    assert held
    for code, value in held.items():
        field = told.custom_fields[code]
        assert field is not None
        assert field.type
        assert field.as_v2 == value


def test_only_the_field_that_changed(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """A custom field that changed stands in `previous` with what it held, and no other one."""
    key = next(
        each["field_code"]
        for each in hooked.records("deal_fields")
        if each["is_custom_field"] and each["field_type"] == "varchar"
    )
    deal = client.post("/api/v2/deals", json={"title": "x", "custom_fields": {key: "a"}}).json()["data"]["id"]
    client.patch(f"/api/v2/deals/{deal}", json={"custom_fields": {key: "b"}})

    assert receiver.came(2)[1].event["previous"] == {
        "custom_fields": {key: {"type": "varchar", "value": "a"}}
    }


def test_who_is_told_what(sandbox: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """A webhook hears of its kind and its action, and of nothing else; what changes nothing is not told."""
    new = hook(client, receiver, event_action="create", event_object="deal")
    gone = hook(client, receiver, event_action="delete", event_object="*")
    deal = client.post("/api/v2/deals", json={"title": "x"}).json()["data"]["id"]
    client.patch(f"/api/v2/deals/{deal}", json={"title": "x"})
    client.patch(f"/api/v2/deals/{deal}", json={"title": "y"})
    client.delete("/api/v2/persons/1")
    log = settled(sandbox)

    assert Counter((each["webhook_id"], each["action"], each["entity"]) for each in log) == {
        (new, "create", "deal"): 1,
        (gone, "delete", "person"): 1,
    }


def test_version_1(sandbox: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """A webhook of version 1 is told in the words of version 1, which our own reader takes as well."""
    hook(client, receiver, event_action="updated", event_object="deal", version="1.0")
    deal = client.post("/api/v2/deals", json={"title": "x"}).json()["data"]["id"]
    client.patch(f"/api/v2/deals/{deal}", json={"title": "y"})
    told = receiver.came(1)[0].event

    assert (told["event"], told["meta"]["object"], told["previous"]["title"]) == ("updated.deal", "deal", "x")
    assert read(told).record == f"deal:{deal}"


def test_the_schedule(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """What is not taken is tried again after 3, 30 and 150 seconds, and then given up."""
    receiver.says = lambda _: 500
    client.post("/api/v2/deals", json={"title": "x"})
    log = settled(hooked)

    assert [(each["attempt"], each["due_seconds"], each["status"]) for each in log] == [
        (1, 0, 500),
        (2, 3, 500),
        (3, 33, 500),
        (4, 183, 500),
    ]
    assert [each["outcome"] for each in log] == ["failed", "failed", "failed", "given up"]
    assert [each["attempt"] for each in metas(receiver)] == [1, 2, 3, 4]


@pytest.mark.parametrize("status", [199, 204, 301, 401, 429, 503, 0])
def test_what_counts_as_taken(status: int, hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """Any 2xx is success; a redirect, a refusal and a connection that is cut are none."""
    receiver.says = lambda delivery: status if delivery.meta["attempt"] == 1 else 200
    client.post("/api/v2/deals", json={"title": "x"})

    assert [each["status"] for each in settled(hooked)] == ([204] if status == 204 else [status, 200])


def test_a_receiver_that_takes_too_long(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """An answer that does not come in time is none."""
    hooked.switch(webhook_answer_seconds=0.05)
    holding = threading.Event()
    receiver.says = lambda delivery: 200 if delivery.meta["attempt"] > 1 else (holding.wait(20), 200)[1]
    client.post("/api/v2/deals", json={"title": "x"})
    log = settled(hooked)
    holding.set()

    assert [each["status"] for each in log] == [0, 200]


@pytest.mark.parametrize(("switch", "numbers"), [("kept", 1), ("new", 4)])
def test_the_number_over_retries(
    switch: str, numbers: int, hooked: Sandbox, client: httpx.Client, receiver: Receiver
) -> None:
    """Whether a retry keeps the event's number is a switch; our own reader knows the event again either way."""
    hooked.switch(webhook_id_on_retry=switch)
    receiver.says = lambda _: 500
    client.post("/api/v2/deals", json={"title": "x"})
    settled(hooked)

    assert len({each["id"] for each in metas(receiver)}) == numbers
    assert len({read(each.event).content for each in receiver.events}) == 1


def test_a_ban(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """Ten events whose first attempt fails silence a webhook for half an hour; what happens then is lost for good."""
    hooked.switch(webhook_second=0.01)  # half an hour is 18 s: it does not end before this test does
    receiver.says = lambda delivery: 500 if delivery.meta["attempt"] == 1 else 200
    for number in range(12):
        client.post("/api/v2/deals", json={"title": str(number)})
        until(lambda: len([each for each in hooked.deliveries() if each["attempt"] <= 1]) == number + 1)  # noqa: B023
    log = settled(hooked)
    hooked.reset()

    assert [each["outcome"] for each in log if each["attempt"] <= 1] == ["failed"] * 10 + ["lost"] * 2
    assert Counter(each["outcome"] for each in log) == {"failed": 10, "delivered": 10, "lost": 2}


def test_a_ban_ends(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """After half an hour events are delivered again."""
    hooked.switch(webhook_second=0.00001)  # half an hour is 18 ms, three days are 2.6 s
    receiver.says = lambda _: 500 if len(receiver.events) < 10 else 200
    for _ in range(10):
        client.post("/api/v2/deals", json={"title": "x"})
    settled(hooked)
    until(lambda: _is_told(hooked, client))


def _is_told(sandbox: Sandbox, client: httpx.Client) -> bool:
    client.post("/api/v2/deals", json={"title": "x"})
    return bool(settled(sandbox)[-1]["outcome"] == "delivered")


@pytest.mark.parametrize("switch", ["gone", "listed"])
def test_the_end_of_a_webhook(
    switch: str, sandbox: Sandbox, client: httpx.Client, receiver: Receiver
) -> None:
    """After three days without success a webhook is deleted, with or without a trace."""
    sandbox.switch(webhook_second=0.000001, webhook_removed=switch)
    number = hook(client, receiver)
    receiver.says = lambda _: 500
    client.post("/api/v2/deals", json={"title": "x"})

    def active() -> list[dict[str, Any]]:
        return [each for each in sandbox.records("webhooks") if each["id"] == number and each["is_active"]]

    until(lambda: not active())
    left = [each for each in sandbox.records("webhooks") if each["id"] == number]
    assert [bool(each["remove_reason"]) for each in left] == ([True] if switch == "listed" else [])


def test_a_deleted_webhook_is_not_told(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """Nothing is sent to a webhook that was deleted, not even what waited for another attempt."""
    hooked.switch(webhook_second=1)
    receiver.says = lambda _: 500
    client.post("/api/v2/deals", json={"title": "x"})
    receiver.came(1)
    client.delete(f"/api/v1/webhooks/{hooked.records('webhooks')[-1]['id']}")
    client.post("/api/v2/deals", json={"title": "y"})

    assert [each["attempt"] for each in hooked.deliveries()] == [1]


def test_the_record_shows_the_last_delivery(
    hooked: Sandbox, client: httpx.Client, receiver: Receiver
) -> None:
    """A webhook shows when it was last called and what it answered."""
    client.post("/api/v2/deals", json={"title": "x"})
    settled(hooked)

    shown = hooked.records("webhooks")[-1]
    assert shown["last_http_status"] == 200
    assert shown["last_delivery_time"]


def test_in_order(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """The events of one record come one after the other."""
    deal = client.post("/api/v2/deals", json={"title": "0"}).json()["data"]["id"]
    for number in range(1, 30):
        client.patch(f"/api/v2/deals/{deal}", json={"title": str(number)})

    assert [each.event["data"]["title"] for each in receiver.came(30)] == [
        str(number) for number in range(30)
    ]


def test_shuffled(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """With the switch set, they come in another order, and all of them."""
    hooked.switch(webhook_order="shuffled", webhook_second=0.2)
    deal = client.post("/api/v2/deals", json={"title": "0"}).json()["data"]["id"]
    for number in range(1, 30):
        client.patch(f"/api/v2/deals/{deal}", json={"title": str(number)})
    titles = [int(each.event["data"]["title"]) for each in receiver.came(30)]

    assert titles != sorted(titles)
    assert sorted(titles) == list(range(30))


def test_doubled(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """With the switch set, each comes twice under one number."""
    hooked.switch(webhook_order="doubled")
    client.post("/api/v2/deals", json={"title": "x"})

    assert len({each.meta["id"] for each in receiver.came(2)}) == 1
    assert len(settled(hooked)) == 2


def test_digits(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """With the switch set, ids are numbers and times ten digits, and the event says the same."""
    hooked.switch(webhook_meta="digits")
    client.post("/api/v2/deals", json={"title": "x"})
    told = receiver.came(1)[0]

    assert isinstance(told.meta["entity_id"], int)
    assert len(str(told.meta["timestamp"])) == 10
    assert read(told.event).meta.timestamp is not None


def test_nobody_elsewhere_is_called(sandbox: Sandbox, client: httpx.Client) -> None:
    """What goes to another machine is written down and not sent."""
    values = {"event_action": "*", "event_object": "deal", "name": "All"}
    client.post("/api/v1/webhooks", json={**values, "subscription_url": "https://hooks.example.com/"})
    client.post("/api/v2/deals", json={"title": "x"})

    assert [each["outcome"] for each in sandbox.deliveries()] == ["elsewhere"]


def test_the_log_over_http(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """The control route shows every attempt, and a reset forgets them."""
    client.post("/api/v2/deals", json={"title": "x"})
    settled(hooked)

    assert client.get("/_sandbox/deliveries").json() == hooked.deliveries() != []
    hooked.reset()
    assert hooked.deliveries() == []


def test_a_receiver_that_closes(hooked: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """A connection that the receiver closed meanwhile is opened anew, and nothing fails for it."""
    client.post("/api/v2/deals", json={"title": "x"})
    settled(hooked)
    receiver.says = lambda _: 0
    client.post("/api/v2/deals", json={"title": "y"})
    receiver.came(3)
    receiver.says = lambda _: 200
    settled(hooked)
    client.post("/api/v2/deals", json={"title": "z"})

    assert settled(hooked)[-1]["status"] == 200
