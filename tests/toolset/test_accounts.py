"""Many logins in one store: nothing of one account reaches another, whatever is asked of a toolset.

Both accounts have the same agent, policy and run name, so that only the account tells them apart. The counter-test
runs the same checks on one account twice: each of them must then see what it looks for.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from pipedrive_tools.auth import App, Login
from pipedrive_tools.cli import main
from pipedrive_tools.errors import SettingsError
from pipedrive_tools.gate.approval import Question, Ruling
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import approvals, journal
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from tests.logins import CALLBACK, STATE_KEY, app_of
from tests.toolset.conftest import policy, writes

MINE, OTHER, COLLEAGUE = "acme/1", "beta/2", "acme/3"
RIGHTS = 'deals = "full"\nactivities = "full"\n[.actions]\ndelete_deal = "ask"\n[.limits]\nwrites_per_day = 3'
CREATE = {"title": "The same deal"}


@dataclass
class Two:
    """Two toolsets, and what the sandbox saw of them."""

    mine: Toolset
    other: Toolset
    sandbox: Sandbox

    @property
    def sent(self) -> int:
        """How many writes arrived."""
        return len(changed(self.sandbox))


def changed(sandbox: Sandbox) -> list[str]:
    """Every change that the sandbox was asked for; logins are none."""
    return [path for _, path, _ in writes(sandbox) if path.startswith("/api/")]


@pytest.fixture
def settings(sandbox: Sandbox, store_url: str) -> Settings:
    """A store with three logins: two companies, and two users of one of them."""
    settings = app_of(sandbox.url, state=store_url, state_key=STATE_KEY)
    store = Store(store_url)
    for account in (MINE, OTHER, COLLEAGUE):
        login = Login(App.of(settings), CALLBACK)
        answer = httpx.get(login.url, trust_env=False)
        Logins(settings, store).vault(account).save(login.finish(answer.headers["location"]))
    store.close()
    return settings


@pytest.fixture
def two(settings: Settings, sandbox: Sandbox) -> Iterator[Callable[..., Two]]:
    """Makes the two toolsets."""
    opened: list[Toolset] = []

    def made(mine: str = MINE, other: str = OTHER, rights: str | Policy = RIGHTS, **more: Any) -> Two:
        found = policy(rights) if isinstance(rights, str) else rights
        for account in (mine, other):
            more = {"settings": settings, "run": "the same run", **more}
            opened.append(Toolset.connect("a", found, account=account, **more))
        return Two(opened[-2], opened[-1], sandbox)

    yield made
    for each in opened:
        each.close()


def call(two: Two) -> None:
    """The same write of the same run is no repeat, and its count is its own."""
    for number in range(3):
        assert two.mine.call("create_deal", {"title": f"Deal {number}"}).ok
    assert two.mine.call("create_deal", CREATE).status == "denied"  # three a day
    assert two.other.call("create_deal", {"title": "Deal 0"}).ok
    assert two.sent == 4


def acall(two: Two) -> None:
    """The same for an event loop."""

    async def both() -> list[str]:
        found = [(await each.acall("create_deal", CREATE)).status for each in (two.mine, two.other)]
        for each in (two.mine, two.other):
            await each.aclose()
        return found

    assert asyncio.run(both()) == ["ok", "ok"]
    assert two.sent == 2


def undo(two: Two) -> None:
    """A write of one account cannot be taken back by another, nor is it known there."""
    made = two.mine.call("create_deal", CREATE)
    refused = two.other.undo(str(made.audit_id), dry_run=True)
    assert refused.status == "invalid"
    assert "there is no write" in refused.text


def aundo(two: Two) -> None:
    """The same for an event loop."""
    made = two.mine.call("create_deal", CREATE)

    async def undone() -> str:
        async with aclosing(two.other):
            return (await two.other.aundo(str(made.audit_id), dry_run=True)).text

    assert "there is no write" in asyncio.run(undone())
    assert made.ok


def recover(two: Two) -> None:
    """A write of unknown outcome waits for its own account."""
    httpx.post(
        f"{two.sandbox.url}/_sandbox/faults", json=[{"kind": "commit_then_502", "method": "POST", "nth": 1}]
    )
    assert two.mine.call("create_deal", CREATE).status == "unknown"
    store = two.mine._store
    with store.transaction(durable=True) as connection:  # as if its time had come
        connection.exec_driver_sql("UPDATE journal SET changed = 0")
    assert two.other.recover() == []
    with store.transaction(durable=False) as connection:
        assert [row.state for row in journal.listed(connection)] == ["UNKNOWN"]


def trail(two: Two) -> None:
    """The rows of one account are not shown to another."""
    two.mine.call("list_deals", {"limit": 1})
    assert two.mine.trail()
    assert two.other.trail() == []


def memory(two: Two) -> None:
    """What an agent keeps for itself in one account is not there in another."""
    two.mine.memory.keep("put off", [1])
    assert two.mine.memory.get("put off") == [1]
    assert two.other.memory.get("put off") is None


def repeats(two: Two) -> None:
    """What one account has sent is sent by another for the first time."""
    assert two.mine.call("create_deal", CREATE).ok
    assert two.mine.repeats("create_deal", CREATE)
    assert not two.other.repeats("create_deal", CREATE)


CROSSED = (call, acall, undo, aundo, recover, trail, memory, repeats)
"""What reads or writes the store, by its public name."""
ALONE = {"run", "names", "tools", "instructions", "only", "estimate", "connect", "close", "aclose"}
"""What does not, or is tested below."""


@pytest.mark.parametrize("check", CROSSED, ids=lambda each: str(each.__name__))
def test_crossed_accounts(check: Callable[[Two], None], two: Callable[..., Two]) -> None:
    """Nothing that one account did is seen by another one, of another company or of the same."""
    check(two())


@pytest.mark.parametrize("check", CROSSED, ids=lambda each: str(each.__name__))
def test_two_users_of_one_company(check: Callable[[Two], None], two: Callable[..., Two]) -> None:
    """Users of one company share its day at Pipedrive, and nothing of what is kept here."""
    check(two(other=COLLEAGUE))


@pytest.mark.parametrize("check", CROSSED, ids=lambda each: str(each.__name__))
def test_the_checks_have_teeth(check: Callable[[Two], None], two: Callable[..., Two]) -> None:
    """On one account twice every check sees what it looks for."""
    with pytest.raises(AssertionError):
        check(two(other=MINE))


def test_every_public_name() -> None:
    """No public name of a toolset is left out."""
    public = {name for name in vars(Toolset) if not name.startswith("_")}

    assert public == ALONE | {each.__name__ for each in CROSSED}


def test_each_has_its_credential(two: Callable[..., Two], sandbox: Sandbox) -> None:
    """Calls of each account carry its own token; closing one leaves the other open."""
    both = two()
    both.mine.call("get_deal", {"deal_id": 1})
    both.other.call("get_deal", {"deal_id": 1})
    both.mine.close()
    assert both.other.call("get_deal", {"deal_id": 2}).ok

    seen = [entry["credential"] for entry in sandbox.log() if entry["path"].startswith("/api/")]
    assert len(set(seen[:1] + seen[-1:])) == 2


def test_each_has_its_names(two: Callable[..., Two], sandbox: Sandbox) -> None:
    """Names that one account has read are not those of another."""
    both = two(rights='deals = "full"\npipelines = "full"')
    both.mine.call("list_stages")
    read = len(sandbox.log())
    both.mine._desk.directory.look()
    both.other._desk.directory.look()

    assert both.mine._desk.directory.kept("stages")
    assert both.other._desk.directory.kept("stages") is None
    assert len(sandbox.log()) == read


def test_each_has_its_windows_and_its_day(two: Callable[..., Two], settings: Settings) -> None:
    """A spent day stops the company's users, and no other company."""
    few = replace(settings, daily_tokens=2, recovery_tokens=0)
    both, pair = two(settings=few), two(other=COLLEAGUE, settings=few)
    for number in (1, 2):
        assert both.mine.call("get_deal", {"deal_id": number}).ok

    assert both.mine.call("get_deal", {"deal_id": 3}).status == "failed"
    assert pair.other.call("get_deal", {"deal_id": 3}).status == "failed"
    assert both.other.call("get_deal", {"deal_id": 3}).ok


