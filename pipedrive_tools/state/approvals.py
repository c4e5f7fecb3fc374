"""Questions that wait for a person, and the answers that have not been used yet."""

import time
import uuid
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, insert, select, update

from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.schema import approvals

State = Literal["pending", "approved", "rejected", "used"]

_USE: Final = (
    "UPDATE approvals SET state = 'used' "
    "WHERE id = ? AND account = ? AND state = 'approved' AND expires > ? RETURNING 1"
)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One question and how it stands."""

    id: str
    account: str
    digest: str
    agent: str
    run: str
    tool: str
    effect: str
    state: State
    approver: str
    created: float
    expires: float

    @property
    def expired(self) -> bool:
        """Whether its time is over; a clock gone back does not bring it to life before it was asked."""
        return not self.created - 60 <= time.time() < self.expires


def ask(
    connection: Connection,
    *,
    account: str,
    digest: str,
    agent: str,
    run: str,
    tool: str,
    effect: str,
    lifetime_seconds: float,
) -> Approval:
    """The question with this digest: the one that waits already, or a new one."""
    for found in _of(connection, digest):
        if found.state in {"pending", "approved", "rejected"} and not found.expired:
            return found
    now = time.time()
    fresh = Approval(
        id=uuid.uuid4().hex[:12],
        account=account,
        digest=digest,
        agent=agent,
        run=run,
        tool=tool,
        effect=effect,
        state="pending",
        approver="",
        created=now,
        expires=now + lifetime_seconds,
    )
    connection.execute(insert(approvals).values(**vars(fresh)))
    return fresh


def use(connection: Hot, account: str, id: str) -> bool:
    """Spend an approval; false when it was spent, withdrawn or has expired."""
    return connection.first(_USE, (id, account, time.time())) is not None


def decide(connection: Connection, id: str, *, approved: bool, approver: str) -> bool:
    """Answer a question that still waits; false when there is none."""
    claim = update(approvals).where(
        approvals.c.id == id, approvals.c.state == "pending", approvals.c.expires > time.time()
    )
    state = "approved" if approved else "rejected"
    return connection.execute(claim.values(state=state, approver=approver)).rowcount == 1


def listed(connection: Connection, *, state: State | None = None) -> list[Approval]:
    """Questions, newest first."""
    query = select(approvals).order_by(approvals.c.created.desc())
    if state:
        query = query.where(approvals.c.state == state)
    return [Approval(**found) for found in connection.execute(query).mappings()]


def _of(connection: Connection, digest: str) -> list[Approval]:
    query = select(approvals).where(approvals.c.digest == digest).order_by(approvals.c.created.desc())
    return [Approval(**found) for found in connection.execute(query).mappings()]
