"""Where the facts about Pipedrive are, when this machine has them; a suite that needs them skips otherwise."""

import os
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import pytest
import yaml

ENDPOINTS: Final = Path(
    os.environ.get("PIPEDRIVE_FACTS", Path(__file__).parents[3] / "shared" / "pipedrive" / "endpoints.yaml")
)
DOCUMENTS: Final = Path(os.environ.get("PIPEDRIVE_OPENAPI", ENDPOINTS.parent / "openapi"))

needs_endpoints: Final = pytest.mark.skipif(
    not ENDPOINTS.is_file(), reason="endpoints.yaml is not on this machine; set PIPEDRIVE_FACTS to its path"
)
needs_documents: Final = pytest.mark.skipif(
    not (DOCUMENTS / "v2.yaml").is_file(),
    reason="Pipedrive's OpenAPI documents are not on this machine; set PIPEDRIVE_OPENAPI to their folder",
)


@cache
def listed(section: str) -> dict[str, dict[str, Any]]:
    """The endpoints of one section of endpoints.yaml, by name; none where the file is absent."""
    if not ENDPOINTS.is_file():
        return {}
    return {row["name"]: row for row in _load(ENDPOINTS)[section]}


@cache
def document(version: str) -> dict[str, Any]:
    """One of Pipedrive's OpenAPI documents."""
    return _load(DOCUMENTS / f"{version}.yaml")


@cache
def _load(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return cast("dict[str, Any]", yaml.load(path.read_text(encoding="utf-8"), Loader=loader))  # noqa: S506  # safe
