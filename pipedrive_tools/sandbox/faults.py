"""Faults: which calls fail, and how; read from a TOML file or set over HTTP. What they do is in `breakage`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args, get_type_hints

from pipedrive_tools.errors import SandboxError
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.switches import Switches

FaultKind = Literal[
    "status",
    "delay_seconds",
    "reset_before",
    "reset_after",
    "commit_then_502",
    "late_commit",
    "cut_json",
    "cut_connection",
    "html_403",
    "redirect",
    "not_json",
    "huge",
    "stall",
]

Shape = Literal["general", "validation", "gateway", "webhook", "html", "empty"]

OVER_THE_CAP = 33 * 2**20


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One rule: which calls it strikes, and what becomes of them."""

    kind: FaultKind
    method: str = ""
    """Struck method; every one when empty."""
    path: str = ""
    """Regular expression that the path must contain."""
    nth: int = 1
    """The first matching call that is struck."""
    times: int = 0
    """How many calls are struck; 0 is all, or one where `nth` is given."""
    probability: float = 1.0
    """The chance that a matching call is struck."""
    seed: int = 0
    """Seed of the chance."""
    status: int = 0
    """Status of the answer, for kinds that give one; 0 is the kind's own."""
    retry_after: int = 0
    """Value of `retry-after`; 0 sends none."""
    shape: Shape = "general"
    """Shape of the body of an error."""
    error: str = ""
    """Words of the error."""
    seconds: float = 0.0
    """How long a delay lasts, or when a late commit lands; 0 is the switch's value."""
    location: str = "https://elsewhere.example/"
    """Where a redirect points."""
    size_bytes: int = OVER_THE_CAP
    """Size of a huge answer."""


@dataclass
class Armed:
    """A fault with what it has seen so far."""

    fault: Fault
    pattern: re.Pattern[str]
    random: Random
    seen: int = field(default=0)
    struck: int = field(default=0)

    def strikes(self, request: Request) -> bool:
        """Whether this call is struck; counts it where it matches."""
        fault = self.fault
        if (fault.method and fault.method != request.method) or not self.pattern.search(request.sent_path):
            return False
        self.seen += 1
        if self.seen < fault.nth or (fault.times and self.struck >= fault.times):
            return False
        if fault.probability < 1 and self.random.random() >= fault.probability:
            return False
        self.struck += 1
        return True


class Faults:
    """The faults in force; the first that strikes wins."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._first = tuple(faults)
        self.reset()

    def replace(self, faults: Iterable[Fault]) -> None:
        """Put other faults in force, until a reset."""
        self._armed = [Armed(each, re.compile(each.path), Random(each.seed)) for each in faults]

    def reset(self) -> None:
        """Go back to the first faults, with fresh counts."""
        self.replace(self._first)

    def strike(self, request: Request, switches: Switches) -> Fault | None:
        """The fault that this call meets."""
        for armed in self._armed:
            if armed.strikes(request):
                return armed.fault
        if switches.commit_then_fail != "off" and request.method == "POST":
            return AFTER_COMMIT[switches.commit_then_fail]
        return None


AFTER_COMMIT: Mapping[str, Fault] = {
    "502": Fault(kind="commit_then_502"),
    "504": Fault(kind="commit_then_502", status=504),
    "reset": Fault(kind="reset_after"),
    "cut_json": Fault(kind="cut_json"),
}


def from_file(path: Path) -> list[Fault]:
    """The faults of a TOML file."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxError(f"cannot read the fault file {str(path)!r}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SandboxError(f"the fault file {str(path)!r} is no TOML: {error}") from error
    if strange := sorted(content.keys() - {"faults"}):
        raise SandboxError(f"the fault file has the key {strange[0]!r}; it takes [[faults]] only")
    return from_values(content.get("faults", []))


def from_values(values: Any) -> list[Fault]:
    """The faults of a list of tables."""
    if not isinstance(values, list):
        raise SandboxError("'faults' must be a list of tables")
    return [_fault(place, each) for place, each in enumerate(values, start=1)]


def _fault(place: int, values: Any) -> Fault:
    if not isinstance(values, dict):
        raise SandboxError(f"fault {place} must be a table")
    kinds = get_type_hints(Fault)
    for name, value in values.items():
        if name not in kinds:
            raise SandboxError(f"fault {place} has the key {name!r}; there are: {', '.join(kinds)}")
        _check(place, name, value, kinds[name])
    if missing := [
        each.name for each in fields(Fault) if each.default is MISSING and each.name not in values
    ]:
        raise SandboxError(f"fault {place} needs the key {missing[0]!r}")
    once = {"times": 1} if "nth" in values and "times" not in values else {}
    return Fault(**{**values, **once})


def _check(place: int, name: str, value: Any, kind: Any) -> None:
    if allowed := get_args(kind):
        fits, wanted = value in allowed, f"one of {', '.join(allowed)}"
    elif kind is str:
        fits, wanted = isinstance(value, str), "a string"
    else:
        numbers = (int, float) if kind is float else (int,)
        fits = isinstance(value, numbers) and not isinstance(value, bool) and value >= 0
        wanted = "a number from 0 on" if kind is float else "a whole number from 0 on"
    if not fits:
        raise SandboxError(f"fault {place}: {name!r} takes {wanted}, not {value!r}")
    if name == "path":
        try:
            re.compile(value)
        except re.error as error:
            raise SandboxError(f"fault {place}: 'path' is no regular expression: {error}") from error
