"""A hint, no more: what is acted on, with what in hand, and what is not worth a call."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from pipedrive_tools.errors import UnfinishedEventError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import inbox
from pipedrive_tools.state.inbox import Item
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.webhooks import events
from pipedrive_tools.webhooks.hint import Change, Hint
from pipedrive_tools.webhooks.receiver import arrival
from tests.webhooks.deliveries import body

ACCOUNT = "here"
READS = 'deals = "full"\nactivities = "full"\nnotes = "read"\naccount = "read"'
LATER = "2099-01-01T00:00:00Z"


class Desk:
    """Events of a sandbox, and a handler that remembers what it was given."""

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self.sandbox, self.settings = sandbox, settings
        self.store = Store(inbox.beside(settings.state, "inbox"))
        self.changes: list[Change] = []
        self.act: Callable[[Change, Toolset], object] = lambda _change, _toolset: None

    def hint(self, rights: str = READS) -> Hint:
        policy = Policy.parse(f"[agents.a]\n{rights}")
        return Hint(
            self.store,
            ACCOUNT,
            lambda run, about: Toolset.connect("a", policy, settings=self.settings, run=run, about=about),
            self._handle,
        )

    def _handle(self, change: Change, toolset: Toolset) -> str:
        self.changes.append(change)
        self.act(change, toolset)
        return "acted"

    def item(self, sent: bytes) -> Item:
        with self.store.transaction(durable=True) as connection:
            inbox.keep(connection, ACCOUNT, [arrival(events.parse(sent), sent)])
            return inbox.listed(connection, ACCOUNT, limit=1)[0]

    @property
    def deal(self) -> dict[str, Any]:
        found = self.sandbox.records("deals")
        return next(each for each in found if each["status"] == "open" and not each["is_archived"])

    @property
    def user(self) -> int:
        """Who the API token belongs to."""
        answer = httpx.get(f"{self.sandbox.url}/api/v1/users/me", headers={"x-api-token": self.sandbox.token})
        return int(answer.json()["data"]["id"])

    def move(self) -> None:
        """A person changes the deal."""
        url, headers = (
            f"{self.sandbox.url}/api/v2/deals/{self.deal['id']}",
            {"x-api-token": self.sandbox.token},
        )
        httpx.patch(url, json={"title": "Moved"}, headers=headers).raise_for_status()

    def calls(self) -> list[str]:
        return [f"{each['method']} {each['path']}" for each in self.sandbox.log()]


@pytest.fixture
def desk(sandbox: Sandbox, settings: Settings) -> Iterator[Desk]:
    made = Desk(sandbox, settings)
    yield made
    made.store.close()


def test_read_again(desk: Desk) -> None:
    """A handler is given the record as it is now, whatever the event says."""
    sent = body(desk.deal["id"], update_time="2001-01-01T00:00:00Z", data={"title": "You won a million"})
    assert desk.hint()(desk.item(sent)) == "acted"
    [change] = desk.changes
    assert change.record is not None
    assert change.record["title"] == desk.deal["title"]


def test_the_same_state(desk: Desk) -> None:
    """What an earlier event brought is not worked on again."""
    hint, update_time = desk.hint(), desk.deal["update_time"]
    assert hint(desk.item(body(desk.deal["id"], update_time=update_time))) == "acted"
    assert (
        hint(desk.item(body(desk.deal["id"], update_time=update_time))) == "this state was worked on already"
    )
    assert len(desk.changes) == 1


def test_older_news(desk: Desk) -> None:
    """News older than what was worked on costs no call."""
    hint = desk.hint()
    hint(desk.item(body(desk.deal["id"], update_time=desk.deal["update_time"])))
    before = len(desk.calls())
    told = hint(desk.item(body(desk.deal["id"], update_time="2001-01-01T00:00:00Z")))
    assert (told, len(desk.calls())) == ("a newer state was worked on already", before)


def test_pipedrive_lags(desk: Desk) -> None:
    """A reading that is older than what the event told is none: it is tried again later."""
    with pytest.raises(UnfinishedEventError, match="older state"):
        desk.hint()(desk.item(body(desk.deal["id"], update_time=LATER)))
    assert desk.changes == []


def test_still_shown(desk: Desk) -> None:
    """A record that is told to be gone and is still shown, unchanged since, is read once more later."""
    with pytest.raises(UnfinishedEventError, match="older state"):
        desk.hint()(desk.item(body(desk.deal["id"], action="delete", update_time=desk.deal["update_time"])))
    assert desk.changes == []


def test_gone(desk: Desk) -> None:
    """Of a record that is gone the handler is told so, once; a late event does not bring it back."""
    hint = desk.hint()
    assert hint(desk.item(body(987654, action="delete"))) == "acted"
    assert (
        hint(desk.item(body(987654, update_time="2026-03-02T09:30:00Z")))
        == "this state was worked on already"
    )
    assert [change.record for change in desk.changes] == [None]


def test_echo(desk: Desk) -> None:
    """What our own user did through the API is not acted on; in the web app it is."""
    me = str(desk.user)
    hint = desk.hint()
    echo = body(desk.deal["id"], change_source="api", user_id=me)
    assert hint(desk.item(echo)) == "an echo of our own call"
    assert hint(desk.item(body(desk.deal["id"], change_source="app", user_id=me))) == "acted"


def test_permitted_users(desk: Desk) -> None:
    """A record that our user may not see is left alone, without a call for it."""
    told = desk.hint()(desk.item(body(desk.deal["id"], permitted_user_ids=["4711"])))
    assert told == "the user may not see this record"
    assert not [call for call in desk.calls() if "/deals/" in call]


@pytest.mark.parametrize(("entity", "rights"), [("deal", 'notes = "read"'), ("spaceship", READS)])
def test_not_granted(desk: Desk, entity: str, rights: str) -> None:
    """What the policy does not let the agent read is left alone, and so is what nobody can read."""
    told = desk.hint(rights)(desk.item(body(desk.deal["id"], entity=entity)))
    assert told == f"the policy does not let the agent read a {entity}"
    assert desk.changes == []


def test_written_once(desk: Desk) -> None:
    """A handler that dies after its write and is called again writes nothing twice."""
    hint = desk.hint()

    def act(change: Change, toolset: Toolset) -> None:
        assert change.record is not None
        note = {"subject": "Call", "type": "call", "due_date": "2026-03-09", "deal_id": change.record["id"]}
        assert toolset.call("create_activity", note).ok
        if len(desk.changes) < 3:
            raise OSError("the machine stumbles")

    desk.act = act
    item = desk.item(body(desk.deal["id"]))
    for _ in range(2):
        with pytest.raises(OSError, match="stumbles"):
            hint(item)
    assert hint(item) == "acted"
    assert desk.calls().count("POST /api/v2/activities") == 1


def test_written_twice_by_two_events(desk: Desk) -> None:
    """The counter-test: two events are two runs, and two runs write the same twice."""
    hint = desk.hint()
    call = {"subject": "Call", "type": "call", "due_date": "2026-03-09", "deal_id": desk.deal["id"]}
    desk.act = lambda _change, toolset: toolset.call("create_activity", call)
    hint(desk.item(body(desk.deal["id"])))
    desk.move()
    hint(desk.item(body(desk.deal["id"], update_time=desk.deal["update_time"])))
    assert desk.calls().count("POST /api/v2/activities") == 2
