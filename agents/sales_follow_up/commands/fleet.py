"""`fleet`: works for every account that is logged in, and tells how that goes."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import typer

from pipedrive_tools.cli.service import end, stopping
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.store import Store
from sales_follow_up.agent import Apply
from sales_follow_up.beats import DEAD_SECONDS, lives_here, of_fleet
from sales_follow_up.commands.ending import FAILED, UsageError, ended
from sales_follow_up.commands.options import Debug, Holidays, PolicyFile
from sales_follow_up.session import PACKAGED_POLICY

crew: Final = typer.Typer(invoke_without_command=True)


@crew.callback()
def fleet(
    context: typer.Context,
    *,
    schedule: Annotated[
        str | None, typer.Option(metavar="CRON", help="When all accounts are queued, in UTC: '0 7 * * 1-5'.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Queue all accounts now, and end when all are over.")
    ] = False,
    workers_concurrency: Annotated[int, typer.Option(min=1, help="Accounts at once in each worker.")] = 4,
    apply: Annotated[Apply, typer.Option(help="Only count proposals, or schedule all.")] = Apply.NONE,
    policy: PolicyFile = None,
    country: Holidays = None,
    debug: Debug = False,
) -> int:
    """Review every account that is logged in, each in a durable run; start it on as many machines as you like."""
    if context.invoked_subcommand:
        return 0
    return ended(
        lambda: _fleet(schedule, once, workers_concurrency, apply, policy, country),
        debug=debug,
    )


def _fleet(
    schedule: str | None, once: bool, concurrency: int, apply: Apply, policy: Path | None, country: str | None
) -> int:
    if apply is Apply.ASK:
        raise UsageError("there is nobody to ask; use --apply all, or --apply none to count proposals")

    def work() -> int:
        from sales_follow_up import crew  # noqa: PLC0415  # an extra, and slow to import

        settings = Settings.from_env()
        path = Path(policy or settings.policy or PACKAGED_POLICY)
        act = crew.reviewing(settings, path, applies=apply is Apply.ALL, country=country)
        return crew.work(settings, act, schedule=schedule, is_once=once, concurrency=concurrency)

    if once:
        return work()
    with stopping():
        work()
    return end()  # a review that is under way still would keep the process: another worker takes it over


@crew.command()
def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    debug: Debug = False,
) -> int:
    """Print the last run of each account, with its figures."""

    def act() -> int:
        from sales_follow_up.crew import status  # noqa: PLC0415  # an extra, and slow to import

        return status(Settings.from_env(), as_json=as_json)

    return ended(act, debug=debug)


@crew.command()
def health(*, debug: Debug = False) -> int:
    """Tell whether a worker on this machine is alive and reaches the store: 0 if so, 1 if not."""

    def act() -> int:
        with closing(Store(Settings.from_env().state)) as store:
            lives = lives_here(of_fleet(store), wait_seconds=DEAD_SECONDS / 3)
        sys.stdout.write(
            "a worker on this machine is alive\n" if lives else "no worker on this machine is alive\n"
        )
        return 0 if lives else FAILED

    return ended(act, debug=debug)


@crew.command()
def retry(
    accounts: Annotated[list[str] | None, typer.Argument(help="Without any, all that failed.")] = None,
    *,
    debug: Debug = False,
) -> int:
    """Queue once more what failed; a worker takes it up."""

    def act() -> int:
        from sales_follow_up.crew import retry  # noqa: PLC0415  # an extra, and slow to import

        return retry(Settings.from_env(), accounts or ())

    return ended(act, debug=debug)
