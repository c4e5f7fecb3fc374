"""Counting tokens as o200k does, with the vocabulary that llama-index-core brings: no network."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest


@cache
def _encoding() -> Any:
    package = find_spec("llama_index")
    places = package.submodule_search_locations or () if package else ()
    folders = [folder for place in places if (folder := Path(place) / "core/_static/tiktoken_cache").is_dir()]
    if not folders:
        pytest.skip("no vocabulary to count tokens with is on this machine; llama-index-core brings one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folders[0]))
        return pytest.importorskip("tiktoken").get_encoding("o200k_base")


def count(text: str) -> int:
    """Tokens of a text."""
    return len(_encoding().encode(text, disallowed_special=()))
