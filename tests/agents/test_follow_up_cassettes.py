"""The agent's whole run replayed with the network shut: what it sends to Pipedrive and to a model, and how it ends."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_socket
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException

from pipedrive_tools.settings import Settings
from tests.agent_tapes import CASES, Case, whole_run
from tests.cassettes_tape import call_of, tape

SETTINGS: Final = Settings(company_domain="acme", api_token="x" * 40, attempts=1)


@pytest.fixture
def _no_network() -> Iterator[None]:
    pytest_socket.disable_socket(allow_unix_socket=True)  # an event loop wakes itself through one
    yield
    pytest_socket.enable_socket()


def played(case: Case, path: Path, state: str) -> tuple[Any, Cassette]:
    with tape("none").use_cassette(str(path)) as cassette:
        return whole_run(case, replace(SETTINGS, state=state), call_of(case.path).get("model", "")), cassette


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_replay(case: Case, store_url: str) -> None:
    """The run sends what was recorded, all of it and nothing else, and ends in the same steps."""
    report, cassette = played(case, case.path, store_url)
    ended = call_of(case.path)

    assert cassette.all_played
    assert [each.follow_up.model_dump(mode="json") for each in report.proposals] == ended["steps"]
    assert [each.planned_by for each in report.proposals] == ended["planned_by"]
    assert dict(report.state_counts) == ended["states"]
    assert report.model_tokens == ended["model_tokens"]


@pytest.mark.parametrize("case", [case for case in CASES if case.has_model], ids=lambda case: case.name)
def test_a_real_model(case: Case) -> None:
    """The recorded model drafted steps that were followed, for at most 1,500 tokens each."""
    ended = call_of(case.path)

    assert "the model" in ended["planned_by"]
    assert 0 < ended["model_tokens"] <= 1500 * len(ended["steps"])


@pytest.mark.usefixtures("_no_network")
def test_another_answer(tmp_path: Path, store_url: str) -> None:
    """Where the model answers otherwise, the write is another one and is not played from the cassette."""
    case = next(case for case in CASES if case.has_model)
    text = case.path.read_text(encoding="utf-8")
    changed = tmp_path / "changed.yaml"
    changed.write_text(text.replace('\\"subject\\"', '\\"subjects\\"'), encoding="utf-8")
    with pytest.raises(CannotOverwriteExistingCassetteException):
        played(case, changed, store_url)
