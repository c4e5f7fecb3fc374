"""Options that several commands take, each described once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

PolicyFile = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="Policy file; else PIPEDRIVE_POLICY.")
]
AgentName = Annotated[
    str | None,
    typer.Option("--agent", metavar="NAME", help="Agent in the policy file; else PIPEDRIVE_AGENT."),
]
AccountName = Annotated[
    str | None,
    typer.Option("--account", metavar="COMPANY/USER", help="One of the logins; else PIPEDRIVE_ACCOUNT."),
]
OnlyAccount = Annotated[
    str | None,
    typer.Option("--account", metavar="COMPANY[/USER]", help="Only this login, or all of a company."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done and send no write.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys, for programs.")]


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """A parser that takes these words and no other."""

    def parse(text: str) -> str:
        if text not in choices:
            raise typer.BadParameter(f"{text!r} is none of {', '.join(choices)}")
        return text

    parse.__name__ = "|".join(choices)
    return parse
