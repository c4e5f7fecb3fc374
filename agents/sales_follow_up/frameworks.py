"""Which framework runs the steps, and whose client asks the model. Frameworks are imported here only, when wanted."""

from enum import StrEnum
from typing import Final

from sales_follow_up.drafting import ANSWER_TOKENS, ModelPlanner
from sales_follow_up.model.name import ModelName
from sales_follow_up.planning import Planner, RulePlanner

ANSWER_SECONDS: Final = 60.0
"""How long one answer of a model is waited for."""


class Framework(StrEnum):
    """The frameworks that this agent is written in."""

    LANGCHAIN = "langchain"
    LLAMAINDEX = "llamaindex"


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
