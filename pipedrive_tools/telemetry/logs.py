"""How commands write their log: one line each for people, or one JSON object a line for programs.

A library must not decide this, so only commands call `set_up`. Of an exception its kind and its place are written
and not what it says: an exception of another library may hold what a record says.
"""

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from pipedrive_tools.errors import SettingsError
from pipedrive_tools.telemetry.who import who

FORMAT: Final = "PIPEDRIVE_LOG"
LEVEL: Final = "PIPEDRIVE_LOG_LEVEL"
LEVELS: Final = ("debug", "info", "warning", "error")
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
"""What every record has; the rest was handed in as `extra`."""


def set_up(
    environ: Mapping[str, str] | None = None, *, hide: Callable[[str], str] = lambda line: line
) -> None:
    """Write the log to standard error as the environment asks for it; `hide` takes out what nobody may read."""
    env = os.environ if environ is None else environ
    kind = env.get(FORMAT, "").strip().lower() or "plain"
    if kind not in {"plain", "json"}:
        raise SettingsError(f"{FORMAT} is {kind!r}; set it to plain or json")
    level = env.get(LEVEL, "").strip().lower() or "warning"
    if level not in LEVELS:
        raise SettingsError(f"{LEVEL} is {level!r}; set it to one of {', '.join(LEVELS)}")
    handler = Standard()
    handler.setFormatter(Lines(hide) if kind == "plain" else Objects(hide))
    for logger in (
        logging.getLogger(),
        logging.getLogger("dbos"),
    ):  # DBOS makes a handler where it finds none
        logger.handlers = [each for each in logger.handlers if not isinstance(each, Standard)] + [handler]
    logging.getLogger("dbos").propagate = False
    for name in ("pipedrive_tools", "sales_follow_up"):
        logging.getLogger(name).setLevel(level.upper())


class Standard(logging.Handler):
    """Writes to what is standard error at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001  # a log that cannot be written stops no work
            self.handleError(record)


class Lines(logging.Formatter):
    """One line a record, for people."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        super().__init__()
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        whose = [part for part in asdict(found).values() if part] if (found := who()) else []
        about = f" ({', '.join(whose)})" if whose else ""
        wrong = f" [{_exception(record)}]" if record.exc_info else ""
        said = " ".join(record.getMessage().split())
        line = f"{_moment(record)} {record.levelname.lower()} {record.name}: {said}{wrong}{about}"
        return self._hide(line)


class Objects(logging.Formatter):
    """One JSON object a record, for programs: time, level, logger, message, whose work it was, and what was added."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        super().__init__()
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """The object."""
        told: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if found := who():
            told |= {name: part for name, part in asdict(found).items() if part}
        if record.name.partition(".")[0] in {
            "pipedrive_tools",
            "sales_follow_up",
        }:  # others add what we do not know
            told |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            told["exception"] = _exception(record)
        return self._hide(json.dumps(told, default=lambda value: type(value).__name__))


def _moment(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _exception(record: logging.LogRecord) -> str:
    """Kind and place of an exception; its words stay out."""
    if not record.exc_info or (error := record.exc_info[1]) is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-3:]))
    return f"{type(error).__name__} in {places}" if places else type(error).__name__
