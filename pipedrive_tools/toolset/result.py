"""What a call through the toolset gives back."""

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["ok", "denied", "needs_approval", "invalid", "failed", "unknown"]
"""How a call ended. Only `ok` did what was asked; `unknown` may have."""


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """One result: `text` is for the model, `data` holds everything that Pipedrive answered."""

    text: str
    status: Status
    data: Any = None
    """The answer's `data`, JSON; None where there is none."""
    next_page: str | int | None = None
    """Cursor or offset of the next page; None at the end of a list."""
    cost: int = 0
    """Pipedrive API tokens spent."""
    audit_id: str | None = None
    """Number of the call in the audit trail."""
    undo: str | None = None
    """The command that takes the change back, where there is one."""
    is_gone: bool = False
    """Whether it failed because the record is not there."""

    @property
    def ok(self) -> bool:
        """Whether the call did what was asked."""
        return self.status == "ok"

    @property
    def artifact(self) -> dict[str, Any]:
        """The result as plain JSON, for a framework to keep beside the text."""
        return {
            "status": self.status,
            "data": self.data,
            "next_page": self.next_page,
            "cost": self.cost,
            "audit_id": self.audit_id,
            "undo": self.undo,
        }
