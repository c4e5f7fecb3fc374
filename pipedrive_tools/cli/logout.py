"""`logout`: give the login back to Pipedrive, and forget every credential that is kept here."""

from dataclasses import replace

from pipedrive_tools.auth import App
from pipedrive_tools.cli import failure, output
from pipedrive_tools.cli.login import WORDS
from pipedrive_tools.cli.options import AccountName
from pipedrive_tools.cli.storage import store
from pipedrive_tools.errors import PipedriveToolsError, StoreError
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.logins import Logins


def command(*, account: AccountName = None) -> int:
    """Forget what `login` has kept; what cannot be given back is forgotten all the same."""
    settings = Settings.from_env()
    settings = replace(settings, account=account or settings.account)
    problem = None
    with store(settings) as opened:
        logins = Logins(settings, opened)
        nobody = True
        if found := logins.account():
            nobody, problem = False, _give_back(settings, logins, found)
            output.line(f"logged out {found}; the login is forgotten here")
        tokens = settings.account is None  # an account that is named is a login
        if tokens and logins.forget_sealed_token():
            nobody = False
            output.line(f"forgotten: {WORDS['store']}; it stays valid at Pipedrive until you make a new one")
        if tokens and logins.forget_keyring_token():
            nobody = False
            output.line(
                f"forgotten: {WORDS['keyring']}; it stays valid at Pipedrive until you make a new one"
            )
    if nobody:
        output.line("nothing is kept here for this account")
    if settings.api_token:
        output.line("PIPEDRIVE_API_TOKEN is still set in the environment")
    return failure.say(problem, None, failure.FAILED) if problem else 0


def _give_back(settings: Settings, logins: Logins, account: str) -> str | None:
    """Revoke and forget the login; says what a person has to do where Pipedrive did not take it."""
    vault = logins.vault(account)
    with vault.locked():
        try:
            grant = vault.load()
            revoked = grant is not None and App.of(settings).revoke(grant)
            why = "Pipedrive did not take it"
        except PipedriveToolsError as error:
            revoked, why = False, str(error)
        try:
            vault.forget()
        except StoreError as error:
            return str(error)
    if revoked:
        return None
    return (
        f"the login was not given back ({why}); uninstall the app at Pipedrive: Settings > Marketplace apps"
    )
