"""Subscribing, on the sandbox: what the account has afterwards, whatever was there and whatever went wrong."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipedrive_tools import Pipedrive, Settings
from pipedrive_tools.cli import main
from pipedrive_tools.endpoints import subscriptions as catalogue
from pipedrive_tools.errors import ArgumentsError, PipedriveToolsError, UnprocessableError
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.sandbox.demo.webhooks import PASSWORD
from pipedrive_tools.state import audit
from pipedrive_tools.state.hooks import Hooks
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.recording import Recording
from pipedrive_tools.webhooks.subscriptions import CreateWithCredential, Subscriptions
from pipedrive_tools.webhooks.wanted import Wanted
from tests.logins import STATE_KEY
from tests.receivers import receiving, until

DEALS = Wanted(name="Deals", url="https://hooks.example.com/", action="*", object="deal")
PEOPLE = Wanted(name="People", url="https://hooks.example.com/", action="change", object="person")


@pytest.fixture
def subscriptions(settings: Settings, store: Store) -> Iterator[Subscriptions]:
    with Pipedrive(settings=settings, writes=True) as client:
        yield subscriber(client, store, settings.base_url or "")


def subscriber(client: Pipedrive, store: Store, account: str) -> Subscriptions:
    recording = Recording(store=store, account=account, person="grace", command="webhooks ensure")
    return Subscriptions(client, Hooks(store, account, keys=STATE_KEY), recording, lease_seconds=0)


@pytest.fixture
def hooks(settings: Settings, store: Store) -> Hooks:
    return Hooks(store, settings.base_url or "", keys=STATE_KEY)


def ours(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Webhooks of the account, without the one that was there before us."""
    return [each for each in sandbox.records("webhooks") if each["name"] != "Stock list"]


def what(done: Any) -> list[str]:
    return [each.what.partition(":")[0].partition(",")[0] for each in done]


def test_add(subscriptions: Subscriptions, sandbox: Sandbox, hooks: Hooks) -> None:
    """A webhook is made with the credential that is kept for it, and only once."""
    assert what([subscriptions.add(DEALS), subscriptions.add(DEALS)]) == ["made", "kept"]
    (there,) = ours(sandbox)
    (hook,) = hooks.all()

    assert (there["event_action"], there["event_object"], there["name"]) == ("*", "deal", "Deals")
    assert (there["http_auth_user"], there["http_auth_password"]) == (hook.key, hooks.password(hook))
    assert hook.number == there["id"]


def test_a_name_that_is_taken(subscriptions: Subscriptions, sandbox: Sandbox) -> None:
    """A name of ours is used once; another event under it is refused."""
    subscriptions.add(DEALS)

    with pytest.raises(ArgumentsError, match="another webhook called 'Deals'"):
        subscriptions.add(Wanted(name="Deals", url=DEALS.url, action="create", object="deal"))
    assert len(ours(sandbox)) == 1


def test_ensure(subscriptions: Subscriptions, sandbox: Sandbox) -> None:
    """The account gets what is declared; what changed is made anew, what is no longer declared goes."""
    assert what(subscriptions.ensure([DEALS, PEOPLE])) == ["made", "made"]
    assert what(subscriptions.ensure([DEALS, PEOPLE])) == ["kept", "kept"]
    moved = Wanted(name="Deals", url="https://new.example.com/", action="*", object="deal")
    assert "made anew" in what(subscriptions.ensure([moved]))

    assert [(each["name"], each["subscription_url"]) for each in ours(sandbox)] == [("Deals", moved.url)]
    assert any(each["name"] == "Stock list" for each in sandbox.records("webhooks"))


def test_what_pipedrive_deleted_is_made_again(
    subscriptions: Subscriptions, sandbox: Sandbox, client: httpx.Client
) -> None:
    """A webhook that is gone is made again, with a trace of its end or without one."""
    subscriptions.ensure([DEALS])
    client.delete(f"/api/v1/webhooks/{ours(sandbox)[0]['id']}")
    assert what(subscriptions.ensure([DEALS])) == ["made again"]
    sandbox.switch(webhook_removed="listed")

    assert len(ours(sandbox)) == 1
    assert what(subscriptions.ensure([DEALS])) == ["kept"]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, headers={"x-api-token": sandbox.token}) as client:
        yield client


def test_an_answer_that_got_lost(subscriptions: Subscriptions, sandbox: Sandbox) -> None:
    """A webhook that was made although no answer came is found by its credential, and not made twice."""
    sandbox.switch(commit_then_fail="reset")
    with pytest.raises(PipedriveToolsError):
        subscriptions.ensure([DEALS])
    sandbox.switch(commit_then_fail="off")
    assert len(ours(sandbox)) == 1

    assert what(subscriptions.ensure([DEALS])) == ["found"]
    assert what(subscriptions.ensure([DEALS])) == ["kept"]
    assert len(ours(sandbox)) == 1


