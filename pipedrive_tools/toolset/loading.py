"""Lists of names, from what is at hand or from Pipedrive; the call that needs one pays for it."""

from typing import Any

from pipedrive_tools import auth
from pipedrive_tools.client import pages
from pipedrive_tools.endpoint import Endpoint, Paging
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.line import Line
from pipedrive_tools.state.cache import Records
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.directory import SOURCES
from pipedrive_tools.toolset.paying import paid


async def load(desk: Desk, name: str, line: Line, number: str, *, anew: bool = False) -> bool:
    """Have a list of names at hand; whether it was read at Pipedrive for it."""
    directory, entry = desk.directory, SOURCES[name].entry
    if not directory.may_know(name):
        raise ArgumentsError(f"names of {name} may not be read here; give the id")
    if scope := auth.lacking(line.credential, entry):
        raise ArgumentsError(f"the login lacks the OAuth scope {scope}, so names of {name} cannot be read")
    if not anew:
        await line.port.run(directory.look)
        if directory.kept(name) is not None:
            return False
    afford(desk, entry)
    read: Records = []
    call = entry.check({} if entry.paging is Paging.NONE else {"limit": entry.page_limit})
    if entry.paging is Paging.NONE:
        read = list((await paid(desk, call, line, number)).data or ())
    else:
        async for answer in pages(call, line):
            await line.port.run(desk.books.spend, answer.tokens, number)
            read += answer.data or ()
    await line.port.run(directory.keep, name, read)
    return True


def afford(desk: Desk, entry: Endpoint[..., Any]) -> None:
    """Refuse a look that the run's budget cannot pay."""
    limits, used = desk.policy.of(desk.agent).limits, desk.run.counters
    for most, so_far in (
        (limits.tokens_per_run, used.tokens_run),
        (limits.tokens_per_day, used.tokens_day),
    ):
        if most is not None and so_far + entry.cost > most:
            raise ArgumentsError(f"looking up names costs {entry.cost} tokens more than are left; give ids")
