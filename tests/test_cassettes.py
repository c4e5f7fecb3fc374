"""Recorded traffic, replayed with the network shut: every tool still sends and understands what it did."""

import re
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_socket
import yaml
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.sandbox.credentials import DEMO_TOKEN
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset
from tests.calls import allow_everything
from tests.cassettes_tape import CASSETTES, HOST, call_of, every, recorded, tape

PATHS: Final = list(recorded())
SETTINGS: Final = Settings(company_domain="acme", api_token="x" * 40, attempts=1)
CREDENTIALS: Final = {
    "a header": re.compile(r"(?im)^\s*(x-api-token|authorization|proxy-authorization|(set-)?cookie)\s*:"),
    "a scheme": re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"),
    "a parameter": re.compile(
        r"(?i)[\"']?(api_token|access_token|refresh_token|client_secret|password)[\"']?\s*[=:]\s*[\"']?\w"
    ),
    "the sandbox's token": re.compile(re.escape(DEMO_TOKEN)),
    "a company's host": re.compile(
        rf"(?i)\b(?!{re.escape(HOST)})[\w-]+\.pipedrive\.com|127\.0\.0\.1|localhost"
    ),
}
"""What must not be in a cassette."""


@pytest.fixture
def _no_network() -> Iterator[None]:
    pytest_socket.disable_socket(allow_unix_socket=True)  # an event loop wakes itself through one
    yield
    pytest_socket.enable_socket()


def connected(state: str) -> Toolset:
    return Toolset.connect("tester", allow_everything(), settings=replace(SETTINGS, state=state))


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def credentials_in(text: str) -> list[str]:
    return [what for what, pattern in CREDENTIALS.items() if pattern.search(text)]


def test_every_tool_has_one() -> None:
    """There is a cassette for every tool of the catalogue, and none for a tool that is gone."""
    assert {path.parent.name for path in PATHS} == set(catalogue)


def fully_played(cassette: Cassette) -> bool:
    return bool(cassette.all_played)


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_replay(path: Path, store_url: str) -> None:
    """The call that was recorded sends the same requests, plays them all and ends in the same way."""
    call = call_of(path)
    with connected(store_url) as toolset, tape("none").use_cassette(str(path)) as cassette:
        result = toolset.call(call["tool"], call["arguments"])

    assert result.status == call["status"], result.text
    assert fully_played(cassette)


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("path", PATHS, ids=name_of)
async def test_replay_async(path: Path, store_url: str) -> None:
    """The async door plays the same cassette."""
    call = call_of(path)
    async with aclosing(connected(store_url)) as toolset:
        with tape("none").use_cassette(str(path)) as cassette:
            result = await toolset.acall(call["tool"], call["arguments"])

    assert result.status == call["status"], result.text
    assert fully_played(cassette)


@pytest.mark.parametrize("path", every(), ids=name_of)
def test_no_credential(path: Path) -> None:
    """No cassette holds a credential, or the address of a real company."""
    assert credentials_in(path.read_text(encoding="utf-8")) == []


DIRTY: Final = {
    "a header": "      X-Api-Token:\n      - 0123456789",
    "a scheme": "note: 'Bearer abcdef0123456789'",
    "a parameter": "uri: https://acme.pipedrive.com/v1/deals?api_token=0123",
    "the sandbox's token": f"string: '{DEMO_TOKEN}'",
    "a company's host": "uri: https://realcompany.pipedrive.com/api/v2/deals",
}


@pytest.mark.parametrize("what", CREDENTIALS)
def test_the_scan_finds(what: str) -> None:
    """The scan finds each kind of credential in a cassette that holds one."""
    clean = PATHS[0].read_text(encoding="utf-8")

    assert what in credentials_in(f"{clean}\n{DIRTY[what]}\n")


@pytest.mark.parametrize("path", every(), ids=name_of)
def test_the_first_line(path: Path) -> None:
    """A cassette says in its first line where it was recorded."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]

    model = r" and a real small model, [\w.-]+,"
    assert re.fullmatch(
        rf"# Recorded against (the sandbox({model})?|a live account) with `make record`\.", first
    )


@pytest.mark.usefixtures("_no_network")
@pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")  # pytest-socket says so besides
def test_the_network_is_shut() -> None:
    """With a cassette or without, nothing gets out."""
    with pytest.raises(pytest_socket.SocketBlockedError):
        httpx.get("http://127.0.0.1:9")


def copied(path: Path, folder: Path, **changed: Any) -> str:
    """A cassette with changes, elsewhere."""
    cassette = yaml.safe_load(path.read_text(encoding="utf-8"))
    target = folder / "changed.yaml"
    target.write_text(yaml.safe_dump(cassette | changed), encoding="utf-8")
    return str(target)


@pytest.mark.usefixtures("_no_network")
def test_a_request_that_was_not_played(tmp_path: Path, store_url: str) -> None:
    """A cassette with a request that nobody sends is not fully played."""
    path = CASSETTES / "get_deal" / "typical.yaml"
    twice = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"] * 2
    call = call_of(path)
    with (
        connected(store_url) as toolset,
        tape("none").use_cassette(copied(path, tmp_path, interactions=twice)) as cassette,
    ):
        toolset.call(call["tool"], call["arguments"])

    assert not fully_played(cassette)


OTHER: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "another path": ("get_deal", {"deal_id": 404}),
    "another query": ("list_deals", {"limit": 3}),
    "another body": ("create_organization", {"name": "Somebody else"}),
    "another method": ("delete_note", {"note_id": 1}),
}


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("case", OTHER)
def test_another_request(case: str, store_url: str) -> None:
    """A request that differs in its method, path, query or body is not answered from a cassette."""
    name, arguments = OTHER[case]
    path = CASSETTES / {"delete_note": "get_note"}.get(name, name) / "typical.yaml"
    with (
        connected(store_url) as toolset,
        tape("none").use_cassette(str(path)),
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        toolset.call(name, arguments)
