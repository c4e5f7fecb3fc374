"""What the package tells about its own work: spans, metrics and log lines; never what a record says.

Nothing here imports OpenTelemetry before somebody has set a provider. What may be told is listed in `Row` and in
the attributes of the modules that make spans: names of ours, numbers, states, agents, runs and accounts.
"""

import logging

from pipedrive_tools.telemetry.instruments import Instruments, Row, instruments, refreshing, use
from pipedrive_tools.telemetry.who import Who, about, who

__all__ = ["Instruments", "Row", "Who", "about", "instruments", "refreshing", "use", "who"]

logging.getLogger("pipedrive_tools").addHandler(logging.NullHandler())
