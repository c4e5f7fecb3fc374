"""Tracing of messages: the client's trace goes on in the spans of our calls, and the SDK makes none of its own.

The SDK's spans repeat the name of a tool as the model wrote it, and the words of errors; either may hold what a
record says.
"""

from collections.abc import Iterable
from typing import Any, Final

from mcp.server._otel import OpenTelemetryMiddleware
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from opentelemetry import context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

W3C: Final = TraceContextTextMapPropagator()
"""How a client hands its trace on in `_meta` (SEP-414); baggage, which may say anything, is left where it is."""


class GoesOn(ServerMiddleware[Any]):
    """Makes the span that a client names in its message the parent of what is done for it."""

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Work on one message; what is no trace leaves it without a parent."""
        named = {name: text for name in W3C.fields if isinstance(text := (ctx.meta or {}).get(name), str)}
        before = context.attach(W3C.extract(named, context.get_current()))
        try:
            return await call_next(ctx)
        finally:
            context.detach(before)


def of_ours(middleware: Iterable[ServerMiddleware[Any]]) -> list[ServerMiddleware[Any]]:
    """The SDK's middleware with our tracing in place of its own."""
    return [GoesOn(), *(each for each in middleware if not isinstance(each, OpenTelemetryMiddleware))]
