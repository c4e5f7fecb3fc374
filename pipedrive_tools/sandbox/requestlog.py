"""The record of every request the sandbox saw: what judges look at."""

from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from pydantic_core import to_json

from pipedrive_tools.errors import SandboxError

MOST_ENTRIES = 200_000
"""Older entries fall out of memory; the file keeps all."""


@dataclass(frozen=True)
class Entry:
    """One request and what became of it."""

    method: str
    path: str
    query: dict[str, str]
    """Without the credential."""
    body: Any
    status: int
    """0 where the caller got no answer."""
    cost: int
    """Tokens charged."""
    credential: str
    """A fingerprint, never the token; empty where there was none."""
    tool: str
    """Name of the endpoint; empty where there is none."""
    fault: str
    """Kind of the fault that struck; empty without one."""


class RequestLog:
    """Entries in memory, and as JSON lines in a file if one is named."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._file: TextIO | None = None
        if path is not None:
            try:
                self._file = path.open("a", encoding="utf-8")
            except OSError as error:
                raise SandboxError(f"cannot write the request log {str(path)!r}: {error.strerror}") from error

    def add(self, entry: Entry) -> None:
        """Keep one entry."""
        self._entries.append(entry)
        if self._file is not None:
            self._file.write(to_json(entry).decode() + "\n")
            self._file.flush()

    def entries(self) -> list[dict[str, Any]]:
        """All entries, oldest first."""
        return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget the entries in memory."""
        self._entries.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
