"""Logging in: a state that is used once, a callback that is ours, and a host that may see the token."""

from collections import Counter
from itertools import islice
from random import Random
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipedrive_tools.auth import App, Login
from pipedrive_tools.auth.hosts import granted_origin, login_origin
from pipedrive_tools.errors import LoginError
from pipedrive_tools.settings import Settings
from tests.forgeries import KINDS, api_domains, callbacks, careless, is_refused
from tests.logins import APP, CALLBACK, HOME, OAuthHost

SANDBOX = Settings(base_url="http://127.0.0.1:8765")


def back(login: Login, **query: str) -> str:
    return f"{CALLBACK}?{urlencode({'state': login.state, **query})}"


def test_the_address_to_open() -> None:
    """Client, callback and state, and nothing that is documented nowhere; states are never the same."""
    logins = [Login(App.of(APP, OAuthHost()), CALLBACK) for _ in range(100)]
    address = urlsplit(logins[0].url)

    assert address.geturl().startswith("https://oauth.pipedrive.com/oauth/authorize?")
    assert parse_qs(address.query) == {
        "client_id": ["an-app"],
        "redirect_uri": [CALLBACK],
        "state": [logins[0].state],
    }
    assert len({login.state for login in logins}) == 100
    assert min(len(login.state) for login in logins) >= 43


def test_a_login() -> None:
    """The code is exchanged once, with the callback address, and a second answer is refused."""
    host = OAuthHost()
    login = Login(App.of(APP, host), CALLBACK)
    grant = login.finish(f"  {back(login, code='c')}\n")

    assert host.forms == [{"grant_type": "authorization_code", "code": "c", "redirect_uri": CALLBACK}]
    assert (grant.origin, grant.scopes) == (HOME, {"base", "deals:full"})
    with pytest.raises(LoginError, match="does not belong"):
        login.finish(back(login, code="c"))
    assert len(host.forms) == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"error": "user_denied"}, "did not agree"),
        ({}, "no code"),
        ({"code": ""}, "no code"),
    ],
)
def test_an_answer_without_a_code(query: dict[str, str], words: str) -> None:
    """A refused consent and an answer without a code end the login, in one line."""
    host = OAuthHost()
    login = Login(App.of(APP, host), CALLBACK)
    with pytest.raises(LoginError, match=words):
        login.finish(back(login, **query))

    assert not login.is_open
    assert host.forms == []


def test_an_expired_code() -> None:
    """A code that waited for too long is one line that says to log in again."""
    login = Login(App.of(APP, OAuthHost(refuses="invalid_grant")), CALLBACK)
    with pytest.raises(LoginError, match=r"expired or was used already.*log in again"):
        login.finish(back(login, code="c"))


def test_foreign_answers_are_refused() -> None:
    """Forged, replayed, expired and foreign states bring no login, and no code of theirs is exchanged."""
    found = list(islice(callbacks(Random(4)), 1000))

    assert Counter(each.kind for each in found) == dict.fromkeys(KINDS, 200)
    assert [each for each in found if each.was_accepted or each.codes_sent] == []


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_taken_for_a_callback(state: str, before: str) -> None:
    """Whatever stands in an address, without the state it is refused, with an error of ours."""
    login = Login(App.of(APP, OAuthHost()), CALLBACK)
    for address in (before, f"{CALLBACK}?{state}", f"{CALLBACK}?code=c&state={state}", before + CALLBACK):
        with pytest.raises(LoginError):
            login.finish(address)

    assert login.is_open


def test_a_stranger_does_not_end_the_login() -> None:
    """After a forged answer the true one still serves."""
    login = Login(App.of(APP, OAuthHost()), CALLBACK)
    with pytest.raises(LoginError):
        login.finish(f"{CALLBACK}?code=evil&state=guess")

    assert login.finish(back(login, code="c"))


def test_foreign_hosts_are_refused() -> None:
    """No login is taken that names another host for its calls; a careless check would let some pass."""
    tried = list(islice(api_domains(Random(4)), 300))

    assert [address for address in tried if not is_refused(address)] == []
    assert sum(not careless(address) for address in tried) > 30


@pytest.mark.parametrize(
    ("named", "api_domain", "origin"),
    [
        (Settings(), HOME, HOME),
        (Settings(company_domain="other"), HOME, HOME),
        (Settings(base_url="https://other.pipedrive.com"), HOME, HOME),
        (SANDBOX, "http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        (SANDBOX, "http://localhost:9", "http://localhost:9"),
        (SANDBOX, HOME, "http://127.0.0.1:8765"),
        (Settings(base_url="https://p.example", allowed_hosts=frozenset({"p.example"})), HOME, "https://p.example"),
        (Settings(allowed_hosts=frozenset({"p.example"})), "https://p.example", "https://p.example"),
    ],
)  # fmt: skip
def test_where_calls_go(named: Settings, api_domain: str, origin: str) -> None:
    """Where the login says; a sandbox or proxy that is named stands for all of pipedrive.com."""
    assert granted_origin(api_domain, named) == origin


def test_this_machine_only_for_a_sandbox() -> None:
    """A login of the real Pipedrive cannot send calls to this machine."""
    proxy = Settings(base_url="https://p.example", allowed_hosts=frozenset({"p.example"}))
    for named in (Settings(), proxy):
        with pytest.raises(LoginError, match="this machine"):
            granted_origin("http://127.0.0.1:1", named)


@pytest.mark.parametrize(
    ("named", "origin"),
    [
        (Settings(), "https://oauth.pipedrive.com"),
        (Settings(company_domain="acme"), "https://oauth.pipedrive.com"),
        (Settings(base_url="https://acme.pipedrive.com"), "https://oauth.pipedrive.com"),
        (SANDBOX, "http://127.0.0.1:8765"),
    ],
)
def test_where_the_login_server_is(named: Settings, origin: str) -> None:
    """Pipedrive's own, unless a sandbox or proxy is named."""
    assert login_origin(named) == origin
