"""Answers to a login that are not its own, and hosts that may not see a token: made up by chance, endlessly."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final
from urllib.parse import quote, urlencode

from pipedrive_tools.auth import App, Login
from pipedrive_tools.auth.login import STATE_SECONDS
from pipedrive_tools.errors import LoginError
from pipedrive_tools.settings import Settings
from tests.logins import APP, CALLBACK, OAuthHost

KINDS: Final = ("forged", "replayed", "expired", "foreign", "elsewhere")


@dataclass
class Tried:
    """One callback address, and whether it brought a login."""

    kind: str
    was_accepted: bool
    codes_sent: int
    """Codes that were exchanged although the answer was none of ours."""


def callbacks(random: Random) -> Iterator[Tried]:
    """Callback addresses that must be refused, kind by kind."""
    while True:
        for kind in KINDS:
            yield tried(kind, random)


def tried(kind: str, random: Random) -> Tried:
    """One address of a kind, brought to a login that waits."""
    host, now = OAuthHost(), [0.0]
    login = Login(App.of(APP, host), CALLBACK, clock=lambda: now[0])
    other = Login(App.of(APP, host), CALLBACK)
    address = f"{CALLBACK}?{urlencode({'code': 'c', 'state': login.state})}"
    match kind:
        case "forged":
            address = f"{CALLBACK}?{_forged(login.state, random)}"
        case "replayed":
            login.finish(address)
        case "expired":
            now[0] = STATE_SECONDS + random.uniform(0.001, 1e6)
        case "foreign":
            address = address.replace(login.state, other.state)
        case _:
            address = _elsewhere(address, random)
    before = len(host.forms)
    try:
        login.finish(address)
    except LoginError:
        return Tried(kind, False, len(host.forms) - before)
    return Tried(kind, True, len(host.forms) - before)


def _forged(state: str, random: Random) -> str:
    """A query whose state is near the true one, or far from it, or twice there."""
    place = random.randrange(len(state))
    wrong = random.choice(
        [
            "",
            state[:-1],
            state + random.choice("aZ0-_ \0\n"),
            state[:place] + ("A" if state[place] != "A" else "B") + state[place + 1 :],
            state.swapcase() if state.swapcase() != state else "x",
            secrets.token_urlsafe(32),
            state[::-1] + "x",
            "\u0430" + state[1:],
        ]
    )
    queries = [
        f"code=c&state={quote(wrong)}",
        "code=c",
        f"code=c&state={state}&state={quote(wrong)}",
        f"code=c&State={state}",
        f"code=c&state={state}%00",
        f"code=c&state[]={state}",
    ]
    return random.choice([queries[0], random.choice(queries)])


def _elsewhere(address: str, random: Random) -> str:
    """The right query at an address that is not the callback's."""
    return random.choice(
        [
            address.replace("http:", "https:", 1),
            address.replace("127.0.0.1", "localhost", 1),
            address.replace("127.0.0.1", "evil.example", 1),
            address.replace("127.0.0.1", "user@127.0.0.1", 1),
            address.replace(":8976", f":{random.randrange(1, 8976)}", 1),
            address.replace(
                "/callback", random.choice(["/", "/callback/", "/Callback", "/x/../callback"]), 1
            ),
            address.replace("?", "#", 1),
            address.partition("?")[2],
            "http://[" + address[7:],
        ]
    )


def api_domains(random: Random) -> Iterator[str]:
    """Addresses that a token answer may name and that must not see a token."""
    name = "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789-", k=8)).strip("-") or "x"
    while True:
        yield random.choice(
            [
                f"https://{name}.example",
                f"https://{name}pipedrive.com",
                f"https://{name}.pipedrive.com.{name}.example",
                f"https://{name}.pipedrive.com@{name}.example",
                f"https://{name}@{name}.pipedrive.com",
                f"https://{name}.example\\.pipedrive.com",
                f"https://{name}.example/.pipedrive.com",
                f"https://{name}.example#.pipedrive.com",
                f"https://{name}.example?x=.pipedrive.com",
                f"https://{name}.p\u0456pedrive.com",
                f"https://{name}.example\u3002pipedrive.com",
                f"http://{name}.pipedrive.com",
                f"ftp://{name}.pipedrive.com",
                f"//{name}.pipedrive.com",
                f"https://10.{random.randrange(256)}.0.{random.randrange(256)}",
                f"http://127.0.0.1:{random.randrange(1, 65536)}",
                f"http://localhost:{random.randrange(1, 65536)}",
                "http://[::1]",
                f"https://{name}.pipedrive.com:0",
                f"https://{name}.pipedrive.com/{name}",
                "",
            ]
        )
        name = name[::-1] if random.random() < 0.5 else f"{name[:6]}{random.randrange(100)}"


def is_refused(api_domain: str, settings: Settings = APP) -> bool:
    """Whether a login that names this address is turned away."""
    host = OAuthHost(answer={"api_domain": api_domain})
    login = Login(App.of(settings, host), CALLBACK)
    try:
        login.finish(f"{CALLBACK}?{urlencode({'code': 'c', 'state': login.state})}")
    except LoginError:
        return True
    return False


def careless(api_domain: str) -> bool:
    """Counter-test: a check that looks at the end of the text only."""
    return not api_domain.rstrip("/").endswith("pipedrive.com")
