"""Credentials that must be found nowhere, and the places to look for them in."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from pipedrive_tools.auth import Grant
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
    return [secret for secret in secrets if any(form in content for form in forms(secret))]
