"""The command itself: reviews an account, proposes the next steps, and schedules them where it may."""

import sys
from contextlib import ExitStack
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import to_json

from pipedrive_tools.settings import Settings
from pipedrive_tools.state.store import default_url
from sales_follow_up import demo as demonstration
from sales_follow_up.agent import Apply
from sales_follow_up.asking import Asking
from sales_follow_up.calendars import workdays_of
from sales_follow_up.commands.ending import UsageError, ended
from sales_follow_up.commands.options import Debug, Demo, InFramework, Model, PolicyFile, day_option
from sales_follow_up.consent import Consent, Decide, all_of
from sales_follow_up.frameworks import Framework, check_waiting, file_of, planner, runner
from sales_follow_up.page import page
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY, connected
from sales_follow_up.steps import Steps


def follow_up(
    context: typer.Context,
    *,
    demo: Demo = False,
    apply: Annotated[
        Apply, typer.Option(help="Schedule nothing, ask about each proposal, or schedule all.")
    ] = Apply.NONE,
    policy: PolicyFile = None,
    limit: Annotated[int, typer.Option(min=1, help="How many proposals at most.")] = 25,
    today: Annotated[date | None, day_option("Plan as on this day.")] = None,
    since: Annotated[date | None, day_option("Only what changed on this day or later.")] = None,
    country: Annotated[
        str | None, typer.Option(metavar="CODE", help="Whose holidays are days off: DE, or DE-BY for a part.")
    ] = None,
    model: Model = None,
    framework: InFramework = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with a run that waits for its person.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as one HTML page.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Debug = False,
) -> int:
    """Find the deals and leads that nobody is following up, and schedule the next step for each."""
    if context.invoked_subcommand:
        return 0
    return ended(
        lambda: _follow_up(
            Wanted(
                demo,
                Apply.ASK if resume else apply,
                policy,
                limit=limit,
                today=today,
                since=since,
                country=country,
                model=model,
                framework=framework,
                resume=resume,
            ),
            as_json=as_json,
            page_file=report,
        ),
        debug=debug,
    )


@dataclass(frozen=True)
class Wanted:
    """What the options of a run ask for."""

    demo: bool
    apply: Apply
    policy: Path | None
    _: KW_ONLY
    limit: int
    today: date | None
    since: date | None
    country: str | None
    model: str | None
    framework: Framework | None
    resume: str | None


def _follow_up(wanted: Wanted, *, as_json: bool, page_file: Path | None) -> int:
    if wanted.resume:
        check_waiting(wanted.framework, wanted.resume, Settings.from_env().state)
    if wanted.apply is Apply.ASK and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "--apply ask needs a terminal to ask at; use --apply all, or --apply none to look only"
        )
    screen = Screen(is_quiet=as_json)
    with ExitStack() as stack:
        settings, today, box = Settings.from_env(), wanted.today, None
        here = today or datetime.now(UTC).date()
        workdays_of(wanted.country, here)  # a wrong one is told before anything is read
        if page_file:
            _write(page_file, "")  # so is a place where nothing can be written
        if wanted.demo:
            today = here
            box = stack.enter_context(demonstration.local_pipedrive(here))
            settings = demonstration.demo_settings(box, settings)
        path = wanted.policy or (None if wanted.demo else settings.policy) or PACKAGED_POLICY
        consent = Consent()
        steps = Steps(
            toolset=stack.enter_context(
                connected(
                    path,
                    settings,
                    consent,
                    goes_on_from=None if wanted.apply is Apply.NONE else here,
                    run=wanted.resume,
                )
            ),
            consent=consent,
            planner=planner(wanted.model, wanted.framework),
            limit=wanted.limit,
            today=today,
            since=wanted.since,
            country=wanted.country,
            state=settings.state or default_url(),
        )
        run = runner(wanted.framework, _kept_in(wanted, steps, settings, screen))
        report = run(steps, decide=_decider(wanted.apply, screen), listener=screen)
        if page_file:
            _write(page_file, page(report))
        screen.outcomes(report, tells_undo=not wanted.demo)
        screen.closing(report, policy=str(path), is_demo=wanted.demo)
        extra: dict[str, Any] = {}
        if box is not None:
            epilogue = demonstration.epilogue(box, steps.toolset, report)
            demonstration.show(epilogue, screen)
            extra = {"demo": epilogue.as_json()}
        if as_json:
            sys.stdout.write(to_json(report.as_json() | extra, indent=2).decode() + "\n")
        return report.exit_status


def _kept_in(wanted: Wanted, steps: Steps, settings: Settings, screen: Screen) -> Path | None:
    """The file of a run that asks a person and can wait; whoever is asked is told how to go on with it."""
    if wanted.framework is None or wanted.apply is not Apply.ASK:
        return None
    run = steps.toolset.run
    path = file_of(wanted.framework, run, settings.state)
    if path and not wanted.resume:
        screen.hint(f"if this is broken off: sales-follow-up --framework {wanted.framework} --resume {run}")
    return path


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the report cannot be written to {str(path)!r}: {error.strerror}") from None


def _decider(apply: Apply, screen: Screen) -> Decide | None:
    """Whoever decides about the proposals; nobody where nothing is to be applied."""
    match apply:
        case Apply.NONE:
            return None
        case Apply.ASK:
            return Asking(screen.aside)
        case Apply.ALL:
            return lambda proposals: all_of(proposals, "--apply all")
