"""Asking a person: what exactly is asked, and who may answer.

An approval is bound to agent, tool, canonical arguments and the version of the record, expires, and serves
once. The one who is restrained never answers: approvers come from whoever builds the toolset.
"""

import hashlib
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pipedrive_tools.endpoint import Call
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.state import approvals
from pipedrive_tools.state.store import Store

Answer = Literal["approved", "rejected", "pending"]

LIFETIME_SECONDS: Final = 15 * 60.0


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a person is asked."""

    digest: str
    """Binds the approval to the exact effect."""
    agent: str
    run: str
    tool: str
    canonical: str
    """Tool and arguments in one line that is equal for equal calls."""
    effect: str
    """The effect in plain English; foreign text in it is cleaned, quoted and cut."""
    account: str = ""
    """Which account it would happen on."""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What a person said, and who it was."""

    answer: Answer
    by: str = ""
    ticket: str = ""
    """Number under which a pending question waits."""


Approver = Callable[[Question], Ruling | Awaitable[Ruling]]
"""Whoever may answer. It may block or await, and may raise a pause of a framework, which is let through."""


def digest(account: str, agent: str, call: Call[Any], version: Any) -> str:
    """One hash over everything that an approval is bound to."""
    bound = json.dumps([account, agent, call.canonical, version], separators=(",", ":"))
    return hashlib.sha256(bound.encode()).hexdigest()


def nobody(_question: Question) -> Ruling:
    """The default: there is nobody to ask, so the answer is no."""
    return Ruling(answer="pending")


def answered(question: Question, answer: Any, *, by: str) -> Ruling:
    """What an answer from outside comes to: yes only where it names this very question, else no."""
    if not isinstance(answer, Mapping):
        return Ruling(answer="rejected", by=by)
    agreed = answer.get("digest") == question.digest and answer.get("approve") is True
    who = answer.get("by")
    named = one_line(who)[:100] if isinstance(who, str) else ""
    return Ruling(answer="approved" if agreed else "rejected", by=named or by)


def asking(callback: Callable[[Question], bool], *, by: str = "callback") -> Approver:
    """An approver from a function that says yes or no; anything but True is a no."""

    def approver(question: Question) -> Ruling:
        return Ruling(answer="approved" if callback(question) is True else "rejected", by=by)

    return approver


def queue(store: Store, *, lifetime_seconds: float = LIFETIME_SECONDS) -> Approver:
    """An approver that lets questions wait in the store until `pipedrive-tools approvals` answers them."""

    def approver(question: Question) -> Ruling:
        with store.transaction(durable=True) as connection:
            store.alone(connection, question.digest)  # the same question waits once
            found = approvals.ask(
                connection,
                account=question.account,
                digest=question.digest,
                agent=question.agent,
                run=question.run,
                tool=question.tool,
                effect=question.effect,
                lifetime_seconds=lifetime_seconds,
            )
        answer: Answer = found.state if found.state in {"approved", "rejected"} else "pending"
        return Ruling(answer=answer, by=found.approver, ticket=found.id)

    return approver


def terminal(question: Question) -> Ruling:
    """Ask whoever sits at the terminal; where nobody does, nothing is approved."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return nobody(question)
    sys.stderr.write(f"\n{question.agent} asks to: {question.effect}\nAllow it? [y/N] ")
    sys.stderr.flush()
    said = sys.stdin.readline().strip().lower()
    return Ruling(answer="approved" if said in {"y", "yes"} else "rejected", by="terminal")


def named(name: Literal["terminal", "queue"], store: Store) -> Approver:
    """The approver of this name."""
    return terminal if name == "terminal" else queue(store)
