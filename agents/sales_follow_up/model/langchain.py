"""Models through LangChain: `init_chat_model` and the provider's package."""

from typing import Any, Final

from pipedrive_tools.errors import MissingExtraError
from sales_follow_up.model.name import ModelName, package_missing
from sales_follow_up.model.port import Answer, Request, unanswered

try:
    from langchain.chat_models import init_chat_model
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import HumanMessage, SystemMessage
except ModuleNotFoundError as error:
    raise MissingExtraError("langchain", "agents") from error


class LangChainModel:
    """A chat model of LangChain, held to the shape of the answer by its own means."""

    def __init__(self, chat: BaseChatModel, *, is_strict: bool = False) -> None:
        self._chat = chat
        self._more: dict[str, Any] = {"strict": True} if is_strict else {}

    def answer(self, request: Request) -> Answer:
        """Ask once; what came is read by us, not by LangChain's parser."""
        bound = self._chat.with_structured_output(
            request.shape, method="json_schema", include_raw=True, **self._more
        )
        asked = [SystemMessage(request.instructions), HumanMessage(request.facts)]
        try:
            said: Any = bound.invoke(asked)
        except Exception as error:
            raise unanswered(error) from error
        raw = said["raw"]
        usage = raw.usage_metadata or {}
        return Answer(text=str(raw.text), tokens=usage.get("total_tokens", 0))


LIMITS: Final = {"openai": "max_tokens", "anthropic": "max_tokens", "ollama": "num_predict"}
"""What each client calls the most tokens that an answer may have."""


def chat_model(name: ModelName, *, seconds: float, tokens: int | None = None) -> BaseChatModel:
    """LangChain's client for a model; an answer has at most so many tokens and comes within so many seconds."""
    known: dict[str, Any] = {} if name.address is None else {"base_url": name.address}
    if tokens is not None:
        known[LIMITS[name.provider]] = tokens
    if name.provider == "ollama":
        known["client_kwargs"] = {"timeout": seconds}
    else:
        known |= {"timeout": seconds, "max_retries": 1, "api_key": name.key()}
    try:
        made: BaseChatModel = init_chat_model(name.name, model_provider=name.provider, **known)
    except ImportError as error:
        raise package_missing(f"langchain-{name.provider}") from error
    return made


def connect(name: ModelName, *, seconds: float, tokens: int) -> LangChainModel:
    """The model that drafts."""
    chat = chat_model(name, seconds=seconds, tokens=tokens)
    return LangChainModel(chat, is_strict=name.provider == "openai")
