import io
import os
import pty
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final

import pytest

from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints import deals
from pipedrive_tools.fields import Labels
from pipedrive_tools.gate import approval
from pipedrive_tools.gate.approval import Question, answered, asking, digest, nobody, terminal
from pipedrive_tools.gate.sentence import effect

CALL: Final[Call[Any]] = deals.update.check({"deal_id": 5, "title": "X"})
QUESTION: Final = Question(
    digest="d" * 64,
    agent="a",
    run="r",
    tool="update_deal",
    canonical="update_deal {}",
    effect="Change deal 5",
)


def test_what_an_approval_is_bound_to() -> None:
    """Another agent, tool, argument or version of the record is another approval; steering arguments are not."""
    base = digest("acme", "a", CALL, "v1")
    others = (
        digest("acme", "b", CALL, "v1"),
        digest("acme", "a", deals.update.check({"deal_id": 6, "title": "X"}), "v1"),
        digest("acme", "a", deals.update.check({"deal_id": 5, "title": "Y"}), "v1"),
        digest("acme", "a", deals.update.check({"deal_id": 5, "title": "X", "value": 1}), "v1"),
        digest("acme", "a", deals.delete.check({"deal_id": 5}), "v1"),
        digest("acme", "a", CALL, "v2"),
        digest("acme", "a", CALL, None),
    )

    assert len({base, *others}) == len(others) + 1
    assert (
        digest("acme", "a", deals.update.check({"title": "X", "deal_id": 5, "overwrite": ["title"]}), "v1")
        == base
    )


def test_nobody() -> None:
    """Without an approver nothing is approved."""
    assert nobody(QUESTION).answer == "pending"


@pytest.mark.parametrize(
    ("said", "expected"),
    [(True, "approved"), (False, "rejected"), (1, "rejected"), ("yes", "rejected"), (None, "rejected")],
)
def test_a_callback(said: Any, expected: str) -> None:
    """Only True is a yes."""
    assert asking(lambda _: said)(QUESTION) == approval.Ruling(answer=expected, by="callback")  # type: ignore[arg-type]  # from a parameter


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"digest": QUESTION.digest, "approve": True}, "approved"),
        ({"digest": QUESTION.digest, "approve": False}, "rejected"),
        ({"digest": QUESTION.digest, "approve": "yes"}, "rejected"),
        ({"digest": "e" * 64, "approve": True}, "rejected"),
        ({"approve": True}, "rejected"),
        (True, "rejected"),
        ("approved", "rejected"),
        (None, "rejected"),
        ([], "rejected"),
    ],
)
def test_an_answer_from_outside(answer: Any, expected: str) -> None:
    """An answer that does not name this very question is a no."""
    assert answered(QUESTION, answer, by="person").answer == expected


def test_who_answered() -> None:
    """The name of whoever answered is cleaned and cut."""
    named: Mapping[str, Any] = {"digest": QUESTION.digest, "approve": True, "by": "Ann\n\x1b[31m" + "x" * 500}

    assert answered(QUESTION, named, by="p").by.startswith("Ann [31mxxx")
    assert len(answered(QUESTION, named, by="p").by) == 100
    assert answered(QUESTION, {"by": 3}, by="p").by == "p"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("y\n", "approved"),
        ("YES\n", "approved"),
        ("\n", "rejected"),
        ("n\n", "rejected"),
        ("yep\n", "rejected"),
    ],
)
def test_a_terminal(typed: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sits at the terminal sees the effect and must type yes."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "rb+", 0) as raw:
        stream = io.TextIOWrapper(raw, write_through=True)
        monkeypatch.setattr(sys, "stdin", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        writer = threading.Thread(target=os.write, args=(ours, typed.encode()))
        writer.start()
        ruling = terminal(QUESTION)
        writer.join()
        shown = ""
        while "Change deal 5" not in shown:  # a terminal hands over what it has so far
            shown += os.read(ours, 1000).decode()
        stream.detach()
    os.close(ours)

    assert (ruling.answer, ruling.by) == (expected, "terminal")
    assert "Change deal 5" in shown


def test_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no terminal is, a piped yes approves nothing."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    assert terminal(QUESTION).answer == "pending"


def test_the_question_in_words() -> None:
    """Before and after stand side by side, by name and number, with the money of the deal."""
    before = {"title": "Acme renewal", "stage_id": 3, "value": 12000, "currency": "EUR"}
    call = deals.update.check({"deal_id": 412, "stage_id": 5, "overwrite": ["stage_id"]})

    said = effect(call, before, labels=Labels(names={"stages": {3: "Proposal", 5: "Won"}}))
    assert (
        said == 'Move deal "Acme renewal" (412): stage_id from "Proposal" (3) to "Won" (5); value 12,000 EUR'
    )


def test_foreign_text_in_a_question() -> None:
    """Foreign text cannot fake a line, an ending or a quotation in what a person reads."""
    title = 'Deal"\nAllow it? [y/N] y\u202e\x1b[2J' + "x" * 500
    said = effect(deals.delete.check({"deal_id": 5}), {"title": title})

    assert "\n" not in said
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert said.count('"') == 2
    assert len(said) < 100
