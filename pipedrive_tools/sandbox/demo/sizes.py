"""How much of everything goes with a number of open deals."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many records of each kind go with a number of open deals."""

    deals: int

    @property
    def persons(self) -> int:
        """At least one living and one deleted, where there is a deal."""
        return max(2, round(self.deals * 0.75)) if self.deals else 0

    @property
    def organizations(self) -> int:
        """At least one where there is a deal."""
        return max(1, round(self.deals * 0.375)) if self.deals else 0

    @property
    def activities(self) -> int:
        """Fewer than this never; more only where very few deals need more."""
        return round(self.deals * 2.25)

    @property
    def leads(self) -> int:
        """Archived ones included."""
        return round(self.deals * 0.3)

    @property
    def notes(self) -> int:
        """Fewer than this never; more only where very few deals need more."""
        return round(self.deals * 0.625)
