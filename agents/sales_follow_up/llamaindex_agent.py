"""The agent as a LlamaIndex workflow: the steps of `steps` behind events, a person as an event from outside.

    StartEvent -> look -> Found* -> draft -> Drafted* -> gather -> Asked ... Answered -> apply -> StopEvent

While it waits for a person the workflow's context is written to a file, which another process can take up. The file
is named like the toolset's run, so a write that was made before a kill is recognised when it is tried again.
"""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from pipedrive_tools.errors import MissingExtraError
from sales_follow_up.agent import Listener
from sales_follow_up.answers import Answers, answers_of, decisions_of
from sales_follow_up.applying import Outcome
from sales_follow_up.consent import Decide, Decision
from sales_follow_up.planning import Case
from sales_follow_up.proposals import Proposal
from sales_follow_up.report import Report
from sales_follow_up.review import Review
from sales_follow_up.steps import Steps, as_json, from_json

try:
    from llama_index.core.workflow import (
        Context,
        Event,
        HumanResponseEvent,
        InputRequiredEvent,
        StartEvent,
        StopEvent,
        Workflow,
        step,
    )
except ModuleNotFoundError as error:
    raise MissingExtraError("llama-index-core", "agents") from error

SIDE_BY_SIDE: Final = 4
"""How many cases are drafted at once."""


class Found(Event):
    """One case, and its place."""

    place: int
    case: dict[str, Any]


class Drafted(Event):
    """One proposal that the gate has judged, and its place."""

    place: int
    proposal: dict[str, Any]


class Asked(InputRequiredEvent):
    """A person is asked about these proposals; the workflow waits for `Answered`."""

    proposals: list[dict[str, Any]]


class Left(Event):
    """An earlier run was told what to do and did not finish; its decisions are in the store."""


class Answered(HumanResponseEvent):
    """What the person said, by the key of the record."""

    answers: Answers


class FollowUpWorkflow(Workflow):
    """The workflow of one run; without anybody to ask it ends with the proposals."""

    def __init__(self, steps: Steps, listener: Listener, *, asks: bool) -> None:
        super().__init__(timeout=None)
        self._steps, self._listener, self._asks = steps, listener, asks

    @step
    async def look(self, context: Context, _: StartEvent) -> Found | Left | StopEvent | None:
        """Read, review, and hand out the cases."""
        found, left, cases = await asyncio.to_thread(self._look)
        self._listener.found(found)
        await context.store.set("review", as_json(found))
        await context.store.set("seen", self._steps.unfinished.seen)
        if left:
            proposals = [each.proposal for each in left]
            self._listener.proposed(proposals, goes_on=True)
            await context.store.set("proposals", as_json(proposals))
            await context.store.set("left", as_json(left))
            return Left()
        await context.store.set("cases", len(cases))
        for place, case in enumerate(cases):
            context.send_event(Found(place=place, case=as_json(case)))
        return None if cases else StopEvent(result=[])

    @step(num_workers=SIDE_BY_SIDE)
    async def draft(self, event: Found) -> Drafted:
        """Plan one case and ask the gate about it."""
        proposal = await asyncio.to_thread(self._draft, from_json(Case, event.case))
        return Drafted(place=event.place, proposal=as_json(proposal))

    @step
    async def gather(self, context: Context, event: Drafted) -> Asked | StopEvent | None:
        """Wait for all proposals, then for a person."""
        drafts = context.collect_events(event, [Drafted] * await context.store.get("cases"))
        if drafts is None:
            return None
        proposals = [each.proposal for each in sorted(drafts, key=lambda each: each.place)]
        await context.store.set("proposals", proposals)
        return Asked(proposals=proposals) if self._asks else StopEvent(result=[])

    @step
    async def apply(self, context: Context, event: Answered | Left) -> StopEvent:
        """Schedule what was agreed to, out of the proposals that this run has written down itself."""
        if isinstance(event, Answered):
            proposals = from_json(tuple[Proposal, ...], await context.store.get("proposals"))
            decisions = decisions_of(proposals, event.answers)
        else:
            decisions = from_json(tuple[Decision, ...], await context.store.get("left"))
        seen = await context.store.get("seen")
        return StopEvent(result=await asyncio.to_thread(self._apply, decisions, seen))

    def _look(self) -> tuple[Review, tuple[Decision, ...], tuple[Case, ...]]:
        self._steps.check_rights(writes=self._asks)
        if self._asks:
            self._steps.settle()
        found = self._steps.review(self._steps.read(self._listener.reads))
        left = self._steps.resumed(found) if self._asks else ()
        return found, left, self._steps.cases(found)

    def _draft(self, case: Case) -> Proposal:
        return self._steps.judge(self._steps.propose(case))

    def _apply(self, decisions: tuple[Decision, ...], seen: Any) -> list[Any]:
        self._steps.unfinished.goes_on(self._steps.toolset.run, seen)
        done = []
        for outcome in self._steps.apply(decisions):
            self._listener.applied(outcome)
            done.append(as_json(outcome))
        return done


