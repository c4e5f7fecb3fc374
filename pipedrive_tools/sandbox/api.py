"""The ASGI application of the API itself: credential, limits, endpoint, log; one request at a time."""

import asyncio
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from pipedrive_tools.sandbox.answers import Answer, RefusedError, body, gateway
from pipedrive_tools.sandbox.breakage import BREAK, Struck
from pipedrive_tools.sandbox.clock import http_stamp
from pipedrive_tools.sandbox.conversion import settle
from pipedrive_tools.sandbox.credentials import Credential, identify
from pipedrive_tools.sandbox.delivery import Deliveries
from pipedrive_tools.sandbox.faults import Faults
from pipedrive_tools.sandbox.limits import Limits
from pipedrive_tools.sandbox.oauth import OAuthServer
from pipedrive_tools.sandbox.outgoing import Outgoing
from pipedrive_tools.sandbox.request import Request, read, shown
from pipedrive_tools.sandbox.requestlog import Entry, RequestLog
from pipedrive_tools.sandbox.routes import Route, Routes
from pipedrive_tools.sandbox.switches import Switches
from pipedrive_tools.sandbox.webhooks import looked
from pipedrive_tools.sandbox.world import World

FAILED = 400
TOO_MANY = 429


@dataclass
class Outcome:
    """An answer with what the log wants to know of it."""

    answer: Answer
    route: Route | None = None
    credential: Credential | None = None
    cost: int = 0
    form: dict[str, str] | None = None
    """What of a form the log may show."""


@dataclass
class Api:
    """The API of one company."""

    world: World
    routes: Routes
    limits: Limits
    log: RequestLog
    faults: Faults
    only_token: str | None = None

    def __post_init__(self) -> None:
        """Remember how it began."""
        self.oauth = OAuthServer(self.world.clock)
        self.first_switches = self.world.switches
        self.outgoing = Outgoing()
        self.deliveries = Deliveries(self.world, self.outgoing)
        self._resets = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or break it as a fault says."""
        if scope["type"] != "http":
            return
        request = await read(scope, receive)
        if request is None:
            return
        request.resets = self._resets
        await self._travel()
        await looked(request, self.world, self.outgoing)
        if not self._is_late(request) and (fault := self.faults.strike(request, self.world.switches)):
            await BREAK[fault.kind](Struck(self, fault, request, scope, receive, send))
            return
        outcome = self.answer(request)
        self.note(request, outcome)
        await self._travel()
        await self.send(outcome, send)

    def _is_late(self, request: Request) -> bool:
        """Whether everything was reset since it came."""
        return request.resets != self._resets

    async def _travel(self) -> None:
        """One way over the network; others are answered meanwhile."""
        if latency := self.world.switches.latency:
            await asyncio.sleep(latency / 2)

    def answer(self, request: Request) -> Outcome:
        """What the service says to a request, and does about it; nothing where all was reset on its way."""
        if self._is_late(request):
            return Outcome(RESET)
        outcome = Outcome(NOT_FOUND)
        if request.path.startswith("/oauth/"):
            outcome.answer, outcome.form = self.oauth.answer(request, self.world.switches)
            return outcome
        try:
            outcome.credential = identify(request, self.world.switches, self.only_token, self.oauth)
            self._serve(request, outcome, outcome.credential)
        except RefusedError as refused:
            outcome.answer = refused.answer
        self._charge(outcome)
        return outcome

    def untouched(self, answer: Answer, request: Request) -> Outcome:
        """An answer to a request that was not carried out."""
        match = self.routes.find(request.path)
        return Outcome(answer, match.methods.get(request.method) if match else None)

    def _serve(self, request: Request, outcome: Outcome, credential: Credential) -> None:
        match = self.routes.find(request.path)
        if match is None:
            return
        route = match.methods.get(request.method)
        if route is None:
            outcome.answer = not_allowed(sorted(match.methods))
            return
        if credential.scopes and route.scopes and credential.scopes.isdisjoint(self._scopes(route)):
            outcome.answer = gateway(403, "Scope and URL mismatch")
            return
        outcome.route = route
        refused = self.limits.admit(credential, route.cost, self.world.switches, is_search=route.is_search)
        if refused is not None:
            outcome.answer = refused
            return
        request.arguments = match.arguments
        self.world.actor = request.actor
        settle(self.world)
        outcome.answer = route.handler(self.world, request)

    def _scopes(self, route: Route) -> frozenset[str]:
        """The scopes that open an endpoint, any one of them."""
        own = frozenset(each for each in route.scopes if each.startswith("webhooks:"))
        return frozenset(route.scopes) - (
            own if self.world.switches.webhook_scope == "admin" else frozenset()
        )

    def _charge(self, outcome: Outcome) -> None:
        if outcome.route is None:
            return
        rule, status = self.world.switches.charge_failed, outcome.answer.status
        if status < FAILED or rule == "429 too" or (rule == "yes" and status != TOO_MANY):
            outcome.cost = outcome.route.cost
            self.limits.spend(outcome.cost, self.world.switches)

    def reset(self) -> None:
        """Go back to the first state: records, jobs, log, limits, faults and switches."""
        self._resets += 1
        self.world.reset()
        self.deliveries.reset()
        self.log.clear()
        self.limits.reset()
        self.oauth.reset()
        self.faults.reset()
        if self.world.switches != self.first_switches:
            self.switch(self.first_switches)

    def switch(self, switches: Switches) -> None:
        """Behave by other switches from now on."""
        self.world.switches = switches
        for table in self.world.store.tables.values():
            table.forget_encoded()

    def note(self, request: Request, outcome: Outcome, *, status: int | None = None, fault: str = "") -> None:
        """Write a request to the log, save where that was emptied since it came."""
        if self._is_late(request):
            return
        self.log.add(
            Entry(
                method=request.method,
                path=request.sent_path,
                query=shown(request.query),
                body=outcome.form or (request.shown_body() if request.raw and outcome.form is None else None),
                status=outcome.answer.status if status is None else status,
                cost=outcome.cost,
                credential=outcome.credential.fingerprint if outcome.credential else "",
                tool=outcome.route.name if outcome.route else "",
                fault=fault,
            )
        )

    async def send(self, outcome: Outcome, send: Send) -> None:
        """Put an answer on the wire."""
        answer = outcome.answer
        limits = self.limits.headers(outcome.credential, self.world.switches)
        if (
            answer.status == TOO_MANY and outcome.credential is None
        ):  # a fault's: it must look like a full window
            limits = [(name, b"0" if name == b"x-ratelimit-remaining" else value) for name, value in limits]
        headers = [
            (b"content-type", answer.content_type),
            (b"content-length", b"%d" % len(answer.body)),
            (b"date", http_stamp(self.world.clock.now())),
            *limits,
            *answer.headers,
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


NOT_FOUND = gateway(404, "Unknown method .")
RESET = gateway(503, "The sandbox was reset meanwhile")


def not_allowed(methods: list[str]) -> Answer:
    """The answer to a method that the path does not take."""
    plain = body(405, {"success": False, "error": "Method not allowed", "errorCode": 405})
    return Answer(405, plain.body, ((b"allow", ", ".join(methods).encode()),))
