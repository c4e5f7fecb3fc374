"""How a command ends: its exit status, and an error in one line.

0 done, 1 failed, 2 wrong use, 3 refused by the policy.
"""

import sys
import traceback
from collections.abc import Callable

from pipedrive_tools.cli.service import begin
from pipedrive_tools.errors import (
    PipedriveToolsError,
    RefusedError,
    SandboxError,
    SetupError,
    StoreError,
)
from pipedrive_tools.gate.taint import one_line
from sales_follow_up.lists import UnreadError

FAILED, WRONG_USE, REFUSED = 1, 2, 3


class UsageError(SetupError):
    """The command was called in a way that cannot work."""


def ended(act: Callable[[], int], *, debug: bool) -> int:
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