def test_a_double_goes(
    subscriptions: Subscriptions, sandbox: Sandbox, hooks: Hooks, client: httpx.Client
) -> None:
    """Where one webhook came about twice, one of the two is deleted."""
    subscriptions.ensure([DEALS])
    double = {
        name: ours(sandbox)[0][name] for name in CreateWithCredential.model_fields if name in ours(sandbox)[0]
    }
    client.post("/api/v1/webhooks", json={name: value for name, value in double.items() if value is not None})
    assert len(ours(sandbox)) == 2
    subscriptions.ensure([DEALS])

    assert [each["id"] for each in ours(sandbox)] == [hooks.all()[0].number]


def test_two_at_once(settings: Settings, sandbox: Sandbox, store: Store) -> None:
    """However many run at once, each webhook is made once."""

    def run(_: int) -> None:
        with Pipedrive(settings=settings, writes=True) as client:
            Subscriptions.of(client, settings, store, command="webhooks ensure").ensure([DEALS, PEOPLE])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(12)))

    assert sorted(each["name"] for each in ours(sandbox)) == ["Deals", "People"]


def test_forty(subscriptions: Subscriptions, sandbox: Sandbox, hooks: Hooks, store: Store) -> None:
    """The limit is told with its number and with what to do; of the one too many only the audit trail knows."""
    for number in range(39):
        subscriptions.add(Wanted(name=str(number), url=DEALS.url, action="*", object="deal"))

    with pytest.raises(UnprocessableError, match=r"40 webhooks.*webhooks remove NAME"):
        subscriptions.add(DEALS)
    assert "Deals" not in hooks.current()
    assert len(ours(sandbox)) == len(hooks.current()) == 39
    with store.reading() as connection:
        *_, last = audit.rows(connection)
    assert (last.step, last.status) == ("outcome", "failed")
    assert last.sentence.endswith("it failed, nothing was changed (rule person).")


def test_a_refused_successor(subscriptions: Subscriptions, sandbox: Sandbox, hooks: Hooks) -> None:
    """Where the new one is refused, the old one stays current and its credential counts."""
    subscriptions.add(DEALS)
    (before,) = hooks.all()
    nobody = Wanted(name="Deals", url="http://127.0.0.1:9/", action="*", object="deal")
    with pytest.raises(PipedriveToolsError, match="400"):
        subscriptions.ensure([nobody])

    assert hooks.all() == [before]
    assert len(ours(sandbox)) == 1


def test_renew(subscriptions: Subscriptions, sandbox: Sandbox, hooks: Hooks) -> None:
    """A fresh credential comes with a fresh webhook; the old one counts for what is still on its way."""
    subscriptions.add(DEALS)
    (old,) = hooks.all()
    assert what(subscriptions.renew()) == ["made anew"]
    (there,) = ours(sandbox)

    assert there["http_auth_user"] != old.key
    assert [each.secret.partition(b":")[0].decode() for each in hooks.live()] == [
        there["http_auth_user"],
        old.key,
    ]
    with pytest.raises(ArgumentsError, match="called 'Nothing'"):
        subscriptions.renew(["Nothing"])


def test_remove(subscriptions: Subscriptions, sandbox: Sandbox, hooks: Hooks) -> None:
    """One of ours goes by its name, any other by its number; what is not there is told."""
    subscriptions.add(DEALS)
    assert subscriptions.remove("Deals").what == "removed"
    assert ours(sandbox) == []
    assert hooks.current() == {}
    assert subscriptions.remove("1").what == "removed"

    assert sandbox.records("webhooks") == []
    with pytest.raises(ArgumentsError, match="no webhook 'Deals'"):
        subscriptions.remove("Deals")


def test_two_accounts_with_one_address(
    subscriptions: Subscriptions, sandbox: Sandbox, settings: Settings, store: Store
) -> None:
    """Who ensures the address of another account, or store, leaves its webhooks alone and says so; nobody undoes."""
    subscriptions.ensure([DEALS])
    [first] = ours(sandbox)
    with Pipedrive(settings=settings, writes=True) as client:
        other = subscriber(client, store, "https://other.pipedrive.com")
        made, left = other.ensure([DEALS])
        assert (made.what, left.number) == ("made", first["id"])
        assert f"webhooks remove {first['id']}" in left.what
        for each in (subscriptions, other, subscriptions):
            assert what(each.ensure([DEALS])) == ["kept", "left alone"]
    assert [each["id"] for each in ours(sandbox)] == [first["id"], made.number]


