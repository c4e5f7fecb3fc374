"""Days and times relative to one given day, written as the API writes them; the wall clock is never asked."""

from datetime import date, timedelta

_EARLIEST = -1200
_LATEST = 500


class Calendar:
    """Text for days and instants counted from `today`; offsets before it are negative."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._days = [
            (today + timedelta(days=offset)).isoformat() for offset in range(_EARLIEST, _LATEST + 1)
        ]

    def day(self, offset: int) -> str:
        """Give `YYYY-MM-DD`."""
        return self._days[offset - _EARLIEST]

    def instant(self, offset: int, second: int) -> str:
        """Give RFC 3339 in UTC, as v2 answers: `second` counts from midnight."""
        return f"{self._days[offset - _EARLIEST]}T{clock(second)}Z"

    def instant_with_milliseconds(self, offset: int, second: int) -> str:
        """Give RFC 3339 with milliseconds, as v1 leads have it."""
        return f"{self._days[offset - _EARLIEST]}T{clock(second)}.{second % 1000:03}Z"

    def plain(self, offset: int, second: int) -> str:
        """Give UTC without a zone, as v1 notes and users have it."""
        return f"{self._days[offset - _EARLIEST]} {clock(second)}"


def clock(second: int) -> str:
    """Give `HH:MM:SS` for a second of the day."""
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
