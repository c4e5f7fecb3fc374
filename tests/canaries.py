"""Credentials and words of records that must be found nowhere, and the places to look for them in."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from sqlalchemy import MetaData, Table, inspect, select

from pipedrive_tools.auth import Grant
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.state.store import Store
from tests.logins import a_grant


def grants(count: int) -> Iterator[Grant]:
    """Grants whose two tokens are easily found."""
    for number in range(count):
        yield a_grant(
            number, access_token=f"v1u:canary-a{number:05}zz", refresh_token=f"1:1:canary-r{number:05}zz"
        )


def forms(secret: str) -> Iterator[bytes]:
    """The shapes in which a secret may lie around: plain, in an address, in base64 at any offset."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    for offset in range(3):
        coded = base64.b64encode(b"x" * offset + secret.encode())
        yield coded[4:-4]


def in_files(folder: Path, secrets: Iterable[str]) -> list[str]:
    """Which of the secrets stand in a file of a folder, in whatever shape."""
    content = b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    return _within(content, secrets)


def in_store(store: Store, secrets: Iterable[str]) -> list[str]:
    """Which of the secrets stand in a row of a store, or in a file beside it, in whatever shape."""
    with store.transaction(durable=False) as connection:
        tables = [
            Table(name, MetaData(), autoload_with=connection)
            for name in inspect(connection).get_table_names()
        ]
        rows = [connection.execute(select(table)).all() for table in tables]
    values = (value for table in rows for row in table for value in row)
    content = b"\0".join(each if isinstance(each, bytes) else str(each).encode() for each in values)
    beside = in_files(store.path.parent, secrets) if store.path else []
    return sorted({*_within(content, secrets), *beside})


def _within(content: bytes, secrets: Iterable[str]) -> list[str]:
    return [secret for secret in secrets if any(form in content for form in forms(secret))]


@dataclass(frozen=True)
class Planted:
    """Records of a sandbox that hold canaries."""

    deal_id: int
    person_id: int
    canaries: tuple[str, ...]
    """What the records say, each word of which begins with `canary`."""

    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Calls of every kind over these records, with canaries in tools and arguments too."""
        return [
            ("get_deal", {"deal_id": self.deal_id}),
            ("get_deal_overview", {"deal_id": self.deal_id}),
            ("get_person", {"person_id": self.person_id}),
            ("find", {"term": "canary-title"}),
            ("search_deals", {"term": "canary-argument"}),
            ("list_notes", {"deal_id": self.deal_id}),
            ("create_note", {"content": "canary-written", "deal_id": self.deal_id}),
            ("update_deal", {"deal_id": self.deal_id, "title": "canary-renamed", "overwrite": ["title"]}),
            ("update_deal", {"deal_id": self.deal_id, "canary-key": 1}),
            ("delete_deal", {"deal_id": self.deal_id}),
            ("canary-tool", {}),
            ("get_deal", {"deal_id": "canary-number"}),
        ]


def plant(sandbox: Sandbox) -> Planted:
    """A deal, its person and a note, with canaries in what they say."""
    title, name, note, mail = (f"canary-{word}" for word in ("title", "person", "note", "mail"))
    deal = next(
        each for each in sandbox.records("deals") if each["status"] == "open" and not each["is_archived"]
    )
    person = next(each for each in sandbox.records("persons") if not each["is_deleted"])
    signed = {"headers": {"x-api-token": sandbox.token}}
    for path, body in (
        (f"deals/{deal['id']}", {"title": title, "person_id": person["id"]}),
        (f"persons/{person['id']}", {"name": name, "emails": [{"value": f"{mail}@example.com"}]}),
    ):
        httpx.patch(f"{sandbox.url}/api/v2/{path}", json=body, **signed).raise_for_status()
    body = {"content": note, "deal_id": deal["id"]}
    httpx.post(f"{sandbox.url}/api/v1/notes", json=body, **signed).raise_for_status()
    return Planted(deal["id"], person["id"], (title, name, note, mail))
