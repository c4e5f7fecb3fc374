"""The command `sales-follow-up`: its options, its exit statuses, its errors in one line.

0 done, 1 failed, 2 wrong use, 3 refused by the policy.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Final, NoReturn, cast

import typer
from pydantic_core import to_json

from pipedrive_tools.cli.service import begin, end, stopping
from pipedrive_tools.errors import (
    PipedriveToolsError,
    RefusedError,
    SandboxError,
    SetupError,
    StoreError,
)
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.store import Store, default_url
from sales_follow_up import demo as demonstration
from sales_follow_up.agent import Apply
from sales_follow_up.asking import Asking
from sales_follow_up.beats import DEAD_SECONDS, lives_here, of_fleet
from sales_follow_up.calendars import workdays_of
from sales_follow_up.consent import Consent, Decide, all_of
from sales_follow_up.frameworks import Framework, check_waiting, file_of, planner, runner
from sales_follow_up.lists import UnreadError
from sales_follow_up.model.name import ModelName
from sales_follow_up.page import page
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY, connected
from sales_follow_up.snoozing import key_of
from sales_follow_up.snoozing import snooze as put_off
from sales_follow_up.steps import Steps

FAILED, WRONG_USE, REFUSED = 1, 2, 3
USAGE_ERROR: Final = cast("type[Exception]", typer.BadParameter.__base__)
"""What Typer raises for a wrong option, wherever its release keeps it."""

app: Final = typer.Typer(
    add_completion=False, invoke_without_command=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


class UsageError(SetupError):
    """The command was called in a way that cannot work."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-08-18") from None


