"""`login`, `status` and `logout`, from an empty home, against the sandbox's OAuth server."""

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipedrive_tools.cli import main
from pipedrive_tools.sandbox import Sandbox
from tests import canaries
from tests.logins import STATE_KEY, refreshes
from tests.servers import free_port

TOKEN = "c0ffee" * 6 + "cafe"
NO_KEYRING = "keyring.backends.null.Keyring"
BROWSER = """
import sys, urllib.request
try:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1]).read()
except urllib.error.HTTPError:
    pass
"""
"""A browser that goes where it is sent."""

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder, and a browser outside of it."""
    (tmp_path / "browser.py").write_text(BROWSER)
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(home: Path, sandbox: Sandbox, engine: str, store_url: str) -> dict[str, str]:
    """No more than there must be: a store in the home folder needs no address."""
    on_a_server = {"PIPEDRIVE_STATE": store_url, "PIPEDRIVE_STATE_KEY": STATE_KEY}
    return {
        **({} if engine == "sqlite" else on_a_server),
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "BROWSER": f"{sys.executable} {home.parent / 'browser.py'} %s",
        "PYTHON_KEYRING_BACKEND": NO_KEYRING,
        "PIPEDRIVE_BASE_URL": sandbox.url,
        "PIPEDRIVE_CLIENT_ID": sandbox.client_id,
        "PIPEDRIVE_CLIENT_SECRET": sandbox.client_secret,
    }


@pytest.fixture
def process(environment: dict[str, str]) -> Shell:
    """Run a command in a process of its own, with a browser of its own."""

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", "import sys; from pipedrive_tools.cli import main; sys.exit(main())", *words],
            env=environment, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run


@pytest.fixture
def shell(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """The same in this process, which is faster."""
    for name in [name for name in os.environ if name.startswith(("PIPEDRIVE_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("webbrowser.open", lambda url: bool(httpx.get(url, follow_redirects=True)))

    def run(*words: str, stdin: Any = "", **more: str) -> "subprocess.CompletedProcess[str]":
        with monkeypatch.context() as patch:
            for name, value in {**environment, **more}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(stdin) if isinstance(stdin, str) else stdin)
            code = main(words)
        return subprocess.CompletedProcess(words, code, *capsys.readouterr())

    return run


def shown(sandbox: Sandbox, ran: "subprocess.CompletedProcess[str]") -> list[str]:
    """Which secrets of the sandbox's OAuth server a command printed, or left in the store."""
    server = sandbox._api.oauth
    secrets = [*server.access, *server.refresh, sandbox.client_secret, TOKEN]
    return [secret for secret in secrets if secret in ran.stdout + ran.stderr]


@pytest.mark.sqlite_only("the files in a home folder are looked into")
def test_from_an_empty_home(process: Shell, sandbox: Sandbox, home: Path) -> None:
    """Log in by the browser, see who answers, use it, survive an expiry, and log out again."""
    logged_in = process("login", "--port", str(free_port()))
    assert (logged_in.returncode, logged_in.stderr) == (0, "")
    assert "logged in" in logged_in.stdout
    sandbox.expire()

    status = process("status", "--json")
    found = json.loads(status.stdout)
    assert (status.returncode, found["problem"], found["credentials"]) == (0, None, ["login"])
    assert found["credential"] == "an OAuth login, sealed in the state store"
    assert set(found["account"]) == {"user", "user_id", "company"}
    assert set(found["budget"]) == {"used", "limit", "resets_at", "stopped"}
    assert refreshes(sandbox.log()) == [200]
    assert "an OAuth login, sealed" in process("status").stdout

    server = sandbox._api.oauth
    secrets = [*server.access, *server.refresh, sandbox.client_secret]
    assert len(secrets) == 4
    assert canaries.in_files(home, secrets) == []
    assert {path.stat().st_mode & 0o077 for path in home.rglob("*") if path.is_file()} == {0}

    logged_out = process("logout")
    assert (logged_out.returncode, logged_out.stderr) == (0, "")
    assert all(each.session.is_revoked for each in server.refresh.values())
    after = process("status", "--json")
    assert (after.returncode, json.loads(after.stdout)["credential"]) == (1, "missing")
    assert "nothing is kept here" in process("logout").stdout
    assert [secret for ran in (logged_in, status, logged_out, after) for secret in shown(sandbox, ran)] == []


def test_a_pasted_address(shell: Shell, sandbox: Sandbox) -> None:
    """Without a browser the user brings the address back by hand; a wrong one is refused."""
    other = "http://127.0.0.1:8976/callback?code=c&state=guess"

    assert "does not belong to this login" in shell("login", "--no-browser", stdin=other).stderr
    assert "no address was pasted" in shell("login", "--no-browser").stderr
    assert [entry for entry in sandbox.log() if entry["path"] == "/oauth/token"] == []


