"""One tool as a framework sees it: a name, a description, a schema."""

from dataclasses import dataclass
from typing import Any

from pipedrive_tools import schema
from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints.composites import Composite


@dataclass(frozen=True)
class Tool:
    """A tool that an agent may use."""

    endpoint: Endpoint[..., Any] | Composite

    @property
    def name(self) -> str:
        """Verb and noun."""
        return self.endpoint.name

    @property
    def description(self) -> str:
        """What it does and when to reach for it, for a language model."""
        return schema.purpose(self.endpoint)

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON schema of the arguments, in the form that every provider takes."""
        return schema.describe(self.endpoint)
