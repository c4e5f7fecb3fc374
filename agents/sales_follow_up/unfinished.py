"""The plan of a run, kept in the store from the moment a person agreed until the last step is done.

A run that is killed in between is finished by the next one of the same day: same run, same plan, so that the journal
recognises what was sent already. Of two runs at work at once, one keeps its plan and the other is told to stop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from pydantic import TypeAdapter

from pipedrive_tools.errors import PipedriveToolsError
from pipedrive_tools.state.memory import Memory
from sales_follow_up.consent import Decision

NAME: Final = "plan"


class OtherRunError(PipedriveToolsError):
    """Another run of this agent has written, or is about to, since this one has read."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is about to do; without decisions it is done."""

    run: str
    today: date
    decisions: tuple[Decision, ...] = ()
    came_of_it: Mapping[str, int] = field(default_factory=dict)
    """Once it is done: how many decisions ended in each state, and the `tokens` that it took."""


_PLAN: Final = TypeAdapter(Plan)


class Unfinished:
    """The plan of this agent in this account. What it saw when it was made must still hold when it keeps a plan."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._seen: Any = memory.get(NAME)

    @property
    def seen(self) -> Any:
        """What it saw, as JSON: for a run that waits for its person and goes on in another process."""
        return self._seen

    def goes_on(self, run: str, seen: Any) -> None:
        """Go on as a run that saw this when it read; a plan that it has kept itself since then is its own."""
        if not (self._seen and self._seen["run"] == run):
            self._seen = seen

    @property
    def plan(self) -> Plan | None:
        """The plan that an earlier run did not finish."""
        plan = _PLAN.validate_python(self._seen) if self._seen else None
        return plan if plan and plan.decisions else None

    def keep(self, run: str, today: date, decisions: Sequence[Decision]) -> None:
        """Keep a plan before its first step is done."""
        if not self._swap(Plan(run=run, today=today, decisions=tuple(decisions))):
            raise OtherRunError(
                "another run of this agent has written, or is about to, since this one has read; run again. "
                "Nothing was changed by this one"
            )

    def finish(self, run: str, today: date, came_of_it: Mapping[str, int]) -> None:
        """The last step is done, unless another process has finished the same run."""
        self._swap(Plan(run=run, today=today, came_of_it=came_of_it))

    def done(self, run: str) -> Mapping[str, int]:
        """What came of a run whose every step was scheduled by an earlier process; nothing where none was.

        A process may be killed between its last step and whoever waits for its result.
        """
        plan = _PLAN.validate_python(self._seen) if self._seen else None
        if (
            plan is None
            or plan.run != run
            or plan.decisions
            or set(plan.came_of_it) != {"scheduled", "tokens"}
        ):
            return {}
        return plan.came_of_it

    def _swap(self, plan: Plan) -> bool:
        value = _PLAN.dump_python(plan, mode="json")
        is_kept = self._memory.swap(NAME, self._seen, value)
        self._seen = value if is_kept else self._seen
        return is_kept
