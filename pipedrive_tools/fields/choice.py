"""Finding the one candidate that a name means, and what to say where none or several do."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from pipedrive_tools.errors import ArgumentsError, UnknownNameError

CANDIDATES_SHOWN: Final = 10
QUOTED_CHARACTERS: Final = 60

Candidate = tuple[int | str, str]
"""An id and its name; what is in front of ` in ` tells namesakes apart and belongs to the name shown."""


def same(left: str, right: str) -> bool:
    """Whether two names are one: case and blanks do not count."""
    return folded(left) == folded(right)


def folded(name: str) -> str:
    """A name without what does not count."""
    return " ".join(name.split()).casefold()


def choose(
    what: str, name: str, candidates: Iterable[Candidate], *, told: dict[int | str, str] | None = None
) -> int | str:
    """The id of the one candidate with this name; none and several are errors that list what there is.

    A name that is written exactly like one candidate's means that one. `told` says more about a candidate.
    """
    everyone = list(candidates)
    found = [each for each in everyone if same(each[1], name)]
    exact = [each for each in found if each[1] == name]
    if len(found) == 1 or len(exact) == 1:
        return (exact or found)[0][0]
    if found:
        more = told or {}
        listed = ", ".join(
            f"{quoted(label)}{more.get(number, '')} ({number})" for number, label in found[:CANDIDATES_SHOWN]
        )
        raise ArgumentsError(f"{len(found)} {what}s are called {quoted(name)}: {listed}; give the id")
    raise UnknownNameError(
        f"there is no {what} {quoted(name)}{nearest(name, [label for _, label in everyone])}"
    )


def nearest(word: str, words: Sequence[str]) -> str:
    """The nearest names, or all where they are few."""
    close = get_close_matches(folded(word), [folded(each) for each in words], n=3, cutoff=0.5)
    likely = list(dict.fromkeys(each for near in close for each in words if folded(each) == near))
    if likely:
        return f"; nearest: {', '.join(map(quoted, likely[:CANDIDATES_SHOWN]))}"
    if not words:
        return "; there are none"
    more = f" and {len(words) - CANDIDATES_SHOWN} more" if len(words) > CANDIDATES_SHOWN else ""
    return f"; there are: {', '.join(map(quoted, words[:CANDIDATES_SHOWN]))}{more}"


def quoted(text: str) -> str:
    """A name in quotes, cut."""
    return repr(text if len(text) <= QUOTED_CHARACTERS else f"{text[: QUOTED_CHARACTERS - 1]}…")
