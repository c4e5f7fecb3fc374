"""Settings: what the environment says, and what never shows."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipedrive_tools.errors import SettingsError
from pipedrive_tools.settings import Settings

CANARY = "canary0123456789canary0123456789canary01"


def test_an_empty_environment() -> None:
    """Without a variable every setting has its default."""
    assert Settings.from_env({}) == Settings()


def test_every_variable() -> None:
    """Each variable lands in its setting, without the blanks around it."""
    found = Settings.from_env(
        {
            "PIPEDRIVE_API_TOKEN": f" {CANARY}\n",
            "PIPEDRIVE_CLIENT_ID": "an-app",
            "PIPEDRIVE_CLIENT_SECRET": f"{CANARY}-2",
            "PIPEDRIVE_STATE_KEY": f"{CANARY}-3",
            "PIPEDRIVE_ACCOUNT": "acme/7",
            "PIPEDRIVE_COMPANY_DOMAIN": "acme",
            "PIPEDRIVE_BASE_URL": "http://127.0.0.1:8765",
            "PIPEDRIVE_ALLOWED_HOSTS": "Proxy.Example, other.example third.example",
            "PIPEDRIVE_STATE": "sqlite:///state.db",
            "PIPEDRIVE_POLICY": "policy.toml",
            "PIPEDRIVE_AGENT": "sales",
            "PIPEDRIVE_PLAN": "Growth",
            "PIPEDRIVE_SEATS": "12",
            "PIPEDRIVE_DRY_RUN": "Yes",
        }
    )

    assert found == Settings(
        api_token=CANARY,
        client_id="an-app",
        client_secret=f"{CANARY}-2",
        state_key=f"{CANARY}-3",
        account="acme/7",
        company_domain="acme",
        base_url="http://127.0.0.1:8765",
        allowed_hosts=frozenset({"proxy.example", "other.example", "third.example"}),
        state="sqlite:///state.db",
        policy="policy.toml",
        agent="sales",
        plan="growth",
        seats=12,
        dry_run=True,
    )


def test_blank_is_absent() -> None:
    """A variable that is empty or blank counts as absent."""
    names = ("API_TOKEN", "BASE_URL", "ALLOWED_HOSTS", "STATE", "PLAN", "SEATS", "DRY_RUN")

    assert Settings.from_env({f"PIPEDRIVE_{name}": "  " for name in names}) == Settings()


def test_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left alone, it reads the environment of the process."""
    monkeypatch.setenv("PIPEDRIVE_AGENT", "from-the-process")

    assert Settings.from_env().agent == "from-the-process"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("PIPEDRIVE_PLAN", "platinum", id="no-such-plan"),
        pytest.param("PIPEDRIVE_SEATS", "0", id="no-seats"),
        pytest.param("PIPEDRIVE_SEATS", "-3", id="fewer-than-none"),
        pytest.param("PIPEDRIVE_SEATS", "2.5", id="half-a-seat"),
        pytest.param("PIPEDRIVE_SEATS", "9" * 5000, id="more-digits-than-python-reads"),
        pytest.param("PIPEDRIVE_DRY_RUN", "perhaps", id="a-floor-in-a-word-nobody-knows"),
    ],
)
def test_a_wrong_variable(name: str, text: str) -> None:
    """A variable that cannot be read is refused by name, never guessed at."""
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: text})


@pytest.mark.parametrize("word", ["0", "false", "No", "OFF", ""])
def test_no_rehearsal(word: str) -> None:
    """The floor is off in every usual word."""
    assert Settings.from_env({"PIPEDRIVE_DRY_RUN": word}).dry_run is False


def test_hosts_in_one_text() -> None:
    """Hosts given as one text are refused: any part of it would pass for a host."""
    with pytest.raises(SettingsError, match="a set of hosts"):
        Settings(allowed_hosts="proxy.example")  # type: ignore[arg-type]  # what a caller without checks does


def test_nothing_secret_is_shown() -> None:
    """No setting that can hold a credential is shown by its representation."""
    settings = Settings(
        api_token=CANARY,
        client_secret=CANARY,
        state_key=CANARY,
        base_url=f"https://me:{CANARY}@acme.pipedrive.com",
        state=f"postgresql+psycopg://me:{CANARY}@db/state",
    )

    assert CANARY not in repr(settings)
    assert CANARY not in str(settings)
    assert CANARY in repr(replace(settings, agent=CANARY)), "what is shown is found"


SECRETS = {
    "PIPEDRIVE_API_TOKEN": "api_token",
    "PIPEDRIVE_CLIENT_SECRET": "client_secret",
    "PIPEDRIVE_STATE": "state",
    "PIPEDRIVE_STATE_KEY": "state_key",
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_in_files(name: str, tmp_path: Path) -> None:
    """A secret may be in a file, as containers have it; both at once, or a file that is not there, is told."""
    file = tmp_path / "secret"
    file.write_text(f"{CANARY}\n", encoding="utf-8")
    assert getattr(Settings.from_env({f"{name}_FILE": str(file)}), SECRETS[name]) == CANARY
    with pytest.raises(SettingsError, match=f"both {name} and {name}_FILE are set"):
        Settings.from_env({f"{name}_FILE": str(file), name: CANARY})
    with pytest.raises(
        SettingsError, match=f"{name}_FILE is '.*nothing', which cannot be read: No such file"
    ):
        Settings.from_env({f"{name}_FILE": str(tmp_path / "nothing")})
