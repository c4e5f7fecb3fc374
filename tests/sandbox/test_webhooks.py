"""Webhooks in the sandbox: made after a look at their address, shown with their password, limited, deleted."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox
from tests.receivers import Receiver, receiving

HOOK = {
    "subscription_url": "https://hooks.example.com/",
    "event_action": "*",
    "event_object": "deal",
    "name": "Deals",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def made(client: httpx.Client, **changed: Any) -> httpx.Response:
    return client.post("/api/v1/webhooks", json={**HOOK, **changed})


def test_a_webhook(client: httpx.Client) -> None:
    """A new webhook has all the fields of the reference, its password in clear among them, and costs 10 tokens."""
    answer = made(client, http_auth_user="u", http_auth_password="p")
    hook = answer.json()["data"]

    assert answer.status_code == 201
    assert (hook["is_active"], hook["type"], hook["version"], hook["user_id"]) == (1, "general", "2.0", 1)
    assert (hook["http_auth_user"], hook["http_auth_password"]) == ("u", "p")
    assert client.get("/v1/webhooks").json()["data"][-1] == hook
    assert client.delete(f"/v1/webhooks/{hook['id']}").json() == {"status": "ok", "success": True}
    assert client.delete(f"/v1/webhooks/{hook['id']}").json()["errors"] == {"id": ["not found"]}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"event_action": "added"}, "event_action"),
        ({"event_action": "create", "version": "1.0"}, "event_action"),
        ({"event_action": None}, "event_action"),
        ({"event_object": "deals"}, "event_object"),
        ({"event_object": ["deal", "person"]}, "event_object"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"user_id": 999}, "user_id"),
        ({"version": "3"}, "event_action"),
        ({"subscription_url": "http://hooks.example.com/"}, "subscription_url"),
        ({"subscription_url": "https://acme.pipedrive.com/v1/deals"}, "subscription_url"),
        ({"subscription_url": "http://127.0.0.1:9/"}, "subscription_url"),
        ({"subscription_url": "nowhere"}, "subscription_url"),
    ],
)
def test_what_is_refused(client: httpx.Client, changed: dict[str, Any], named: str) -> None:
    """A word of the other version, a missing name and an address that does not answer are refused by name."""
    answer = made(client, **changed)

    assert (answer.status_code, answer.json()["status"]) == (400, "error")
    assert list(answer.json()["errors"]) == [named]


def test_the_words_of_version_1(client: httpx.Client) -> None:
    """A webhook of version 1 takes the words of version 1."""
    assert made(client, event_action="added", version="1.0").status_code == 201


def test_several_kinds(sandbox: Sandbox, client: httpx.Client) -> None:
    """With the switch set, one webhook may name several kinds of records."""
    sandbox.switch(event_object_list="accepted")

    assert made(client, event_object=["deal", "person"]).json()["data"]["event_object"] == ["deal", "person"]
    assert made(client, event_object=["deal", "thing"]).status_code == 400


def test_the_address_is_looked_at(client: httpx.Client, receiver: Receiver) -> None:
    """The address is called once, without a credential; whatever answers is reachable, but for a redirect."""
    receiver.says = lambda _: 401
    assert made(client, subscription_url=f"{receiver.url}/hook", http_auth_user="u").status_code == 201
    assert [(each.method, each.path, each.credential) for each in receiver.calls] == [("GET", "/hook", "")]
    receiver.says = lambda _: 302

    assert made(client, subscription_url=receiver.url).json()["errors"] == {
        "subscription_url": ["invalid or non-reachable URL"]
    }


def test_the_look_can_be_switched(sandbox: Sandbox, client: httpx.Client, receiver: Receiver) -> None:
    """How the address is called is a switch, since nobody says."""
    sandbox.switch(webhook_probe="POST")
    made(client, subscription_url=receiver.url)
    sandbox.switch(webhook_probe="off")
    made(client, subscription_url="http://127.0.0.1:9/")

    assert [each.method for each in receiver.calls] == ["POST"]
    assert len(sandbox.records("webhooks")) == 3


def test_forty(sandbox: Sandbox, client: httpx.Client) -> None:
    """A user may have 40 webhooks, another one 40 more; one above is refused with 422."""
    answers = [made(client, name=str(number)).status_code for number in range(41)]

    assert answers == [201] * 39 + [422] * 2  # one was there before
    assert made(client, user_id=2).status_code == 201


def test_a_reset_forgets(sandbox: Sandbox, client: httpx.Client) -> None:
    """A reset leaves the webhook that the demo data begins with."""
    made(client)
    sandbox.reset()

    assert [each["name"] for each in sandbox.records("webhooks")] == ["Stock list"]


def test_no_password_in_the_log(sandbox: Sandbox, client: httpx.Client) -> None:
    """The request log shows that a webhook was made, and not its password."""
    made(client, http_auth_user="u", http_auth_password="canary-password")

    assert "canary-password" not in str(sandbox.log())
    assert sandbox.log()[-1]["body"]["http_auth_user"] == "u"
