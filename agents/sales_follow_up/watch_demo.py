"""The demonstration of `watch`: a local Pipedrive that calls us, a person who works in it, an outage, and the sweep."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Condition
from typing import Any, Final
from urllib.request import Request, urlopen

from pipedrive_tools.errors import MissingExtraError, PipedriveToolsError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import inbox
from pipedrive_tools.state.hooks import Hooks
from pipedrive_tools.state.logins import books
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks.running import inbox_of
from pipedrive_tools.webhooks.sweep import Sweep
from sales_follow_up.listening import Listening, swept
from sales_follow_up.screen import Screen
from sales_follow_up.session import PACKAGED_POLICY
from sales_follow_up.steps import AGENT

try:
    from pipedrive_tools.sandbox import Sandbox, Switches
except ModuleNotFoundError as error:
    raise MissingExtraError(str(error.name), "sandbox") from None

WAIT_SECONDS: Final = 30.0
COLLEAGUE: Final = 2
"""A user who works in the web app."""


class QuietError(PipedriveToolsError):
    """What the demonstration waits for did not happen."""


class Company:
    """The local Pipedrive, and a colleague who changes things in its web app."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def call(self, method: str, path: str, *, user: int | None = COLLEAGUE, **body: Any) -> Any:
        """One request; with a user it is made in the web app, without one through the API."""
        headers = {"x-api-token": self.box.token, "content-type": "application/json"}
        headers |= {"x-sandbox-user": str(user)} if user else {}
        sent = Request(  # noqa: S310  # the sandbox in this process
            f"{self.box.url}/api/{path}",
            json.dumps(body).encode() if body else None,
            headers,
            method=method,
        )
        with urlopen(sent) as answer:  # noqa: S310  # same
            return json.load(answer).get("data")

    def planned(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """An open deal with one planned step, and that step."""
        planned = [
            each for each in self.box.records("activities") if not each["done"] and not each["is_deleted"]
        ]
        for deal in self.open_deals():
            steps = [each for each in planned if each["deal_id"] == deal["id"]]
            if len(steps) == 1:
                return deal, steps[0]
        raise LookupError("the demo data has no deal with one planned step")

    def neglected(self) -> dict[str, Any]:
        """An open deal with nothing planned."""
        busy = {each["deal_id"] for each in self.box.records("activities") if not each["done"]}
        return next(each for each in self.open_deals() if each["id"] not in busy)

    def open_deals(self) -> list[dict[str, Any]]:
        """Deals that a step could be for."""
        deals = self.box.records("deals")
        return [each for each in deals if each["status"] == "open" and not each["is_archived"]]


class Heard:
    """What happened so far, line by line; prints it, and waits for more."""

    def __init__(self, screen: Screen) -> None:
        self._screen, self._lines, self._more = screen, list[str](), Condition()

    def __call__(self, line: str) -> None:
        """One thing happened."""
        with self._more:
            for part in line.splitlines():
                self._screen.say(f"   {part}")
            self._lines.append(line)
            self._more.notify_all()

    def until(self, begin: str, within: str = "") -> None:
        """Wait for a line that begins so, and holds this."""

        def came() -> bool:
            return any(each.startswith(begin) and within in each for each in self._lines)

        with self._more:
            if not self._more.wait_for(came, WAIT_SECONDS):
                raise QuietError(f"nothing was heard of {begin} {within}".rstrip())


def show(screen: Screen) -> int:
    """Run the scenes; 0 when everything was heard that should be."""
    today = datetime.now(UTC).date()
    switches = Switches(webhook_second=0.01, webhook_order="doubled", burst_limits=False)
    with (
        Sandbox.start(today=today, deals=60, switches=switches) as box,
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = replace(
            Settings(), base_url=box.url, api_token=box.token, state=f"sqlite:///{Path(folder) / 'state.db'}"
        )
        heard = Heard(screen)
        with _listening(settings, today, heard) as url:
            _scenes(screen, heard, Company(box), settings, url)
            _worked_off(settings)
        _closing(screen, settings)
    return 0


@contextmanager
def _listening(settings: Settings, today: date, heard: Heard) -> Iterator[str]:
    listening = Listening(
        settings=settings,
        policy=PACKAGED_POLICY,
        applies=True,
        sweep_seconds=3600,
        today=today,
        tells_undo=False,
        tells=heard,
    )
    with listening() as url:
        yield url


def _scenes(screen: Screen, heard: Heard, company: Company, settings: Settings, url: str) -> None:
    said: Callable[[str], None] = lambda text: screen.say(text, "bold")  # noqa: E731
    hook = _subscribe(company, settings, url)
    said(f"The sandbox calls {url} with webhook {hook}: each event twice, as Pipedrive may.")
    heard.until("sweep:")

    deal, step = company.planned()
    said(f"1. A colleague marks the only planned step of deal {deal['id']} as done.")
    company.call("PATCH", f"v2/activities/{step['id']}", done=True)
    heard.until(f"activity:{step['id']} ")
    heard.until("activity:", "echo")

    said("2. A lead comes in.")
    person = next(each for each in company.box.records("persons") if not each["is_deleted"])
    lead = company.call("POST", "v1/leads", title="Asked for a quote", person_id=person["id"])
    heard.until(f"lead:{lead['id']} ")

    deal = company.neglected()
    said(
        f"3. The webhook is gone, as after three days of failures; deal {deal['id']} moves, and nobody tells us."
    )
    company.call("DELETE", f"v1/webhooks/{hook}", user=None)
    stage = next(each for each in company.box.records("stages") if each["id"] != deal["stage_id"])
    company.call("PATCH", f"v2/deals/{deal['id']}", stage_id=stage["id"])
    said("   The next sweep finds it.")
    heard(swept(_sweep(settings)()))
    heard.until(f"deal:{deal['id']} (found by the sweep)")


def _subscribe(company: Company, settings: Settings, url: str) -> int:
    """A webhook for everything, with a credential of its own."""
    store = Store(settings.state)
    hooks = Hooks(store, books(settings), keys=settings.state_key)
    hook = hooks.plan("demo", url=url, action="*", object="*")
    if hook is None:
        raise LookupError("there is a webhook for the demo already")
    made = company.call(
        "POST",
        "v1/webhooks",
        user=None,
        name=hook.name,
        subscription_url=url,
        event_action="*",
        event_object="*",
        http_auth_user=hook.key,
        http_auth_password=hooks.password(hook),
    )
    hooks.made(hook, int(made["id"]))
    store.close()
    return int(made["id"])


def _sweep(settings: Settings) -> Sweep:
    policy = Policy.load(PACKAGED_POLICY)
    return Sweep(
        store=inbox_of(settings),
        account=books(settings),
        connect=lambda run: Toolset.connect(AGENT, policy, settings=settings, run=run),
    )


def _worked_off(settings: Settings) -> None:
    """Wait until nothing waits in the inbox."""
    latest = time.monotonic() + WAIT_SECONDS
    while _kept(settings).keys() & {"new", "queued"}:
        if time.monotonic() > latest:
            raise QuietError("something still waits in the inbox")
        time.sleep(0.1)


def _kept(settings: Settings) -> dict[inbox.State, int]:
    """How many events are in the inbox, by state."""
    store = inbox_of(settings)
    with closing(store), store.reading() as connection:
        return inbox.counts(connection, books(settings))


def _closing(screen: Screen, settings: Settings) -> None:
    kept = _kept(settings)
    told = ", ".join(f"{number} {state}" for state, number in sorted(kept.items()))
    screen.say(f"In the inbox: {told}; what came twice is there once.", "bold")
