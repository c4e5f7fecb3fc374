"""`status`: which settings are found, without any credential, and whether the account answers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from pipedrive_tools import __version__, auth
from pipedrive_tools.cli import failure, output
from pipedrive_tools.cli.options import AsJson
from pipedrive_tools.cli.storage import store
from pipedrive_tools.client import Pipedrive
from pipedrive_tools.endpoints import account
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.settings import Settings


def command(*, as_json: AsJson = False) -> int:
    """Print what is found; the exit status says whether the account answers."""
    settings = Settings.from_env()
    found = {
        "version": __version__,
        "address": _tried(lambda: auth.origin(settings)),
        "credential": "found" if settings.api_token else "missing",
        "policy": _policy(settings),
        "agent": settings.agent,
        "store": _store(settings),
        "plan": settings.plan,
        "seats": settings.seats,
        "dry_run": settings.dry_run,
    }
    answer, problem = _account(settings)
    if as_json:
        output.document(found | {"account": answer, "problem": problem})
    else:
        rows = [[name.replace("_", " "), _shown(value)] for name, value in found.items()]
        if answer:
            rows.append(["account", "{user} at {company} answers".format(**answer)])
        output.table(["setting", "found"], rows, nothing="")
    return failure.say(f"the account does not answer: {problem}", None, failure.FAILED) if problem else 0


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _tried(ask: Any) -> str:
    """What a setting comes to, or what is wrong with it."""
    try:
        return str(ask())
    except PipedriveToolsError as error:
        return str(error)


def _policy(settings: Settings) -> str | None:
    if settings.policy is None:
        return None
    path = Path(settings.policy)
    return _tried(lambda: f"{path} (names {', '.join(Policy.load(path).agents) or 'nobody'})")


def _store(settings: Settings) -> str:
    def opened() -> str:
        with store(settings) as opened:
            return make_url(opened.url).render_as_string(hide_password=True)

    return _tried(opened)


def _account(settings: Settings) -> tuple[dict[str, Any] | None, str | None]:
    """Who the credential belongs to, or why nobody answers."""
    try:
        with Pipedrive(settings=replace(settings, attempts=1)) as client:
            me = client.send(account.get_current_user())
    except PipedriveToolsError as error:
        return None, str(error)
    return {
        "user": one_line(me.name or str(me.id)),
        "user_id": me.id,
        "company": one_line(me.company_name or me.company_domain or ""),
    }, None
