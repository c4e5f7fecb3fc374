"""What a fault does to a call: to its answer, to the time it takes, and to the connection under it."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

from pipedrive_tools.sandbox.answers import BLOCK_PAGE, Answer, body
from pipedrive_tools.sandbox.faults import Fault, FaultKind
from pipedrive_tools.sandbox.request import Request

if TYPE_CHECKING:
    from pipedrive_tools.sandbox.api import Api, Outcome

TRANSPORT = "sandbox.transport"
"""Where the scope of a request keeps the connection it came over."""

NO_ANSWER = 0
CHUNK_BYTES = 2**20
HTML = b"text/html; charset=UTF-8"


@dataclass(frozen=True)
class Struck:
    """A call that met a fault, and the connection it came over."""

    api: "Api"
    fault: Fault
    request: Request
    scope: Scope
    receive: Receive
    send: Send

    def done(self) -> "Outcome":
        """Carry the call out as if there were no fault."""
        return self.api.answer(self.request)

    def refused(self, answer: Answer) -> "Outcome":
        """Do not carry the call out, and answer this."""
        return self.api.untouched(answer, self.request)

    async def answer(self, outcome: "Outcome", answer: Answer | None = None) -> None:
        """Answer, and log what the caller saw."""
        outcome.answer = answer or outcome.answer
        self.api.note(self.request, outcome, fault=self.fault.kind)
        await self.api.send(outcome, self.send)

    async def silence(self, outcome: "Outcome") -> None:
        """Reset the connection, and log that the caller saw nothing."""
        self.api.note(self.request, outcome, status=NO_ANSWER, fault=self.fault.kind)
        await self.reset()

    async def reset(self) -> None:
        """Cut the connection so that the other side sees a reset, not an end."""
        transport = self.scope[TRANSPORT]
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        await self.gone()

    async def gone(self) -> None:
        """Wait until the connection is no more."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


def _words(fault: Fault, status: int) -> Answer:
    error = fault.error or "Something went wrong"
    contents: Mapping[str, Mapping[str, Any]] = {
        "general": {
            "success": False,
            "error": error,
            "error_info": "Please check developers.pipedrive.com",
            "data": None,
            "additional_data": None,
        },
        "validation": {"success": False, "error": error, "code": "ERR_SCHEMA_VALIDATION_FAILED"},
        "gateway": {"success": False, "error": error, "errorCode": status},
        "webhook": {"status": "error", "success": False, "errors": {"id": [error]}},
    }
    wait = ((b"retry-after", b"%d" % fault.retry_after),) if fault.retry_after else ()
    if fault.shape == "empty":
        return Answer(status, b"", wait)
    if fault.shape == "html":
        return Answer(status, f"<html><body><h1>{error}</h1></body></html>".encode(), wait, HTML)
    return Answer(status, body(status, contents[fault.shape]).body, wait)


async def _status(struck: Struck) -> None:
    await struck.answer(struck.refused(_words(struck.fault, struck.fault.status or 500)))


async def _delay(struck: Struck) -> None:
    outcome = struck.done()
    await asyncio.sleep(struck.fault.seconds)
    await struck.answer(outcome)


async def _reset_before(struck: Struck) -> None:
    await struck.silence(struck.refused(_words(struck.fault, NO_ANSWER)))


async def _reset_after(struck: Struck) -> None:
    await struck.silence(struck.done())


async def _commit_then_fail(struck: Struck) -> None:
    await struck.answer(struck.done(), _words(struck.fault, struck.fault.status or 502))


async def _late_commit(struck: Struck) -> None:
    late = struck.fault.seconds or struck.api.world.switches.late_commit
    asyncio.get_running_loop().call_later(late, struck.done)
    await _reset_before(struck)


async def _cut_json(struck: Struck) -> None:
    outcome = struck.done()
    whole = outcome.answer
    half = whole.body[: len(whole.body) // 2]
    await struck.answer(outcome, Answer(whole.status, half, whole.headers, whole.content_type))


async def _cut_connection(struck: Struck) -> None:
    outcome = struck.done()
    whole = outcome.answer
    struck.api.note(struck.request, outcome, status=NO_ANSWER, fault=struck.fault.kind)
    headers = [(b"content-type", whole.content_type), (b"content-length", b"%d" % len(whole.body))]
    await struck.send({"type": "http.response.start", "status": whole.status, "headers": headers})
    half = whole.body[: len(whole.body) // 2]
    await struck.send({"type": "http.response.body", "body": half, "more_body": True})
    struck.scope[TRANSPORT].close()
    await struck.gone()


async def _html_403(struck: Struck) -> None:
    await struck.answer(struck.refused(BLOCK_PAGE))


async def _redirect(struck: Struck) -> None:
    to = ((b"location", struck.fault.location.encode()),)
    await struck.answer(struck.refused(Answer(struck.fault.status or 302, b"", to, HTML)))


async def _not_json(struck: Struck) -> None:
    page = b"<html><body>We will be right back</body></html>"
    await struck.answer(struck.refused(Answer(struck.fault.status or 200, page, (), HTML)))


async def _huge(struck: Struck) -> None:
    outcome = struck.refused(Answer(200, b""))
    struck.api.note(struck.request, outcome, fault=struck.fault.kind)
    headers = [(b"content-type", outcome.answer.content_type)]
    await struck.send({"type": "http.response.start", "status": 200, "headers": headers})
    await struck.send({"type": "http.response.body", "body": b'{"success":true,"data":"', "more_body": True})
    for _ in range(0, struck.fault.size_bytes, CHUNK_BYTES):
        await struck.send({"type": "http.response.body", "body": b"x" * CHUNK_BYTES, "more_body": True})
    await struck.send({"type": "http.response.body", "body": b'"}'})


async def _stall(struck: Struck) -> None:
    outcome = struck.refused(Answer(NO_ANSWER, b""))
    struck.api.note(struck.request, outcome, fault=struck.fault.kind)
    await struck.gone()


BREAK: Mapping[FaultKind, Callable[[Struck], Awaitable[None]]] = MappingProxyType(
    {
        "status": _status,
        "delay_seconds": _delay,
        "reset_before": _reset_before,
        "reset_after": _reset_after,
        "commit_then_502": _commit_then_fail,
        "late_commit": _late_commit,
        "cut_json": _cut_json,
        "cut_connection": _cut_connection,
        "html_403": _html_403,
        "redirect": _redirect,
        "not_json": _not_json,
        "huge": _huge,
        "stall": _stall,
    }
)
"""What each kind of fault does."""
