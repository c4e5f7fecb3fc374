"""What every command does at its start and the long ones at their end: log, telemetry, and a clean stop."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final, NoReturn

from pipedrive_tools.cli.failure import without_secrets
from pipedrive_tools.telemetry import instruments, logs

LOG: Final = logging.getLogger(__name__)
SWITCHES: Final = (
    "OTEL_CONFIG_FILE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_METRICS_EXPORTER",
    "OTEL_TRACES_EXPORTER",
)
"""OpenTelemetry's own variables, any of which says that somebody wants to be told."""
USUAL: Final = {
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}
"""What OpenTelemetry's specification has where a variable is not set, with the protocol that the extra brings."""


FLUSH_SECONDS: Final = 5.0
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):  # no error: somebody asked for it
    """The process was asked to end; whoever serves lets go of what it holds."""


def begin(command: str) -> None:
    """Set up log and telemetry as the environment asks for them; `SettingsError` where it cannot be understood."""
    logs.set_up(hide=without_secrets)
    if asks_for_telemetry(os.environ):
        _export(command, os.environ)


def asks_for_telemetry(environ: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's variables ask for anything to be told."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return any(environ.get(name, "").strip().lower() not in {"", "none"} for name in SWITCHES)


def _export(command: str, environ: MutableMapping[str, str]) -> None:
    """Have OpenTelemetry set its providers by its own variables, unless somebody has."""
    try:
        from opentelemetry.distro import OpenTelemetryConfigurator  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        LOG.warning(
            "nothing is told to OpenTelemetry, %r is not installed; run: pip install 'pipedrive-tools[otel]'",
            error.name,
        )
        return
    if instruments() is not None:
        return  # the command runs under opentelemetry-instrument
    for name, value in USUAL.items():
        environ.setdefault(name, value)
    if "service.name=" not in environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        environ.setdefault("OTEL_SERVICE_NAME", command)
    configurator: Any = OpenTelemetryConfigurator  # untyped
    configurator().configure()


@contextmanager
def stopping() -> Iterator[None]:
    """Serve until SIGTERM or Ctrl-C, which then is the way in which it was meant to end.

    What the block holds is let go of in the usual order; the exit status is that of a command that did its work.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, _stop) for number in SIGNALS if is_main}
    try:
        with suppress(KeyboardInterrupt, Stopped):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def leaving() -> Iterator[None]:
    """Serve until SIGTERM or Ctrl-C, where a thread that reads standard input would keep the process alive.

    What is under way is broken off: a write that was sent is in the journal, and looked into by the next run.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, _leave)
    yield


def _leave(_number: int, _frame: FrameType | None) -> None:
    end()


def end() -> NoReturn:
    """End this process with status 0, whatever its threads are doing."""
    sys.stdout.flush()
    flush = threading.Thread(target=_flush, daemon=True)  # this one may hold a lock that the flush waits for
    flush.start()
    flush.join(FLUSH_SECONDS)
    os._exit(0)


def _flush() -> None:
    """Tell what is gathered but not told yet; at an ordinary end OpenTelemetry does so itself."""
    if instruments() is not None:
        from opentelemetry import metrics, trace  # noqa: PLC0415  # it is there where somebody listens

        for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
            getattr(provider, "shutdown", lambda: None)()


def _stop(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not break off what ends in order
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever is in a hurry presses it again
    raise Stopped
