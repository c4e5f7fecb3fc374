"""Models that follow a script, and what the sandbox saw of it."""

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from pipedrive_tools.sandbox import Sandbox

Turn = Sequence[tuple[str, dict[str, Any]]]
"""The tools that a model calls in one turn, with their arguments."""


class ScriptedModel(BaseChatModel):
    """A model that plays one turn after the other, and is done when there are none left.

    It counts the turns in the history, so that it goes on after a restart.
    """

    turns: list[list[tuple[str, dict[str, Any]]]]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, _tools: Any, **_kwargs: Any) -> "ScriptedModel":
        return self

    def _generate(self, messages: list[BaseMessage], *_args: Any, **_kwargs: Any) -> ChatResult:
        played = sum(isinstance(each, AIMessage) for each in messages)
        turn = self.turns[played] if played < len(self.turns) else []
        asked = [
            ToolCall(name=name, args=arguments, id=f"call-{played}-{number}")
            for number, (name, arguments) in enumerate(turn)
        ]
        message = AIMessage(content="" if turn else "done", tool_calls=asked)
        return ChatResult(generations=[ChatGeneration(message=message)])


def script(*turns: Turn) -> ScriptedModel:
    """A model for `create_agent`."""
    return ScriptedModel(turns=[list(turn) for turn in turns])


def answers(state: dict[str, Any]) -> list[ToolMessage]:
    """What the tools told the model."""
    return [each for each in state["messages"] if isinstance(each, ToolMessage)]


def changes(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Every request that may have changed something."""
    return [(each["method"], each["path"]) for each in sandbox.log() if each["method"] != "GET"]
