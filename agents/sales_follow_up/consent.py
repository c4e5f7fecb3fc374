"""What a person agreed to. The toolset asks here before each write, and gets yes only for exactly that effect."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pipedrive_tools.endpoints import activities
from pipedrive_tools.gate.approval import Question, Ruling

ANSWERS: Final = {"y": "yes", "n": "no", "a": "all", "q": "quit"}
Answer = Literal["yes", "no", "all", "quit"]


class Consent:
    """An approver that knows the proposals a person was shown and said yes to; each yes serves once."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def give(self, arguments: Mapping[str, Any], *, by: str) -> None:
        """Agree to one activity with exactly these arguments; `by` says how a person did."""
        call = activities.create.check(arguments)
        self._given[call.canonical] = by

    def __call__(self, question: Question) -> Ruling:
        """Answer the toolset."""
        by = self._given.pop(question.canonical, None)
        if by is None:
            return Ruling(answer="rejected", by="the list of what a person agreed to")
        return Ruling(answer="approved", by=by)
