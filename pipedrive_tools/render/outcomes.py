"""What became of a call that gave no answer to show: refused, wrong, waiting, failed, rehearsed."""

from typing import Final

from pipedrive_tools.errors import PipedriveToolsError, StatusError
from pipedrive_tools.gate import taint
from pipedrive_tools.render.cells import plural

SCOPES: Final = "scopes of the login"
"""The rule by which a call is refused that the login has no scope for."""


def failure(error: PipedriveToolsError, *, wrote: bool, advice: str = "") -> str:
    """What went wrong, for the model: what happened, what to do, and what became of the change."""
    lines = [taint.one_line(str(error)), *([advice] if advice else [])]
    if isinstance(error, StatusError) and error.wait_seconds:
        lines.append(f"Try again in {error.wait_seconds:g} seconds.")
    if error.outcome == "unknown" and wrote:
        lines.append("The change may have happened. Do not send it again; look for it first.")
    elif wrote:
        lines.append("Nothing was changed.")
    return "\n".join(lines)


def refusal(tool: str, rule: str, reason: str) -> str:
    """A refusal: what, by which rule, who can change it."""
    who = "Whoever keeps the policy file can change it."
    if rule == SCOPES:
        who = "Whoever keeps the app at Pipedrive can add the scope; then somebody must log in again."
    return f"refused: {tool!r} is not allowed here ({reason}; rule {rule}). {who} Nothing was changed."


def invalid(error: PipedriveToolsError, advice: str = "") -> str:
    """Arguments that do not fit: which, and what was expected."""
    last = f"Nothing was sent. Correct the arguments and call again. {advice}".rstrip()
    return f"{taint.one_line(str(error))}\n{last}"


def unapproved(said: str, ticket: str, *, waiting: bool, by: str) -> str:
    """A call that nobody has agreed to."""
    if not waiting:
        return f"rejected by {by or 'a person'}: {said}. Nothing was changed; do not try again."
    where = f"It waits as approval {ticket}." if ticket else "There is nobody here who could approve it."
    return f"needs approval: {said}. {where} Nothing was changed; go on with something else."


def rehearsal(said: str, decision: str, cost: int, looked: int) -> str:
    """What a write would do."""
    asks = " A person would be asked first." if decision == "ask" else ""
    return (
        f"rehearsal, nothing was sent. It would: {said}.{asks}\n"
        f"cost: {plural(looked, 'Pipedrive token')}; sending it costs {cost}"
    )
