"""The last line of a result: what it cost, and what is left."""

from dataclasses import dataclass

from pipedrive_tools.render.cells import plural
from pipedrive_tools.state.budget import Today


@dataclass(frozen=True)
class Left:
    """What is left of a run's budget."""

    tokens: int
    of: int


def cost_line(tokens: int, today: Today | None, left: Left | None) -> str:
    """What a result cost, and what is left."""
    line = f"cost: {plural(tokens, 'Pipedrive token')}"
    if left is not None:
        line += f"; {left.tokens:,} of {left.of:,} left for this run"
    if today is None:
        return line
    warning = f" ({today.warning})" if today.warning else ""
    return f"{line}; {today.used:,} of {today.limit:,} used today{warning}"
