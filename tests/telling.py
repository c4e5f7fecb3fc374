"""What OpenTelemetry was told, kept in memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pipedrive_tools import telemetry
from pipedrive_tools.telemetry.instruments import forget


class Told:
    """Spans and metrics as the SDK would export them."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def spans(self) -> list[ReadableSpan]:
        """In the order in which they ended."""
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def metrics(self) -> dict[str, list[tuple[dict[str, Any], float]]]:
        """Attributes and value of each point; of a histogram the sum."""
        found: dict[str, list[tuple[dict[str, Any], float]]] = {}
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] = [
                        (
                            dict(point.attributes or {}),
                            getattr(point, "value", None) or getattr(point, "sum", 0),
                        )
                        for point in metric.data.data_points
                    ]
        return found

    def everything(self) -> str:
        """All that leaves the process, as text."""
        data = self.reader.get_metrics_data()
        return "".join([*(span.to_json() for span in self.spans), data.to_json() if data else ""])

    def __contains__(self, text: str) -> bool:
        return text in self.everything() or json.dumps(text)[1:-1] in self.everything()


@contextmanager
def telling() -> Iterator[Told]:
    """Have everything told to memory while the block lasts."""
    told = Told()
    telemetry.use(told.tracers, told.meters)
    try:
        yield told
    finally:
        forget()
        told.tracers.shutdown()
        told.meters.shutdown()
