"""`chat`: a person talks about the account with a model."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipedrive_tools.settings import Settings
from sales_follow_up import demo as demonstration
from sales_follow_up.commands.ending import ended
from sales_follow_up.commands.options import Debug, Demo, PolicyFile
from sales_follow_up.model.name import ModelName
from sales_follow_up.session import PACKAGED_POLICY


def chat(
    *,
    model: Annotated[
        str, typer.Option(metavar="PROVIDER:NAME[@ADDRESS]", help="Who answers: openai, anthropic or ollama.")
    ],
    demo: Demo = False,
    policy: PolicyFile = None,
    debug: Debug = False,
) -> int:
    """Talk about the account with a model that has this agent's tools and rights."""
    return ended(lambda: _chat(model, policy, demo=demo), debug=debug)


def _chat(model: str, policy: Path | None, *, demo: bool) -> int:
    name = ModelName.parse(model)
    from sales_follow_up.talking import Terminal, talk  # noqa: PLC0415  # LangChain takes a second to import

    with ExitStack() as stack:
        settings = Settings.from_env()
        path = policy or (None if demo else settings.policy) or PACKAGED_POLICY
        if demo:
            box = stack.enter_context(demonstration.local_pipedrive(datetime.now(UTC).date()))
            settings = demonstration.demo_settings(box, settings)
        return talk(name, path, settings, Terminal())
