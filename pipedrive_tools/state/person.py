"""Who is at this machine: what approvals and the audit trail call a person who gives no other name."""

import getpass
import os
from collections.abc import Callable


def person(name: Callable[[], str] = getpass.getuser) -> str:
    """The name of the user, or the number where a user has no name, as in a container."""
    try:
        return name()
    except (KeyError, OSError):  # the second from Python 3.13 on
        return f"user {os.getuid()}"
