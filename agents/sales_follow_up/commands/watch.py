"""`watch`: takes webhooks and works on each."""

from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from pipedrive_tools.cli.service import stopping
from pipedrive_tools.settings import Settings
from sales_follow_up.agent import Apply
from sales_follow_up.commands.ending import UsageError, ended
from sales_follow_up.commands.options import Debug, Demo, Holidays, PolicyFile
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY


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
    country: Holidays = None,
    debug: Debug = False,
) -> int:
    """Wait for webhooks; propose the next step for a deal or a lead seconds after something happened to it."""
    return ended(
        lambda: _watch(demo, apply, policy, host, port, sweep_minutes, country),
        debug=debug,
    )


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
