"""The tools for LangChain and LangGraph: raw arguments in, text and artifact out, pauses let through."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from pipedrive_tools.errors import MissingExtraError, PipedriveToolsError
from pipedrive_tools.gate.approval import Approver, Question, Ruling, answered, nobody
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Tool, ToolResult, Toolset

try:
    from langchain_core.messages import ToolMessage
    from langchain_core.runnables import RunnableConfig
    from langchain_core.tools import BaseTool, BaseToolkit, ToolException
except ModuleNotFoundError as error:
    raise MissingExtraError("langchain-core", "langchain") from error

__all__ = ["PipedriveTool", "PipedriveToolkit", "interrupting"]


class PipedriveTool(BaseTool):
    """One tool of a toolset. A result that is not ok becomes a tool error, which the agent survives."""

    args_schema: dict[str, Any]
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: bool = True
    handle_validation_error: bool = True
    _toolset: Toolset = PrivateAttr()
    _model: type[BaseModel] = PrivateAttr()

    def __init__(self, tool: Tool, toolset: Toolset) -> None:
        entry = tool.endpoint
        super().__init__(
            name=tool.name,
            description=tool.description,
            args_schema={"properties": {}, **tool.parameters},
            tags=["pipedrive", entry.resource, entry.effect.value],
            metadata={
                "resource": entry.resource,
                "effect": entry.effect.value,
                "cost": entry.cost,
                "scopes": list(entry.scopes),
            },
        )
        self._toolset, self._model = toolset, entry.model

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:  # noqa: ARG002
        """The arguments as a model, for programs; what LangChain makes of a schema checks nothing."""
        return self._model

    def _to_args_and_kwargs(
        self, tool_input: str | dict[str, Any], tool_call_id: str | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments as the model sent them: nothing filled in, nothing dropped; the core checks them."""
        return (tool_input, tool_call_id), {}

    def _run(self, arguments: dict[str, Any], tool_call_id: str | None) -> tuple[Any, dict[str, Any]]:
        try:
            return self._answer(self._toolset.call(self.name, arguments), tool_call_id)
        except PipedriveToolsError as error:
            raise ToolException(str(error)) from error

    async def _arun(self, arguments: dict[str, Any], tool_call_id: str | None) -> tuple[Any, dict[str, Any]]:
        try:
            return self._answer(await self._toolset.acall(self.name, arguments), tool_call_id)
        except PipedriveToolsError as error:
            raise ToolException(str(error)) from error

    def _answer(self, result: ToolResult, tool_call_id: str | None) -> tuple[Any, dict[str, Any]]:
        """Text and artifact; an error is made here, because LangChain drops a ToolException's artifact."""
        if result.ok or tool_call_id is None:
            return result.text, result.artifact
        refused = ToolMessage(
            result.text, name=self.name, tool_call_id=tool_call_id, artifact=result.artifact, status="error"
        )
        return refused, result.artifact


class PipedriveToolkit(BaseToolkit):
    """The tools that a policy gives to an agent, for LangChain: `create_agent(model, toolkit.get_tools())`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    toolset: Toolset = Field(repr=False, exclude=True)

    @classmethod
    def connect(
        cls,
        agent: str | None = None,
        policy: Policy | str | Path | None = None,
        *,
        settings: Settings | None = None,
        approver: Approver = nobody,
    ) -> Self:
        """A toolkit over `Toolset.connect`; whoever needs its other knobs passes `toolset=` instead."""
        return cls(toolset=Toolset.connect(agent, policy, settings=settings, approver=approver))

    def get_tools(self) -> list[BaseTool]:
        """The tools that the policy lets this agent use."""
        return [PipedriveTool(tool, self.toolset) for tool in self.toolset.tools()]


def interrupting() -> Approver:
    """An approver that pauses the LangGraph graph until it is resumed with an answer to this very question.

    The pause shows the question. Resume with `{"digest": <the question's>, "approve": True, "by": "Ada"}`;
    anything else is a no. The tool runs anew on resume: the record is read again, and one that has moved on
    has another digest. Go on with the same run after a restart: `Toolset.connect(..., run=thread_id)`.
    """
    try:
        from langgraph.types import interrupt  # noqa: PLC0415  # the tools work without langgraph
    except ModuleNotFoundError as error:
        raise MissingExtraError("langgraph", "agents") from error

    def approver(question: Question) -> Ruling:
        try:
            answer = interrupt(asdict(question))
        except (KeyError, RuntimeError):  # no graph runs that could be paused
            return nobody(question)
        return answered(question, answer, by="langgraph")

    return approver
