"""`FollowUp`, the only thing that a planner may say about a deal or a lead. It names no record."""

from datetime import date, time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipedrive_tools.gate.taint import clean, one_line

_Type = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", max_length=60)]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
_Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class EmailDraft(BaseModel):
    """A mail that a person may send. The agent shows it and sends nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: _Line
    body: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class FollowUp(BaseModel):
    """The next step with one deal or lead. The caller binds it to the record that was planned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: _Type
    """Key of an activity type of the account."""
    subject: _Line
    due_date: date
    due_time: time | None = None
    """In the user's time zone; None for the whole day."""
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""
    """Written into the activity."""
    email_draft: EmailDraft | None = None
    reason: _Reason
    """Why this step, for the person who decides."""
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything in it that was put into words."""
        draft = self.email_draft
        mail = (draft.subject, draft.body) if draft else ()
        return (self.subject, self.note, self.reason, *mail)

    @property
    def cleaned(self) -> "FollowUp":
        """The same without what a person cannot see."""
        lines = {"subject": one_line(self.subject), "reason": one_line(self.reason)}
        return FollowUp.model_validate(self.model_dump() | lines | {"note": clean(self.note)})