Demo = Annotated[bool, typer.Option("--demo", help="Use a local Pipedrive with demo data.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Another policy file.")]
Model = Annotated[
    str | None,
    typer.Option(metavar="PROVIDER:NAME[@ADDRESS]", help="Let a model draft: openai, anthropic or ollama."),
]
InFramework = Annotated[
    Framework | None,
    typer.Option("--framework", help="Run the steps as a LangGraph graph or as a LlamaIndex workflow."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]


def _date(help_: str, *names: str) -> Any:
    return typer.Option(*names, parser=_day, metavar="YYYY-MM-DD", help=help_)


@app.callback()
def follow_up(
    context: typer.Context,
    *,
    demo: Demo = False,
    apply: Annotated[
        Apply, typer.Option(help="Schedule nothing, ask about each proposal, or schedule all.")
    ] = Apply.NONE,
    policy: PolicyFile = None,
    limit: Annotated[int, typer.Option(min=1, help="How many proposals at most.")] = 25,
    today: Annotated[date | None, _date("Plan as on this day.")] = None,
    since: Annotated[date | None, _date("Only what changed on this day or later.")] = None,
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
    return _told(
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


@app.command()
def chat(
    *,
    model: Annotated[
        str, typer.Option(metavar="PROVIDER:NAME[@ADDRESS]", help="Who answers: openai, anthropic or ollama.")
    ],
    demo: Demo = False,
    policy: PolicyFile = None,
    debug: Debug = False,
) -> int:
    """Talk about the account with a model that has this agent's tools and rights."""
    return _told(lambda: _chat(model, policy, demo=demo), debug=debug)


@app.command()
def snooze(
    number: Annotated[str, typer.Argument(metavar="DEAL", help="Number of a deal, or UUID of a lead.")],
    *,
    until: Annotated[date, _date("The day on which it is back.", "--until")],
    policy: PolicyFile = None,
    debug: Debug = False,
) -> int:
    """Leave a deal or a lead alone until a day."""
    return _told(lambda: _snooze(number, until, policy), debug=debug)


@app.command()
def watch(
    *,
    demo: Demo = False,
    apply: Annotated[Apply, typer.Option(help="Only tell proposals, or schedule all.")] = Apply.NONE,
    policy: PolicyFile = None,
    host: Annotated[str, typer.Option(help="Address to listen on for webhooks.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 is any free one.")] = 8977,
    sweep_minutes: Annotated[
        float, typer.Option(min=0.1, help="How often lists are swept for what no webhook brought.")
    ] = 15.0,
    country: Annotated[str | None, typer.Option(metavar="CODE", help="Whose holidays are days off.")] = None,
    debug: Debug = False,
) -> int:
    """Wait for webhooks; propose the next step for a deal or a lead seconds after something happened to it."""
    return _told(
        lambda: _watch(demo, apply, policy, host, port, sweep_minutes, country),
        debug=debug,
    )


crew: Final = typer.Typer(invoke_without_command=True)
app.add_typer(crew, name="fleet")


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
    country: Annotated[str | None, typer.Option(metavar="CODE", help="Whose holidays are days off.")] = None,
    debug: Debug = False,
) -> int:
    """Review every account that is logged in, each in a durable run; start it on as many machines as you like."""
    if context.invoked_subcommand:
        return 0
    return _told(
        lambda: _fleet(schedule, once, workers_concurrency, apply, policy, country),
        debug=debug,
    )


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

    return _told(act, debug=debug)


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

    return _told(act, debug=debug)


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

    return _told(act, debug=debug)


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


def _chat(model: str, policy: Path | None, *, demo: bool) -> int:
    name = ModelName.parse(model)
    from sales_follow_up.talking import Terminal, talk  # noqa: PLC0415  # LangChain takes a second to import

    with ExitStack() as stack:
        settings = Settings.from_env()
        path = policy or (None if demo else settings.policy) or PACKAGED_POLICY
        if demo:
            box = stack.enter_context(demonstration.local_pipedrive(datetime.now(UTC).date()))
            settings = demonstration.demo_settings(box, settings)
        return talk(name, path, settings, Terminal())


def _kept_in(wanted: Wanted, steps: Steps, settings: Settings, screen: Screen) -> Path | None:
    """The file of a run that asks a person and can wait; whoever is asked is told how to go on with it."""
    if wanted.framework is None or wanted.apply is not Apply.ASK:
        return None
    run = steps.toolset.run
    path = file_of(wanted.framework, run, settings.state)
    if path and not wanted.resume:
        screen.hint(f"if this is broken off: sales-follow-up --framework {wanted.framework} --resume {run}")
    return path


def _watch(
    demo: bool,
    apply: Apply,
    policy: Path | None,
    host: str,
    port: int,
    sweep_minutes: float,
    country: str | None,
) -> int:
    from sales_follow_up.listening import Listening  # noqa: PLC0415  # an extra, and slow to import

    if apply is Apply.ASK:
        raise UsageError(
            "there is nobody to ask while it waits; use --apply all, or --apply none to look only"
        )
    if demo:
        from sales_follow_up.watch_demo import show  # noqa: PLC0415

        return show(Screen())
    settings, screen = Settings.from_env(), Screen()
    listening = Listening(
        settings=settings,
        policy=Path(policy or settings.policy or PACKAGED_POLICY),
        applies=apply is Apply.ALL,
        host=host,
        port=port,
        sweep_seconds=sweep_minutes * 60,
        country=country,
        tells=screen.say,
    )
    with stopping(), listening() as url:
        screen.say(f"Webhooks are taken at {url}. Stop it with Ctrl-C.")
        Event().wait()
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the report cannot be written to {str(path)!r}: {error.strerror}") from None


def _snooze(number: str, until: date, policy: Path | None) -> int:
    settings = Settings.from_env()
    with connected(policy or settings.policy or PACKAGED_POLICY, settings, Consent()) as toolset:
        key = key_of(number)
        put_off(toolset.memory, key, until)
    sys.stdout.write(f"{key} is left alone until {until:%A, %d %B %Y}\n")
    return 0


def _decider(apply: Apply, screen: Screen) -> Decide | None:
    """Whoever decides about the proposals; nobody where nothing is to be applied."""
    match apply:
        case Apply.NONE:
            return None
        case Apply.ASK:
            return Asking(screen.aside)
        case Apply.ALL:
            return lambda proposals: all_of(proposals, "--apply all")


def _told(act: Callable[[], int], *, debug: bool) -> int:
    """The exit status of a command; an error is one line."""
    try:
        begin("sales-follow-up")
        return act()
    except (PipedriveToolsError, UnreadError, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        return _complain(error)


def _complain(error: BaseException) -> int:
    """One line on what went wrong, and the exit status that goes with it."""
    told = (
        "stopped; what was scheduled stands in the audit trail, and the next run of today finishes the rest"
        if isinstance(error, KeyboardInterrupt)
        else one_line(str(error))
    )
    sys.stderr.write(f"sales-follow-up: {told}\n")
    if isinstance(error, RefusedError) or (isinstance(error, UnreadError) and error.was_denied):
        return REFUSED
    is_setup = isinstance(error, SetupError) and not isinstance(error, StoreError | SandboxError)
    return WRONG_USE if is_setup else FAILED


def _usage(error: Exception) -> str:
    """What Typer says of an option, with the option's name."""
    told: str = getattr(error, "format_message", lambda: str(error))()
    return told.replace("Value error, ", "").rstrip(".")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with its exit status; the arguments are the command line's unless given."""
    try:
        status = app(arguments, standalone_mode=False)
    except USAGE_ERROR as error:
        sys.stderr.write(f"sales-follow-up: {one_line(_usage(error))}; see --help\n")
        status = WRONG_USE
    sys.exit(status)
