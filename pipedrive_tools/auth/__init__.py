"""Who is calling: API tokens and OAuth logins, and which hosts may see a credential."""

from pipedrive_tools.auth.app import App
from pipedrive_tools.auth.credential import Credential, lacking
from pipedrive_tools.auth.grant import Grant, Unkept, Vault
from pipedrive_tools.auth.hosts import DEFAULT_HOST, LOOPBACK, checked_origin, origin
from pipedrive_tools.auth.login import Login
from pipedrive_tools.auth.oauth import OAuth
from pipedrive_tools.auth.token import LOG_IN, WAYS_IN, ApiToken, checked_token, credential

__all__ = [
    "DEFAULT_HOST",
    "LOG_IN",
    "LOOPBACK",
    "WAYS_IN",
    "ApiToken",
    "App",
    "Credential",
    "Grant",
    "Login",
    "OAuth",
    "Unkept",
    "Vault",
    "checked_origin",
    "checked_token",
    "credential",
    "lacking",
    "origin",
]
