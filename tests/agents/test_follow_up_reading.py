from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from sales_follow_up.lists import Lists, UnreadError
from sales_follow_up.reading import STEPS, read

from pipedrive_tools.endpoints import deals, persons
from pipedrive_tools.toolset import ToolResult, Toolset


class Scripted:
    """A toolset that gives what it was told to, and keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.asked.append((name, dict(arguments)))
        answer = self.answers.get(name, [])
        if isinstance(answer, ToolResult):
            return answer
        return ToolResult(text="", status="ok", data=answer, cost=1)


def toolset(scripted: Scripted) -> Toolset:
    return cast("Toolset", scripted)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_today_is_the_users(zone: str) -> None:
    """Without --today the day is the one on the user's calendar, wherever this machine stands."""
    before = datetime.now(ZoneInfo(zone)).date()
    book = read(toolset(Scripted(get_current_user={"id": 4, "timezone_name": zone})), begins=lambda _: None)

    assert before <= book.account.today <= datetime.now(ZoneInfo(zone)).date()
    assert (book.account.user_id, book.account.gaps) == (4, ())


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd"])
def test_unknown_zone(zone: str) -> None:
    """A time zone that nobody knows is said, and the day is the one in UTC."""
    before = datetime.now(UTC).date()
    book = read(toolset(Scripted(get_current_user={"id": 4, "timezone_name": zone})), begins=lambda _: None)

    assert before <= book.account.today <= datetime.now(UTC).date()
    assert any(zone in gap for gap in book.account.gaps)


def test_steps() -> None:
    """Each step is told once, in order."""
    told: list[str] = []

    read(toolset(Scripted(get_current_user={"id": 4})), begins=told.append)

    assert told == list(STEPS)


def test_denied_halfway() -> None:
    """Activities that the policy refuses are no gap but an end: nothing may be judged."""
    refused = ToolResult(text="refused: tokens_per_run", status="denied")
    scripted = Scripted(get_current_user={"id": 4}, list_deals=[{"id": 1}], list_activities=refused)

    with pytest.raises(UnreadError, match="tokens_per_run") as raised:
        read(toolset(scripted), begins=lambda _: None)
    assert raised.value.was_denied


def test_ids_in_hundreds() -> None:
    """Records are asked for by number in hundreds, the most that a call takes."""
    scripted = Scripted()

    list(Lists(toolset(scripted)).named(persons.list_, set(range(1, 251))))

    assert [len(arguments["ids"]) for _, arguments in scripted.asked] == [100, 100, 50]


def test_cursor_that_stands_still() -> None:
    """A cursor that does not move on is no end: the list counts as not read."""
    page = ToolResult(text="", status="ok", data=[{"id": 1}], next_page="same", cost=10)
    scripted = Scripted(list_deals=page)

    lists = Lists(toolset(scripted))

    with pytest.raises(UnreadError, match="same cursor"):
        list(lists.records(deals.list_))
    assert lists.tokens == 20
