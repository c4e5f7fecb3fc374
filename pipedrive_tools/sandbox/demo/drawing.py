"""The two ways in which things are drawn here, beside those of the standard library."""

from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


def chance(rng: Random, share: float) -> bool:
    """Say yes in that share of the cases."""
    return rng.random() < share


def drawn(rng: Random, *shares: tuple[float, Choice], otherwise: Choice) -> Choice:
    """Give one of the choices by their shares, which leave the rest to `otherwise`."""
    left = rng.random()
    for share, choice in shares:
        left -= share
        if left < 0:
            return choice
    return otherwise
