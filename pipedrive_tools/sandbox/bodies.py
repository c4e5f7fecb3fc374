"""A body against its form: unknown keys, missing ones and wrong values, all told at once."""

from collections.abc import Mapping
from typing import Any

from pipedrive_tools.sandbox.answers import general, refusal, validation
from pipedrive_tools.sandbox.customfields import problem as custom_field_problem
from pipedrive_tools.sandbox.forms import Form
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Values, World

CHECK_THE_DOCS = "Please check developers.pipedrive.com for more information about Pipedrive API."


def checked_v2(world: World, request: Request, form: Form, *, custom_fields_of: str | None = None) -> Values:
    """The body of a v2 call; refused in shape 2."""
    body = request.entries()
    for name in form.read_only:
        if name in body:
            raise refusal(400, f"'{name}' is a read-only field. Please use the documented field instead.")
    problems = []
    custom = body.get("custom_fields") if custom_fields_of else None
    if custom_fields_of and "custom_fields" in body:
        problems += _custom_field_problems(world, custom_fields_of, custom)
    rest = {name: value for name, value in body.items() if not (custom_fields_of and name == "custom_fields")}
    problems += field_problems(world, rest, form)
    problems += [
        f"{name}: Parameter '{name}' is not allowed for this request"
        for name in rest
        if name not in form.fields
    ]
    if problems:
        raise validation(problems)
    return body


def checked_v1(
    world: World, request: Request, form: Form, *, further: frozenset[str] = frozenset()
) -> Values:
    """The body of a v1 call, without keys that nobody knows; refused in shape 1."""
    body = request.entries()
    problems = field_problems(world, body, form)
    if world.switches.v1_unknown_keys == "400":
        unknown = [name for name in body if name not in form.fields and name not in further]
        problems += [f'"{name}" is not allowed' for name in unknown]
    if problems:
        raise general(400, "; ".join(problems), CHECK_THE_DOCS)
    return {name: value for name, value in body.items() if name in form.fields or name in further}


def field_problems(world: World, body: Mapping[str, Any], form: Form) -> list[str]:
    """What is missing or wrong among the keys that the form knows."""
    missing = [f"{name}: Parameter '{name}' is required" for name in form.required if name not in body]
    wrong = [
        f"{name}: Parameter '{name}' {why}"
        for name, value in body.items()
        if name in form.fields and (why := form.fields[name](value, world))
    ]
    return missing + wrong


def _custom_field_problems(world: World, resource: str, values: Any) -> list[str]:
    if not isinstance(values, dict):
        return ["custom_fields: Parameter 'custom_fields' must be an object"]
    known = world.custom_fields(resource)
    problems = []
    for code, value in values.items():
        if code not in known:
            problems.append(f"custom_fields.{code}: Parameter '{code}' is not allowed for this request")
        elif why := custom_field_problem(known[code], value, world):
            problems.append(f"custom_fields.{code}: Field '{code}' {why}")
    return problems
