"""Names for ids and keys in the arguments of a call, before they are checked (DESIGN.md, section 4, step 3).

Finding is pure: it gives the arguments with ids, or says which lists it lacks. `resolved` reads those and tries
again, so that a name is looked up once, and all that follows sees the id: the gate, the approval, the journal.
"""

from collections.abc import Mapping
from typing import Any, Final

from pipedrive_tools import auth
from pipedrive_tools.client import Line, pages, perform
from pipedrive_tools.endpoint import Endpoint, Paging
from pipedrive_tools.endpoints import account, organizations, persons
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.errors import ArgumentsError, PipedriveToolsError
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.state.cache import Records
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.directory import SOURCES, source_of
from pipedrive_tools.toolset.finding import Finding
from pipedrive_tools.toolset.known import Known
from pipedrive_tools.toolset.looks import has_name, nameable

ROUNDS: Final = 5
"""A field must be known before it is known that it links to a person, whose name must then be looked for."""
FRESH_SECONDS: Final = 1.0
"""A list that was read just now need not be read again for a name that is not in it."""

_FINDERS: Final[Mapping[str, Endpoint[..., Any]]] = {
    "persons": persons.search,
    "organizations": organizations.search,
}


async def resolved(
    desk: Desk, entry: Endpoint[..., Any], arguments: Mapping[str, Any], line: Line, number: str
) -> Mapping[str, Any]:
    """The arguments with ids and keys in the place of names; all that cannot be found is one error."""
    if not any(has_name(entry, name, arguments[name]) for name in nameable(entry) & arguments.keys()):
        return arguments
    known = Known(entry.resource, desk.directory.kept)
    has_read_again = False
    for _ in range(ROUNDS):
        found = Finding(entry, arguments, known)
        out = found.all()
        if found.lacking:
            await _fetch(desk, found.lacking, known, line, number)
        elif found.unknown and not has_read_again:
            has_read_again = True
            await _read_again(desk, known, line, number)
        elif found.problems:
            desk.run.read_foreign_text()  # candidates are names that somebody else has chosen
            again = "; the names were read just now" if found.unknown else ""
            wrong = ArgumentsError(f"{entry.name}: {'; '.join(found.problems)}{again}")
            wrong.arguments = tuple(found.at_fault)
            raise wrong
        else:
            return out
    raise ArgumentsError(f"{entry.name}: the names in it cannot be found; give ids")


async def load(desk: Desk, name: str, line: Line, number: str, *, anew: bool = False) -> Records:
    """A list of names, from what is at hand or from Pipedrive; the call with this number pays for it."""
    directory, entry = desk.directory, SOURCES[name].entry
    if not directory.may_know(name):
        raise ArgumentsError(f"names of {name} may not be read here; give the id")
    if scope := auth.lacking(line.credential, entry):
        raise ArgumentsError(f"the login lacks the OAuth scope {scope}, so names of {name} cannot be read")
    if not anew:
        await line.port.run(directory.look)
        if (records := directory.kept(name)) is not None:
            return records
    _afford(desk, entry)
    read: Records = []
    call = entry.check({} if entry.paging is Paging.NONE else {"limit": entry.page_limit})
    if entry.paging is Paging.NONE:
        answer = await perform(call, line)
        await line.port.run(desk.books.spend, answer.tokens, number)
        read = list(answer.data or ())
    else:
        async for answer in pages(call, line):
            await line.port.run(desk.books.spend, answer.tokens, number)
            read += answer.data or ()
    await line.port.run(directory.keep, name, read)
    return directory.kept(name) or []


async def me(desk: Desk, line: Line, number: str) -> int | None:
    """The API user, asked for once a run."""
    if desk.run.me is None:
        users = desk.directory.kept("users") or ()
        desk.run.me = next((each["id"] for each in users if each.get("is_you")), None)
    if desk.run.me is None:
        answer = await perform(account.get_current_user(), line)
        await line.port.run(desk.books.spend, answer.tokens, number)
        desk.run.me = answer.data.get("id") if isinstance(answer.data, dict) else None
    return desk.run.me


async def _known_me(desk: Desk, line: Line, number: str) -> int:
    found = await me(desk, line, number)
    if found is None:
        raise ArgumentsError("who 'me' is cannot be read; give the id")
    return found


async def for_showing(desk: Desk, resource: str, data: Any, line: Line, number: str) -> None:
    """Have the names of custom fields at hand where a record shows some; without them keys do."""
    name = source_of(resource)
    if name is None or not isinstance(data, dict) or not _shows_custom(data):
        return
    if desk.directory.kept(name) is None:
        await _tried(desk, name, line, number)


async def for_asking(desk: Desk, values: Mapping[str, Any], resource: str, line: Line, number: str) -> None:
    """Have the names at hand with which a person is asked; ids and keys do where they cannot be read."""
    wanted = ["stages"] if "stage_id" in values else []
    if _shows_custom(values) and (fields := source_of(resource)):
        wanted.append(fields)
    for name in wanted:
        if desk.directory.kept(name) is None:
            await _tried(desk, name, line, number)


async def _tried(desk: Desk, name: str, line: Line, number: str) -> None:
    try:
        await load(desk, name, line, number)
    except PipedriveToolsError:
        return


def _shows_custom(record: Mapping[str, Any]) -> bool:
    custom = record.get("custom_fields")
    values = custom if isinstance(custom, Mapping) else {k: v for k, v in record.items() if is_key(k)}
    return any(value not in (None, "", [], {}) for value in values.values())


def _afford(desk: Desk, entry: Endpoint[..., Any]) -> None:
    """Looking keeps to the run's budget, too."""
    limits, used = desk.policy.of(desk.agent).limits, desk.run.counters
    for most, so_far in (
        (limits.tokens_per_run, used.tokens_run),
        (limits.tokens_per_day, used.tokens_day),
    ):
        if most is not None and so_far + entry.cost > most:
            raise ArgumentsError(f"looking up names costs {entry.cost} tokens more than are left; give ids")


async def _fetch(
    desk: Desk, lacking: set[tuple[str, str | None]], known: Known, line: Line, number: str
) -> None:
    """What finding lacks; where it cannot be had, the call stops."""
    for name, sought in sorted(lacking, key=str):
        try:
            if name == "me":
                known.me = await _known_me(desk, line, number)
            elif sought is None:
                await load(desk, name, line, number)
            else:
                known.hits[name, sought] = await _searched(desk, name, sought, line, number)
        except ArgumentsError:
            raise
        except PipedriveToolsError as error:
            raise ArgumentsError(
                f"the names of {name} cannot be read ({one_line(str(error))[:200]}); give ids and keys, or try later"
            ) from error


async def _searched(desk: Desk, kind: str, name: str, line: Line, number: str) -> Records:
    entry = _FINDERS[kind]
    if desk.policy.of(desk.agent).level(entry.resource) == "off":
        raise ArgumentsError(f"{kind} may not be searched here; give the id")
    _afford(desk, entry)
    answer = await perform(
        entry.check({"term": name, "exact_match": True, "fields": ["name"], "limit": entry.page_limit}), line
    )
    await line.port.run(desk.books.spend, answer.tokens, number)
    data = desk.redaction.data(answer.data, entry.resource)
    hits = data.get("items") if isinstance(data, dict) else None
    return [hit["item"] for hit in hits or () if isinstance(hit.get("item"), dict)]


async def _read_again(desk: Desk, known: Known, line: Line, number: str) -> None:
    """A name that is not known may be newer than what is kept."""
    for name in sorted(known.used):
        if desk.directory.age_seconds(name) > FRESH_SECONDS:
            await load(desk, name, line, number, anew=True)
