"""Errors: one tree, each with who can act, what became of the call, and whether to try again."""

import copy
import pickle
import re
from collections.abc import Iterator
from typing import get_args

import pytest

from pipedrive_tools import errors
from pipedrive_tools.errors import Actor, Outcome, PipedriveToolsError

CANARY = "canary0123456789canary0123456789canary01"


def tree(kind: type[PipedriveToolsError]) -> Iterator[type[PipedriveToolsError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


KINDS = sorted(
    {kind for kind in tree(PipedriveToolsError) if kind.__module__.startswith("pipedrive_tools.")},
    key=lambda kind: kind.__name__,
)


def example(kind: type[PipedriveToolsError]) -> PipedriveToolsError:
    if issubclass(kind, errors.StatusError):
        return kind("said", status=418, detail="tea", wait_seconds=1.5)
    if kind is errors.DeniedError:
        return errors.DeniedError("said", rule="agents.x")
    if kind is errors.MissingExtraError:
        return errors.MissingExtraError("cryptography", "oauth")
    return kind("said")


def drawn() -> dict[str, str]:
    """Each name of the tree in the docstring with its parent's."""
    found, above = {}, {}
    for line in (errors.__doc__ or "").splitlines():
        if entry := re.match(r"    ((?:[|` -]{4})*)(\w+Error)\b", line):
            depth = len(entry[1]) // 4
            above[depth] = entry[2]
            found[entry[2]] = above.get(depth - 1, "Exception")
    return found


def test_the_drawing_is_the_tree() -> None:
    """The tree drawn at the top of the module is the tree that there is."""
    assert drawn() == {kind.__name__: kind.__mro__[1].__name__ for kind in KINDS}


def test_every_error_is_here() -> None:
    """No other module of the package makes an error of its own."""
    assert {kind.__module__ for kind in KINDS} == {errors.__name__}


@pytest.mark.parametrize("kind", KINDS)
def test_three_answers(kind: type[PipedriveToolsError]) -> None:
    """Every error says who can act, what became of the call, and whether trying again is worth it."""
    assert kind.actor in get_args(Actor)
    assert kind.outcome in get_args(Outcome)
    assert kind.retryable in {True, False}
    assert kind.__doc__


@pytest.mark.parametrize("kind", KINDS)
def test_it_travels(kind: type[PipedriveToolsError]) -> None:
    """An error that is copied or sent to another process is the same one, with all it knows."""
    error = example(kind)
    error.tokens = 7
    for found in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301  # our own bytes
        assert type(found) is kind
        assert str(found) == str(error)
        assert vars(found) == vars(error)


def test_a_missing_extra_names_the_command() -> None:
    """What is not installed is named with the command that installs it."""
    assert str(errors.MissingExtraError("cryptography", "oauth")) == (
        "'cryptography' is not installed; run: pip install 'pipedrive-tools[oauth]'"
    )
