"""Addresses of single records, made from the paths of the entries that read them."""

from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import catalogue

SCHEME: Final = "pipedrive://"


def template(tool: str) -> str | None:
    """The address of the records that a tool reads, as in `pipedrive://deals/{id}`; None where it reads none."""
    kind = _kind(catalogue[tool]) if tool in catalogue else None
    return f"{SCHEME}{kind}/{{id}}" if kind else None


def named(uri: str) -> tuple[str, dict[str, Any]] | None:
    """The tool that reads a record and its arguments; None for an address of nothing we know."""
    kind, _, number = uri.removeprefix(SCHEME).partition("/")
    entry = _readers().get(kind.lower())
    if entry is None or not number or not uri.startswith(SCHEME):
        return None
    return entry.name, {entry.path_arguments[0]: unquote(number)}


@cache
def _readers() -> dict[str, Endpoint[..., Any]]:
    """The entries by kind of record; some clients write the kind in small letters."""
    return {kind.lower(): entry for entry in catalogue.values() if (kind := _kind(entry))}


def _kind(entry: Endpoint[..., Any]) -> str | None:
    """`deals` of `/api/v2/deals/{deal_id}`, where a read ends in the number of its record."""
    above, _, last = entry.path.rpartition("/")
    if entry.effect.writes or [last] != [f"{{{name}}}" for name in entry.path_arguments]:
        return None
    return above.rpartition("/")[2]
