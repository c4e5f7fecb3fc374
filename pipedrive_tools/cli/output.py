"""What commands print: coloured tables on a terminal, aligned plain lines in a pipe, JSON for programs."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

STYLES: Final = {
    "allow": "green",
    "allowed": "green",
    "approved": "green",
    "done": "green",
    "found": "green",
    "ok": "green",
    "yes": "green",
    "ask": "yellow",
    "missing": "yellow",
    "needs_approval": "yellow",
    "parked": "yellow",
    "pending": "yellow",
    "sent": "yellow",
    "unknown": "yellow",
    "deny": "red",
    "denied": "red",
    "failed": "red",
    "invalid": "red",
    "no": "red",
    "rejected": "red",
}
"""Colours of cells that hold just this word, in whatever case."""


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, nothing: str) -> None:
    """Rows under their columns; where there are none, the line that says so."""
    cells = [[str(cell) for cell in row] for row in rows]
    if not cells:
        line(nothing)
    elif sys.stdout.isatty():
        _coloured(columns, cells)
    else:
        _plain(columns, cells)


def line(text: str) -> None:
    """One line, as it is."""
    sys.stdout.write(f"{text}\n")


def document(value: Any) -> None:
    """A value for programs. Characters that could steer a terminal are escaped."""
    line(json.dumps(value, indent=2))


def moment(seconds: float) -> str:
    """A moment as people read it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _coloured(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415  # a pipe does not need it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in cells:  # as Text, so that nothing in a cell is taken for markup
        shown.add_row(*(Text(cell, style=STYLES.get(cell.lower(), "")) for cell in row))
    Console().print(shown)


def _plain(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *map(list, cells)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for row in lines:
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
