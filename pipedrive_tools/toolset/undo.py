"""Taking a write back: its inverse is a call like any other, goes through the same gate, and is journaled."""

from collections.abc import Mapping
from typing import Any, Final

from pipedrive_tools import render
from pipedrive_tools.endpoint import Call, Effect, Endpoint
from pipedrive_tools.endpoints import catalogue, deals
from pipedrive_tools.endpoints.arguments import LISTS, Change, is_key
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.line import Line
from pipedrive_tools.state import journal
from pipedrive_tools.state.journal import Intent
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.lookup import stored_call
from pipedrive_tools.toolset.result import ToolResult
from pipedrive_tools.toolset.way import judge

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


async def undo(desk: Desk, number: str, line: Line, *, dry_run: bool) -> ToolResult:
    """Take a write back, or say in one line why that cannot be."""
    try:
        row = await line.port.run(_row, desk, number)
        call = inverse(row, dry_run=dry_run)
    except ArgumentsError as error:
        return ToolResult(text=render.invalid(error), status="invalid")
    version = row.answer.get("update_time") if isinstance(row.answer, dict) else None
    result = await judge(desk, call, line, version=version)
    if result.ok and result.audit_id and not (dry_run or desk.settings.dry_run):
        await line.port.run(_mark, desk, row.id, result.audit_id)
    return result


def _row(desk: Desk, number: str) -> Intent:
    with desk.books.store.transaction(durable=False) as connection:
        row = journal.get(connection, number)
    if (
        row is None or row.account != desk.books.account
    ):  # what is another account's is nobody's business here
        raise ArgumentsError(
            f"undo: there is no write {number!r} to this account in the journal; `audit show` lists them"
        )
    return row


def _mark(desk: Desk, number: str, by: str) -> None:
    with desk.books.store.hot(durable=True) as connection:
        journal.mark_undone(connection, number, by)


def inverse(row: Intent, *, dry_run: bool = False) -> Call[Any]:
    """The call that takes a write back."""
    if row.undone_by:
        raise ArgumentsError(f"undo: {row.id} was taken back already by {row.undone_by}")
    if row.state != "DONE":
        raise ArgumentsError(
            f"undo: {row.id} is not done (it is {row.state}); `journal recover` settles it first"
        )
    done = stored_call(row)
    effect = done.endpoint.effect
    if effect is Effect.CREATE:
        return _delete_created(row, done, dry_run=dry_run)
    if effect is Effect.UPDATE:
        return _write_back(row, done, dry_run=dry_run)
    if done.endpoint.name == "convert_lead_to_deal":
        deal_id = row.answer.get("deal_id") if isinstance(row.answer, dict) else None
        if deal_id is None:
            raise ArgumentsError("undo: the conversion has given no deal yet; ask for its status first")
        return deals.convert.check({"deal_id": deal_id, "dry_run": dry_run})
    raise ArgumentsError(f"undo: {done.endpoint.name!r} cannot be taken back; Pipedrive has no call for it")


def _noun(endpoint: Endpoint[..., Any]) -> str:
    return endpoint.name.partition("_")[2]


def _delete_created(row: Intent, done: Call[Any], *, dry_run: bool) -> Call[Any]:
    """What was created is deleted."""
    delete = catalogue[f"delete_{_noun(done.endpoint)}"]
    record = row.answer if isinstance(row.answer, dict) else {}
    if "id" not in record:
        raise ArgumentsError(f"undo: the answer to {row.id} names no record")
    return delete.check({delete.path_arguments[0]: record["id"], "dry_run": dry_run})


def _write_back(row: Intent, done: Call[Any], *, dry_run: bool) -> Call[Any]:
    """Every field that was written gets back what it held before."""
    endpoint, before = done.endpoint, row.image
    path = endpoint.path_arguments
    values: dict[str, Any] = {name: done.values[name] for name in path}
    for name, written in done.values.items():
        if name in path:
            continue
        if name == "custom_fields" and isinstance(written, dict):
            held = before.get(name) or {}
            values[name] = {key: held.get(key) for key in written}
        else:
            values[name] = _held(endpoint, before, name)
    args = endpoint.model.model_construct(dry_run=dry_run, overwrite=[*values, *_custom_keys(values)])
    return Call(endpoint, args, values)


def _custom_keys(values: Mapping[str, Any]) -> list[str]:
    custom = values.get("custom_fields")
    return list(custom) if isinstance(custom, dict) else []


def _writable(value: Any) -> Any:
    """A value as it may be sent back: without nulls, which an answer shows and an input refuses."""
    if isinstance(value, Mapping):
        return {name: part for name, part in value.items() if part is not None}
    return value


def _held(endpoint: Endpoint[..., Any], before: Mapping[str, Any], name: str) -> Any:
    """What a field held before; a field that was empty can only be blanked where Pipedrive allows it."""
    value = before.get(name)
    if isinstance(value, list):
        return [_writable(item) for item in value]
    if value not in _EMPTY:
        return _writable(value)
    model = endpoint.model
    clearable = model.clearable if issubclass(model, Change) else frozenset()
    if name in LISTS & clearable:
        return []
    if name not in clearable and not is_key(name):
        raise ArgumentsError(f"undo: {name} was empty before and Pipedrive does not let it be blanked again")
    return None
