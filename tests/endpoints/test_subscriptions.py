"""Webhooks in the catalogue: addresses, words of both versions, and a password that nobody sees."""

from contextlib import closing
from typing import Any

import pytest

from pipedrive_tools import Pipedrive, Policy, Settings, Toolset
from pipedrive_tools.endpoints import subscriptions
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.demo.webhooks import PASSWORD
from pipedrive_tools.state.store import Store
from pipedrive_tools.wire import without
from tests import canaries

HOOK: dict[str, Any] = {
    "subscription_url": "https://hooks.example.com/",
    "event_action": "create",
    "event_object": "deal",
    "name": "Deals",
}


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "https://hooks.example.com:8443/a?b=c",
        "http://127.0.0.1:8768/",
        "http://[::1]:1/",
    ],
)
def test_addresses(url: str) -> None:
    """An https address is taken, and plain http to this machine."""
    assert subscriptions.create.check({**HOOK, "subscription_url": url}).values["subscription_url"] == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/", "https address is due"),
        ("ftp://hooks.example.com/", "https address is due"),
        ("hooks.example.com", "https address is due"),
        ("https://", "https address is due"),
        ("https://[", "an address is due"),
        ("https://user:secret@hooks.example.com/", "no user and no password"),
        ("https://acme.pipedrive.com/v1/deals", "does not call itself"),
    ],
)
def test_no_addresses(url: str, why: str) -> None:
    """Anything else is refused, with what would do, and without repeating it."""
    with pytest.raises(ArgumentsError, match=why) as found:
        subscriptions.create.check({**HOOK, "subscription_url": url})

    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [("added", "create"), ("updated", "change"), ("deleted", "delete"), ("create", "create"), ("*", "*")],
)
def test_words(old: str, new: str) -> None:
    """The words of version 1 are taken, and sent as those of version 2."""
    assert subscriptions.create.check({**HOOK, "event_action": old}).values["event_action"] == new


def test_an_unknown_word() -> None:
    """An action that neither version knows is refused with those that there are."""
    with pytest.raises(ArgumentsError, match="'create', 'change', 'delete' or '\\*'"):
        subscriptions.create.check({**HOOK, "event_action": "removed"})


def test_the_model_gives_no_credential() -> None:
    """A model can neither choose nor see a credential: the arguments have no place for one."""
    with pytest.raises(ArgumentsError, match="http_auth_password"):
        subscriptions.create.check({**HOOK, "http_auth_password": "x"})


def test_the_password_is_taken_out() -> None:
    """Whichever way an answer is read, the password is not in it."""
    raw = {"id": 1, "http_auth_user": "u", "http_auth_password": "p"}

    assert without([raw], subscriptions.list_.secrets) == [{"id": 1, "http_auth_user": "u"}]
    assert without(raw, subscriptions.create.secrets) == {"id": 1, "http_auth_user": "u"}
    assert "http_auth_password" not in subscriptions.Webhook.model_validate(raw).model_dump()
    assert subscriptions.list_.secrets == subscriptions.create.secrets == {"http_auth_password"}


def test_the_password_is_nowhere(sandbox: Sandbox, store_url: str) -> None:
    """Neither result nor any row or file of the store has the password that Pipedrive shows."""
    settings = Settings(base_url=sandbox.url, api_token=sandbox.token, state=store_url)
    with Toolset.connect("a", Policy.full("a"), settings=settings) as tools:
        listed = tools.call("list_webhooks", {})
        deleted = tools.call("delete_webhook", {"webhook_id": 1})
    with Pipedrive(settings=settings) as client:
        sandbox.reset()
        typed = client.send(subscriptions.list_())
    with closing(Store(settings.state)) as store:
        audited, found = _audit(store), canaries.in_store(store, [PASSWORD, sandbox.url])

    assert listed.ok
    assert deleted.ok
    assert 'Delete webhook "Stock list" (1)' in str(listed) + audited
    assert PASSWORD not in repr((listed, deleted, typed))
    assert found == [sandbox.url]  # which is no secret
    assert PASSWORD in str(sandbox.records("webhooks"))  # it was there to be found


def _audit(store: Store) -> str:
    with store.transaction(durable=False) as connection:
        rows = connection.exec_driver_sql("SELECT sentence FROM audit").all()
    return str(rows).replace("delete webhook", "Delete webhook")


def test_one_that_is_not_there(sandbox: Sandbox, store_url: str) -> None:
    """A webhook that does not exist is not deleted, and the answer tells where to look."""
    settings = Settings(base_url=sandbox.url, api_token=sandbox.token, state=store_url)
    with Toolset.connect("a", Policy.full("a"), settings=settings) as tools:
        result = tools.call("delete_webhook", {"webhook_id": 99})

    assert result.status == "failed"
    assert "list_webhooks" in result.text
    assert [each["method"] for each in sandbox.log()] == ["GET"]


def test_no_level_grants_them() -> None:
    """`webhooks = "full"` grants none of the tools; each must be named."""
    settings = Settings(base_url="http://127.0.0.1:9", api_token="a" * 40, state="sqlite://")
    policy = '[agents.a]\nwebhooks = "full"\ndeals = "read"\n[agents.a.actions]\nlist_webhooks = "allow"'
    with Toolset.connect("a", Policy.parse(policy), settings=settings) as tools:
        assert [name for name in tools.names() if "webhook" in name] == ["list_webhooks"]
