"""`status`: what is found, where it came from, and whether the account answers; never a credential."""

from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from pipedrive_tools import __version__, auth
from pipedrive_tools.cli import failure, output
from pipedrive_tools.cli.login import WORDS
from pipedrive_tools.cli.me import line_to, me
from pipedrive_tools.cli.options import AccountName, AsJson
from pipedrive_tools.cli.storage import store
from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.pacing import ALLOWANCES
from pipedrive_tools.ports import drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.budget import Budget
from pipedrive_tools.state.limits import Limiter
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.rules import Caller
from pipedrive_tools.state.shared_slots import home
from pipedrive_tools.state.store import Store
from pipedrive_tools.state.window import Windows


def command(*, account: AccountName = None, as_json: AsJson = False) -> int:
    """Print what is found; the exit status says whether the account answers."""
    settings = Settings.from_env()
    settings = replace(settings, account=account or settings.account)
    with ExitStack() as closing:
        opened = None
        with suppress(PipedriveToolsError):  # what is wrong with it is told beside its name
            opened = closing.enter_context(store(settings))
        return _show(settings, opened, as_json=as_json)


def _show(settings: Settings, opened: Store | None, *, as_json: bool) -> int:
    sources = _sources(settings, opened)
    account = _account(settings, opened)
    found = {
        "version": __version__,
        "address": _tried(lambda: auth.origin(settings)),
        "credential": WORDS[sources[0]] if sources else "missing",
        "credentials": sources,
        "accounts": _accounts(settings, opened),
        "policy": _policy(settings),
        "agent": settings.agent,
        "store": _tried(lambda: _stored(settings)),
        "plan": settings.plan or account.plan,
        "seats": settings.seats,
        "dry_run": settings.dry_run,
        "budget": account.budget,
    }
    if as_json:
        output.document(found | {"account": account.answer, "problem": account.problem})
    else:
        found["credentials"] = ", ".join(WORDS[source] for source in sources[1:]) or "none"
        found["accounts"] = ", ".join(_accounts(settings, opened)) or "none"
        found["budget"] = _spelled(account.budget)
        names = {"credentials": "not used", "accounts": "logged in"}
        rows = [[names.get(name, name).replace("_", " "), _shown(value)] for name, value in found.items()]
        if account.answer:
            rows.append(["account", "{user} at {company} answers".format(**account.answer)])
        output.table(["setting", "found"], rows, nothing="")
    if account.problem is None:
        return 0
    return failure.say(f"the account does not answer: {account.problem}", None, failure.FAILED)


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


def _stored(settings: Settings) -> str:
    with store(settings) as opened:
        return make_url(opened.url).render_as_string(hide_password=True)


def _sources(settings: Settings, opened: Store | None) -> list[Any]:
    try:
        return list(Logins(settings, opened).sources())
    except PipedriveToolsError:
        return []


def _accounts(settings: Settings, opened: Store | None) -> list[str]:
    """Everybody who is logged in."""
    try:
        return Logins(settings, opened).accounts()
    except PipedriveToolsError:
        return []


@dataclass(frozen=True)
class Account:
    """What the account tells about itself, and what our own books tell about its day."""

    answer: dict[str, Any] | None = None
    problem: str | None = None
    plan: str | None = None
    """The plan whose window the account's answers name."""
    budget: dict[str, Any] | None = None


def _account(settings: Settings, opened: Store | None) -> Account:
    try:
        login = Logins(settings, opened).found()
        caller = login.caller
        with ExitStack() as closing:
            slots = home(opened, caller) if opened else None
            if slots:
                closing.callback(slots.close)
            limiter = Limiter.of(settings, caller, slots)
            line = closing.enter_context(line_to(login.origin, login.credential, settings, limiter))
            answer = problem = None
            try:
                answer = me(line)
            except PipedriveToolsError as error:
                problem = str(error)
            plan, budget = drive(limiter.home.act(lambda *books: _books(limiter, caller, *books), line.port))
            return Account(answer, problem, plan, budget)
    except PipedriveToolsError as error:
        return Account(problem=str(error))


def _books(
    limiter: Limiter, caller: Caller, windows: Windows, budget: Budget
) -> tuple[str | None, dict[str, Any]]:
    """The plan as its window shows it, and the day."""
    calls = {
        plan.token_calls if caller.is_api_token else plan.oauth_calls: name
        for name, plan in ALLOWANCES.items()
    }
    now = limiter.shared_clock.wall()
    budget.turn(now)
    day = {
        "used": budget.used,
        "limit": budget.limit(limiter.rules.tokens),
        "resets_at": output.moment(budget.resets_at),
        "stopped": budget.stopped(now) or None,
    }
    return calls.get(windows.learned), day


def _spelled(budget: dict[str, Any] | None) -> str | None:
    """The day's budget in one line."""
    if budget is None:
        return None
    limit = f"of {budget['limit']:,}" if budget["limit"] else "(set PIPEDRIVE_PLAN to know of how many)"
    stopped = {"day": "; spent, everybody waits", "block": "; blocked, everybody waits"}.get(
        budget["stopped"] or "", ""
    )
    return f"{budget['used']:,} {limit} tokens used here, until {budget['resets_at']}{stopped}"
