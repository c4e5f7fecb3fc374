"""How a model is named on the command line: `PROVIDER:NAME`, and `@ADDRESS` for a server of one's own.

`openai:gpt-5-mini`, `anthropic:claude-haiku-4-5`, `ollama:qwen3`, `openai:any-name@http://127.0.0.1:8080/v1`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from pipedrive_tools.errors import SetupError

OWN_KEY: Final = "SALES_FOLLOW_UP_MODEL_KEY"
"""Environment variable with the key for a model at an address. The provider's own key never goes to another address."""
KEYS: Final[Mapping[str, str | None]] = MappingProxyType(
    {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "ollama": None}
)
"""The providers, each with the environment variable that holds its key."""


class ModelSetupError(SetupError):
    """A model was named that cannot be reached from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """One model."""

    provider: str
    name: str
    address: str | None = None
    """Address of its server, where it is not the provider's own."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what stands on the command line."""
        provider, _, rest = text.partition(":")
        name, at, address = rest.partition("@http")
        if provider not in KEYS or not name:
            raise ModelSetupError(
                f"{text!r} names no model; write PROVIDER:NAME or PROVIDER:NAME@ADDRESS, "
                f"where the provider is one of {', '.join(KEYS)}"
            )
        return cls(provider=provider, name=name, address=f"http{address}" if at else None)

    def __str__(self) -> str:
        """The name as people read it."""
        return f"{self.provider}:{self.name}" + (f"@{self.address}" if self.address else "")

    def key(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """The key that belongs to this address; a server of one's own may want none."""
        if self.address:
            return environment.get(OWN_KEY) or "none"
        variable = KEYS[self.provider]
        if variable is None:
            return None
        if not environment.get(variable):
            raise ModelSetupError(f"there is no key for {self}; set {variable}")
        return environment[variable]


def package_missing(package: str, besides: str = "") -> ModelSetupError:
    """The error for a model whose client is not installed; `besides` must be installed with it."""
    return ModelSetupError(f"{package!r} is not installed; run: pip install {package}{besides}")
