"""`snooze`: leaves a deal or a lead alone until a day."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipedrive_tools.settings import Settings
from sales_follow_up.commands.ending import ended
from sales_follow_up.commands.options import Debug, PolicyFile, day_option
from sales_follow_up.consent import Consent
from sales_follow_up.session import PACKAGED_POLICY, connected
from sales_follow_up.snoozing import key_of
from sales_follow_up.snoozing import snooze as put_off


def snooze(
    number: Annotated[str, typer.Argument(metavar="DEAL", help="Number of a deal, or UUID of a lead.")],
    *,
    until: Annotated[date, day_option("The day on which it is back.", "--until")],
    policy: PolicyFile = None,
    debug: Debug = False,
) -> int:
    """Leave a deal or a lead alone until a day."""
    return ended(lambda: _snooze(number, until, policy), debug=debug)


def _snooze(number: str, until: date, policy: Path | None) -> int:
    settings = Settings.from_env()
    with connected(policy or settings.policy or PACKAGED_POLICY, settings, Consent()) as toolset:
        key = key_of(number)
        put_off(toolset.memory, key, until)
    sys.stdout.write(f"{key} is left alone until {until:%A, %d %B %Y}\n")
    return 0
