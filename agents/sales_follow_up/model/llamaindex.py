"""Models through LlamaIndex: one package of its own for each provider."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pipedrive_tools.errors import MissingExtraError
from sales_follow_up.model.name import ModelName, ModelSetupError, package_missing
from sales_follow_up.model.port import Answer, Request, unanswered

try:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
    from llama_index.core.llms import LLM
except ModuleNotFoundError as error:
    raise MissingExtraError("llama-index-core", "agents") from error

CONTEXT_TOKENS: Final = 4096
"""Room for a question and its answer; told to Ollama, which otherwise is asked for the model's own."""
OPENAI: Final = "https://api.openai.com/v1"

SHAPED: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = MappingProxyType(
    {
        "openai": lambda shape: {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": shape["title"], "schema": shape, "strict": True},
            }
        },
        "anthropic": lambda shape: {"output_config": {"format": {"type": "json_schema", "schema": shape}}},
        "ollama": lambda shape: {"format": shape},
    }
)
"""How each provider is held to the shape of the answer. LlamaIndex's own way loses the count of tokens."""


class LlamaIndexModel:
    """A model of LlamaIndex."""

    def __init__(self, llm: LLM, provider: str) -> None:
        self._llm, self._provider = llm, provider

    def answer(self, request: Request) -> Answer:
        """Ask once."""
        asked = [
            ChatMessage(role=MessageRole.SYSTEM, content=request.instructions),
            ChatMessage(role=MessageRole.USER, content=request.facts),
        ]
        try:
            said = self._llm.chat(asked, **SHAPED[self._provider](request.shape))
        except Exception as error:
            raise unanswered(error) from error
        return Answer(text=said.message.content or "", tokens=_tokens(said))


def _tokens(said: ChatResponse) -> int:
    """The provider's count, which each keeps under names of its own."""
    raw: Any = said.raw
    usage = raw.get("usage", raw) if isinstance(raw, Mapping) else getattr(raw, "usage", None)
    counts = usage if isinstance(usage, Mapping) else vars(usage) if usage is not None else {}
    if counts.get("total_tokens"):
        return int(counts["total_tokens"])
    parts = ("input_tokens", "output_tokens", "prompt_eval_count", "eval_count")
    return sum(int(counts.get(part) or 0) for part in parts)


def connect(name: ModelName, *, seconds: float, tokens: int) -> LlamaIndexModel:
    """The model that drafts; an answer has at most so many tokens and comes within so many seconds."""
    try:
        llm = _CLIENTS[name.provider](name, seconds, tokens)
    except ImportError as error:
        raise package_missing(*_PACKAGES[name.provider]) from error
    try:
        llm.metadata  # noqa: B018  # raises for a name that the client has no size for
    except ValueError as error:
        raise ModelSetupError(
            f"LlamaIndex's client does not know {name}; name another, or use --framework langchain"
        ) from error
    return LlamaIndexModel(llm, name.provider)


def _openai(name: ModelName, seconds: float, tokens: int) -> LLM:
    from llama_index.llms.openai_like import OpenAILike  # noqa: PLC0415  # a package of its own

    made: LLM = OpenAILike(  # unlike `OpenAI` it knows no list of names that a newer model is missing from
        model=name.name,
        api_base=name.address or OPENAI,
        api_key=name.key(),
        is_chat_model=True,
        max_tokens=tokens,
        timeout=seconds,
        max_retries=1,
    )
    return made


def _anthropic(name: ModelName, seconds: float, tokens: int) -> LLM:
    from llama_index.llms.anthropic import Anthropic  # noqa: PLC0415  # a package of its own

    return Anthropic(
        model=name.name,
        base_url=name.address,
        api_key=name.key(),
        max_tokens=tokens,
        timeout=seconds,
        max_retries=1,
    )


def _ollama(name: ModelName, seconds: float, tokens: int) -> LLM:
    from llama_index.llms.ollama import Ollama  # noqa: PLC0415  # a package of its own

    made: LLM = Ollama(
        model=name.name,
        base_url=name.address or "http://localhost:11434",
        request_timeout=seconds,
        context_window=CONTEXT_TOKENS,
        additional_kwargs={"num_predict": tokens},
    )
    return made


_PACKAGES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "openai": ("llama-index-llms-openai-like", ""),
        "anthropic": ("llama-index-llms-anthropic", " 'anthropic<1'"),  # 0.12 fails with a later client
        "ollama": ("llama-index-llms-ollama", ""),
    }
)
_CLIENTS: Final[Mapping[str, Callable[[ModelName, float, int], LLM]]] = MappingProxyType(
    {"openai": _openai, "anthropic": _anthropic, "ollama": _ollama}
)
