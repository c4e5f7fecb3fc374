"""Events: what Pipedrive sends, as one typed value whatever its version and its habits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipedrive_tools.errors import EventError
from pipedrive_tools.webhooks.customfields import Money, Options, Span, Time, typed
from pipedrive_tools.webhooks.events import parse, read
from tests.webhooks.bodies import HOOK, VERSION_1, body, event, number

MOMENT = datetime(2026, 8, 18, 9, 30, tzinfo=UTC)
CUSTOM = [
    ({"type": "text", "value": "x"}, "x"),
    ({"type": "double", "value": 1.5}, 1.5),
    ({"type": "date", "value": "2026-08-18"}, "2026-08-18"),
    ({"type": "monetary", "value": 12, "currency": "EUR"}, {"value": 12, "currency": "EUR"}),
    ({"type": "enum", "id": 17}, 17),
    ({"type": "user", "id": "9"}, "9"),
    ({"type": "set", "values": [{"id": 12}, {"id": 15}]}, [12, 15]),
    (
        {"type": "daterange", "from": "2026-08-18", "until": "2026-08-20"},
        {"value": "2026-08-18", "until": "2026-08-20"},
    ),
    (
        {"type": "timerange", "from": "09:00:00", "until": "10:00:00", "timezone_name": "Europe/Tallinn"},
        {"value": "09:00:00", "until": "10:00:00", "timezone_name": "Europe/Tallinn"},
    ),
    (
        {"type": "time", "value": "09:00:00", "timezone_id": 322, "timezone_name": "Europe/Tallinn"},
        {"value": "09:00:00", "timezone_name": "Europe/Tallinn"},
    ),
    ({"type": "hologram", "value": 1, "depth": 2}, {"value": 1, "depth": 2}),
    ({"type": "enum", "id": [17]}, {"id": [17]}),
    ({"type": 7, "value": "x"}, "x"),
    ("bare", "bare"),
    ([1, 2], [1, 2]),
]


def test_a_change() -> None:
    """A change says who changed which record, what it holds now, and what the changed fields held before."""
    found = parse(body(event()))

    assert (found.meta.action, found.meta.entity, found.meta.entity_id) == ("change", "deal", "412")
    assert (found.meta.user_id, found.meta.webhook_id, found.meta.timestamp) == ("9", HOOK, MOMENT)
    assert (found.record, found.changed, found.update_time) == ("deal:412", {"stage_id"}, MOMENT)


def test_a_create_and_a_delete() -> None:
    """A record that is new has no state before; one that is gone has its last."""
    created, deleted = read(event("create")), read(event("delete"))

    assert (created.previous, deleted.data) == (None, None)
    assert created.changed == deleted.changed == {"id", "stage_id", "update_time", "visible_to"}
    assert created.update_time == deleted.update_time == MOMENT


def test_a_merge_and_a_bulk_edit() -> None:
    """Both halves of a merge name each other; a bulk edit says that it is one."""
    assert read(event("delete", merged_to_id="7")).meta.merged_to_id == "7"
    assert read(event(entity_id=7, merged_from_id=412)).meta.merged_from_id == "412"
    assert read(event(is_bulk_edit=True)).meta.is_bulk_edit
    assert not read(event()).meta.is_bulk_edit


@pytest.mark.parametrize("timestamp", ["2026-08-18T09:30:00.000Z", 1787045400, "1787045400", 1787045400000])
def test_times(timestamp: Any) -> None:
    """A time is the same instant as ISO text, in seconds and in milliseconds."""
    assert read(event(timestamp=timestamp)).meta.timestamp == MOMENT


def test_numbers_and_texts() -> None:
    """Ids are the same as numbers and as texts."""
    texts = read(event(webhook_id="31", user_id="9", permitted_user_ids=["9", "12"])).meta
    numbers = read(event(entity_id=412, webhook_id=31, user_id=9, permitted_user_ids=[9, 12])).meta

    assert numbers.model_dump(exclude={"id"}) == texts.model_dump(exclude={"id"})


@pytest.mark.parametrize(("given", "v2"), CUSTOM, ids=[str(case[0])[:40] for case in CUSTOM])
def test_custom_fields(given: Any, v2: Any) -> None:
    """A custom field of any kind is kept, and says the same as the v2 API."""
    shown = read(event(data={"id": 412, "custom_fields": {"a1": given, "b2": None}})).data
    assert shown is not None
    found = shown.custom_fields["a1"]
    assert found is not None

    assert found.as_v2 == v2
    assert shown.custom_fields["b2"] is None
    assert shown.fields == {"id", "a1", "b2"}


def test_custom_fields_are_typed() -> None:
    """Each kind of field has a type of its own."""
    kinds = [type(typed(given)) for given, _ in (CUSTOM[3], CUSTOM[6], CUSTOM[7], CUSTOM[9])]

    assert kinds == [Money, Options, Span, Time]


def test_unknown_things_are_kept() -> None:
    """A kind of record, an action, a field and a word of meta that nobody told us of are kept."""
    found = read(event("archive", "hologram", data={"id": 1, "depth": {"x": [1]}}, weight=3))

    assert (found.meta.action, found.meta.entity) == ("archive", "hologram")
    assert (found.meta.model_extra or {})["weight"] == 3
    assert found.data is not None
    assert (found.data.model_extra or {})["depth"] == {"x": [1]}


def test_version_1() -> None:
    """An event of version 1 says the same in its own words."""
    found = parse(body(VERSION_1))

    assert (found.meta.action, found.record, found.changed) == ("change", "deal:412", {"stage_id"})
    assert (found.meta.timestamp, found.update_time) == (MOMENT, MOMENT)
    assert (found.meta.webhook_id, found.meta.is_bulk_edit, found.meta.id) == ("31", True, None)
    assert read({**VERSION_1, "meta": {**VERSION_1["meta"], "action": "added"}}).meta.action == "create"


def test_the_same_event_again() -> None:
    """A retry shares a key with the first delivery, whether it keeps the event's number or has a new one."""
    first = read(event())
    kept, renumbered = read(event(attempt=2)), read(event(attempt=2, id=number("another")))
    elsewhere = read(event(webhook_id="32"))

    assert first.keys == kept.keys
    assert set(first.keys) & set(renumbered.keys) == {first.content}
    assert set(first.keys) & set(elsewhere.keys) == {first.content}


