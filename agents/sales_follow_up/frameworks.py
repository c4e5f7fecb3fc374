"""Which framework runs the steps, and whose client asks the model. Frameworks are imported here only, when wanted."""

import re
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from pipedrive_tools.errors import SetupError
from pipedrive_tools.state.store import default_url
from sales_follow_up import agent
from sales_follow_up.agent import Runner
from sales_follow_up.drafting import ANSWER_TOKENS, ModelPlanner
from sales_follow_up.model.name import ModelName
from sales_follow_up.planning import Planner, RulePlanner

ANSWER_SECONDS: Final = 60.0
"""How long one answer of a model is waited for."""


class Framework(StrEnum):
    """The frameworks that this agent is written in."""

    LANGCHAIN = "langchain"
    LLAMAINDEX = "llamaindex"


class RunNameError(SetupError):
    """There is no run of this name to go on with."""


def runner(framework: Framework | None, kept_in: Path | None) -> Runner:
    """Whatever runs the steps; a run that waits for a person is kept in that file, for another process to go on."""
    match framework:
        case Framework.LANGCHAIN:
            from sales_follow_up import langchain_agent  # noqa: PLC0415  # it takes seconds to import

            return partial(langchain_agent.run, kept_in=kept_in)
        case Framework.LLAMAINDEX:
            from sales_follow_up import llamaindex_agent  # noqa: PLC0415  # it takes seconds to import

            return partial(llamaindex_agent.run, kept_in=kept_in)
        case None:
            return agent.run


def file_of(framework: Framework, run: str, state: str | None) -> Path | None:
    """Where a run is kept while it waits: beside the store; nowhere where the store is in memory."""
    url = state or default_url()
    if not url.startswith("sqlite"):
        url = default_url()
    _, _, path = url.partition("///")
    return Path(path).parent / f"follow-up-{run}.{framework}" if path and path != ":memory:" else None


def check_waiting(framework: Framework | None, run: str, state: str | None) -> None:
    """Refuse a run that does not wait for its person."""
    if framework is None:
        raise RunNameError("--resume needs the --framework that the run was started with")
    path = file_of(framework, run, state) if re.fullmatch(r"\w{1,64}", run) else None
    if path is None or not path.is_file():
        raise RunNameError(
            f"no run {run!r} waits here for {framework}; it is over, or its store is another one"
        )


def planner(model: str | None, framework: Framework | None = None) -> Planner:
    """Who plans: the named model through a framework's client, LangChain's unless said otherwise; else the rules."""
    if model is None:
        return RulePlanner()
    name = ModelName.parse(model)
    if framework is Framework.LLAMAINDEX:
        from sales_follow_up.model import llamaindex as client  # noqa: PLC0415  # it takes seconds to import
    else:
        from sales_follow_up.model import langchain as client  # type: ignore[no-redef]  # noqa: PLC0415  # same
    return ModelPlanner(client.connect(name, seconds=ANSWER_SECONDS, tokens=ANSWER_TOKENS), str(name))
