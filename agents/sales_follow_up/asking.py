"""Asks the person at the terminal about each proposal: yes, no, edit, all, quit."""

from collections.abc import Sequence
from datetime import date, time
from typing import Any, Final, Literal

from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from sales_follow_up.consent import Decision, all_of, edited, none_of
from sales_follow_up.proposals import Proposal
from sales_follow_up.rows import title, words

BY: Final = "terminal"


class Asking:
    """Decides as the person at the terminal says; the end of input is a quit."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """One decision per proposal."""
        decisions: list[Decision] = []
        for number, proposal in enumerate(proposals):
            if proposal.verdict and proposal.verdict.decision == "deny":
                decisions += none_of([proposal])
                continue
            answer = self._asked(number + 1, proposal)
            if answer == "all":
                return decisions + list(all_of(proposals[number:], BY))
            if answer == "quit":
                return decisions + list(none_of(proposals[number:]))
            decisions.append(answer)
        return decisions

    def _asked(self, number: int, proposal: Proposal) -> Decision | Literal["all", "quit"]:
        is_edited = False
        self._say(f"\n{number}. {title(proposal.finding.about)}: {proposal.follow_up.reason}\n")
        while True:
            plan = proposal.follow_up
            at = f" {plan.due_time:%H:%M}" if plan.due_time else ""
            for line in words(proposal):
                self._say(f"   {line}\n")
            self._say(f"   {plan.subject} ({plan.type}), {plan.due_date:%a %d %b}{at}? ")
            match self._typed("[y]es [n]o [e]dit [a]ll [q]uit ")[:1].lower():
                case "y":
                    return Decision(proposal=proposal, says="yes", by=BY, is_edited=is_edited)
                case "n":
                    return Decision(proposal=proposal, says="no", by=BY)
                case "e":
                    proposal, is_edited = self._edited(proposal), True
                case "a":
                    return "all"
                case "q":
                    return "quit"

    def _edited(self, proposal: Proposal) -> Proposal:
        """The proposal in the person's words; what is left empty stays."""
        plan = proposal.follow_up
        said = {
            "subject": self._typed(f"     subject [{plan.subject}]: "),
            "type": self._typed(f"     type [{plan.type}]: "),
            "note": self._typed(f"     note [{plan.note}]: "),
        }
        due = self._typed(f"     due, as YYYY-MM-DD or YYYY-MM-DD HH:MM [{plan.due_date}]: ")
        try:
            return edited(proposal, {name: text for name, text in said.items() if text} | _due(due))
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            self._say(f"     {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}; nothing was changed\n")
        except ValueError:
            self._say(f"     {due!r} is no day; nothing was changed\n")
        return proposal

    def _typed(self, prompt: str) -> str:
        self._say(prompt)
        try:
            return input().strip()
        except (EOFError, KeyboardInterrupt):
            self._say("\n")
            return "quit"

    def _say(self, text: str) -> None:
        self._console.print(Text(text), end="")


def _due(text: str) -> dict[str, Any]:
    if not text:
        return {}
    day, _, clock = text.partition(" ")
    return {"due_date": date.fromisoformat(day), "due_time": time.fromisoformat(clock) if clock else None}
