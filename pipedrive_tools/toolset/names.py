"""Names for ids and keys in the arguments of a call, before they are checked (DESIGN.md, section 4, step 3).

Finding is pure: it gives the arguments with ids, or says which lists it lacks. `resolved` reads those and tries
again, so that a name is looked up once, and all that follows sees the id: the gate, the approval, the journal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from pipedrive_tools import auth
from pipedrive_tools.client import Line, pages, perform
from pipedrive_tools.endpoint import Args, Endpoint, Paging
from pipedrive_tools.endpoints import account, organizations, persons
from pipedrive_tools.endpoints.arguments import is_key
from pipedrive_tools.endpoints.values import decoded
from pipedrive_tools.errors import ArgumentsError, PipedriveToolsError, UnknownNameError
from pipedrive_tools.fields import KINDS, Field, Fields, choose, keys, to_wire
from pipedrive_tools.fields.choice import Candidate, quoted, same
from pipedrive_tools.fields.writing import LINKS
from pipedrive_tools.gate.taint import one_line
from pipedrive_tools.state.cache import Records
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.directory import SOURCES, source_of

ROUNDS: Final = 5
"""A field must be known before it is known that it links to a person, whose name must then be looked for."""
FRESH_SECONDS: Final = 1.0
"""A list that was read just now need not be read again for a name that is not in it."""

_CODE: Final = re.compile(r"[a-z0-9_]+")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOUNS: Final = {
    "stages": "stage",
    "pipelines": "pipeline",
    "users": "user",
    "persons": "person",
    "organizations": "organization",
    "activity_types": "activity type",
    "labels": "label",
}
_LINKED: Final = {"user": "users", "people": "persons", "org": "organizations"}
_FINDERS: Final[Mapping[str, Endpoint[..., Any]]] = {
    "persons": persons.search,
    "organizations": organizations.search,
}
_NAMED_FIELDS: Final = frozenset({"custom_fields", "clear", "overwrite", "field_code"})


class _LackError(Exception):
    """A list or a search that finding needs."""

    def __init__(self, name: str, sought: str | None = None) -> None:
        self.name, self.sought = name, sought


@dataclass
class _Known:
    """What finding works from."""

    lists: Callable[[str], Records | None]
    me: int | None = None
    hits: dict[tuple[str, str], Records] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """Lists that were asked."""

    def of(self, name: str) -> Records:
        """A list that is at hand."""
        self.used.add(name)
        found = self.lists(name)
        if found is None:
            raise _LackError(name)
        return found

    def found(self, kind: str, name: str) -> Records:
        """What a search for the name gave."""
        hits = self.hits.get((kind, name))
        if hits is None:
            raise _LackError(kind, name)
        return hits


def _nameable(entry: Endpoint[..., Any]) -> frozenset[str]:
    """Arguments of an entry that may hold names."""
    taken = _named_in(entry.model)
    return taken if entry.resource == "activities" else taken - {"type"}


@cache
def _named_in(model: type[Args]) -> frozenset[str]:
    return frozenset(model.model_fields) & (KINDS.keys() | _NAMED_FIELDS)


async def resolved(
    desk: Desk, entry: Endpoint[..., Any], arguments: Mapping[str, Any], line: Line, number: str
) -> Mapping[str, Any]:
    """The arguments with ids and keys in the place of names; all that cannot be found is one error."""
    if not any(_has_name(entry, name, arguments[name]) for name in _nameable(entry) & arguments.keys()):
        return arguments
    known = _Known(desk.directory.kept)
    has_read_again = False
    for _ in range(ROUNDS):
        found = _Finding(entry, arguments, known)
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
    desk: Desk, lacking: set[tuple[str, str | None]], known: _Known, line: Line, number: str
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


async def _read_again(desk: Desk, known: _Known, line: Line, number: str) -> None:
    """A name that is not known may be newer than what is kept."""
    for name in sorted(known.used):
        if desk.directory.age_seconds(name) > FRESH_SECONDS:
            await load(desk, name, line, number, anew=True)


def _has_name(entry: Endpoint[..., Any], name: str, value: Any) -> bool:
    """Whether an argument may hold a name, by its looks."""
    if name == "custom_fields":
        return bool(value)
    if name in {"clear", "overwrite"}:
        return source_of(entry.resource) is not None and not all(
            _is_code(entry, each) for each in _texts(value)
        )
    return any(not _is_id(name, each) for each in _texts(value))


def _is_code(entry: Endpoint[..., Any], name: str) -> bool:
    """Whether a field is named by its argument or its key already."""
    return name in entry.model.model_fields or is_key(name)


def _texts(value: Any) -> list[str]:
    value = decoded(value)
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _is_id(name: str, text: str) -> bool:
    """Whether a text is an id already: a number, a UUID, the key of a type or of a field."""
    text = text.strip()
    if name in {"type", "field_code"}:
        return bool(_CODE.fullmatch(text)) or not text
    return text.isdecimal() or bool(_UUID.fullmatch(text)) or not text


class _Finding:
    """One try to find every name, with what is known."""

    def __init__(self, entry: Endpoint[..., Any], arguments: Mapping[str, Any], known: _Known) -> None:
        self._entry, self._arguments, self._known = entry, arguments, known
        self._shape: Any = "v1" if getattr(entry.model, "custom_at_root", False) else "v2"
        self.lacking: set[tuple[str, str | None]] = set()
        self.problems: list[str] = []
        self.at_fault: list[str] = []
        """Names of the arguments that the problems are about."""
        self.unknown = False

    def all(self) -> dict[str, Any]:
        """The arguments as far as they can be found."""
        out = dict(self._arguments)
        for name in sorted(_nameable(self._entry) & out.keys(), key=lambda name: name == "stage_id"):
            if not _has_name(self._entry, name, out[name]):
                continue
            so_far = len(self.problems)
            if name == "custom_fields":
                out[name] = self._custom_fields(decoded(out[name]))
            elif name in {"clear", "overwrite"}:
                out[name] = self._listed(decoded(out[name]), self._field_names)
            elif name == "field_code":
                out[name] = self._tried(lambda: self._fields().any(self._arguments["field_code"]).key)
            else:
                out[name] = self._ids(name, decoded(out[name]), out)
            if len(self.problems) > so_far:
                self.at_fault.append(name)
        return out

    def _tried(self, act: Callable[[], Any], otherwise: Any = None) -> Any:
        """What an act finds; what it lacks and what is wrong is written down."""
        try:
            return act()
        except _LackError as lack:
            self.lacking.add((lack.name, lack.sought))
        except UnknownNameError as error:
            self.unknown = True
            self.problems.append(one_line(str(error)))
        except ArgumentsError as error:
            self.problems.append(one_line(str(error)))
        return otherwise

    def _listed(self, value: Any, each: Callable[[str], list[str]]) -> Any:
        if not isinstance(value, list):
            value = [value]
        found: list[Any] = []
        for part in value:
            found += self._tried(lambda part=part: each(part), []) if isinstance(part, str) else [part]  # type: ignore[misc]  # the default binds it
        return found

    def _ids(self, name: str, value: Any, out: Mapping[str, Any]) -> Any:
        def one(part: Any) -> Any:
            if not isinstance(part, str) or _is_id(name, part):
                return part
            return self._tried(lambda: self._id(name, part.strip(), out), part)

        if isinstance(value, list):
            return [one(part) for part in value] if name in {"label_ids", "participants"} else value
        return [one(value)] if name == "label_ids" else one(value)

    def _id(self, name: str, text: str, out: Mapping[str, Any]) -> Any:
        """The id that a name stands for."""
        try:
            return self._of_kind(KINDS[name], text, out.get("pipeline_id"))
        except ArgumentsError as error:
            raise type(error)(f"{name}: {error}") from None

    def _of_kind(self, kind: str, text: str, pipeline: Any = None) -> Any:
        if kind == "users" and text.casefold() == "me":
            if self._known.me is None:
                raise _LackError("me")
            return self._known.me
        if kind in _FINDERS:
            return self._record(kind, text)
        if kind == "labels":
            return self._label(text)
        records = [each for each in self._known.of(kind) if not each.get("is_deleted")]
        told: dict[int | str, str] = {}
        if kind == "stages":
            records, told = self._stages(records, pipeline, text)
        candidates: list[Candidate] = [(_key(each), str(each.get("name") or "")) for each in records]
        if kind == "users":
            by_mail = [_key(each) for each in records if same(str(each.get("email") or ""), text)]
            if len(by_mail) == 1:
                return by_mail[0]
            told = {each["id"]: " (inactive)" for each in records if each.get("active_flag") is False}
        return choose(_NOUNS[kind], text, candidates, told=told)

    def _stages(self, records: Records, pipeline: Any, text: str) -> tuple[Records, dict[int | str, str]]:
        """The stages of the pipeline that is given, or all, where namesakes are told by their pipeline."""
        if str(pipeline).isdecimal():
            return [each for each in records if str(each.get("pipeline_id")) == str(pipeline)], {}
        if sum(same(str(each.get("name") or ""), text) for each in records) < 2:  # noqa: PLR2004  # one needs no telling
            return records, {}
        names = {each["id"]: each.get("name") for each in self._known.of("pipelines")}
        told = {each["id"]: f" in {names.get(each.get('pipeline_id'))!r}" for each in records}
        return records, told

    def _record(self, kind: str, text: str) -> Any:
        """A person or an organization, found by its whole name."""
        hits = [each for each in self._known.found(kind, text) if same(str(each.get("name") or ""), text)]
        if len(hits) == 1:
            return hits[0]["id"]
        noun = _NOUNS[kind]
        if not hits:
            raise ArgumentsError(
                f"no {noun} is called {quoted(text)}; look with search_{kind} and give the id"
            )
        told = {each["id"]: _told(each) for each in hits}
        return choose(noun, text, [(each["id"], str(each["name"])) for each in hits], told=told)

    def _label(self, text: str) -> Any:
        if self._entry.resource == "leads":
            labels = [(each["id"], str(each.get("name"))) for each in self._known.of("lead_labels")]
            return choose("label", text, labels)
        found = self._fields().by_key.get("label_ids")
        return choose("label", text, [(each.id, each.label) for each in (found.options if found else ())])

    def _fields(self) -> Fields:
        name = source_of(self._entry.resource)
        if name is None:
            raise ArgumentsError(f"{self._entry.resource} have no fields with names")
        return Fields.read(self._entry.resource, self._known.of(name))

    def _field_names(self, name: str) -> list[str]:
        """A field as clear and overwrite name it: by its argument, or by the keys of a custom one."""
        if _is_code(self._entry, name):
            return [name]
        found = self._fields().any(name)
        if found.is_custom:
            return list(keys(found, self._shape))
        if found.key in self._entry.model.model_fields:
            return [found.key]
        raise ArgumentsError(f"{quoted(name)} is not a field that {self._entry.name} changes")

    def _custom_fields(self, given: Any) -> Any:
        """Name and value pairs as key and wire value; what is no pair is left to the check."""
        if isinstance(given, dict) and not {"name", "value"} <= set(given):
            given = [{"name": name, "value": value} for name, value in given.items()]
        if isinstance(given, dict):
            given = [given]
        if not isinstance(given, list):
            return given
        found: list[Any] = []
        for pair in given:
            if isinstance(pair, dict) and isinstance(pair.get("name"), str) and "value" in pair:
                found += self._tried(lambda pair=pair: self._pair(pair), [])  # type: ignore[misc]  # the default binds it
            else:
                found.append(pair)
        names = [each["name"] for each in found if isinstance(each, dict) and "name" in each]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            self.problems.append(f"custom_fields: given twice: {', '.join(map(self._called, twice))}")
        return found

    def _called(self, key: str) -> str:
        known = self._fields().by_key.get(key)
        return quoted(known.name) if known else key

    def _pair(self, pair: Mapping[str, Any]) -> list[Any]:
        name, value = pair["name"].strip(), decoded(pair["value"])
        own = source_of(self._entry.resource)
        if set(pair) != {"name", "value"} or not name or own is None:
            return [pair]
        if is_key(name) and (self._known.lists(own) is None or len(name) > len(name[:40])):
            return [pair]  # a key needs no definition: its value is taken as it is
        if value is None:
            return [pair]
        found = self._fields().custom(name)
        if found.kind in LINKS:
            value = self._linked(found, value)
        return [{"name": key, "value": part} for key, part in to_wire(found, value, self._shape).items()]

    def _linked(self, found: Field, value: Any) -> Any:
        if not isinstance(value, str) or _is_id("", value):
            return value
        try:
            return self._of_kind(_LINKED[found.kind], value.strip())
        except ArgumentsError as error:
            raise type(error)(f"{quoted(found.name)}: {error}") from None


def _key(record: Mapping[str, Any]) -> int | str:
    key: int | str = record["key_string"] if "key_string" in record else record["id"]
    return key


def _told(hit: Mapping[str, Any]) -> str:
    """What tells a hit from its namesakes: organization, e-mail, address."""
    organization = hit.get("organization")
    firm = organization.get("name") if isinstance(organization, dict) else None
    mails = hit.get("emails")
    more = firm or (mails[0] if isinstance(mails, list) and mails else None) or hit.get("address")
    return f", {quoted(str(more))}" if more else ""
