"""Fakes promised to users: a port that answers from a queue, for tests without a network and without patching.

port = FakePort().answers({"success": True, "data": {"id": 7}})
client = Pipedrive("any token", port=port)
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, Self, TypeAlias, TypeVar

from pydantic_core import to_json

from pipedrive_tools.wire import Request, Response

P = ParamSpec("P")
T = TypeVar("T")

Reply: TypeAlias = Response | Exception | Mapping[str, Any]
"""An answer, an error to raise in its place, or the JSON of an answer with status 200."""


class FakePort:
    """Answers each request with the next reply, and remembers what was asked; it waits for nothing.

    It never suspends, so it serves `Pipedrive` and `AsyncPipedrive` alike.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """Every request so far, headers included."""
        self.sleeps: list[float] = []
        """Every wait so far, in seconds."""
        self._replies: deque[Reply] = deque()
        self._rest: Callable[[Request], Reply] = _nothing

    def answers(self, *replies: Reply) -> Self:
        """Queue replies; gives the port back."""
        self._replies.extend(replies)
        return self

    def then(self, rest: Callable[[Request], Reply]) -> Self:
        """Make up replies once the queue is empty; gives the port back."""
        self._rest = rest
        return self

    @property
    def left(self) -> int:
        """How many replies nobody has asked for."""
        return len(self._replies)

    async def exchange(self, request: Request) -> Response:
        """Take the next reply."""
        self.requests.append(request)
        found = self._replies.popleft() if self._replies else self._rest(request)
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Response) else response(found)

    async def sleep(self, seconds: float) -> None:
        """Note the wait, and do not wait."""
        self.sleeps.append(seconds)

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work here and now."""
        return work(*args, **kwargs)


def response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer; bytes are taken as they are, all else becomes JSON."""
    return Response(status, headers or {}, body if isinstance(body, bytes) else to_json(body))


def _nothing(request: Request) -> Reply:
    raise AssertionError(f"no reply is queued for {request.method} {request.path}")
