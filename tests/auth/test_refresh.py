"""Refreshing a login: once for everybody, stored before it is used, and never in a loop."""

import asyncio
import base64
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pipedrive_tools import AsyncPipedrive, Pipedrive
from pipedrive_tools.auth import App, OAuth
from pipedrive_tools.endpoints import account, deals
from pipedrive_tools.errors import (
    ConnectError,
    LoginError,
    PipedriveToolsError,
    ReauthorizationError,
    ScopeLackingError,
    SettingsError,
    StoreError,
    UnreachableError,
)
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.ports import drive
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.testing import FakePort, response
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.wire import Request, Response
from tests.logins import (
    APP,
    HOME,
    MemoryVault,
    OAuthHost,
    a_grant,
    calls,
    log_in,
    refreshes,
    sandbox_settings,
)
from tests.telling import Told

PORT = FakePort()
WHOLE = {"access_token": "a", "refresh_token": "r", "expires_in": 3599, "api_domain": HOME}


def bearer(number: int) -> dict[str, str]:
    return {"authorization": f"Bearer access-{number}"}


def test_a_login_that_is_fresh_is_not_touched() -> None:
    """A good access token signs, and neither store nor server is asked."""
    vault, host = MemoryVault(a_grant(expires=time.time() + 3599)), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)

    assert drive(credential.headers(PORT)) == bearer(0)
    assert (vault.acts, host.forms) == (["load"], [])


def test_a_refresh_is_stored_before_it_is_used() -> None:
    """Under the lock: read again, prove that the store can be written, ask, store; then it signs."""
    vault, host = MemoryVault(a_grant(expires=time.time() + 200)), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)

    assert drive(credential.headers(PORT)) == bearer(1)
    assert vault.acts == ["load", "lock", "load", "begin", "save", "unlock"]
    assert vault.grant
    assert vault.grant.refresh_token == "refresh-1"
    assert credential.origin == HOME
    assert credential.scopes == {"base", "deals:full"}


def test_the_request_of_a_refresh() -> None:
    """Form body, Basic authentication, the address without a slash at the end."""
    vault, host = MemoryVault(a_grant(expires=1)), OAuthHost()
    drive(OAuth(App.of(APP, host), vault).headers(PORT))

    request = host.requests[0]
    basic = base64.b64encode(b"an-app:canary-of-the-app").decode()
    assert (request.method, request.path) == ("POST", "/oauth/token")
    assert request.headers == {
        "authorization": f"Basic {basic}",
        "content-type": "application/x-www-form-urlencoded",
    }
    assert host.forms == [{"grant_type": "refresh_token", "refresh_token": "refresh-0"}]


def test_early_by_chance() -> None:
    """A login is refreshed five to six minutes before its end, not by all processes at once."""
    early = {
        left
        for left in range(250, 400, 10)
        for _ in range(20)
        if not OAuth(
            App.of(APP, OAuthHost()), MemoryVault(a_grant(expires=time.time() + left, lasts_seconds=3599))
        )._is_fresh(a_grant(expires=time.time() + left, lasts_seconds=3599))
    }

    assert max(early) in {340, 350, 360}
    assert set(range(250, 300, 10)) <= early


@pytest.mark.parametrize("jump", [-90_000.0, -4000.0, 4000.0, 90_000.0])
def test_a_clock_that_jumps(jump: float) -> None:
    """Wherever the clock goes, one refresh sets it right and the login is kept."""
    vault, host = MemoryVault(a_grant(expires=time.time() + 3000 - jump, lasts_seconds=3599)), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)

    assert [drive(credential.headers(PORT)) for _ in range(3)] == [bearer(1)] * 3
    assert len(host.forms) == 1


