import json
import os

import pytest
from sales_follow_up.command import main

from tests.model_server import TOKENS, Asked, serving


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No account and no policy."""
    for name in [name for name in os.environ if name.startswith("PIPEDRIVE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "120")


def test_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--model` each step is drafted by it; what it says nothing about is planned by rules, and that is told."""
    answers = iter(["nonsense"])

    def script(asked: Asked) -> str:
        days = asked.body["response_format"]["json_schema"]["schema"]["properties"]["due_date"]["enum"]
        drafted = {
            "reason": "Nothing is planned.",
            "type": "call",
            "due_date": days[0],
            "subject": "Ring them",
            "note": "Ask what they need.",
            "email_subject": "",
            "email_body": "",
            "confidence": 0.5,
        }
        return next(answers, json.dumps(drafted))

    with serving(script) as server:
        arguments = ["--demo", "--today", "2026-03-02", "--limit", "3", "--json", "--model", server.name()]
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    report = json.loads(capsys.readouterr().out)
    by = [each["planned_by"] for each in report["proposals"]]

    assert ended.value.code == 0
    assert by == ["rules", server.name(), server.name()]
    assert report["proposals"][0]["stood_in"].endswith("failed: its answer is no JSON object")
    assert report["proposals"][1]["follow_up"]["note"] == "Ask what they need."
    assert report["tokens"]["model"] == 3 * sum(TOKENS)


def test_a_model_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong model is one line and wrong use."""
    with pytest.raises(SystemExit) as ended:
        main(["--demo", "--model", "gpt-5"])

    assert ended.value.code == 2
    assert "write PROVIDER:NAME" in capsys.readouterr().err


@pytest.mark.parametrize("framework", ["langchain", "llamaindex"])
def test_a_framework(capsys: pytest.CaptureFixture[str], framework: str) -> None:
    """With `--framework` the same run ends in the same way."""
    with pytest.raises(SystemExit) as ended:
        main(["--demo", "--limit", "2", "--apply", "all", "--json", "--framework", framework])
    report = json.loads(capsys.readouterr().out)

    assert ended.value.code == 0
    assert [each["outcome"]["state"] for each in report["proposals"]] == ["scheduled"] * 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--resume", "0" * 32], "--resume needs the --framework"),
        (
            ["--framework", "langchain", "--resume", "0" * 32],
            "no run '00000000000000000000000000000000' waits",
        ),
        (["--framework", "llamaindex", "--resume", "../../etc/passwd"], "waits here for llamaindex"),
    ],
)
def test_no_run_to_go_on_with(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    store_url: str,
    arguments: list[str],
    told: str,
) -> None:
    """A run that is over, or of another framework, is one line and wrong use."""
    monkeypatch.setenv("PIPEDRIVE_STATE", store_url)
    with pytest.raises(SystemExit) as ended:
        main(["--demo", *arguments])

    assert ended.value.code == 2
    assert told in capsys.readouterr().err
