"""The tools for LlamaIndex: raw arguments in, text and artifact out, pauses let through."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from pipedrive_tools.errors import ArgumentsError, MissingExtraError
from pipedrive_tools.gate.approval import LIFETIME_SECONDS, Approver, Question, Ruling, answered, nobody
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Tool, ToolResult, Toolset

try:
    from llama_index.core.tools import AsyncBaseTool, ToolMetadata, ToolOutput
    from llama_index.core.tools.tool_spec.base import BaseToolSpec
    from llama_index.core.workflow import Context, HumanResponseEvent, InputRequiredEvent
    from workflows.errors import WorkflowRuntimeError
except ModuleNotFoundError as error:
    raise MissingExtraError("llama-index-core", "llamaindex") from error

__all__ = ["PipedriveTool", "PipedriveToolSpec", "waiting"]


class PipedriveTool(AsyncBaseTool):
    """One tool of a toolset. It is no FunctionTool: that one checks nothing and turns results into `str`."""

    def __init__(self, tool: Tool, toolset: Toolset) -> None:
        self._toolset = toolset
        self._name = tool.name
        self._metadata = ToolMetadata(
            name=tool.name, description=tool.description, fn_schema=_advertised(tool)
        )

    @property
    def metadata(self) -> ToolMetadata:
        """Name, description and schema, as the model sees them."""
        return self._metadata

    def call(self, /, *positional: Any, **arguments: Any) -> ToolOutput:
        """Call the tool with arguments as the model sent them; the core checks them."""
        _refuse(positional)
        return self._answer(self._toolset.call(self._name, arguments), arguments)

    async def acall(self, /, *positional: Any, **arguments: Any) -> ToolOutput:
        """Call the tool with arguments as the model sent them; the core checks them."""
        _refuse(positional)
        return self._answer(await self._toolset.acall(self._name, arguments), arguments)

    def _answer(self, result: ToolResult, arguments: dict[str, Any]) -> ToolOutput:
        return ToolOutput(
            tool_name=self._name,
            content=result.text,
            raw_input=arguments,
            raw_output=result.artifact,
            is_error=not result.ok,
        )


class PipedriveToolSpec(BaseToolSpec):
    """The tools that a policy gives to an agent, for LlamaIndex: `FunctionAgent(tools=spec.to_tool_list())`."""

    def __init__(self, toolset: Toolset) -> None:
        self.toolset = toolset
        self.spec_functions = list(toolset.names())

    @classmethod
    def connect(
        cls,
        agent: str | None = None,
        policy: Policy | str | Path | None = None,
        *,
        settings: Settings | None = None,
        approver: Approver = nobody,
    ) -> Self:
        """A tool spec over `Toolset.connect`; whoever needs its other knobs passes a toolset instead."""
        return cls(Toolset.connect(agent, policy, settings=settings, approver=approver))

    def to_tool_list(  # type: ignore[override]  # the base class promises FunctionTools
        self,
        spec_functions: Sequence[str] | None = None,
        func_to_metadata_mapping: Mapping[str, ToolMetadata] | None = None,
    ) -> list[PipedriveTool]:
        """The tools that the policy lets this agent use, or those of them that are named."""
        if func_to_metadata_mapping:
            raise ArgumentsError("names and descriptions come from the catalogue and cannot be replaced")
        granted = {tool.name: tool for tool in self.toolset.tools()}
        names = granted if spec_functions is None else spec_functions
        if unknown := sorted(set(names) - set(granted)):
            raise ArgumentsError(f"there are no tools {unknown} for this agent")
        return [PipedriveTool(granted[name], self.toolset) for name in names]


def waiting(*, lifetime_seconds: float | None = LIFETIME_SECONDS) -> Approver:
    """An approver that pauses the workflow until somebody answers this very question.

    An `InputRequiredEvent` shows the question. Answer with
    `HumanResponseEvent(digest=<the question's>, approve=True, by="Ada")`; anything else is a no. The tool runs
    anew when the answer comes: the record is read again, and one that has moved on is asked about again.
    """

    async def approver(question: Question) -> Ruling:
        try:
            context = Context.get_step_context()
        except WorkflowRuntimeError:  # no workflow runs that could be paused
            return nobody(question)
        try:
            # No waiter_id: the default one is made of the requirements and of this very call.
            said = await context.wait_for_event(
                HumanResponseEvent,
                waiter_event=InputRequiredEvent(**asdict(question)),
                requirements={"digest": question.digest},
                timeout=lifetime_seconds,
            )
        except TimeoutError:
            return nobody(question)
        # A restored context forgets the requirements, so an answer to another question can arrive here.
        return answered(question, dict(said.items()), by="llamaindex")

    return approver


def _advertised(tool: Tool) -> type[BaseModel]:
    """The schema as the class that LlamaIndex wants to see; nobody validates with it."""
    schema = {"properties": {}, **tool.parameters}
    hook = classmethod(lambda _cls, _core, _handler: schema)
    return type(tool.name, (BaseModel,), {"__get_pydantic_json_schema__": hook})


def _refuse(positional: tuple[Any, ...]) -> None:
    """LlamaIndex tries a lone argument by position first and then by name."""
    if positional:
        raise TypeError("a Pipedrive tool takes its arguments by name")
