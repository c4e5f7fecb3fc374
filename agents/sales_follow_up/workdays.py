"""Days on which people work: Monday to Friday. Public holidays are not known here."""

from datetime import date, timedelta
from typing import Final

SATURDAY: Final = 5


def is_workday(day: date) -> bool:
    """Whether a day is no weekend."""
    return day.weekday() < SATURDAY


def workday_from(day: date) -> date:
    """The day itself, or the Monday after it."""
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def workday_until(day: date) -> date:
    """The day itself, or the Friday before it."""
    while not is_workday(day):
        day -= timedelta(days=1)
    return day


def workday_after(day: date, count: int) -> date:
    """The working day that comes `count` working days after the first one from `day` on."""
    day = workday_from(day)
    for _ in range(count):
        day = workday_from(day + timedelta(days=1))
    return day
