"""What deals, persons, organizations and activities have in common: list, get, create, update, delete."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pipedrive_tools.sandbox.answers import Answer, Record, data, missing, refusal
from pipedrive_tools.sandbox.bodies import checked_v2
from pipedrive_tools.sandbox.clock import read_stamp, stamp
from pipedrive_tools.sandbox.derived import CAMPAIGN_EXTRAS, EXTRAS
from pipedrive_tools.sandbox.forms import Form
from pipedrive_tools.sandbox.lists import page
from pipedrive_tools.sandbox.query import (
    DIRECTION,
    PAGE,
    Parser,
    id_list,
    instant,
    key_list,
    one_of,
    parsed,
    some_of,
    truth,
    whole,
)
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.views import shown
from pipedrive_tools.sandbox.world import Handler, Values, World


@dataclass(frozen=True)
class Kind:
    """One kind of record, and where it differs from the others."""

    resource: str
    noun: str
    new: Form
    changed: Form
    complete: Callable[[World, Values], Record]
    """A whole record from the body of a create."""
    amend: Callable[[World, Record, Values], Record]
    """The record after an update."""
    filters: Mapping[str, Parser]
    matches: Callable[[World, Record, Values], bool]
    """Whether the list shows a record for these filters."""
    sorts: tuple[str, ...] = ("id", "update_time", "add_time")
    has_custom_fields: bool = True
    deleted: Callable[[World, Record], Record] | None = None
    """The record after a delete, where more than its flag changes."""

    def shaping(self) -> dict[str, Parser]:
        """Parameters that change how a record is shown."""
        include = {"include_fields": some_of(*EXTRAS[self.resource])}
        if not self.has_custom_fields:
            return dict(include)
        labels = {"include_option_labels": truth, "include_labels": truth}
        return {**include, "custom_fields": key_list, **labels}

    def listing(self) -> dict[str, Parser]:
        """Every parameter of the list."""
        changed = {"updated_since": instant, "updated_until": instant}
        order = {"sort_by": one_of(*self.sorts), "sort_direction": DIRECTION}
        shared = {"filter_id": whole, "ids": id_list, **changed, **order}
        return {**PAGE, **shared, **self.filters, **self.shaping()}


def handlers(kind: Kind, singular: str) -> dict[str, Handler]:
    """The five endpoints of a kind, by their names."""
    return {
        f"list_{kind.resource}": lambda world, request: listed(kind, world, request),
        f"get_{singular}": lambda world, request: _get(kind, world, request),
        f"create_{singular}": lambda world, request: _create(kind, world, request),
        f"update_{singular}": lambda world, request: _update(kind, world, request),
        f"delete_{singular}": lambda world, request: _delete(kind, world, request),
    }


def listed(
    kind: Kind,
    world: World,
    request: Request,
    *,
    known: Mapping[str, Parser] | None = None,
    among: Callable[[Record], bool] = lambda record: not record.get("is_archived"),
) -> Answer:
    """A page of the records that pass the filters."""
    asked = parsed(world, request, known or kind.listing())
    _without_campaigns(world, asked)
    if "filter_id" in asked:
        raise missing("Filter")
    found = (record for record in _candidates(kind, world, asked) if among(record))
    records, additional = page(world, request, asked, found)
    return data([shown(world, kind.resource, each, asked) for each in records], additional=additional)


def living(kind: Kind, world: World, request: Request) -> Record:
    """The record the path names, which must not be deleted."""
    record = world.store[kind.resource].get(request.number(0, kind.noun.lower()))
    if record is None or record["is_deleted"]:
        raise missing(kind.noun)
    return record


def _candidates(kind: Kind, world: World, asked: Values) -> Iterator[Record]:
    since, until = asked.get("updated_since", ""), asked.get("updated_until", "9999")
    ids = asked.get("ids")
    for record in world.store[kind.resource].seen(world.switches.list_lag):
        if ids is not None and record["id"] not in ids:
            continue
        if since <= record["update_time"] < until and kind.matches(world, record, asked):
            yield record


def _get(kind: Kind, world: World, request: Request) -> Answer:
    asked = parsed(world, request, kind.shaping())
    _without_campaigns(world, asked)
    record = world.store[kind.resource].get(request.number(0, kind.noun.lower()))
    if record is None or (record["is_deleted"] and world.switches.get_deleted == "404"):
        raise missing(kind.noun)
    return data(shown(world, kind.resource, record, asked))


def _create(kind: Kind, world: World, request: Request) -> Answer:
    parsed(world, request, {})
    body = checked_v2(world, request, kind.new, custom_fields_of=_fields_of(kind))
    record = world.store[kind.resource].put(kind.complete(world, body))
    return data(shown(world, kind.resource, record, {}))


def _update(kind: Kind, world: World, request: Request) -> Answer:
    parsed(world, request, {})
    before = living(kind, world, request)
    body = checked_v2(world, request, kind.changed, custom_fields_of=_fields_of(kind))
    record = world.store[kind.resource].put(kind.amend(world, before, body))
    return data(shown(world, kind.resource, record, {}))


def _delete(kind: Kind, world: World, request: Request) -> Answer:
    parsed(world, request, {})
    record = living(kind, world, request)
    if kind.deleted:
        record = kind.deleted(world, record)
    world.store[kind.resource].put({**record, "is_deleted": True, "update_time": world.moved(record)})
    return data({"id": record["id"]})


def _fields_of(kind: Kind) -> str | None:
    return kind.resource if kind.has_custom_fields else None


def _without_campaigns(world: World, asked: Values) -> None:
    if world.switches.campaigns == "off" and CAMPAIGN_EXTRAS & set(asked.get("include_fields", ())):
        raise refusal(403, "Campaigns is not enabled for this company", "ERR_FORBIDDEN")


def equal(record: Record, asked: Values, *names: str) -> bool:
    """Whether a record has the values that the filters ask for."""
    return all(record.get(name) == asked[name] for name in names if name in asked)


def moments(values: Values, *names: str) -> Values:
    """The values with these moments as v2 writes them."""
    return values | {name: stamp(read_stamp(values[name])) for name in names if values.get(name)}
