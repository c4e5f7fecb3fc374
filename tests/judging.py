"""How a model's call for a one-line request is judged.

A request counts for

- the right tool, if there is one call and it is of that tool;
- the expected values, if besides every expected argument is there with that value;
- nothing invented, if it is the right tool and every argument given is an expected one or one of `may`: what the
  words do say, but a good call may as well leave out.

A call is judged by what the toolset would do with it: optional arguments that are empty, and values that Pipedrive
assumes anyway (`assumed` of each model), are left aside there (`toolset.stated`), so they are here. Values are compared
as the toolset takes them: `"7"` is 7, case and outer blanks do not count in names, and the order of a list does not.
`overwrite` may name what an update changes: that is what it is for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.toolset.stated import stated

Arguments = dict[str, Any]
Called = tuple[str, Arguments]


@dataclass(frozen=True)
class Request:
    """What somebody asks for in one line, and the call that does it."""

    words: str
    tool: str
    expected: Arguments = field(default_factory=dict)
    may: Arguments = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """What a model's calls for one request come to."""

    right_tool: bool
    expected_values: bool
    nothing_invented: bool


def judge(request: Request, calls: Sequence[Called]) -> Judged:
    """Whether the calls are the one that the request asks for."""
    if [name for name, _ in calls] != [request.tool]:
        return Judged(right_tool=False, expected_values=False, nothing_invented=False)
    ((_, told),) = calls
    given, _ = stated(catalogue[request.tool].model, told)
    has_all = all(name in given and same(given[name], value) for name, value in request.expected.items())
    return Judged(right_tool=True, expected_values=has_all, nothing_invented=not invented(request, given))


def invented(request: Request, given: Mapping[str, Any]) -> list[str]:
    """Arguments that the request says nothing of."""
    allowed = request.expected | request.may
    return [name for name in given if name not in allowed and not _is_leave(request, name, given[name])] + [
        name for name, value in request.may.items() if name in given and not same(given[name], value)
    ]


def _is_leave(request: Request, name: str, value: Any) -> bool:
    """Leave to overwrite what the update changes anyway."""
    named = value if isinstance(value, list) else [value]
    is_update = request.tool.startswith("update_")
    return name == "overwrite" and is_update and bool(named) and set(map(str, named)) <= set(request.expected)


def same(given: Any, expected: Any) -> bool:
    """Whether two values are one for the toolset."""
    if isinstance(expected, bool) or isinstance(given, bool):
        return given is expected
    if isinstance(expected, list):
        return isinstance(given, list) and sorted(map(_folded, given)) == sorted(map(_folded, expected))
    return not isinstance(given, list | dict) and _folded(given) == _folded(expected)


def _folded(value: Any) -> str:
    text = " ".join(str(value).split()).casefold()
    return text.removesuffix(".0") if text.removesuffix(".0").isdecimal() else text
