"""The figures of the long proofs."""

from tests.figures import Figure

__all__ = ["Figure"]
