"""Names for ids and keys in the arguments of a call, before they are checked (DESIGN.md, section 4, step 3).

Finding is pure: it gives the arguments with ids, or says which lists it lacks. `resolved` reads those and tries
again, so that a name is looked up once, and all that follows sees the id: the gate, the approval, the journal.
"""

from collections.abc import Mapping
from typing import Any, Final

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import account, organizations, persons
from pipedrive_tools.errors import ArgumentsError, PipedriveToolsError
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.line import Line
from pipedrive_tools.render import custom_in
from pipedrive_tools.state.cache import Records
from pipedrive_tools.toolset.confirming import changed
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.directory import source_of
from pipedrive_tools.toolset.finding import Finding
from pipedrive_tools.toolset.known import Known
from pipedrive_tools.toolset.loading import afford, load
from pipedrive_tools.toolset.looks import has_name, nameable
from pipedrive_tools.toolset.paying import paid

ROUNDS: Final = 7
"""A field must be known before it is known that it links to a person, whose name must then be looked for, and what
a write was found by is confirmed."""
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
    has_read_again, is_sure, news = False, not entry.effect.writes, ""
    before: Mapping[str, Any] | None = None
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
            raise _wrong(entry, found, news)
        elif is_sure:
            if before not in (None, out):
                desk.run.read_foreign_text()
                raise _moved(entry, news)
            return out
        else:
            before, is_sure = out, True
            news = "".join(f"; {each}" for each in await _confirmed(desk, known, line, number))
    raise ArgumentsError(f"{entry.name}: the names in it cannot be found; give ids")


def _wrong(entry: Endpoint[..., Any], found: Finding, news: str) -> ArgumentsError:
    again = "; the names were read just now" if found.unknown or news else ""
    wrong = ArgumentsError(f"{entry.name}: {'; '.join(found.problems)}{news}{again}")
    wrong.arguments = tuple(found.at_fault)
    return wrong


def _moved(entry: Endpoint[..., Any], news: str) -> ArgumentsError:
    """Whoever wrote the call has seen the names as they were, and may not mean what they mean now."""
    return ArgumentsError(
        f"{entry.name}: names mean something else than when they were read{news}; they were read just now: "
        "read the record again, and repeat the call with what is meant"
    )


async def me(desk: Desk, line: Line, number: str) -> int | None:
    """The API user, asked for once a run."""
    if desk.run.me is None:
        users = desk.directory.kept("users") or ()
        desk.run.me = next((each["id"] for each in users if each.get("is_you")), None)
    if desk.run.me is None:
        answer = await paid(desk, account.get_current_user(), line, number)
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
    elif desk.directory.is_news(name, custom_in(data)):
        await _tried(desk, name, line, number, anew=True)


async def for_asking(desk: Desk, values: Mapping[str, Any], resource: str, line: Line, number: str) -> None:
    """Have the names at hand with which a person is asked; ids and keys do where they cannot be read."""
    wanted = ["stages"] if "stage_id" in values else []
    if _shows_custom(values) and (fields := source_of(resource)):
        wanted.append(fields)
    for name in wanted:
        if desk.directory.kept(name) is None:
            await _tried(desk, name, line, number)


async def _tried(desk: Desk, name: str, line: Line, number: str, *, anew: bool = False) -> None:
    try:
        await load(desk, name, line, number, anew=anew)
    except PipedriveToolsError:
        return


def _shows_custom(record: Mapping[str, Any]) -> bool:
    return any(value not in (None, "", [], {}) for value in custom_in(record).values())


async def _confirmed(desk: Desk, known: Known, line: Line, number: str) -> list[str]:
    """What a write was found by and is not as it was; where that cannot be read, the write stops."""
    try:
        return await changed(desk, known, line, number)
    except ArgumentsError:
        raise
    except PipedriveToolsError as error:
        raise _unreadable("this write", error) from error


def _unreadable(what: str, error: PipedriveToolsError) -> ArgumentsError:
    told = one_line(str(error))[:200]
    return ArgumentsError(f"the names of {what} cannot be read ({told}); give ids and keys, or try later")


async def _fetch(
    desk: Desk, lacking: set[tuple[str, str | None]], known: Known, line: Line, number: str
) -> None:
    """What finding lacks; where it cannot be had, the call stops."""
    for name, sought in sorted(lacking, key=str):
        try:
            if name == "me":
                known.me = await _known_me(desk, line, number)
            elif sought is None:
                if await load(desk, name, line, number):
                    known.fresh.add(name)
            else:
                known.hits[name, sought] = await _searched(desk, name, sought, line, number)
        except ArgumentsError:
            raise
        except PipedriveToolsError as error:
            raise _unreadable(name, error) from error


async def _searched(desk: Desk, kind: str, name: str, line: Line, number: str) -> Records:
    entry = _FINDERS[kind]
    if desk.policy.of(desk.agent).level(entry.resource) == "off":
        raise ArgumentsError(f"{kind} may not be searched here; give the id")
    afford(desk, entry)
    wanted = {"term": name, "exact_match": True, "fields": ["name"], "limit": entry.page_limit}
    answer = await paid(desk, entry.check(wanted), line, number)
    data = desk.redaction.data(answer.data, entry.resource)
    hits = data.get("items") if isinstance(data, dict) else None
    return [hit["item"] for hit in hits or () if isinstance(hit.get("item"), dict)]


async def _read_again(desk: Desk, known: Known, line: Line, number: str) -> None:
    """A name that is not known may be newer than what is kept."""
    for name in sorted(known.used):
        if desk.directory.age_seconds(name) > FRESH_SECONDS:
            await load(desk, name, line, number, anew=True)
            known.fresh.add(name)
