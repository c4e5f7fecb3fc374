"""A person at a prompt: the environment points at the sandbox, and what a command prints is caught."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipedrive_tools.cli import main
from pipedrive_tools.sandbox import Sandbox
from tests.logins import STATE_KEY

CANARY = "c0ffee" * 6 + "cafe"
"""A token that the sandbox accepts and that nothing may print."""

POLICY = """
[agents.clerk]
deals = "full"
activities = "full"
pipelines = "read"

[agents.clerk.actions]
delete_deal = "ask"
delete_activity = "allow"

[agents.clerk.tainted]
delete_activity = "allow"

[agents.reader]
deals = "read"
"""


@dataclass(frozen=True)
class Ran:
    """What came of a command line."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def deal(sandbox: Sandbox) -> int:
    """An open deal that may be changed."""
    open_deals = (each for each in sandbox.records("deals") if each["status"] == "open")
    number: int = next(each["id"] for each in open_deals if not each["is_archived"])
    return number


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy file with two agents."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, store_url: str, policy: Path) -> None:
    """An account, a policy and a store of one's own."""
    for name in ("COMPANY_DOMAIN", "ALLOWED_HOSTS", "PLAN", "SEATS", "DRY_RUN"):
        monkeypatch.delenv(f"PIPEDRIVE_{name}", raising=False)
    monkeypatch.setenv("PIPEDRIVE_BASE_URL", sandbox.url)
    monkeypatch.setenv("PIPEDRIVE_API_TOKEN", CANARY)
    monkeypatch.setenv("PIPEDRIVE_POLICY", str(policy))
    monkeypatch.setenv("PIPEDRIVE_AGENT", "clerk")
    monkeypatch.setenv("PIPEDRIVE_STATE", store_url)
    monkeypatch.setenv("PIPEDRIVE_STATE_KEY", STATE_KEY)


@pytest.fixture
def run(environment: None, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process; whatever it prints holds no credential."""

    def run(*words: str) -> Ran:
        code = main(words)
        out, err = capsys.readouterr()
        assert CANARY not in out + err
        return Ran(code, out, err)

    return run