def test_an_approval(two: Callable[..., Two], settings: Settings, sandbox: Sandbox) -> None:
    """A yes for one account is none for another, not even when its number is shown."""
    waiting = two(approver="queue")
    arguments = {"deal_id": 5}
    assert waiting.mine.call("delete_deal", arguments).status == "needs_approval"
    store = Store(settings.state)
    with store.transaction(durable=True) as connection:
        (asked,) = approvals.listed(connection)
        assert approvals.decide(connection, asked.id, approved=True, approver="Ann")
    store.close()

    def forged(_question: Question) -> Ruling:
        return Ruling(answer="approved", by="Ann", ticket=asked.id)

    assert waiting.other.call("delete_deal", arguments).status == "needs_approval"
    assert two(approver=forged).other.call("delete_deal", arguments).status == "denied"
    assert changed(sandbox) == []
    assert waiting.mine.call("delete_deal", arguments).ok


def test_which_one_is_meant(settings: Settings) -> None:
    """One that fits serves; several are an error that lists them, and so is none."""
    rights = policy(RIGHTS)

    def opened(account: str | None, preset: str | None = None, **more: Any) -> str:
        found = replace(settings, account=preset, **more)
        with Toolset.connect("a", rights, account=account, settings=found) as tools:
            return tools._desk.books.account.rpartition(":")[2].partition("/")[2]

    assert [opened("beta"), opened(MINE), opened(None, preset=COLLEAGUE)] == [OTHER, MINE, COLLEAGUE]
    for account in (None, "acme"):
        with pytest.raises(SettingsError, match=r"several logins: acme/1, .*acme/3.*name one") as several:
            opened(account)
        assert "\n" not in str(several.value)
    with pytest.raises(SettingsError, match=r"no login for the account 'gamma'; there are: acme/1"):
        opened("gamma")
    with pytest.raises(SettingsError, match="no login for the account"):  # a token does not stand in for it
        opened("gamma", api_token="x" * 40)
    with pytest.raises(SettingsError, match="no login for the account"):
        opened("acme/")


def test_one_account_on_the_command_line(
    two: Callable[..., Two],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`--account` shows the books of one login, or of all users of a company, and nobody else's."""
    for name, value in {"PIPEDRIVE_STATE": settings.state, "PIPEDRIVE_BASE_URL": settings.base_url}.items():
        monkeypatch.setenv(name, str(value))
    for both in (two(approver="queue"), two(MINE, COLLEAGUE, approver="queue")):
        for each in (both.mine, both.other):
            each.call("create_deal", CREATE)
            each.call("delete_deal", {"deal_id": 5})

    def shown(*command: str) -> set[str]:
        assert main([*command, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        return {"/".join(row["account"].split("/")[-2:]) for row in rows}

    for command in (("audit", "show"), ("journal", "list"), ("approvals", "list")):
        assert shown(*command) == {MINE, OTHER, COLLEAGUE}
        assert shown(*command, "--account", OTHER) == {OTHER}
        assert shown(*command, "--account", "acme") == {MINE, COLLEAGUE}
        assert shown(*command, "--account", "acm") == set()
