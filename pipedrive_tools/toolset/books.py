"""What the toolset writes down about a call: audit rows, intents, outcomes and usage, each in one transaction."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from pipedrive_tools.endpoint import Call, Effect
from pipedrive_tools.errors import StoreError
from pipedrive_tools.fields import Labels
from pipedrive_tools.gate.policy import Limits
from pipedrive_tools.gate.redact import Redaction
from pipedrive_tools.gate.scope import target_key
from pipedrive_tools.gate.sentence import effect, recorded
from pipedrive_tools.gate.verdict import Counters, Verdict
from pipedrive_tools.state import approvals, audit, journal, usage
from pipedrive_tools.state.driver import Hot
from pipedrive_tools.state.journal import Intent
from pipedrive_tools.state.notes import Done, Note
from pipedrive_tools.state.store import Store
from pipedrive_tools.telemetry import Who
from pipedrive_tools.toolset.decided import Begun, Decided, Ending, named
from pipedrive_tools.toolset.run import Run
from pipedrive_tools.toolset.watched import noted

UNCONFIRMED: Final = "not sent, since the state store did not confirm the intent"


class Books:
    """The books of one run of one agent."""

    def __init__(
        self,
        store: Store,
        *,
        agent: str,
        run: Run,
        redaction: Redaction,
        account: str = "",
        labels: Callable[[], Labels] = Labels,
        limits: Limits | None = None,
    ) -> None:
        self.store = store
        self.account = account
        self.agent = agent
        self.who = Who(agent=agent, run=run.name, account=account)
        self._run = run
        self._whose = usage.Whose(account, run.name, agent)
        self._redaction = redaction
        self._labels = labels
        limits = limits or Limits()
        self._limits_tokens = limits.for_tokens  # then every process must see at once what is used up
        self._is_limited = limits != Limits()
        self._looks: dict[str, int] = {}
        self._owed: dict[str, int] = {}
        self._unsent: list[Decided] = []
        self.refresh()
        self._has_read = bool(run.counters.tokens_run)
        """Whether the store says that this run has used tokens: another process that goes on with it relies on that."""
        if self._has_read:
            run.read_foreign_text()

    @property
    def run(self) -> str:
        """Name of the run."""
        return self._run.name

    def said(self, call: Call[Any], before: Mapping[str, Any] | None = None) -> str:
        """A call in plain English, without what the agent is never shown."""
        if not self._redaction.fields:
            return effect(call, before, labels=self._labels())
        resource = call.endpoint.resource
        masked = replace(call, values=self._redaction.masked(call.values, resource))
        return effect(
            masked,
            self._redaction.masked(before, resource) if before is not None else None,
            labels=self._labels(),
        )

    def refresh(self) -> None:
        """Take over what others have used up since."""
        with self.store.glance() as connection:
            self._run.heard(_counters(usage.read(connection, self._whose)))

    def counted(self, call: Call[Any]) -> frozenset[str]:
        """The periods in which the call's target is among the rows that were counted."""
        if (target := named(target_key(call))) is None:
            return frozenset()
        with self.store.glance() as connection:
            return usage.counted(connection, self._whose, target)

    def spend(self, tokens: int, number: str) -> None:
        """Count tokens that the gate itself spent on looking; the last audit row of the call carries them."""
        self._looks[number] = self.looked(number) + tokens
        if not self._limits_tokens:  # they are counted with the call itself
            self._owed[number] = self._owed.get(number, 0) + tokens
            return
        with self.store.hot(durable=False) as connection:
            self._count(connection, usage.Used(tokens=tokens))

    def looked(self, number: str) -> int:
        """Tokens that the gate has spent on a call whose last row is not written yet."""
        return self._looks.get(number, 0)

    def _count(self, connection: Hot, used: usage.Used, *, record: str | None = None) -> None:
        self._run.saw(_counters(usage.add(connection, self._whose, used, record=record)))
        self._has_read = True

    @property
    def notes_at_once(self) -> bool:
        """Whether `note` and `done` wait for nothing."""
        return self._may_wait and self.store.notes.may_wait

    @property
    def _may_wait(self) -> bool:
        return self._has_read and not self._limits_tokens

    def note(self, number: str, tool: str, said: str, verdict: Verdict, ending: Ending) -> None:
        """One row for a call that changes nothing: a read, a refusal, a rehearsal."""
        entry = self._entry(number, tool, said, verdict, "call", ending)
        self._keep(Note.of(entry, ending.tokens + self._owed.pop(number, 0)))

    def done(self, decided: Decided, data: Any, tokens: int) -> None:
        """A write went through: what Pipedrive answered, its row, and tokens that were not foreseen."""
        ending = Ending("ok", "done", tokens, decided.approver)
        entry = self._outcome(decided, ending)
        answered = Done(None if data is None else journal.text_of(data), journal.made_by(data))
        self._keep(Note.of(entry, tokens - decided.call.endpoint.cost, answered))

    def _keep(self, note: Note) -> None:
        """Let a note wait on its way into the store, where that may be; else write it now."""
        if self._may_wait and self.store.notes.add(note):
            return
        self.store.notes.flush()
        with self.store.hot(durable=False, alone=self.account) as connection:
            if used := note.write(connection):
                self._run.saw(_counters(used))
                self._has_read = True

    def spends_approval(self, id: str) -> bool:
        """Spend an approval of a read, which has no intent to be written down with it."""
        with self.store.hot(durable=True) as connection:
            return approvals.use(connection, self.account, id)

    def repeat_of(self, call: Call[Any]) -> Intent | None:
        """The earlier call of this run that this one repeats."""
        if self._repeated(call) is None:
            return None
        self.store.notes.flush()  # what became of it may be on its way
        return self._repeated(call)

    def _repeated(self, call: Call[Any]) -> Intent | None:
        target = named(target_key(call))
        with self.store.glance() as connection:
            return journal.repeat_of(connection, self.account, self.run, call, target)

    def begin(
        self, decided: Decided, *, check: Callable[[Counters], Verdict], approval: str | None = None
    ) -> Begun:
        """Write the intent, the decision and what is reserved, on the disk before the first byte leaves."""
        self._withdraw()
        try:
            begun = self._begin(decided, check, approval)
            if begun.repeat:
                self.store.notes.flush()  # what became of the earlier one, or of its record, may be on its way
                begun = self._begin(decided, check, approval)
        except StoreError:
            self._unsent.append(decided)
            with suppress(StoreError):
                self._withdraw()
            raise
        return begun

    def _withdraw(self) -> None:
        """Take back intents whose store did not say that it has them: it may, and nothing was sent."""
        while self._unsent:
            self.finish(
                self._unsent[-1],
                "FAILED",
                status="failed",
                tokens=0,
                outcome=UNCONFIRMED,
                error=UNCONFIRMED,
            )
            self._unsent.pop()

    def _begin(self, decided: Decided, check: Callable[[Counters], Verdict], approval: str | None) -> Begun:
        call, number = decided.call, decided.id
        # What is checked here must still hold when it is written.
        with self.store.hot(durable=True, alone=self.account) as connection:
            repeat = journal.repeat_of(connection, self.account, self.run, decided.asked, decided.target)
            if repeat:
                return Begun(id=repeat.id, repeat=repeat)
            is_limited = self._is_limited
            verdict = check(
                _counters(usage.read(connection, self._whose)) if is_limited else self._run.counters
            )
            if (
                verdict.decision != "deny"
                and approval
                and not approvals.use(connection, self.account, approval)
            ):
                verdict = Verdict("deny", "approval", "the approval was used, withdrawn or has expired")
            said, owed = decided.said, self._owed.pop(number, 0)
            if verdict.decision == "deny":
                refused = Ending("denied", "refused")
                Note.of(self._entry(number, call.endpoint.name, said, verdict, "call", refused), owed).write(
                    connection
                )
                return Begun(id=number, refused=verdict)
            journal.add(
                connection,
                journal.intent(
                    call,
                    account=self.account,
                    id=number,
                    run=self.run,
                    agent=self.agent,
                    asked=decided.asked,
                    target=decided.target,
                    before=decided.image,
                ),
            )
            is_new = decided.target is None  # a new record cannot have been counted yet
            tokens = call.endpoint.cost + owed
            used = usage.Used(writes=1, tokens=tokens, rows=int(is_new), value=decided.value)
            self._count(connection, used, record=decided.target)
            sent = Ending("sent", "allowed and about to be sent", approver=decided.approver)
            entry = self._entry(number, call.endpoint.name, said, decided.verdict, "decision", sent)
            audit.append(connection, entry)
        return Begun(id=number)

    def finish(
        self,
        decided: Decided,
        state: journal.State,
        *,
        status: str,
        tokens: int,
        outcome: str,
        data: Any = None,
        error: str | None = None,
        counted: int | None = None,
        lease: float | None = None,
    ) -> bool:
        """Write the outcome and the true cost; `counted` tokens were counted when it began.

        A recoverer hands in its lease; nothing is written, and false given, when it lost the lease meanwhile, or
        when the record that it found turned out to be another write's.
        """
        call, number = decided.call, decided.id
        entry = self._outcome(decided, Ending(status, outcome, tokens, decided.approver))
        more = tokens - (call.endpoint.cost if counted is None else counted) + self._owed.pop(number, 0)
        with self.store.hot(durable=False, alone=self.account) as connection:
            if lease and state == "DONE" and self._is_taken(connection, decided, data):
                return False
            if not journal.settle(connection, number, state, data=data, error=error, lease=lease):
                return False
            if more:
                self._count(connection, usage.Used(tokens=more))
            audit.append(connection, entry)
        return True

    def _is_taken(self, connection: Hot, decided: Decided, data: Any) -> bool:
        """Whether another write has made the record that this create was about to adopt."""
        endpoint = decided.call.endpoint
        if endpoint.effect is not Effect.CREATE or not isinstance(data, dict):
            return False
        return journal.made_by_another(connection, decided.id, self.account, endpoint.name, data.get("id"))

    def _outcome(self, decided: Decided, ending: Ending) -> audit.Entry:
        said = decided.said
        return self._entry(decided.id, decided.call.endpoint.name, said, decided.verdict, "outcome", ending)

    def _entry(
        self, number: str, tool: str, said: str, verdict: Verdict, step: str, ending: Ending
    ) -> audit.Entry:
        status, outcome, cost, approver = ending
        if step != "decision":
            cost += self._looks.pop(number, 0)
            noted(tool, self.who, verdict, status=status, tokens=cost, approver=approver)
        return audit.Entry(
            account=self.account,
            id=number,
            run=self.run,
            agent=self.agent,
            tool=tool,
            step=step,
            decision=verdict.decision,
            rule=verdict.rule,
            approver=approver,
            status=status,
            cost=cost,
            sentence=recorded(
                self.agent, said, decision=verdict.decision, rule=verdict.rule, outcome=outcome
            ),
        )


def _counters(used: usage.UsedNow) -> Counters:
    return Counters(
        writes_run=used.run.writes,
        tokens_run=used.run.tokens,
        rows_run=used.run.rows,
        value_run=used.run.value,
        writes_day=used.day.writes,
        tokens_day=used.day.tokens,
        rows_day=used.day.rows,
        value_day=used.day.value,
    )