def run(steps: Steps, *, decide: Decide | None, listener: Listener, kept_in: Path | None = None) -> Report:
    """`arun`, for whoever has no event loop."""
    return asyncio.run(arun(steps, decide=decide, listener=listener, kept_in=kept_in))


async def arun(
    steps: Steps, *, decide: Decide | None, listener: Listener, kept_in: Path | None = None
) -> Report:
    """Run the workflow to its end, or go on with a run that was broken off; `kept_in` holds it until it is over."""
    pause = Pause(kept_in)
    try:
        report = await _run(steps, decide, listener, pause)
    except Exception:
        pause.forget()
        raise
    pause.forget()
    return report


async def _run(steps: Steps, decide: Decide | None, listener: Listener, pause: "Pause") -> Report:
    workflow = FollowUpWorkflow(steps, listener, asks=decide is not None)
    context, answers = pause.taken_up(workflow)
    if context is not None:
        listener.found(from_json(Review, await context.store.get("review")))
    handler = workflow.run(ctx=context)
    running = handler.ctx
    if context is not None and decide is not None:
        proposals = from_json(tuple[Proposal, ...], await context.store.get("proposals"))
        listener.proposed(proposals)
        answers = answers if answers is not None else answers_of(decide(proposals))
        pause.keep(running, answers)
        running.send_event(Answered(answers=answers))
    async for event in handler.stream_events():
        if isinstance(event, Asked) and decide is not None:
            pause.keep(running)
            proposals = from_json(tuple[Proposal, ...], event.proposals)
            listener.proposed(proposals)
            answers = answers_of(decide(proposals))
            pause.keep(running, answers)
            running.send_event(Answered(answers=answers))
    outcomes = from_json(tuple[Outcome, ...], await handler)
    found = from_json(Review, await running.store.get("review"))
    proposals = from_json(tuple[Proposal, ...], await running.store.get("proposals", default=[]))
    if decide is None or not proposals:
        listener.proposed(proposals)
    return steps.report(found, proposals, outcomes)


class Pause:
    """The file of a run that waits for a person; only its owner reads it."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def keep(self, context: Context, answers: Answers | None = None) -> None:
        """Write the run down, with the answers once they are there."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.touch(mode=0o600)
        beside.write_text(json.dumps({"context": context.to_dict(), "answers": answers}), encoding="utf-8")
        beside.replace(self._path)

    def taken_up(self, workflow: Workflow) -> tuple[Context | None, Answers | None]:
        """The run as it was written down, if it was."""
        if self._path is None or not self._path.is_file():
            return None, None
        kept = json.loads(self._path.read_text(encoding="utf-8"))
        return Context.from_dict(workflow, kept["context"]), kept["answers"]

    def forget(self) -> None:
        """The run is over."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