def test_another_event() -> None:
    """Two changes of one record in one second share no key, even where each carries the record's number as its own."""
    first, second = event(id=412), event(id=412, previous={"stage_id": 4})

    assert not set(read(first).keys) & set(read(second).keys)


def test_echoes() -> None:
    """A change through the API by the same user is an echo; one in the app, or by another user, is none."""
    assert read(event()).is_echo(9)
    assert not read(event(change_source="app")).is_echo("9")
    assert not read(event()).is_echo(10)


def test_who_may_see_it() -> None:
    """Only permitted users may see the record; an event that names none leaves it open."""
    assert read(event()).permits(9)
    assert not read(event()).permits("10")
    assert read(event(permitted_user_ids=None)).permits(10)


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"meta": []}',
        b'{"meta": {}}',
        b'{"meta": {"action": NaN}}',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"meta":' * 10_000,
        body(event(action=None)),  # type: ignore[arg-type]  # what must not come
        body(event(entity="deal\nLevel: critical")),
        body(event(entity="../../etc/passwd")),
        body(event(entity_id="412", data={}, previous={}) | {"meta": {"action": "change", "entity": "deal"}}),
    ],
    ids=range(15),
)
def test_what_is_no_event(given: bytes) -> None:
    """What is no event is refused in one line that repeats nothing of it."""
    with pytest.raises(EventError, match="nothing was taken from it") as found:
        parse(given)

    assert "\n" not in str(found.value)
    assert "passwd" not in str(found.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", {"a": 1}), ("user_id", True), ("user_id", 10**30), ("timestamp", "soon"), ("timestamp", 10**300),
        ("timestamp", []), ("attempt", "two"), ("permitted_user_ids", "9"), ("is_bulk_edit", "yes"), ("version", 2.5),
        ("webhook_id", "3" * 65), ("change_source", "app\r\nx: y"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_left_out(name: str, value: Any) -> None:
    """A word of meta that does not fit is left out, and the event serves all the same."""
    assert not getattr(parse(body(event(**{name: value}))).meta, name)


def test_a_number_that_only_the_record_has() -> None:
    """An event that does not name its record takes the number from what it shows."""
    assert (
        read(event(entity_id="412") | {"meta": {"action": "change", "entity": "deal"}}).record == "deal:412"
    )
