"""Options that several commands take, each described once."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from sales_follow_up.frameworks import Framework


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-08-18") from None


Demo = Annotated[bool, typer.Option("--demo", help="Use a local Pipedrive with demo data.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Another policy file.")]
Model = Annotated[
    str | None,
    typer.Option(metavar="PROVIDER:NAME[@ADDRESS]", help="Let a model draft: openai, anthropic or ollama."),
]
InFramework = Annotated[
    Framework | None,
    typer.Option("--framework", help="Run the steps as a LangGraph graph or as a LlamaIndex workflow."),
]
Holidays = Annotated[
    str | None, typer.Option("--country", metavar="CODE", help="Whose holidays are days off.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]


def day_option(help_: str, *names: str) -> Any:
    """An option that takes a day."""
    return typer.Option(*names, parser=_day, metavar="YYYY-MM-DD", help=help_)
