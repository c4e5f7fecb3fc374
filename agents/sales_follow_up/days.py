"""Days and instants as Pipedrive writes them, in the ways that its two API versions differ."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def day(text: str | None) -> date | None:
    """The day of a date or an instant; `0000-00-00`, which Pipedrive writes for a blanked one, is none."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def instant(text: str | None) -> datetime | None:
    """An instant in UTC, with or without its zone written out."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def due_day(date_text: str | None, time_text: str | None, zone: str) -> date | None:
    """The day on which an activity is due where the user lives; with a time, Pipedrive gives both in UTC."""
    if not time_text:
        return day(date_text)
    due = instant(f"{date_text} {time_text}")
    return due.astimezone(ZoneInfo(zone)).date() if due else day(date_text)
