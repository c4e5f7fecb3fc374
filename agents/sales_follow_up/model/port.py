"""What a model is asked and what it says, in words that no framework owns."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a model. There is no place for tools in it."""

    instructions: str
    facts: str
    shape: dict[str, Any]
    """JSON schema that the answer keeps to, where the model's server can hold it to one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said; nobody has checked it yet."""

    text: str
    tokens: int = 0
    """Tokens of question and answer together, as the model's server counts them; 0 where it does not."""


class Model(Protocol):
    """A chat model."""

    def answer(self, request: Request) -> Answer:
        """What the model says; `ModelError` where it says nothing."""
        ...


class ModelError(Exception):
    """A model did not answer. The message is ours: what a server says may hold the key, or the facts."""

    def __init__(self, why: str, *, lasts: bool = False) -> None:
        super().__init__(why)
        self.lasts = lasts
        """Whether asking about the next deal is as useless."""


REASONS = {
    400: ("it did not accept the request", True),
    401: ("it did not accept the key", True),
    403: ("it did not accept the key", True),
    404: ("its address or name is not known there", True),
    422: ("it did not accept the request", True),
    429: ("it is asked too often", False),
}


def unanswered(error: Exception) -> ModelError:
    """What a client's own error comes to; each client has a tree of its own, so names and statuses tell."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    if isinstance(status, int) and status > 0:
        why, lasts = REASONS.get(status, ("it failed", False))
        return ModelError(f"{why} (HTTP {status})", lasts=lasts)
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__) + type(error.__cause__).__name__
    if "Timeout" in kinds:
        return ModelError("it did not answer in time")
    if "Connect" in kinds:
        return ModelError("nobody answers at its address")
    return ModelError(f"its client failed ({type(error).__name__})")
