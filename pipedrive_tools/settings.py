"""Every knob of the package: one frozen `Settings`, each default written once, with its unit."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self, get_args

from pipedrive_tools.errors import SettingsError

Plan = Literal["lite", "growth", "premium", "ultimate"]
"""Pipedrive's plans, which set the burst window and the daily budget (FACTS.md, section 4)."""

SEATS_DIGITS: Final = 6
"""No company has a million seats; Python reads no number of any length."""

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a client and a toolset need to know; `from_env` reads it from the environment."""

    api_token: str | None = field(default=None, repr=False)
    """Personal API token, sent in the header `x-api-token`."""
    client_id: str | None = None
    """Of the app that was registered with Pipedrive, for OAuth."""
    client_secret: str | None = field(default=None, repr=False)
    """Of the same app."""
    account: str | None = None
    """Which login of the store serves, `company/user` or the company alone; None where there is only one."""
    company_domain: str | None = None
    """The name in front of `.pipedrive.com`."""
    base_url: str | None = field(default=None, repr=False)
    """Another address to talk to, such as the sandbox; wins over `company_domain`."""
    allowed_hosts: frozenset[str] = frozenset()
    """Hosts outside pipedrive.com that may see a credential."""
    timeout_seconds: float = 30.0
    """How long one answer may take."""
    connect_seconds: float = 10.0
    """How long a connection may take."""
    connections: int = 20
    """Connections kept open to Pipedrive."""
    answer_limit_bytes: int = 32 * 1024 * 1024
    """An answer over this is refused while it streams."""
    attempts: int = 3
    """How often one call is sent at most."""
    state: str | None = field(default=None, repr=False)
    """Database URL of the store; None means a SQLite file in the user's state folder."""
    state_key: str | None = field(default=None, repr=False)
    """Fernet keys that seal credentials in the store, commas between; the first seals, all open."""
    policy: str | None = None
    """Path of the policy file."""
    agent: str | None = None
    """Name of the agent in the policy file."""
    plan: Plan | None = None
    """The company's plan, where it is known."""
    seats: int = 1
    """Seats of the company, which multiply the daily budget."""
    daily_tokens: int | None = None
    """The company's daily budget in API tokens, where top-ups or an old plan make it another one."""
    recovery_tokens: int = 300
    """API tokens of the day that only the look at unknown writes may spend, a tenth of the budget at most."""
    failed_calls_cost: bool = False
    """Whether the ledger charges calls that Pipedrive refused; nowhere does it say (FACTS.md, section 5)."""
    window_margin_seconds: float = 0.01
    """How much longer than Pipedrive's a burst window of ours is."""
    block_seconds: float = 900.0
    """How long every process stops after Pipedrive blocked one."""
    dry_run: bool = False
    """A floor: when set, no write is sent, whatever a call asks for."""
    result_tokens: int = 4000
    """Ceiling of one result's text, in model tokens (about three characters each)."""
    names_seconds: float = 3600.0
    """How long names of fields, stages, users and the like are kept; a write confirms those in it."""

    def __post_init__(self) -> None:
        """Refuse hosts given as one text: a part of it would pass for a host."""
        given: object = self.allowed_hosts  # not every caller checks types
        if isinstance(given, str):
            raise SettingsError(f"allowed_hosts is {self.allowed_hosts!r}; give a set of hosts")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Settings as the environment has them; an empty variable counts as absent."""
        env = {name: text.strip() for name, text in (os.environ if environ is None else environ).items()}
        return cls(
            api_token=secret(env, "PIPEDRIVE_API_TOKEN"),
            client_id=env.get("PIPEDRIVE_CLIENT_ID") or None,
            client_secret=secret(env, "PIPEDRIVE_CLIENT_SECRET"),
            account=env.get("PIPEDRIVE_ACCOUNT") or None,
            company_domain=env.get("PIPEDRIVE_COMPANY_DOMAIN") or None,
            base_url=env.get("PIPEDRIVE_BASE_URL") or None,
            allowed_hosts=frozenset(env.get("PIPEDRIVE_ALLOWED_HOSTS", "").lower().replace(",", " ").split()),
            state=secret(env, "PIPEDRIVE_STATE"),
            state_key=secret(env, "PIPEDRIVE_STATE_KEY"),
            policy=env.get("PIPEDRIVE_POLICY") or None,
            agent=env.get("PIPEDRIVE_AGENT") or None,
            plan=_plan(env.get("PIPEDRIVE_PLAN", "")),
            seats=_seats(env.get("PIPEDRIVE_SEATS", "")),
            dry_run=_flag("PIPEDRIVE_DRY_RUN", env.get("PIPEDRIVE_DRY_RUN", "")),
        )


def secret(environ: Mapping[str, str], name: str) -> str | None:
    """The value of a variable, or what is in the file that `NAME_FILE` names; None where there is neither.

    Files are how containers are given secrets: an environment shows in many places.
    """
    text, file = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if text and file:
        raise SettingsError(f"both {name} and {name}_FILE are set; unset one of them")
    if not file:
        return text or None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{name}_FILE is {file!r}, which cannot be read: {why}") from None


def _plan(text: str) -> Plan | None:
    for plan in get_args(Plan):
        if text.lower() == plan:
            return plan  # type: ignore[no-any-return]  # get_args forgets the literal
    if text:
        raise SettingsError(f"PIPEDRIVE_PLAN is {text!r}; set it to one of {', '.join(get_args(Plan))}")
    return None


def _seats(text: str) -> int:
    if not text:
        return 1
    if not text.isdecimal() or len(text) > SEATS_DIGITS or int(text) < 1:
        raise SettingsError(f"PIPEDRIVE_SEATS is {text!r}; set it to a whole number of at least 1")
    return int(text)


def _flag(name: str, text: str) -> bool:
    """A floor in a word we do not know must not be guessed at."""
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise SettingsError(f"{name} is {text!r}; set it to 1 or 0")
