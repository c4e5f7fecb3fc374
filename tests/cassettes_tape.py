"""How cassettes are written and read: what is kept of a request and an answer, and what never gets in."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import vcr
import yaml
from vcr.request import Request

CASSETTES: Final = Path(__file__).parents[1] / "cassettes"
HOST: Final = "acme.pipedrive.com"
"""The host that every cassette names, wherever it was recorded."""
MODEL_HOST: Final = "model.example.net"
"""The host of every model, wherever it was recorded."""
KEPT_OF_REQUESTS: Final = frozenset({"accept", "content-type"})
KEPT_OF_ANSWERS: Final = frozenset({"content-type", "retry-after", "x-ratelimit-reset"})
PASSWORD: Final = re.compile(rb'("http_auth_password":\s*)("[^"]*"|null)')
"""What answers about webhooks show in clear."""
MATCHED_ON: Final = ("method", "host", "path", "query", "raw_body")


class Format:
    """Plain YAML that can be searched, under a first line that says where it was recorded."""

    def __init__(self, source: str = "", call: dict[str, Any] | None = None) -> None:
        self._source, self._call = source, call

    def serialize(self, cassette: dict[str, Any]) -> str:
        whole = {"call": self._call, **cassette}
        text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=110)
        return f"# Recorded against {self._source} with `make record`.\n{text}"

    def deserialize(self, text: str) -> dict[str, Any]:
        cassette: dict[str, Any] = yaml.safe_load(text)
        return cassette


def tape(mode: str, format: Format | None = None) -> vcr.VCR:
    """A recorder and player; `mode` is vcrpy's: `all` records, `none` plays and never sends."""
    made = vcr.VCR(
        record_mode=vcr.mode(mode),
        serializer="ours",
        match_on=MATCHED_ON,
        before_record_request=_public,
        before_record_response=_plain,
        decode_compressed_response=True,
    )
    made.register_serializer("ours", format or Format())
    return made


def recorded() -> Iterator[Path]:
    """Every cassette of a tool."""
    return iter(sorted(CASSETTES.glob("*/*.yaml")))


def every() -> list[Path]:
    """Every cassette there is: those of the tools, and those of the agents' whole runs."""
    return sorted(CASSETTES.rglob("*.yaml"))


def call_of(path: Path) -> dict[str, Any]:
    """The call that a cassette was recorded from: its tool, its arguments and how it ended."""
    call: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["call"]
    return call


def _public(request: Request) -> Request:
    """A request to any company or model, or to this machine, as one to hosts that do not exist."""
    parts = urlsplit(request.uri)
    host = MODEL_HOST if parts.path.endswith("/chat/completions") else HOST
    request.uri = urlunsplit(("https", host, parts.path, parts.query, ""))
    request.headers = {
        name: text for name, text in request.headers.items() if name.lower() in KEPT_OF_REQUESTS
    }
    return request


def _plain(response: dict[str, Any]) -> dict[str, Any]:
    headers = response["headers"]
    kept = {name: text for name, text in headers.items() if name.lower() in KEPT_OF_ANSWERS}
    text = PASSWORD.sub(rb'\1""', response["body"]["string"])
    return {**response, "headers": kept, "body": {"string": text}}
