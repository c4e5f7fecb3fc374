"""The catalogue: every endpoint once, by the name of its tool."""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import (
    account,
    activities,
    deals,
    leads,
    notes,
    organizations,
    persons,
    pipelines,
    subscriptions,
)

_MODULES: tuple[ModuleType, ...] = (
    deals,
    persons,
    organizations,
    activities,
    leads,
    notes,
    pipelines,
    account,
    subscriptions,
)


def _collect() -> Mapping[str, Endpoint[..., Any]]:
    found: dict[str, Endpoint[..., Any]] = {}
    for module in _MODULES:
        for entry in vars(module).values():
            if isinstance(entry, Endpoint) and found.setdefault(entry.name, entry) is not entry:
                raise ValueError(f"two entries are called {entry.name!r}")
    return MappingProxyType(found)


catalogue: Mapping[str, Endpoint[..., Any]] = _collect()
"""Every endpoint of the toolkit, by the name of its tool."""
