"""Whose work is under way, so that a log line can say so wherever it is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Who:
    """An agent in a run on an account; what is not known is empty."""

    agent: str = ""
    run: str = ""
    account: str = ""


_WHO: ContextVar[Who | None] = ContextVar("pipedrive_tools_who", default=None)


@contextmanager
def about(whose: Who) -> Iterator[None]:
    """Work for somebody while the block lasts."""
    token = _WHO.set(whose)
    try:
        yield
    finally:
        _WHO.reset(token)


def who() -> Who | None:
    """Whose work is under way here."""
    return _WHO.get()
