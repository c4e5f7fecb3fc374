"""Days on which people work: Monday to Friday, without the public holidays of a country where one is named."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Workdays:
    """A calendar. Pure: the holidays are handed in."""

    holidays: frozenset[date] = frozenset()

    def includes(self, day: date) -> bool:
        """Whether a day is no weekend and no holiday."""
        return day.weekday() < SATURDAY and day not in self.holidays

    def first_from(self, day: date) -> date:
        """The day itself, or the first working day after it."""
        while not self.includes(day):
            day += timedelta(days=1)
        return day

    def last_until(self, day: date) -> date:
        """The day itself, or the last working day before it."""
        while not self.includes(day):
            day -= timedelta(days=1)
        return day

    def after(self, day: date, count: int) -> date:
        """The working day that comes `count` working days after the first one from `day` on."""
        day = self.first_from(day)
        for _ in range(count):
            day = self.first_from(day + timedelta(days=1))
        return day