def test_a_pasted_address_that_is_right(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """The address that the browser ended at brings the login."""
    ran = shell("login", "--no-browser", stdin=Person(capsys))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "logged in" in ran.stdout


class Person:
    """Somebody who opens the address that was printed, and pastes the one they were sent to."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def readline(self) -> str:
        out = self.capsys.readouterr().out
        address = out[out.index("http") :].split()[0]
        return httpx.get(address).headers["location"] + "\n"

    def isatty(self) -> bool:
        return False


def one_line(ran: "subprocess.CompletedProcess[str]") -> str:
    """What stderr holds, which must be one line, with exit status 1."""
    assert ran.returncode == 1, ran
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr


def test_a_wrong_client_secret(shell: Shell) -> None:
    """One line that names the variables."""
    ran = shell("login", "--port", str(free_port()), PIPEDRIVE_CLIENT_SECRET="wrong-wrong-wrong")

    assert "check PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET" in one_line(ran)


def test_no_client(shell: Shell) -> None:
    """One line that says what is needed, and that there is another way."""
    assert "login --token" in one_line(shell("login", PIPEDRIVE_CLIENT_ID=""))


def test_a_refused_consent(shell: Shell, sandbox: Sandbox) -> None:
    """One line, and nothing is stored."""
    sandbox.switch(consent="denied")

    assert "did not agree" in one_line(shell("login", "--port", str(free_port())))
    assert json.loads(shell("status", "--json").stdout)["credential"] == "missing"


def test_an_expired_code(shell: Shell, sandbox: Sandbox) -> None:
    """One line that says to log in again."""
    sandbox.switch(code_seconds=0)

    assert "expired or was used already" in one_line(shell("login", "--port", str(free_port())))


def test_a_foreign_host(shell: Shell, sandbox: Sandbox) -> None:
    """A login that names a stranger for its calls is refused; nothing is stored."""
    sandbox.switch(api_domain="https://evil.example")

    assert "outside pipedrive.com" in one_line(shell("login", "--port", str(free_port())))
    assert json.loads(shell("status", "--json").stdout)["credentials"] == []


def test_a_port_in_use(shell: Shell) -> None:
    """One line that names the ways out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = shell("login", "--port", str(taken.getsockname()[1]))

    assert "--no-browser" in one_line(ran)


def test_a_login_that_is_over(shell: Shell, sandbox: Sandbox) -> None:
    """After the app was uninstalled, one line says to log in again; nothing is refreshed in a loop."""
    shell("login", "--port", str(free_port()))
    for each in sandbox._api.oauth.refresh.values():
        each.session.is_revoked = True

    assert "log in again: pipedrive-tools login" in one_line(shell("status"))
    assert refreshes(sandbox.log()) == [400]


@pytest.mark.sqlite_only("a key lies beside a file only")
def test_another_state_key(shell: Shell, home: Path) -> None:
    """A login that was sealed under another key is one line; logging out still works."""
    shell("login", "--port", str(free_port()))
    for path in home.rglob("*.key"):
        path.unlink()

    assert "PIPEDRIVE_STATE_KEY is another one" in one_line(shell("status"))
    assert "not given back" in one_line(shell("logout"))
    assert json.loads(shell("status", "--json").stdout)["credential"] == "missing"


def test_an_api_token(shell: Shell, sandbox: Sandbox, home: Path) -> None:
    """A token from standard input is tried, kept, used, shown nowhere, and forgotten again."""
    kept = shell("login", "--token", stdin=f"{TOKEN}\n")
    status = shell("status", "--json")
    used = shell("tools")

    assert (kept.returncode, kept.stderr) == (0, "")
    assert "sealed in the state store" in kept.stdout
    assert json.loads(status.stdout)["credentials"] == ["store"]
    assert canaries.in_files(home, [TOKEN]) == []
    assert "forgotten" in shell("logout").stdout
    assert json.loads(shell("status", "--json").stdout)["credential"] == "missing"
    assert [secret for ran in (kept, status, used) for secret in shown(sandbox, ran)] == []


def test_a_wrong_api_token(shell: Shell) -> None:
    """A token that does not open the account is not kept; an empty one neither."""
    assert "Traceback" not in one_line(shell("login", "--token", stdin="short\n"))
    assert "no API token was given" in one_line(shell("login", "--token"))
    assert json.loads(shell("status", "--json").stdout)["credentials"] == []


def test_what_goes_before(shell: Shell) -> None:
    """Whoever logs in beside a credential that goes before it is told so."""
    assert (
        "PIPEDRIVE_API_TOKEN" in shell("login", "--port", str(free_port()), PIPEDRIVE_API_TOKEN=TOKEN).stdout
    )
    kept = shell("login", "--token", stdin=f"{TOKEN}\n")

    assert "not used as long as there is an OAuth login" in kept.stdout


def test_debug_shows_no_secret(shell: Shell, sandbox: Sandbox) -> None:
    """The whole story of an error holds no credential either."""
    shell("login", "--port", str(free_port()))
    sandbox.expire()
    ran = [shell("status", "--debug"), shell("login", "--debug", PIPEDRIVE_CLIENT_ID="")]
    sandbox.switch(oauth_error_shape="text")
    for each in sandbox._api.oauth.refresh.values():
        each.session.is_revoked = True
    sandbox.expire()
    ran.append(shell("status", "--debug"))
    ran.append(
        shell("login", "--debug", "--port", str(free_port()), PIPEDRIVE_CLIENT_SECRET="wrong-wrong-wrong")
    )

    assert [secret for each in ran for secret in shown(sandbox, each)] == []
    assert "Traceback" in ran[-1].stderr


def test_a_stranger_at_the_callback(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forged answers and other pages are turned away, and the login goes on until the true one comes."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    said: list[int] = []

    def browse(url: str) -> None:
        foreign = {"host": "evil.example"}
        said.append(httpx.get(f"{base}/callback?code=evil&state=guess").status_code)
        said.append(httpx.get(f"{base}/favicon.ico").status_code)
        said.append(httpx.get(f"{base}/callback", headers=foreign).status_code)
        said.append(httpx.get(httpx.get(url).headers["location"]).status_code)

    monkeypatch.setattr("webbrowser.open", browse)

    assert shell("login", "--port", str(port)).returncode == 0
    assert said == [400, 400, 400, 200]
