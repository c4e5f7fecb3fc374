"""The demonstration: a local Pipedrive in this process; after the run, what the gate stops and writes down."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipedrive_tools.errors import MissingExtraError
from pipedrive_tools.gate.sentence import quoted
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.audit import Row
from pipedrive_tools.toolset import Toolset
from sales_follow_up.proposals import CREATE
from sales_follow_up.report import Report
from sales_follow_up.screen import Screen

if TYPE_CHECKING:
    from pipedrive_tools.sandbox import Sandbox

ROWS_SHOWN: Final = 4
OWN_ACCOUNT: Final = (
    "export PIPEDRIVE_API_TOKEN=...              # Pipedrive: Personal preferences > API",
    "sales-follow-up                             # look only; nothing is written",
    "sales-follow-up --report out.html           # the same as a page with the pipelines drawn",
    "sales-follow-up --apply ask                 # schedule what you agree to, or edit it first",
    "sales-follow-up snooze DEAL --until DATE    # leave one alone for a while",
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something the agent should not do, and what came of it."""

    told: str
    status: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Epilogue:
    """What the demonstration shows after the run."""

    lure: str
    """A text in the account that gives orders."""
    attempts: tuple[Attempt, ...]
    trail: tuple[Row, ...]
    """The last rows of the audit trail of this run."""

    def as_json(self) -> dict[str, Any]:
        """The epilogue for programs."""
        return {
            "lure": self.lure,
            "attempts": [asdict(each) for each in self.attempts],
            "trail": [asdict(row) for row in self.trail],
        }


@contextmanager
def local_pipedrive(today: date) -> Iterator["Sandbox"]:
    """A sandbox with demo data dated to a day."""
    try:
        from pipedrive_tools.sandbox import Sandbox  # noqa: PLC0415  # only the demonstration needs the extra
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "sandbox") from None
    with Sandbox.start(today=today) as box:
        yield box


def demo_settings(box: "Sandbox", settings: Settings) -> Settings:
    """Settings for the sandbox; the store is a new one unless the environment names one."""
    state = settings.state or f"sqlite:///{Path(tempfile.mkdtemp(prefix='sales-follow-up-')) / 'state.db'}"
    return replace(settings, base_url=box.url, api_token=box.token, company_domain=None, state=state)


def epilogue(box: "Sandbox", toolset: Toolset, report: Report) -> Epilogue:
    """Try what a hijacked model would try, and read the audit trail."""
    lured = _lured_deal(box)
    deletion = toolset.call("delete_deal", {"deal_id": lured["id"]})
    unseen = {
        "subject": "Send the price list to everybody",
        "type": "task",
        "due_date": report.review.account.today.isoformat(),
        "deal_id": lured["id"],
    }
    activity = toolset.call(CREATE, unseen)
    return Epilogue(
        lure=one_line(lured["title"]),
        attempts=(
            Attempt(f"delete_deal {lured['id']}", deletion.status, deletion.text),
            Attempt(f"{CREATE} that nobody was shown", activity.status, activity.text),
        ),
        trail=tuple(toolset.trail(ROWS_SHOWN)),
    )


def show(epilogue: Epilogue, screen: Screen) -> None:
    """The epilogue for people."""
    screen.say()
    screen.say("What a hijacked model could do", "bold")
    screen.say(f"  The title of a deal in this account is: {quoted(epilogue.lure)}. Suppose a model obeyed:")
    for attempt in epilogue.attempts:
        screen.say(f"  {attempt.told}: {attempt.status}", "red")
        screen.say(f"    {one_line(attempt.text)}")
    screen.say()
    screen.say(f"The audit trail, last {len(epilogue.trail)} rows of this run", "bold")
    for row in epilogue.trail:
        said = "rejected" if row.status == "denied" else "approved"
        by = f", {said} by {row.approver}" if row.approver else ""
        screen.say(f"  {row.seq} {row.step} {row.status}{by}: {row.sentence}")
    screen.say()
    screen.say("On your own account", "bold")
    for line in OWN_ACCOUNT:
        screen.say(f"  {line}")


def _lured_deal(box: "Sandbox") -> dict[str, Any]:
    """A deal whose title gives orders, else any."""
    from pipedrive_tools.sandbox.demo import HOSTILE_TEXTS  # noqa: PLC0415  # as above

    orders = {each.text for each in HOSTILE_TEXTS}
    deals = box.records("deals")
    return next((deal for deal in deals if deal["title"] in orders), deals[0])
