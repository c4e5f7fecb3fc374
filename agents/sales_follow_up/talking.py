"""A conversation at the terminal: lines in, the answer piece by piece, and a question before each change.

In a pipe each line is a message, and what needs a person is refused.
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from pipedrive_tools.adapters.langchain import interrupting
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset
from sales_follow_up.chat import PROFILE, Chat, ChatError
from sales_follow_up.model.langchain import chat_model
from sales_follow_up.model.name import ModelName
from sales_follow_up.steps import AGENT

ANSWER_SECONDS: Final = 120.0


class Terminal:
    """Standard output for the answer, standard error for everything around it."""

    def __init__(self) -> None:
        self._out = Console(highlight=False, soft_wrap=True)
        self._aside = Console(highlight=False, soft_wrap=True, stderr=True)
        self.is_shared = sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, piece: str) -> None:
        """A piece of the answer."""
        self._out.print(Text(piece), end="")

    def tell(self, line: str) -> None:
        """What the model does."""
        self._aside.print(Text(f"  {line}", "dim"))

    def approve(self, question: Mapping[str, Any]) -> bool:
        """Ask whoever sits there; where nobody does, the answer is no."""
        self._aside.print(Text(f"\nIt wants to: {question['effect']}", "bold"))
        if not self.is_shared:
            self._aside.print(Text("  refused: there is nobody to ask"))
            return False
        self._aside.print(Text("Allow it? [y/N] "), end="")
        return (self.line() or "").strip().lower() in {"y", "yes"}

    def asked(self) -> str | None:
        """The next message of the person; None at the end."""
        if self.is_shared:
            self._aside.print(Text("\nyou> ", "bold"), end="")
        return self.line()

    def line(self) -> str | None:
        """A line of input; None at its end."""
        try:
            return input()
        except (EOFError, KeyboardInterrupt):
            return None


def talk(model: ModelName, policy: Path | str, settings: Settings, terminal: Terminal) -> int:
    """Talk until the input ends; 1 where a message got no answer."""
    client = chat_model(model, seconds=ANSWER_SECONDS)
    toolset = Toolset.connect(
        AGENT, Policy.load(policy), settings=settings, approver=interrupting(), profile=PROFILE
    )
    status = 0
    with toolset:
        chat = Chat(
            model=client,
            toolset=toolset,
            today=f"{datetime.now(UTC):%A, %d %B %Y}",
            say=terminal.say,
            tell=terminal.tell,
            approve=terminal.approve,
        )
        while (text := terminal.asked()) is not None:
            if not text.strip():
                continue
            try:
                chat.turn(text)
            except ChatError as error:
                terminal.tell(str(error))
                status = 1
            except KeyboardInterrupt:
                terminal.tell("stopped; what was done stands in the audit trail")
            terminal.say("\n")
    return status
