"""What the agent knows of an account: plain values, read once; nothing else is looked at afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from sales_follow_up.workdays import Workdays


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
    """The day in the user's time zone."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was written or done, in the words of the account: foreign text, never an instruction."""

    when: datetime
    direction: Literal["incoming", "outgoing", "neither"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opportunity:
    """What a deal and a lead have in common. Days of instants are UTC days, as the API gives them."""

    title: str
    owner_id: int | None = None
    value: float = 0.0
    currency: str = ""
    added: date | None = None
    last_done: date | None = None
    """Day on which its last activity was done."""
    open_activities: tuple[OpenActivity, ...] = ()
    has_unseen_activity: bool = False
    """Whether it names a next activity that no list gave: hidden from us, or made while we read."""
    changed: date | None = None
    """Day on which it, an activity or a note of it was last changed, as far back as was read."""
    person_id: int | None = None
    said: tuple[Said, ...] = ()
    """The latest things written or done, newest first; only a planner reads them."""

    def next_day(self, today: date) -> date | None:
        """Day of the first open activity that is due today or later."""
        return min(
            (each.due for each in self.open_activities if each.due is not None and each.due >= today),
            default=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal(_Opportunity):
    """One open deal with what hangs on it."""

    id: int
    kind: Literal["deal"] = "deal"
    stage: Stage | None
    """None where the stages could not be read, or no longer hold it."""
    probability: float | None = None
    moved: date | None = None
    """Day of the last change of stage."""
    expected_close: date | None = None
    incoming: datetime | None = None
    """When something last came in."""
    outgoing: datetime | None = None
    """When something last went out."""
    person_is_gone: bool = False
    """Whether the person is deleted, so that no list gives it."""

    @property
    def touched(self) -> date | None:
        """When somebody last did something: it was added, changed stage, or had an activity done."""
        return max(filter(None, (self.added, self.moved, self.last_done)), default=None)

    @property
    def key(self) -> str:
        """A name that no other record has."""
        return f"deal {self.id}"

    @property
    def link(self) -> dict[str, int | str]:
        """How an activity is bound to it."""
        return {"deal_id": self.id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead(_Opportunity):
    """One lead that is not archived."""

    id: str
    kind: Literal["lead"] = "lead"
    updated: date | None = None

    @property
    def touched(self) -> date | None:
        """When somebody last did something: it was added, changed, or had an activity done."""
        return max(filter(None, (self.added, self.updated, self.last_done)), default=None)

    @property
    def key(self) -> str:
        """A name that no other record has."""
        return f"lead {self.id}"

    @property
    def link(self) -> dict[str, int | str]:
        """How an activity is bound to it."""
        return {"lead_id": self.id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What holds for every deal of the account, and what of it could not be read."""

    today: date
    """The day in the user's time zone."""
    zone: str = "UTC"
    """Name of the user's time zone."""
    workdays: Workdays = field(default_factory=Workdays)
    user_id: int | None = None
    gone_user_ids: frozenset[int] = frozenset()
    """Users who have left and may still own deals."""
    activity_types: frozenset[str] = frozenset()
    """Keys of the types that the account has in use; empty where they could not be read."""
    activities_were_read: bool = True
    """Without them nobody knows which deals are waited on, so none may be judged."""
    tokens: int = 0
    """Pipedrive API tokens spent on reading."""
    gaps: tuple[str, ...] = ()
    """What was not read and what therefore was not checked, one sentence each."""

    def owner_of(self, about: "Deal | Lead") -> int | None:
        """Whoever owns it; the user of this run where the owner has left."""
        owner = about.owner_id
        return self.user_id if owner is None or owner in self.gone_user_ids else owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything that was read."""

    account: Account
    deals: tuple[Deal, ...]
    leads: tuple[Lead, ...] = ()

    @property
    def all(self) -> Iterable[Deal | Lead]:
        """Deals, then leads."""
        return (*self.deals, *self.leads)