def test_one_refresh_for_eight_threads() -> None:
    """Threads that meet an expired token together refresh once."""
    vault, host = MemoryVault(a_grant(expires=1)), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)
    start = threading.Barrier(8)

    def call(_number: int) -> dict[str, str]:
        start.wait()
        return dict(drive(credential.headers(PORT)))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(8))) == [bearer(1)] * 8
    assert len(host.forms) == 1


def test_what_another_process_refreshed_is_taken_over() -> None:
    """A token that met a 401 is replaced by the stored one where there is a newer one."""
    vault, host = MemoryVault(a_grant(0)), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)
    vault.grant = a_grant(7, expires=time.time() + 3599)

    assert drive(credential.renewed(PORT, bearer(0))) is True
    assert drive(credential.headers(PORT)) == bearer(7)
    assert host.forms == []


def test_a_stale_refusal_refreshes_nothing() -> None:
    """A 401 for a token that was replaced meanwhile is no reason to replace the new one."""
    vault, host = MemoryVault(a_grant(0)), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)
    drive(credential.renewed(PORT, bearer(0)))
    drive(credential.renewed(PORT, bearer(0)))

    assert len(host.forms) == 1


def test_invalid_grant_reads_the_store_once_more() -> None:
    """Where somebody stored another login meanwhile, that one is used."""
    vault = MemoryVault(a_grant(0))

    def loses(_request: Request) -> Response:
        vault.grant = a_grant(9, expires=time.time() + 3599)
        return response({"error": "invalid_grant"}, 400)

    credential = OAuth(App.of(APP, loses), vault)
    drive(credential.renewed(PORT, bearer(0)))

    assert drive(credential.headers(PORT)) == bearer(9)


def test_a_login_that_is_over() -> None:
    """Else the person is told to log in again, in one line, after one try."""
    vault, host = MemoryVault(a_grant(0)), OAuthHost(refuses="invalid_grant")
    credential = OAuth(App.of(APP, host), vault)
    with pytest.raises(ReauthorizationError, match="log in again: pipedrive-tools login") as caught:
        drive(credential.renewed(PORT, bearer(0)))

    assert len(host.forms) == 1
    assert vault.acts.count("load") == 3
    assert vault.grant == a_grant(0)
    assert "refresh-0" not in repr(caught.value)


def test_logged_out_by_another_process() -> None:
    """A login that somebody gave back is not brought to life again."""
    vault, host = MemoryVault(a_grant(0)), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)
    vault.forget()
    with pytest.raises(ReauthorizationError, match="logged out"):
        drive(credential.renewed(PORT, bearer(0)))

    assert (vault.grant, host.forms) == (None, [])


class Full(MemoryVault):
    """A vault on a disk that fills up."""

    def __init__(self, fails: int) -> None:
        super().__init__(a_grant(0))
        self.fails = fails

    def save(self, grant: object) -> None:
        self.fails -= 1
        if self.fails >= 0:
            raise StoreError("full")
        super().save(grant)  # type: ignore[arg-type]  # the grant


def test_a_store_that_fails_after_the_rotation() -> None:
    """The new login is not used before it is stored, and not lost either: the next call stores it."""
    vault, host = Full(1), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)
    with pytest.raises(StoreError):
        drive(credential.renewed(PORT, bearer(0)))

    assert drive(credential.headers(PORT)) == bearer(0)
    drive(credential.renewed(PORT, bearer(0)))
    assert drive(credential.headers(PORT)) == bearer(1)
    assert vault.grant
    assert vault.grant.refresh_token == "refresh-1"
    assert len(host.forms) == 1


def test_a_new_login_goes_before_an_unsaved_one() -> None:
    """What could not be stored is dropped where somebody logged in meanwhile."""
    vault, host = Full(1), OAuthHost()
    credential = OAuth(App.of(APP, host), vault)
    with pytest.raises(StoreError):
        drive(credential.renewed(PORT, bearer(0)))
    vault.grant = a_grant(5, expires=time.time() + 3599)
    drive(credential.renewed(PORT, bearer(0)))

    assert drive(credential.headers(PORT)) == bearer(5)