def test_the_audit_trail(subscriptions: Subscriptions, sandbox: Sandbox, store: Store, hooks: Hooks) -> None:
    """What a person has made and deleted is in the trail with who and what and the outcome, and no credential is."""
    wanted = replace(DEALS, url="https://hooks.example.com/in?key=sesame")
    subscriptions.ensure([wanted])
    number = ours(sandbox)[0]["id"]
    secrets = [each.secret.decode().partition(":")[2] for each in hooks.live()]
    subscriptions.remove("Deals")
    with store.reading() as connection:
        rows = list(audit.rows(connection))
        assert audit.verify(connection) is None
    who = 'Person "grace", with "webhooks ensure": '
    make = f'{who}make the webhook "Deals" for *.deal to hooks.example.com, with a fresh credential; '

    assert [row.sentence for row in rows[:4]] == [
        f"{make}it is about to be sent (rule person).",
        f"{make}it is number {number} (rule person).",
        f'{who}delete the webhook "Deals" for *.deal to hooks.example.com; it is about to be sent (rule person).',
        f'{who}delete the webhook "Deals" for *.deal to hooks.example.com; number {number} is deleted (rule person).',
    ]
    assert [(row.tool, row.step, row.status) for row in rows] == [
        ("create_webhook", "decision", "sent"),
        ("create_webhook", "outcome", "ok"),
        ("delete_webhook", "decision", "sent"),
        ("delete_webhook", "outcome", "ok"),
    ]
    told = json.dumps([audit.as_json(row) for row in rows])
    assert secrets
    assert not [each for each in [*secrets, "sesame"] if each in told]


def test_events_are_taken_from_the_first_on(
    subscriptions: Subscriptions, sandbox: Sandbox, hooks: Hooks, client: httpx.Client
) -> None:
    """What Pipedrive delivers carries a credential that counts, before and after it is renewed."""
    with receiving() as receiver:
        wanted = Wanted(name="Deals", url=receiver.url, action="*", object="deal")
        subscriptions.add(wanted)
        client.post("/api/v2/deals", json={"title": "x"})
        receiver.came(1)
        subscriptions.renew()
        client.post("/api/v2/deals", json={"title": "y"})
        receiver.came(2)
        until(lambda: sandbox.pending() == 0)
        shown = {each.credential.encode() for each in receiver.events}

    assert shown == {each.secret for each in hooks.live()}
    assert len(shown) == 2


def test_no_password_is_printed(
    sandbox: Sandbox,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """No command prints a password: neither the one that Pipedrive shows nor one of ours."""
    for name, value in (
        ("BASE_URL", sandbox.url),
        ("API_TOKEN", sandbox.token),
        ("STATE", str(settings.state)),
        ("STATE_KEY", STATE_KEY),
    ):
        monkeypatch.setenv(f"PIPEDRIVE_{name}", value)
    file = tmp_path / "hooks.toml"
    file.write_text('url = "https://hooks.example.com/"\n[[webhooks]]\nname = "Deals"\nevent = "*.deal"\n')
    for words in (
        ["add", "People", "updated.person", "https://hooks.example.com/", "--json"],
        ["list"],
        ["ensure", str(file)],
        ["renew"],
        ["list", "--json"],
        ["remove", "Deals"],
    ):
        assert main(["webhooks", *words]) == 0, words
    printed = capsys.readouterr().out
    passwords = {each["http_auth_password"] for each in sandbox.records("webhooks")} | {PASSWORD}

    assert "Stock list" in printed
    assert not [each for each in passwords if each in printed]
    assert all("http_auth_password" not in line for line in printed.splitlines())
    assert json.loads(printed[: printed.index("]") + 1])[0]["what"] == "made"


def test_listed(subscriptions: Subscriptions, sandbox: Sandbox, client: httpx.Client) -> None:
    """The list tells ours from others, and names those of ours that are missing."""
    subscriptions.ensure([DEALS, PEOPLE])
    client.delete(f"/api/v1/webhooks/{ours(sandbox)[0]['id']}")

    assert [(each.name, each.is_ours, each.state, each.event) for each in subscriptions.listed()] == [
        ("Stock list", False, "active", "change.product"),
        ("People", True, "active", "change.person"),
        ("Deals", True, "missing", "*.deal"),
    ]


def test_the_credential_is_no_argument_of_a_tool() -> None:
    """What a model may call has no place for a credential."""
    assert set(CreateWithCredential.model_fields) - set(catalogue.CreateWebhook.model_fields) == {
        "http_auth_user",
        "http_auth_password",
    }
