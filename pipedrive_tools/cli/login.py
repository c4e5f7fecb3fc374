"""`login`: by OAuth in the browser or with a pasted address, or with an API token that is kept from then on."""

import sys
from dataclasses import replace
from getpass import getpass
from typing import Annotated, Final

import typer

from pipedrive_tools import auth
from pipedrive_tools.auth import App, Grant, Login
from pipedrive_tools.cli import output
from pipedrive_tools.cli.callback import Callback, address
from pipedrive_tools.cli.me import line_to, me, whose
from pipedrive_tools.cli.storage import store
from pipedrive_tools.errors import LoginError
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.logins import SOURCES, Logins, Source

PORT: Final = 8976
WORDS: Final[dict[Source, str]] = {
    "environment": "an API token in PIPEDRIVE_API_TOKEN",
    "login": "an OAuth login, sealed in the state store",
    "keyring": "an API token in the keyring of this computer",
    "store": "an API token, sealed in the state store",
}
"""Where a credential comes from, for people."""


def command(
    *,
    token: Annotated[
        bool, typer.Option("--token", help="Keep an API token; it is asked for, or read from standard input.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Show the address to open, and ask for the one it leads to.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the callback on this machine.")] = PORT,
) -> None:
    """Log in once; whatever comes later uses it. Each login adds an account, or renews it."""
    settings = replace(Settings.from_env(), account=None)  # the login tells which
    with store(settings) as opened:
        logins = Logins(settings, opened)
        kept = _keep_token(settings, logins) if token else _log_in(settings, logins, port, no_browser)
        first = logins.sources()[0]
    if SOURCES.index(first) < SOURCES.index(kept):
        output.line(f"note: it is not used as long as there is {WORDS[first]}")


def _keep_token(settings: Settings, logins: Logins) -> Source:
    """Try the token first: one that does not open the account is not kept."""
    given = (getpass("API token (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not given:
        raise LoginError("no API token was given; nothing was stored")
    credential = auth.checked_token(given, source="the API token")
    with line_to(logins.address, credential, settings) as line:
        found = me(line)
    kept = logins.keep_token(given)
    output.line("{user} at {company}: kept as ".format(**found) + WORDS[kept])
    return kept


def _log_in(settings: Settings, logins: Logins, port: int, no_browser: bool) -> Source:
    login = Login(App.of(settings), address(port))
    grant = _pasted(login) if no_browser else _returned(login, port)
    with line_to(grant.origin, auth.OAuth(login.app, auth.Unkept(grant)), settings) as line:
        found, account = whose(line)
    vault = logins.vault(account)
    with vault.locked():  # a refresh of the login before must not overwrite this one
        vault.save(grant)
    output.line(f"logged in as {account}; the login is kept sealed in the state store")
    output.line("{user} at {company}".format(**found))
    return "login"


def _returned(login: Login, port: int) -> Grant:
    """By the browser of this machine, which comes back by itself."""
    with Callback(login, port) as callback:
        output.line(f"If no browser opens, open this address yourself: {login.url}")
        sys.stdout.flush()
        return callback.wait()


def _pasted(login: Login) -> Grant:
    """By a browser anywhere, whose last address is brought here by hand."""
    output.line(f"Open this address in a browser and agree: {login.url}")
    output.line("The page you are sent to cannot be shown; paste its whole address here:")
    sys.stdout.flush()
    given = sys.stdin.readline()
    if not given.strip():
        raise LoginError("no address was pasted; log in again")
    return login.finish(given)