def silent(_request: Request) -> Response:
    raise UnreachableError("no answer")


def test_an_early_refresh_that_fails_stops_nobody() -> None:
    """As long as the access token is good it serves, and the server is left alone for a while."""
    asked = []

    def host(request: Request) -> Response:
        asked.append(request)
        return silent(request)

    credential = OAuth(App.of(APP, host), MemoryVault(a_grant(expires=time.time() + 200)))

    assert [drive(credential.headers(PORT)) for _ in range(5)] == [bearer(0)] * 5
    assert len(asked) == 1


def test_a_login_server_that_is_silent() -> None:
    """A call that could not be signed was not sent, whatever became of the refresh."""
    credential = OAuth(App.of(APP, silent), MemoryVault(a_grant(expires=1)))
    with pytest.raises(ConnectError) as caught:
        drive(credential.headers(PORT))

    assert caught.value.outcome == "not sent"
    assert OAuth(App.of(APP, lambda _request: response(b"", 503)), MemoryVault(a_grant(expires=1)))


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, {"error": "invalid_client"}, LoginError, "PIPEDRIVE_CLIENT_SECRET"),
        (400, {"success": False, "message": "Invalid client: wrong"}, LoginError, "PIPEDRIVE_CLIENT_SECRET"),
        (400, b"Invalid client: client credentials are invalid", LoginError, "PIPEDRIVE_CLIENT_SECRET"),
        (400, {"message": "Invalid grant: refresh_token is invalid for this client"}, ReauthorizationError, "log in"),
        (400, b"Invalid grant: refresh_token is invalid", ReauthorizationError, "log in again"),
        (400, {"error": "invalid_grant"}, ReauthorizationError, "log in again"),
        (400, {"message": "Invalid request: redirect_uri"}, LoginError, "--port"),
        (400, {"message": "what"}, LoginError, "does not say why"),
        (400, [1], LoginError, "does not say why"),
        (404, b"", LoginError, "404"),
        (302, b"", LoginError, "302"),
        (500, b"invalid grant", ConnectError, "try again later"),
        (200, b"not json", LoginError, "cannot be read"),
        (200, {"access_token": "canary"}, LoginError, "cannot be read"),
        (200, {**WHOLE, "access_token": "line\nbreak"}, LoginError, "cannot be read"),
        (200, {**WHOLE, "expires_in": -1}, LoginError, "cannot be read"),
    ],
)  # fmt: skip
def test_refusals(status: int, body: object, kind: type[PipedriveToolsError], words: str) -> None:
    """Each refusal is one line that says what to do, in every shape that it may have."""
    credential = OAuth(App.of(APP, lambda _request: response(body, status)), MemoryVault(a_grant(expires=1)))
    with pytest.raises(kind, match=words) as caught:
        drive(credential.headers(PORT))

    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


def test_no_app() -> None:
    """Without the app's own credential a login cannot be used, and the line says which are missing."""
    with pytest.raises(SettingsError, match="PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET"):
        App.of(Settings())


def test_a_login_names_its_own_host() -> None:
    """Calls go where the login says, and elsewhere once a refresh says so."""
    vault, host = MemoryVault(a_grant(expires=1)), OAuthHost(answer={"api_domain": "https://b.pipedrive.com"})
    credential = OAuth(App.of(APP, host), vault)
    assert credential.origin == HOME
    drive(credential.headers(PORT))

    assert credential.origin == "https://b.pipedrive.com"


ROTATIONS = ["same", "new", "grace"]


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("old", ["lives", "dies"])
def test_threads_against_the_sandbox(rotation: str, old: str, sandbox: Sandbox, store_url: str) -> None:
    """Whatever nobody knows about the real server: one refresh for each expiry, and no failed call."""
    sandbox.switch(refresh_rotation=rotation, access_token_on_refresh=old, parallel_refresh="all win")
    settings = sandbox_settings(sandbox, store_url)
    log_in(settings)
    with Pipedrive(settings=settings) as client, ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            sandbox.expire()
            found = list(pool.map(lambda _n: client.send(account.get_current_user()).id, range(16)))
            assert len(set(found)) == 1

    assert refreshes(sandbox.log()) == [200] * 3


