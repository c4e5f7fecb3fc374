"""What to say where nothing was found: what was looked for and where, and what to try next."""

from typing import Any, get_args

from pydantic_core import to_json

from pipedrive_tools.endpoint import Call


def nothing_found(call: Call[Any]) -> str:
    """Nothing found repeats the question, so that a model sees a filter it did not mean."""
    name, values = call.endpoint.name, dict(call.values)
    if "term" not in call.endpoint.model.model_fields:
        return f"{name}: nothing found for {to_json(values).decode()}"
    term, exact = values.pop("term", ""), values.pop("exact_match", False)
    kinds, places = values.pop("item_types", None), values.pop("fields", None)
    where = _listed(kinds) or call.endpoint.resource
    among = _listed(places) or _listed(_choices(call.endpoint.model.model_fields["fields"].annotation))
    narrower = f" with {to_json(values).decode()}" if values else ""
    how = "as the whole text" if exact else "as the beginning of a word"
    advice = "leave exact_match out" if exact else "try fewer letters or another spelling"
    return (
        f"{name}: nothing found for {to_json(term).decode()} {how} in {among} of {where}{narrower}; {advice}. "
        "What was written a moment ago may not be searchable yet"
    )


def _listed(names: Any) -> str:
    return ", ".join(str(name) for name in names) if isinstance(names, list | tuple) else ""


def _choices(annotation: Any) -> tuple[str, ...]:
    """The choices of an argument, wherever they stand in its type."""
    inner = get_args(annotation)
    if inner and all(isinstance(each, str) for each in inner):
        return inner
    return next((found for each in inner if (found := _choices(each))), ())
