"""The agent as a LangGraph graph: the steps of `steps` as nodes, a person as an interrupt, SQLite as its memory.

    look -> draft (one per case, side by side) -> decide (pauses) -> apply

The graph's thread is named like the toolset's run. So a run that waits for a person goes on in another process, and a
write that was made before a kill is recognised when the node runs again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from operator import add
from pathlib import Path
from typing import Annotated, Any, Final, TypedDict, cast

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
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import END, START, StateGraph
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.types import Command, Send, interrupt
except ModuleNotFoundError as error:
    raise MissingExtraError("langgraph", "agents") from error

SIDE_BY_SIDE: Final = 4
"""How many cases are drafted at once."""


class State(TypedDict, total=False):
    """What the graph knows: plain JSON, as a checkpoint holds it."""

    review: dict[str, Any]
    seen: Any
    """The plan that lay in the store before anything was read; `apply` refuses where it is another one by then."""
    left: list[dict[str, Any]]
    """What an earlier run was told and did not finish; it is applied without asking anew."""
    drafts: Annotated[list[dict[str, Any]], add]
    """A place and a proposal each, in the order in which they came."""
    answers: Answers
    outcomes: list[dict[str, Any]]


class Draft(TypedDict):
    """What one `draft` node is sent: one case and its place."""

    place: int
    case: dict[str, Any]


def build(
    steps: Steps, listener: Listener, saver: BaseCheckpointSaver[Any], *, asks: bool
) -> CompiledStateGraph[State, None, State, State]:
    """The graph of one run; without anybody to ask it ends with the proposals."""

    def look(state: State) -> State:  # noqa: ARG001  # LangGraph looks at the name
        steps.check_rights(writes=asks)
        if asks:
            steps.settle()
        found = steps.review(steps.read(listener.reads))
        left = steps.resumed(found) if asks else ()
        return {"review": as_json(found), "seen": steps.unfinished.seen, "left": as_json(left)}

    def each_case(state: State) -> list[Send] | str:
        if state["left"]:
            return "apply"
        found = steps.cases(from_json(Review, state["review"]))
        sent = [Send("draft", Draft(place=place, case=as_json(case))) for place, case in enumerate(found)]
        return sent or END

    def draft(state: Draft) -> State:
        proposal = steps.judge(steps.propose(from_json(Case, state["case"])))
        return {"drafts": [{"place": state["place"], "proposal": as_json(proposal)}]}

    def decide(state: State) -> State:
        return {"answers": interrupt({"proposals": [as_json(each) for each in proposals_of(state)]})}

    def apply(state: State) -> State:
        steps.unfinished.goes_on(steps.toolset.run, state["seen"])
        done = []
        for outcome in steps.apply(decisions_in(state)):
            listener.applied(outcome)
            done.append(as_json(outcome))
        return {"outcomes": done}

    graph = StateGraph(State)
    graph.add_node("look", look)
    graph.add_node("draft", draft)
    graph.add_edge(START, "look")
    graph.add_conditional_edges("look", each_case, ["draft", END, *(["apply"] if asks else [])])
    if asks:
        graph.add_node("decide", decide)
        graph.add_node("apply", apply)
        graph.add_edge("draft", "decide")
        graph.add_edge("decide", "apply")
    return graph.compile(checkpointer=saver)


def proposals_of(state: State) -> tuple[Proposal, ...]:
    """The proposals, the one that presses most first; or those that an earlier run left."""
    if left := state.get("left"):
        return tuple(from_json(Decision, each).proposal for each in left)
    drafts = sorted(state.get("drafts", []), key=lambda each: each["place"])
    return tuple(from_json(Proposal, each["proposal"]) for each in drafts)


def decisions_in(state: State) -> tuple[Decision, ...]:
    """What a person said to the proposals, in this run or in the one that it finishes."""
    if left := state.get("left"):
        return tuple(from_json(Decision, each) for each in left)
    return decisions_of(proposals_of(state), state.get("answers"))


def run(steps: Steps, *, decide: Decide | None, listener: Listener, kept_in: Path | None = None) -> Report:
    """Run the graph to its end, or go on with a run that was broken off; `kept_in` holds it until it is over."""
    try:
        with checkpoints(kept_in) as saver:
            state = _run(steps, decide, listener, saver)
    except Exception:
        _forget(kept_in)
        raise
    _forget(kept_in)
    proposals = proposals_of(state)
    if decide is None or not proposals:
        listener.proposed(proposals)
    outcomes = [from_json(Outcome, each) for each in state.get("outcomes", [])]
    return steps.report(from_json(Review, state["review"]), proposals, outcomes)


def _run(steps: Steps, decide: Decide | None, listener: Listener, saver: BaseCheckpointSaver[Any]) -> State:
    config: Any = {"configurable": {"thread_id": steps.toolset.run}, "max_concurrency": SIDE_BY_SIDE}
    graph = build(steps, listener, saver, asks=decide is not None)
    before = graph.get_state(config)
    if before.values.get("review"):
        _tell(before.values, listener)
    _go_on(graph, config, None if before.created_at else {}, listener)
    if decide and (paused := graph.get_state(config)).interrupts:
        proposals = proposals_of(cast("State", paused.values))
        listener.proposed(proposals)
        _go_on(graph, config, Command(resume=answers_of(decide(proposals))), listener)
    return cast("State", graph.get_state(config).values)


def _go_on(graph: Any, config: Any, given: Any, listener: Listener) -> None:
    """Let the graph run until it pauses or ends; each step is on the disk before the next one begins."""
    for update in graph.stream(given, config, stream_mode="updates", durability="sync"):
        if "look" in update:
            _tell(update["look"], listener)


def _tell(state: Any, listener: Listener) -> None:
    listener.found(from_json(Review, state["review"]))
    if state["left"]:
        listener.proposed(proposals_of(state), goes_on=True)


@contextmanager
def checkpoints(path: Path | None) -> Iterator[SqliteSaver]:
    """A checkpointer in a file that only its owner reads, or in memory."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    with closing(sqlite3.connect(path or ":memory:", check_same_thread=False)) as connection:
        yield SqliteSaver(connection)


def _forget(path: Path | None) -> None:
    """The run is over, so its file goes, with what people wrote in it."""
    for suffix in ("", "-wal", "-shm"):
        if path is not None:
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