async def test_tasks_against_the_sandbox(sandbox: Sandbox, store_url: str) -> None:
    """Tasks of one loop, and of toolset and client side by side, refresh once."""
    sandbox.switch(refresh_rotation="new", parallel_refresh="one wins")
    settings = sandbox_settings(sandbox, store_url)
    log_in(settings)
    toolset = Toolset.connect("a", Policy.full("a"), settings=settings)
    async with AsyncPipedrive(settings=settings) as client:
        sandbox.expire()
        found = await asyncio.gather(
            *(client.send(account.get_current_user()) for _ in range(8)),
            *(toolset.acall("list_deals", {"limit": 1}) for _ in range(8)),
        )
    await toolset.aclose()

    assert [each.status for each in found[8:]] == ["ok"] * 8
    assert refreshes(sandbox.log()) == [200]


def test_refreshes_are_counted(sandbox: Sandbox, store_url: str, told: Told) -> None:
    """Each question for a new access token is told, with whether one came, and without any token."""
    settings = sandbox_settings(sandbox, store_url)
    grant = log_in(settings)
    with Pipedrive(settings=settings) as client:
        sandbox.expire()
        client.send(account.get_current_user())

    assert told.metrics()["pipedrive.refreshes"] == [({"pipedrive.outcome": "ok"}, 1)]
    assert grant.access_token not in told
    assert grant.refresh_token not in told


def test_short_lives(sandbox: Sandbox, store_url: str) -> None:
    """Tokens that live a second are refreshed about once a second, not with every call."""
    sandbox.switch(access_token_seconds=1, refresh_rotation="new")
    settings = sandbox_settings(sandbox, store_url)
    log_in(settings)
    until = time.monotonic() + 2.5
    with Pipedrive(settings=settings) as client:
        while time.monotonic() < until:
            client.send(account.get_current_user())

    assert 2 <= len(refreshes(sandbox.log())) <= 4


def test_scopes(sandbox: Sandbox, store_url: str) -> None:
    """Tools for which the login has no scope are not offered, and refused by name before anything is sent."""
    sandbox.switch(scopes="deals:read")
    settings = sandbox_settings(sandbox, store_url)
    log_in(settings)
    sent = len(sandbox.log())
    with Toolset.connect("a", Policy.full("a"), settings=settings) as toolset:
        names = toolset.names()
        refused = toolset.call("create_deal", {"title": "x"})
        allowed = toolset.call("list_deals", {"limit": 1})
    with (
        Pipedrive(settings=settings, writes=True) as client,
        pytest.raises(ScopeLackingError, match="deals:full"),
    ):
        client.send(deals.create(title="x"))

    assert {"list_deals", "get_current_user"} <= set(names)
    assert not {"create_deal", "list_persons", "list_leads"} & set(names)
    assert (refused.status, allowed.status) == ("denied", "ok")
    assert "deals:full" in refused.text
    assert calls(sandbox.log()[sent:]) == [200]


def test_a_grant_outside_its_hosts_does_not_serve() -> None:
    """A stored login is held to the hosts that are allowed now, not to those of the day it was made."""
    far = a_grant(origin="https://proxy.example")

    with pytest.raises(LoginError, match="PIPEDRIVE_ALLOWED_HOSTS"):
        OAuth(App.of(APP, OAuthHost()), MemoryVault(far))
    allowed = replace(APP, allowed_hosts=frozenset({"proxy.example"}))
    assert OAuth(App.of(allowed, OAuthHost()), MemoryVault(far)).origin == "https://proxy.example"
