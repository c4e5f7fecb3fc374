"""What a credential is, and what it opens."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.ports import Port

ALWAYS: Final = "base"
"""The scope that every login has (FACTS.md, section 3)."""


class Credential(Protocol):
    """Whatever can sign a request."""

    @property
    def origin(self) -> str:
        """Where its calls go; empty where that is the port's own address."""
        ...

    @property
    def scopes(self) -> frozenset[str]:
        """OAuth scopes that were granted; empty where nothing is held back, or nobody knows."""
        ...

    async def headers(self, port: Port) -> Mapping[str, str]:
        """The headers that show who is calling; may first refresh what has expired."""
        ...

    async def renewed(self, port: Port, refused: Mapping[str, str]) -> bool:
        """Whether another try may pass after these headers met a 401: there are newer ones."""
        ...


def lacking(credential: Credential, endpoint: Endpoint[..., Any]) -> str | None:
    """The scope that an endpoint needs and the login does not have; any one of the listed is enough."""
    granted = credential.scopes
    if not granted or not endpoint.scopes or not {*granted, ALWAYS}.isdisjoint(endpoint.scopes):
        return None
    return " or ".join(endpoint.scopes)
