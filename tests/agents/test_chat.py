"""Conversations over HTTP with a model's server that follows a script."""

import json
import os
import pty
import subprocess
import sys
from typing import Any, Final

import pytest
from sales_follow_up.chat import STEPS_A_TURN, TURNS_KEPT, Chat, ChatError
from sales_follow_up.model.langchain import chat_model
from sales_follow_up.model.name import ModelName
from sales_follow_up.session import PACKAGED_POLICY
from sales_follow_up.steps import AGENT

from pipedrive_tools.adapters.langchain import interrupting
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset
from tests.agents.conftest import TODAY
from tests.model_server import Asked, ModelServer, Said, Script, serving

CALL_BACK: Final = {"subject": "Call back", "type": "call", "due_date": "2026-03-03", "deal_id": 1}


class Told:
    """What the person saw, and what they answer."""

    def __init__(self, *, approves: bool = True) -> None:
        self.said, self.lines, self.questions = "", list[str](), list[str]()
        self.approves = approves

    def say(self, piece: str) -> None:
        self.said += piece

    def approve(self, question: Any) -> bool:
        self.questions.append(question["effect"])
        return self.approves


def talking(box: Sandbox, state: str, server: ModelServer, told: Told, policy: Policy | None = None) -> Chat:
    settings = Settings(base_url=box.url, api_token=box.token, state=state)
    rights = policy or Policy.load(PACKAGED_POLICY)
    toolset = Toolset.connect(
        AGENT, rights, settings=settings, approver=interrupting(), profile="sales-follow-up"
    )
    model = chat_model(ModelName.parse(server.name()), seconds=20)
    return Chat(
        model=model,
        toolset=toolset,
        today=f"{TODAY}",
        say=told.say,
        tell=told.lines.append,
        approve=told.approve,
    )


def steps(*turns: Said | str) -> Script:
    """One answer after the other, by how often the model has spoken since the person did."""
    left = list(turns)
    return lambda _: left.pop(0)


def writes(box: Sandbox) -> list[Any]:
    return [entry["body"] for entry in box.log() if entry["method"] != "GET"]


def test_a_question(box: Sandbox, store_url: str) -> None:
    """The model looks it up with the tools and its answer streams in; it is shown only what the policy grants."""
    looks = Said(calls=(("get_deal", {"deal_id": 1}),))
    told = Told()
    with serving(steps(looks, "Call them on Monday.")) as server:
        chat = talking(box, store_url, server, told)
        with chat.toolset as toolset:
            chat.turn("What should I do about deal 1?")
            granted, how = set(toolset.names()), toolset.instructions
    first, second = server.asked

    assert told.said == "Call them on Monday."
    assert told.lines == ["get_deal(deal_id=1)"]
    assert {tool["function"]["name"] for tool in first.body["tools"]} == granted
    assert "delete_deal" not in granted
    assert first.system.endswith(how)
    assert "<crm-data" in second.results[0]
    assert writes(box) == []


@pytest.mark.parametrize("approves", [True, False], ids=["yes", "no"])
def test_a_change(box: Sandbox, store_url: str, approves: bool) -> None:
    """A change waits for the person, happens after a yes only, and the model is told which it was."""
    asks = Said(calls=(("create_activity", CALL_BACK),))
    told = Told(approves=approves)
    with serving(steps(asks, "Done, or not.")) as server:
        chat = talking(box, store_url, server, told)
        with chat.toolset:
            chat.turn("Schedule a call back with deal 1")

    assert len(told.questions) == 1
    assert "Call back" in told.questions[0]
    assert [each["subject"] for each in writes(box)] == (["Call back"] if approves else [])
    assert ("rejected by terminal" in server.asked[1].results[0]) is not approves


def test_two_changes_at_once(box: Sandbox, store_url: str) -> None:
    """Each of two changes in one turn is asked about by itself."""
    asks = Said(calls=(("create_activity", CALL_BACK), ("create_activity", {**CALL_BACK, "deal_id": 2})))
    told = Told()
    with serving(steps(asks, "Done.")) as server:
        chat = talking(box, store_url, server, told)
        with chat.toolset:
            chat.turn("Schedule two calls")

    assert len(told.questions) == 2
    assert sorted(each["deal_id"] for each in writes(box)) == [1, 2]


def test_a_hijacked_model(box: Sandbox, store_url: str) -> None:
    """A model that calls what it was not given gets a refusal, and nothing happens."""
    wants = Said(calls=(("delete_deal", {"deal_id": 1}), ("update_deal", {"deal_id": 1, "status": "won"})))
    told = Told()
    with serving(steps(wants, "I could not.")) as server:
        chat = talking(box, store_url, server, told)
        with chat.toolset:
            chat.turn("Hello")

    assert (told.questions, writes(box)) == ([], [])
    assert told.said == "I could not."


def test_a_conversation(box: Sandbox, store_url: str) -> None:
    """The model hears what was said before, of the last turns only."""
    told = Told()
    with serving(lambda asked: f"Answer {len(asked.body['messages'])}.") as server:
        chat = talking(box, store_url, server, told)
        with chat.toolset:
            for number in range(TURNS_KEPT + 3):
                chat.turn(f"Question {number}")
    heard = json.dumps(server.asked[-1].body["messages"])

    assert 'Question 2"' in heard
    assert 'Question 1"' not in heard
    assert "Question 10" in heard


def endless(_: Asked) -> Said:
    return Said(calls=(("list_stages", {}),))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (lambda _: Said(status=401), "it did not accept the key"),
        (endless, f"stopped after {STEPS_A_TURN} steps"),
    ],
    ids=["wrong key", "goes on for ever"],
)
def test_a_turn_that_fails(box: Sandbox, store_url: str, script: Script, why: str) -> None:
    """What goes wrong is one line, and the conversation stands as it was before that turn."""
    scripts = [script]

    def current(asked: Asked) -> Said | str:
        return scripts[-1](asked)

    with serving(current) as server:
        chat = talking(box, store_url, server, Told())
        with chat.toolset:
            with pytest.raises(ChatError, match=why):
                chat.turn("Hello?")
            scripts.append(lambda _: "Hello.")
            chat.turn("Again?")

    assert "Hello?" not in json.dumps(server.asked[-1].body["messages"])


def environment(state: str) -> dict[str, str]:
    known = {name: text for name, text in os.environ.items() if not name.startswith("PIPEDRIVE_")}
    return known | {"PIPEDRIVE_STATE": state, "PYTHONPATH": "agents"}


@pytest.mark.sqlite_only("a terminal is the same")
def test_at_a_terminal(store_url: str) -> None:
    """At a terminal the person types, is asked before the change, and reads the answer."""
    main = "import sys; from sales_follow_up.command import main; main(sys.argv[1:])"
    asks = Said(calls=(("create_activity", CALL_BACK),))
    controller, terminal = pty.openpty()
    with serving(steps(asks, "It is scheduled.")) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", main, "chat", "--demo", "--model", server.name()],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            env=environment(store_url),
        )
        os.close(terminal)
        os.write(controller, b"Schedule a call back with deal 1\ny\n\x04")
        with process:
            assert process.stdout
            said = process.stdout.read().decode()
        os.close(controller)

    assert process.returncode == 0
    assert "It is scheduled." in said
    assert "rejected" not in server.asked[1].results[0]
