"""Whether the names by which a write was found still mean the same at Pipedrive.

Names are kept for `Settings.names_seconds`, and definitions carry no time of change. So each field, stage, pipeline
and user that a write names is read by itself once more before it is sent: one API token each, two for a user, and
never more than the whole list costs. A write that gives ids and keys costs nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.errors import GoneError, NotFoundError
from pipedrive_tools.fields import Field
from pipedrive_tools.fields.choice import quoted
from pipedrive_tools.line import Line
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.directory import FIELDS, SOURCES, id_of
from pipedrive_tools.toolset.known import NOUNS, Known
from pipedrive_tools.toolset.loading import afford, load
from pipedrive_tools.toolset.paying import paid

SURE_SECONDS: Final = 300.0
"""So long the lists are trusted of which no single record can be read: activity types and lead labels."""
_TOLD: Final = ("email", "pipeline_id", "is_deleted", "active_flag")


async def changed(desk: Desk, known: Known, line: Line, number: str) -> list[str]:
    """What of it is not as it was, in words; a list in which something is not was read anew."""
    told: list[str] = []
    for name, ids in _unsure(desk, known).items():
        then = _kept(desk, name, ids)
        one, whole = SOURCES[name].one, SOURCES[name].entry
        if one is None or len(ids) * one.cost >= whole.cost:
            await load(desk, name, line, number, anew=True)
            told += _changes(name, then, _kept(desk, name, ids))
            continue
        now = {each: await _now(desk, one, each, line, number) for each in ids}
        if news := _changes(name, then, now):
            await load(desk, name, line, number, anew=True)
            told += news
    return told


def _unsure(desk: Desk, known: Known) -> Mapping[str, list[Any]]:
    """What a write was found by and this call has not read itself: ids by list."""
    found: dict[str, list[Any]] = {}
    for name, number in sorted(known.meant, key=str):
        trusted = SURE_SECONDS if SOURCES[name].one is None else 0.0
        if name not in known.fresh and desk.directory.age_seconds(name) >= trusted:
            found.setdefault(name, []).append(number)
    return found


def _kept(desk: Desk, name: str, ids: Iterable[Any]) -> Mapping[Any, Any]:
    """Those records of a list that have these ids."""
    wanted = set(ids)
    return {id_of(each): each for each in desk.directory.kept(name) or () if id_of(each) in wanted}


async def _now(desk: Desk, one: Endpoint[..., Any], id: Any, line: Line, number: str) -> Any:
    """One record as it is now, read by itself; None where it is gone."""
    afford(desk, one)
    try:
        answer = await paid(desk, one.check({one.path_arguments[0]: id}), line, number)
    except (NotFoundError, GoneError):
        return None
    return desk.redaction.data(answer.data, one.resource)


def _changes(name: str, then: Mapping[Any, Any], now: Mapping[Any, Any]) -> list[str]:
    """What is not as it was, in words."""
    told = [_change(name, record, now.get(each)) for each, record in then.items()]
    return [each for each in told if each]


def _change(name: str, then: Mapping[str, Any], now: Mapping[str, Any] | None) -> str:
    is_field = name in FIELDS
    noun, called = "field" if is_field else NOUNS[name], _name(then)
    if now is None:
        return f"the {noun} {quoted(called)} is no longer there"
    if _name(now) != called:
        return f"the {noun} {quoted(called)} is called {quoted(_name(now))} now"
    if is_field:
        return "" if Field.read(then) == Field.read(now) else f"the options of {quoted(called)} were changed"
    is_same = all(now.get(part) == then[part] for part in _TOLD if part in then)
    return "" if is_same else f"the {noun} {quoted(called)} was changed"


def _name(record: Mapping[str, Any]) -> str:
    return str(record.get("field_name") or record.get("name") or "")
