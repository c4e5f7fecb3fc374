"""What the agent knows of an account: plain values, read once; nothing else is looked at afterwards."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage. `rots_after_days` is None where rotting is off, whatever number is left over."""

    name: str
    pipeline: str = ""
    place: int = 1
    """1 for the first stage of its pipeline."""
    places: int = 1
    probability: int | None = None
    """Percent; None where its pipeline has probability off, which leaves a number that means nothing."""
    rots_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class OpenActivity:
    """An activity that is not done."""

    id: int
    due: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One open deal with what hangs on it. Days of instants are UTC days, as the API gives them."""

    id: int
    title: str
    stage: Stage | None
    """None where the stages could not be read, or no longer hold it."""
    owner_id: int | None = None
    value: float = 0.0
    currency: str = ""
    probability: float | None = None
    added: date | None = None
    moved: date | None = None
    """Day of the last change of stage."""
    expected_close: date | None = None
    last_done: date | None = None
    """Day on which its last activity was done."""
    open_activities: tuple[OpenActivity, ...] = ()
    has_unseen_activity: bool = False
    """Whether the deal names a next activity that no list gave: hidden from us, or made while we read."""
    person_id: int | None = None
    person_is_gone: bool = False
    """Whether the person is deleted, so that no list gives it."""

    def next_day(self, today: date) -> date | None:
        """Day of the first open activity that is due today or later."""
        return min(
            (each.due for each in self.open_activities if each.due is not None and each.due >= today),
            default=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything that was read, and what could not be."""

    today: date
    """The day in the user's time zone."""
    deals: tuple[Deal, ...]
    activities_were_read: bool = True
    """Without them nobody knows which deals are waited on, so none may be judged."""
    user_id: int | None = None
    gone_user_ids: frozenset[int] = frozenset()
    """Users who have left and may still own deals."""
    activity_types: frozenset[str] = frozenset()
    """Keys of the types that the account has in use; empty where they could not be read."""
    tokens: int = 0
    """Pipedrive API tokens spent on reading."""
    gaps: tuple[str, ...] = ()
    """What was not read and what therefore was not checked, one sentence each."""
