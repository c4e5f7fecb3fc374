"""Who a credential belongs to: the cheapest call that shows that an account answers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pipedrive_tools import auth, wire
from pipedrive_tools.client import perform
from pipedrive_tools.endpoints import account
from pipedrive_tools.errors import LoginError
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.line import Line, Pace, Unpaced
from pipedrive_tools.pacing import Patience
from pipedrive_tools.ports import BlockingPort, drive
from pipedrive_tools.settings import Settings

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


@contextmanager
def line_to(
    origin: str, credential: auth.Credential, settings: Settings, pace: Pace | None = None
) -> Iterator[Line]:
    """A way to Pipedrive for one question, asked once."""
    port = BlockingPort(origin, settings)
    try:
        yield Line(port, credential, Patience(1), pace or Unpaced())
    finally:
        port.close()


def me(line: Line) -> dict[str, Any]:
    """The user and the company, as text that may go to a terminal."""
    return _shown(_user(line))


def whose(line: Line) -> tuple[dict[str, Any], str]:
    """The same, and the account's name, under which its login is kept."""
    user = _user(line)
    company = str(user.company_domain or user.company_id or "").lower()
    if not _NAME.fullmatch(company):
        raise LoginError(
            "the account does not tell its company, so its login cannot be kept; try again later"
        )
    return _shown(user), f"{company}/{user.id}"


def _user(line: Line) -> Any:
    return drive(perform(account.get_current_user(), line, read=wire.typed_answer)).data


def _shown(user: Any) -> dict[str, Any]:
    return {
        "user": one_line(user.name or str(user.id)),
        "user_id": user.id,
        "company": one_line(user.company_name or user.company_domain or ""),
    }
