"""`Tool` and `Toolset`: choose, describe, call. The one choke point that every door goes through."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from pipedrive_tools import auth, render
from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES, Composite
from pipedrive_tools.endpoints.profiles import Profile
from pipedrive_tools.errors import ArgumentsError, PolicyError, StoreError
from pipedrive_tools.gate import approval, taint
from pipedrive_tools.gate.approval import Approver
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.redact import Redaction
from pipedrive_tools.gate.scope import Key
from pipedrive_tools.line import Line
from pipedrive_tools.ports import drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import audit
from pipedrive_tools.state.audit import Row
from pipedrive_tools.state.limits import Limiter
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.memory import Memory
from pipedrive_tools.state.shared_slots import home
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import composites
from pipedrive_tools.toolset.books import Books
from pipedrive_tools.toolset.composites import may
from pipedrive_tools.toolset.desk import Desk
from pipedrive_tools.toolset.directory import Directory
from pipedrive_tools.toolset.instructions import instructions
from pipedrive_tools.toolset.lines import Lines
from pipedrive_tools.toolset.profiles import profile as tools_of
from pipedrive_tools.toolset.recovery import Settled, next_due, recover
from pipedrive_tools.toolset.result import Status, ToolResult
from pipedrive_tools.toolset.run import Run
from pipedrive_tools.toolset.stated import stated, told
from pipedrive_tools.toolset.tool import Tool
from pipedrive_tools.toolset.undo import undo
from pipedrive_tools.toolset.watched import UNDO, listens, watched
from pipedrive_tools.toolset.way import serve

__all__ = ["Status", "Tool", "ToolResult", "Toolset"]

MOST_LOOKS: Final = 10
"""How often one write is looked into while somebody waits for it."""


class Toolset:
    """The tools of one agent in one run. `call` blocks, `acall` awaits; both go the same way.

    Make one with `connect`. It belongs to one agent: another agent, account or run needs its own.
    """

    def __init__(
        self,
        *,
        agent: str,
        policy: Policy,
        settings: Settings,
        store: Store,
        approver: Approver = approval.nobody,
        run: Run | None = None,
        fence_tag: str | None = None,
    ) -> None:
        run = run or Run()
        self._settings = settings
        login = Logins(settings, store).found()
        self._credential = login.credential
        self._store = store
        caller = login.caller
        self._slots = home(store, caller)
        self._limiter = Limiter.of(settings, caller, self._slots)
        redaction = Redaction.of(policy.of(agent).fields.never_show)
        rights = policy.of(agent)
        directory = Directory(
            store,
            caller.fingerprint,
            lifetime_seconds=settings.names_seconds,
            redaction=redaction,
            may=lambda resource: rights.level(resource) != "off",
        )
        self._desk = Desk(
            agent=agent,
            policy=policy,
            settings=settings,
            books=Books(
                store,
                agent=agent,
                run=run,
                redaction=redaction,
                account=caller.account,
                labels=lambda: directory.labels,
                limits=rights.limits,
            ),
            directory=directory,
            redaction=redaction,
            run=run,
            approver=approver,
            tag=fence_tag or taint.new_tag(),
            limiter=self._limiter,
        )
        self._lines = Lines(login.origin, settings, login.credential, self._limiter)

    @classmethod
    def connect(
        cls,
        agent: str | None = None,
        policy: Policy | str | Path | None = None,
        *,
        settings: Settings | None = None,
        account: str | None = None,
        approver: Approver | Literal["terminal", "queue"] = approval.nobody,
        run: str | None = None,
        about: Iterable[Key] = (),
        fence_tag: str | None = None,
        profile: Profile | Iterable[str] | None = None,
    ) -> Self:
        """The tools that a policy gives to an agent; what is not handed in comes from the environment.

        `account` names one of the logins in the store, `company/user` or the company alone.
        `approver` is asked where the policy says ask: a function, whoever sits at the terminal, or a queue in
        the store. `run` names a run to go on with; `about` names the records that it was started for. `profile`
        names a set of tools, or the tools themselves.
        """
        settings = settings or Settings.from_env()
        settings = replace(settings, account=account or settings.account)
        agent, policy = agent or settings.agent, policy or settings.policy
        if agent is None:
            raise PolicyError("no agent named; pass agent=… or set PIPEDRIVE_AGENT")
        if policy is None:
            raise PolicyError("no policy given, so no tool is allowed; pass policy=… or set PIPEDRIVE_POLICY")
        if not isinstance(policy, Policy):
            policy = Policy.load(policy)
        if agent not in policy.agents:
            raise PolicyError(
                f"the policy does not name the agent {agent!r}; it names {sorted(policy.agents)}"
            )
        auth.origin(settings)
        store = Store(settings.state)
        named = Run(started_for=about) if run is None else Run(name=run, started_for=about)
        try:
            toolset = cls(
                agent=agent,
                policy=policy,
                settings=settings,
                store=store,
                approver=approval.named(approver, store) if isinstance(approver, str) else approver,
                run=named,
                fence_tag=fence_tag,
            )
        except BaseException:
            store.close()
            raise
        if profile is None:
            return toolset
        return toolset.only(tools_of(profile) if isinstance(profile, str) else profile)

    @property
    def run(self) -> str:
        """Name of this run, as the audit trail has it."""
        return self._desk.run.name

    @property
    def memory(self) -> Memory:
        """What this agent keeps for itself in this account, between runs; no tool reaches it."""
        return Memory(self._store, account=self._desk.books.account, agent=self._desk.agent)

    def repeats(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether this run has sent the same write already, so that a call would give its result again."""
        entry = catalogue[name]
        return self._desk.books.repeat_of(entry.check(stated(entry.model, arguments)[0])) is not None

    def names(self) -> list[str]:
        """Names of the tools that the policy lets this agent use, and the login's scopes."""
        return [tool.name for tool in self.tools()]

    def tools(self) -> list[Tool]:
        """The tools that the policy lets this agent use, and the login's scopes."""
        entries = (entry for entry in catalogue.values() if self._may(entry.name))
        made = (each for each in COMPOSITES.values() if self._may(each.name))
        return [*map(Tool, entries), *map(Tool, made)]

    @property
    def instructions(self) -> str:
        """What to tell a model beside these tools, in a system prompt; an MCP server tells it by itself."""
        return instructions(self.names())

    def only(self, names: Iterable[str]) -> Self:
        """The same toolset with fewer tools; more than the policy grants cannot be had."""
        wanted = set(names)
        if unknown := sorted(wanted - set(catalogue) - set(COMPOSITES)):
            raise ArgumentsError(f"there are no tools {unknown}")
        offered = frozenset(wanted if self._desk.offered is None else wanted & self._desk.offered)
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._desk = replace(self._desk, offered=offered)  # our own twin
        return twin

    def call(self, name: str, arguments: Mapping[str, Any] | None = None) -> ToolResult:
        """Call a tool and wait; refusals and failures are results, not exceptions."""
        return drive(self._serve(name, arguments or {}, self._lines.blocking()))

    async def acall(self, name: str, arguments: Mapping[str, Any] | None = None) -> ToolResult:
        """Call a tool; refusals and failures are results, not exceptions."""
        return await self._serve(name, arguments or {}, self._lines.of_this_loop())

    def undo(self, audit_id: str, *, dry_run: bool = False) -> ToolResult:
        """Take a write back, through the same gate; refused when the record has moved since."""
        return drive(self._undo(audit_id, self._lines.blocking(), dry_run=dry_run))

    async def aundo(self, audit_id: str, *, dry_run: bool = False) -> ToolResult:
        """Take a write back, through the same gate; refused when the record has moved since."""
        return await self._undo(audit_id, self._lines.of_this_loop(), dry_run=dry_run)

    def recover(self, *, wait: bool = False) -> list[Settled]:
        """Settle writes of unknown outcome whose time has come.

        With `wait`, stay until none is left, or until one was looked into so often that Pipedrive cannot be asked.
        """
        settled = drive(recover(self._desk, self._recovery(self._lines.blocking())))
        while wait and (seconds := next_due(self._desk)) is not None and not _in_vain(settled):
            time.sleep(min(seconds + 0.05, 1.0))
            settled += drive(recover(self._desk, self._recovery(self._lines.blocking())))
        return settled

    def trail(self, limit: int = 20) -> list[Row]:
        """The last rows of the audit trail that this run wrote, oldest first."""
        with self._store.transaction(durable=False) as connection:
            return list(audit.rows(connection, account=self._desk.books.account, run=self.run))[-limit:]

    async def _serve(self, name: str, arguments: Mapping[str, Any], line: Line) -> ToolResult:
        """Take a call all the way, and tell of it where somebody listens."""
        if not listens():
            return await self._taken(name, arguments, line)
        with watched(name, self._desk.books.who, line) as call:
            call.result = await self._taken(name, arguments, call.line)
            return call.result

    async def _undo(self, audit_id: str, line: Line, *, dry_run: bool) -> ToolResult:
        with watched(UNDO, self._desk.books.who, line) as call:
            call.result = await undo(self._desk, audit_id, call.line, dry_run=dry_run)
            return call.result

    async def _taken(self, name: str, arguments: Mapping[str, Any], line: Line) -> ToolResult:
        """Writes left open by a killed process are looked into before the first call."""
        try:
            if self._desk.run.unsettled:
                await recover(self._desk, self._recovery(line))
            entry = catalogue.get(name) or COMPOSITES.get(name)
            if entry is None:
                return await serve(self._desk, name, arguments, line)
            rest, aside = stated(entry.model, arguments)
            if isinstance(entry, Composite) and self._may(name):
                result = await composites.call(entry, self._desk, rest, line)
            else:
                result = await serve(self._desk, name, rest, line)
            return told(result, entry.model, aside)
        except StoreError as error:
            return ToolResult(text=render.failure(error, wrote=False), status="failed")

    def estimate(self, name: str, arguments: Mapping[str, Any] | None = None) -> int:
        """Pipedrive tokens that a call costs at most, without sending it; looking at the target is counted."""
        if not self._may(name):
            raise ArgumentsError(f"there is no tool {name!r} for this agent")
        if name in COMPOSITES:
            return COMPOSITES[name].cost_of(COMPOSITES[name].granted(self._may_part))
        endpoint = catalogue[name]
        endpoint.check(arguments or {})
        return endpoint.cost + (endpoint.target.cost if endpoint.target else 0)

    def close(self) -> None:
        """Close connections and store; an async door is closed with `aclose`."""
        self._lines.close()
        if self._slots:
            self._slots.close()
        self._store.close()

    async def aclose(self) -> None:
        """Close connections and store."""
        await self._lines.aclose()
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _may(self, name: str) -> bool:
        """Whether the policy and the login let the agent use a tool."""
        if not self._desk.offers(name):
            return False
        if name in COMPOSITES:
            return bool(COMPOSITES[name].granted(self._may_part))
        return name in catalogue and self._may_part(catalogue[name])

    def _may_part(self, entry: Endpoint[..., Any]) -> bool:
        return may(self._desk, entry, self._credential)

    def _recovery(self, line: Line) -> Line:
        """The same line, with what is kept of the day's tokens for looking at unknown writes."""
        return replace(line, pace=self._limiter.for_recovery())


def _in_vain(settled: Iterable[Settled]) -> bool:
    """Whether a write was looked into often enough, and nothing came of it."""
    looks = Counter(each.id for each in settled if each.state == "UNKNOWN")
    return max(looks.values(), default=0) >= MOST_LOOKS
