"""`logout`: give the login back to Pipedrive, and forget every credential that is kept here."""

from pipedrive_tools.auth import App
from pipedrive_tools.cli import failure, output
from pipedrive_tools.cli.login import WORDS
from pipedrive_tools.cli.storage import store
from pipedrive_tools.errors import PipedriveToolsError, StoreError
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.logins import Logins


def command() -> int:
    """Forget what `login` has kept; what cannot be given back is forgotten all the same."""
    settings = Settings.from_env()
    problem = None
    with store(settings) as opened:
        logins = Logins(settings, opened)
        nobody = True
        if logins.has_login():
            nobody, problem = False, _give_back(settings, logins)
            output.line("logged out; the login is forgotten here")
        if logins.forget_sealed_token():
            nobody = False
            output.line(f"forgotten: {WORDS['store']}; it stays valid at Pipedrive until you make a new one")
        if logins.forget_keyring_token():
            nobody = False
            output.line(
                f"forgotten: {WORDS['keyring']}; it stays valid at Pipedrive until you make a new one"
            )
    if nobody:
        output.line("nothing is kept here for this account")
    if settings.api_token:
        output.line("PIPEDRIVE_API_TOKEN is still set in the environment")
    return failure.say(problem, None, failure.FAILED) if problem else 0


def _give_back(settings: Settings, logins: Logins) -> str | None:
    """Revoke and forget the login; says what a person has to do where Pipedrive did not take it."""
    vault = logins.vault()
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
