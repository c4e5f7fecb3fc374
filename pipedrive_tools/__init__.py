"""Guarded Pipedrive tools for LLM agents. Each public name is loaded when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipedrive_tools import errors
    from pipedrive_tools.client import AsyncPipedrive, Pipedrive
    from pipedrive_tools.endpoint import Call, Effect, Endpoint
    from pipedrive_tools.endpoints import catalogue
    from pipedrive_tools.gate.policy import Policy
    from pipedrive_tools.settings import Settings
    from pipedrive_tools.toolset import Tool, ToolResult, Toolset

    __version__: str

__all__ = [
    "AsyncPipedrive",
    "Call",
    "Effect",
    "Endpoint",
    "Pipedrive",
    "Policy",
    "Settings",
    "Tool",
    "ToolResult",
    "Toolset",
    "catalogue",
    "errors",
]

_HOMES: Final = {
    "AsyncPipedrive": "client",
    "Call": "endpoint",
    "Effect": "endpoint",
    "Endpoint": "endpoint",
    "Pipedrive": "client",
    "Policy": "gate.policy",
    "Settings": "settings",
    "Tool": "toolset",
    "ToolResult": "toolset",
    "Toolset": "toolset",
    "catalogue": "endpoints",
}

if not TYPE_CHECKING:  # a checker would take any name for granted where it saw this

    def __getattr__(name: str) -> object:
        """Load a public name from its home, once."""
        if name in _HOMES:
            found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        elif name == "errors":
            found = import_module(f"{__name__}.errors")
        elif name == "__version__":
            found = import_module("importlib.metadata").version("pipedrive-tools")
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, found)

    def __dir__() -> list[str]:
        """Exactly what is promised."""
        return [*__all__, "__version__"]
