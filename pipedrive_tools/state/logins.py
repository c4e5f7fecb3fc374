"""Which credential serves: the one place that decides. Nothing here opens a store that is not there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pipedrive_tools import auth
from pipedrive_tools.auth import App, Credential, OAuth
from pipedrive_tools.errors import SettingsError, StoreError
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import system_keyring
from pipedrive_tools.state.rules import Caller

if TYPE_CHECKING:  # the database library takes longer to load than most calls
    from pipedrive_tools.state.credentials import Credentials, GrantVault
    from pipedrive_tools.state.store import Store

Source = Literal["environment", "login", "keyring", "store"]
"""Where a credential comes from: PIPEDRIVE_API_TOKEN, OAuth, the system's keyring, a token sealed in the store."""

SOURCES: Final[tuple[Source, ...]] = ("environment", "login", "keyring", "store")
"""In the order in which they serve."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The credential that serves."""

    source: Source
    credential: Credential
    origin: str
    """Where its calls go, for now."""
    account: str | None = None
    """Which login it is, `company/user`; None of an API token."""

    @property
    def caller(self) -> Caller:
        """Whose windows, budget and books its calls count in."""
        return Caller.of(self.credential, self.origin, self.account)


class Logins:
    """The credentials of one address: each kind found, kept and forgotten. Logins are kept by account."""

    def __init__(self, settings: Settings, store: "Store | None") -> None:
        self._settings, self._store = settings, store
        self.address: Final = auth.origin(settings)
        """What a credential was given for; it serves nowhere else."""

    def found(self) -> Found:
        """The credential that serves, or one line on how to give one."""
        looks: dict[Source, Callable[[], Credential | None]] = {
            "environment": self._of_environment,
            "login": self._of_login,
            "keyring": self._of_keyring,
            "store": self._of_store,
        }
        trouble: StoreError | None = None
        for source in self._eligible:
            try:
                credential = looks[source]()
            except StoreError as error:
                if source != "keyring":
                    raise
                trouble = error  # a token in the store serves all the same
                continue
            if credential:
                origin = credential.origin or self.address
                account = self.account() if source == "login" else None
                return Found(source=source, credential=credential, origin=origin, account=account)
        raise trouble or SettingsError(f"no Pipedrive credential found; {auth.WAYS_IN}")

    def books(self) -> str:
        """The account whose books are kept; as far as there is no credential, all that is at this address."""
        if self._settings.account or self.sources():
            return self.found().caller.account
        return self.address

    def sources(self) -> list[Source]:
        """Where there are credentials, the one that serves first; none of them is opened."""
        there: dict[Source, Callable[[], bool]] = {
            "environment": lambda: bool(self._settings.api_token),
            "login": lambda: bool(self.accounts()),
            "keyring": lambda: system_keyring.get(self.address) is not None,
            "store": lambda: self._is_stored(self._token),
        }
        return [source for source in self._eligible if _unless_broken(there[source])]

    @property
    def _eligible(self) -> tuple[Source, ...]:
        """An account that is named is a login; no other credential stands in for it."""
        return ("login",) if self._settings.account else SOURCES

    def accounts(self) -> list[str]:
        """Everybody who is logged in by OAuth, as `company/user`."""
        return [] if self._store is None else self._sealed.names(f"login {self.address} ")

    def account(self) -> str | None:
        """The login that is meant; None where nobody is logged in. More than one that fits is an error."""
        known, wanted = self.accounts(), self._settings.account
        fitting = [each for each in known if wanted in {None, each, each.partition("/")[0]}]
        if len(fitting) > 1:
            raise SettingsError(
                f"there are several logins: {', '.join(fitting)}; name one with account=…, --account "
                "or PIPEDRIVE_ACCOUNT"
            )
        if wanted and not fitting:
            there = f"there are: {', '.join(known)}" if known else "nobody is logged in"
            raise SettingsError(f"there is no login for the account {wanted!r}; {there}; {auth.LOG_IN}")
        return fitting[0] if fitting else None

    def keep_token(self, token: str) -> Source:
        """Keep an API token, in the keyring where there is one, else sealed; a broken keyring is none."""
        try:
            if system_keyring.put(self.address, token):
                self.forget_sealed_token()
                return "keyring"
        except StoreError:
            pass
        self._sealed.put(self._token, token)
        return "store"

    def forget_sealed_token(self) -> bool:
        """Forget the API token in the store; false where there was none."""
        return self._store is not None and self._sealed.remove(self._token)

    def forget_keyring_token(self) -> bool:
        """Forget the API token in the keyring; false where there was none. A keyring that fails raises."""
        return system_keyring.remove(self.address)

    def vault(self, account: str) -> "GrantVault":
        """Where the login of an account is kept."""
        from pipedrive_tools.state.credentials import GrantVault  # noqa: PLC0415  # see above

        return GrantVault(self._sealed, self._opened(), f"login {self.address} {account}")

    @property
    def _token(self) -> str:
        return f"token {self.address}"

    def _of_environment(self) -> Credential | None:
        return auth.credential(self._settings) if self._settings.api_token else None

    def _of_login(self) -> Credential | None:
        if (account := self.account()) is None:
            return None
        return OAuth(App.of(self._settings), self.vault(account))

    def _of_keyring(self) -> Credential | None:
        token = system_keyring.get(self.address)
        return auth.checked_token(token, source="the keyring") if token else None

    def _of_store(self) -> Credential | None:
        if not self._is_stored(self._token):
            return None
        token = self._sealed.get(self._token)
        return auth.checked_token(token, source="the store") if token else None

    def _is_stored(self, name: str) -> bool:
        return self._store is not None and self._sealed.has(name)

    @cached_property
    def _sealed(self) -> "Credentials":
        from pipedrive_tools.state.credentials import Credentials  # noqa: PLC0415  # see above

        return Credentials(self._opened(), keys=self._settings.state_key)

    def _opened(self) -> "Store":
        if self._store is None:
            raise StoreError("there is no state store yet, and one is needed; run: pipedrive-tools login")
        return self._store


@contextmanager
def found(settings: Settings) -> Iterator[Found]:
    """The credential that serves, with the store open as long as it is used; a token in the settings needs none."""
    store = None if settings.api_token else _existing_store(settings)
    try:
        yield Logins(settings, store).found()
    finally:
        if store:
            store.close()


def books(settings: Settings) -> str:
    """`Logins.books`, with the store open as long as it takes."""
    store = None if settings.api_token else _existing_store(settings)
    try:
        return Logins(settings, store).books()
    finally:
        if store:
            store.close()


def _existing_store(settings: Settings) -> "Store | None":
    """The store, where one was ever made."""
    from pipedrive_tools.state.store import Store, default_url  # noqa: PLC0415  # see above

    url = settings.state or default_url()
    is_there = not url.startswith("sqlite:") or Path(url.removeprefix("sqlite:///")).exists()
    return Store(url) if is_there else None


def _unless_broken(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except StoreError:
        return False
