"""Who is limited, and by what: the caller of a client, and the rules that its settings make. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Final

from pipedrive_tools import auth
from pipedrive_tools.pacing import ALLOWANCES, TOKENS_PER_SEAT, WINDOW_SECONDS
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.window import LONGEST_LEASE_SECONDS

FINGERPRINT_CHARACTERS: Final = 16


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whose windows and whose budget; hashes and hosts, never a credential."""

    fingerprint: str
    """Of the credential, which has windows of its own."""
    company: str
    """Whose day is spent, as far as it is known: the company's host, else the credential alone."""
    account: str
    """Whose books are kept: the company, and the user where the login names one."""
    is_api_token: bool

    @classmethod
    def of(cls, credential: auth.Credential, origin: str, account: str | None = None) -> "Caller":
        """The caller with this credential at this address; an OAuth login stays itself when it is refreshed.

        `account` is whose login it is, `company/user`.
        """
        origin = credential.origin or origin
        is_api_token = isinstance(credential, auth.ApiToken)
        known_by = credential.token if isinstance(credential, auth.ApiToken) else f"an OAuth login {account}"
        digest = hashlib.sha256(f"pipedrive-tools\0{origin}\0{known_by}".encode()).hexdigest()
        fingerprint = digest[:FINGERPRINT_CHARACTERS]
        if account:
            name, _, user = account.partition("/")
            company = origin if f"://{name}." in origin else f"{origin}/{name}"
            return cls(
                fingerprint=fingerprint,
                company=company,
                account=f"{company}/{user}",
                is_api_token=is_api_token,
            )
        is_shared_host = origin == f"https://{auth.DEFAULT_HOST}"
        company = f"{origin}/{fingerprint}" if is_shared_host else origin
        return cls(fingerprint=fingerprint, company=company, account=company, is_api_token=is_api_token)


def is_of(account: str, login: str) -> bool:
    """Whether books (`Caller.account`) are those of a login: `company/user`, or the company for all its users."""
    name, _, user = login.partition("/")
    is_company = f"://{name}." in account or f"/{name}/" in account
    return is_company and (not user or account.endswith(f"/{user}"))


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What one process keeps to."""

    calls: int | None = None
    """Calls in a window, where the plan is known."""
    tokens: int | None = None
    """Tokens of a day, where the plan is known."""
    kept_tokens: int = 0
    """Tokens of the day that only recovery may spend."""
    window_seconds: float = WINDOW_SECONDS
    lease_seconds: float = LONGEST_LEASE_SECONDS
    block_seconds: float = 0.0
    failed_calls_cost: bool = False

    @classmethod
    def of(cls, settings: Settings, *, is_api_token: bool) -> "Rules":
        """The rules that the settings make."""
        calls = tokens = None
        if settings.plan:
            plan = ALLOWANCES[settings.plan]
            calls = plan.token_calls if is_api_token else plan.oauth_calls
            tokens = TOKENS_PER_SEAT * plan.multiplier * settings.seats
        answer_seconds = settings.timeout_seconds + settings.connect_seconds
        window_seconds = WINDOW_SECONDS + settings.window_margin_seconds
        return cls(
            calls=calls,
            tokens=settings.daily_tokens or tokens,
            kept_tokens=settings.recovery_tokens,
            window_seconds=window_seconds,
            lease_seconds=min(answer_seconds, LONGEST_LEASE_SECONDS) + window_seconds,
            block_seconds=settings.block_seconds,
            failed_calls_cost=settings.failed_calls_cost,
        )

    def ceiling(self, limit: int | None, *, may_use_all: bool) -> int | None:
        """Up to where a call may spend of a budget."""
        if limit is None or may_use_all:
            return limit
        return limit - min(self.kept_tokens, limit // 10)
