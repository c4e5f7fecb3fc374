"""The command `sales-follow-up`: its options, its exit statuses, its errors in one line.

0 done, 1 failed, 2 wrong use, 3 refused by the policy.
"""

import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, cast

import typer
from pydantic_core import to_json

from pipedrive_tools.errors import (
    DeniedError,
    PipedriveToolsError,
    RefusedError,
    SandboxError,
    SetupError,
    StoreError,
)
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.store import default_url
from pipedrive_tools.toolset import Toolset
from sales_follow_up import demo as demonstration
from sales_follow_up.agent import Apply, run
from sales_follow_up.asking import Asking
from sales_follow_up.consent import Consent, Decide, all_of
from sales_follow_up.lists import UnreadError
from sales_follow_up.screen import Screen
from sales_follow_up.steps import AGENT, Steps

FAILED, WRONG_USE, REFUSED = 1, 2, 3
USAGE_ERROR: Final = cast("type[Exception]", typer.BadParameter.__base__)
"""What Typer raises for a wrong option, wherever its release keeps it."""
PACKAGED_POLICY: Final = Path(str(files("sales_follow_up") / "policy.toml"))

app: Final = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class UsageError(SetupError):
    """The command was called in a way that cannot work."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-08-18") from None


@app.command()
def follow_up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Use a local Pipedrive with demo data.")] = False,
    apply: Annotated[
        Apply, typer.Option(help="Schedule nothing, ask about each proposal, or schedule all.")
    ] = Apply.NONE,
    policy: Annotated[Path | None, typer.Option(help="Another policy file.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many proposals at most.")] = 25,
    today: Annotated[
        date | None, typer.Option(parser=_day, metavar="YYYY-MM-DD", help="Plan as on this day.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> int:
    """Find the open deals that nobody is following up, and schedule the next step for each."""
    try:
        return _run(demo=demo, apply=apply, policy=policy, limit=limit, today=today, as_json=as_json)
    except (PipedriveToolsError, UnreadError, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        return _complain(error)


def _run(
    *, demo: bool, apply: Apply, policy: Path | None, limit: int, today: date | None, as_json: bool
) -> int:
    if apply is Apply.ASK and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "--apply ask needs a terminal to ask at; use --apply all, or --apply none to look only"
        )
    screen = Screen(is_quiet=as_json)
    with ExitStack() as stack:
        settings, box = Settings.from_env(), None
        if demo:
            today = today or datetime.now(UTC).date()
            box = stack.enter_context(demonstration.local_pipedrive(today))
            settings = demonstration.demo_settings(box, settings)
        path = policy or (None if demo else settings.policy) or PACKAGED_POLICY
        consent = Consent()
        toolset = stack.enter_context(_connected(path, settings, consent))
        steps = Steps(
            toolset=toolset,
            consent=consent,
            limit=limit,
            today=today,
            state=settings.state or default_url(),
        )
        report = run(steps, decide=_decider(apply, screen), listener=screen)
        screen.outcomes(report, tells_undo=not demo)
        screen.closing(report, policy=str(path), is_demo=demo)
        extra: dict[str, Any] = {}
        if box is not None:
            epilogue = demonstration.epilogue(box, toolset, report)
            demonstration.show(epilogue, screen)
            extra = {"demo": epilogue.as_json()}
        if as_json:
            sys.stdout.write(to_json(report.as_json() | extra, indent=2).decode() + "\n")
        return report.exit_status


def _decider(apply: Apply, screen: Screen) -> Decide | None:
    """Whoever decides about the proposals; nobody where nothing is to be applied."""
    match apply:
        case Apply.NONE:
            return None
        case Apply.ASK:
            return Asking(screen.aside)
        case Apply.ALL:
            return lambda proposals: all_of(proposals, "--apply all")


def _connected(path: Path | str, settings: Settings, consent: Consent) -> Toolset:
    policy = Policy.load(path)
    if AGENT not in policy.agents:
        raise DeniedError(f"the policy {str(path)!r} does not name the agent {AGENT!r}", rule="agents")
    return Toolset.connect(AGENT, policy, settings=settings, approver=consent)


def _complain(error: BaseException) -> int:
    """One line on what went wrong, and the exit status that goes with it."""
    told = (
        "stopped; what was scheduled stands in the audit trail"
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
