"""`sales-follow-up fleet`: what a worker does with one account, and what the command prints."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event

from pydantic_core import to_json
from sqlalchemy.exc import SQLAlchemyError

from pipedrive_tools.errors import MissingExtraError, SettingsError, StoreError
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.store import Store
from sales_follow_up import agent
from sales_follow_up.consent import Consent, all_of
from sales_follow_up.report import Report
from sales_follow_up.screen import Screen
from sales_follow_up.session import connected
from sales_follow_up.steps import Steps

try:
    from croniter import croniter  # type: ignore[import-untyped]  # comes with DBOS

    from sales_follow_up.fleet import Act, Fleet, Outcome, Run, Runs, now
except ModuleNotFoundError as error:
    raise MissingExtraError(error.name or "dbos", "webhooks") from error

STATES = {0: "done", 3: "refused"}


def reviewing(settings: Settings, policy: Path, *, applies: bool, country: str | None) -> Act:
    """Reviews an account with its own login."""

    def act(account: str, run: str) -> Outcome:
        mine, consent = replace(settings, account=account), Consent()
        with connected(policy, mine, consent, run=run) as toolset:
            steps = Steps(toolset=toolset, consent=consent, country=country)
            done = steps.unfinished.done(run)
            report = agent.run(
                steps,
                decide=(lambda proposals: all_of(proposals, "--apply all")) if applies and not done else None,
                listener=Screen(is_quiet=True),
            )
        return figures(report) if not done else figures(report) | scheduled_before(report, done)

    return act


def figures(report: Report) -> Outcome:
    """Numbers only: what a run found, did and cost."""
    return {
        "state": STATES.get(report.exit_status, "failed"),
        "deals": report.review.deals,
        "proposals": len(report.proposals),
        "scheduled": report.state_counts["scheduled"],
        "tokens": report.review.account.tokens + report.tokens_applied,
    }


def scheduled_before(report: Report, done: Mapping[str, int]) -> Outcome:
    """The numbers of a run whose worker was killed after its last step; the review is the one made since."""
    count = done["scheduled"]
    return {
        "proposals": count,
        "scheduled": count,
        "tokens": report.review.account.tokens + done["tokens"],
    }


def work(settings: Settings, act: Act, *, schedule: str | None, is_once: bool, concurrency: int) -> int:
    """Work until stopped; or, once, until every account was reviewed."""
    if schedule and not croniter.is_valid(schedule):
        raise SettingsError(f"--schedule is {schedule!r}; write it like '0 7 * * 1-5'")
    with closing(Store(settings.state)) as store:
        logins = Logins(settings, store)
        with Fleet(store, logins.accounts, act, concurrency=concurrency, schedule=schedule) as fleet:
            if not is_once:
                sys.stderr.write("Works on the accounts as they are queued. Stop it with Ctrl-C.\n")
                Event().wait()
            occasion = now()
            fleet.runs.queue(occasion, logins.accounts())
            while (found := _of(fleet.runs, occasion)) and any(
                run.state in {"waiting", "running"} for run in found
            ):
                Event().wait(1.0)
    return _told(found, as_json=False)


def status(settings: Settings, *, as_json: bool) -> int:
    """The last run of each account."""
    with closing(Store(settings.state)) as store, closing(Runs(store)) as runs:
        try:
            return _told(runs.latest(), as_json=as_json)
        except SQLAlchemyError:
            raise StoreError("no worker was ever started on this store; run: sales-follow-up fleet") from None


def retry(settings: Settings, accounts: Sequence[str]) -> int:
    """Queue once more what failed."""
    with closing(Store(settings.state)) as store, closing(Runs(store)) as runs:
        try:
            again = runs.retry(accounts)
        except SQLAlchemyError:
            raise StoreError("no worker was ever started on this store; run: sales-follow-up fleet") from None
    sys.stdout.write("".join(f"{account} is queued again\n" for account in again) or "nothing failed\n")
    return 0


def _of(runs: Runs, occasion: str) -> list[Run]:
    return [run for run in runs.latest() if run.occasion == occasion]


def _told(runs: Sequence[Run], *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(to_json([asdict(run) for run in runs], indent=2).decode() + "\n")
    for run in () if as_json else runs:
        told = ", ".join(f"{name} {value}" for name, value in run.outcome.items() if name != "state")
        sys.stdout.write(f"{run.account}  {run.occasion}  {run.state}  {told}\n")
    return int(any(run.state in {"failed", "refused"} for run in runs))
