"""Whole lists through the toolset, page by page, and what to do about one that cannot be read."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, TypeVar

from pipedrive_tools.endpoint import Endpoint, Paging
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.toolset import ToolResult, Toolset

PAGE: Final = 500
"""A page of a list costs the same whatever its size, and 500 is the most."""
IDS: Final = 100
"""Most records that one call may name."""

T = TypeVar("T")


class UnreadError(Exception):
    """A list could not be read to its end; what was read of it proves nothing."""

    def __init__(self, tool: str, why: str, *, was_denied: bool = False) -> None:
        super().__init__(f"{tool} could not be read: {one_line(why)}")
        self.was_denied = was_denied


class Lists:
    """The lists of one account; counts the tokens they cost and keeps what was not read."""

    def __init__(self, toolset: Toolset) -> None:
        self._toolset = toolset
        self.tokens = 0
        self.gaps: list[str] = []

    def one(self, entry: Endpoint[..., T]) -> T:
        """The answer of an entry that has no pages."""
        return entry.parse(self._call(entry.name, {}).data)

    def records(self, entry: Endpoint[..., list[T]], **arguments: Any) -> Iterator[T]:
        """Every record of a list; older endpoints count records where newer ones give a cursor."""
        place = "start" if entry.paging is Paging.OFFSET else "cursor"
        reached: str | int | None = None
        while True:
            result = self._call(entry.name, {"limit": PAGE, place: reached, **arguments})
            yield from entry.parse(result.data)
            if result.next_page is None:
                return
            if result.next_page == reached:
                raise UnreadError(entry.name, f"it goes on for ever at the same {place}")
            reached = result.next_page

    def named(self, entry: Endpoint[..., list[T]], numbers: Collection[int]) -> Iterator[T]:
        """The records with these numbers, as far as they are there."""
        ordered = sorted(numbers)
        for start in range(0, len(ordered), IDS):
            yield from self.records(entry, ids=ordered[start : start + IDS])

    def unless_unread(self, read: Callable[[], T], otherwise: T, *, but: str) -> T:
        """What `read` gives; where a list fails, `otherwise`, and a sentence on what that means."""
        try:
            return read()
        except UnreadError as error:
            self.gaps.append(f"{but} ({error})")
            return otherwise

    def _call(self, tool: str, arguments: dict[str, Any]) -> ToolResult:
        result = self._toolset.call(tool, arguments)
        self.tokens += result.cost
        if not result.ok:
            denied = result.status in {"denied", "needs_approval"}
            raise UnreadError(tool, result.text, was_denied=denied)
        return result
