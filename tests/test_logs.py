"""The log of commands: one line or one object a record, whose work it was, and nobody's data."""

import json
import logging
from collections.abc import Iterator

import pytest

from pipedrive_tools.cli.failure import without_secrets
from pipedrive_tools.errors import SettingsError
from pipedrive_tools.telemetry import Who, about
from pipedrive_tools.telemetry.logs import set_up

LOG = logging.getLogger("pipedrive_tools.test")
CANARY = "canary0123456789"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in (None, "dbos", "pipedrive_tools", "sales_follow_up")]
    before = [(each, each.handlers, each.level, each.propagate) for each in loggers]
    yield
    for each, handlers, level, propagate in before:
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


def written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A record is one JSON object with time, level, logger, message, whose work it was, and what was added."""
    set_up({"PIPEDRIVE_LOG": "json", "PIPEDRIVE_LOG_LEVEL": "info"})
    with about(Who(agent="a", run="r", account="https://acme.pipedrive.com")):
        LOG.info("%s\nis done", "it", extra={"tokens": 3})
    [line] = written(capsys)
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "info",
        "logger": "pipedrive_tools.test",
        "message": "it\nis done",
        "agent": "a",
        "run": "r",
        "account": "https://acme.pipedrive.com",
        "tokens": 3,
    }


def test_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """For people a record is one line, whatever its message holds; infos are left out unless asked for."""
    set_up({})
    LOG.info("not shown")
    with about(Who(agent="a", run="r")):
        LOG.warning("two\nlines")
    [line] = written(capsys)
    assert line.endswith("Z warning pipedrive_tools.test: two lines (a, r)")


@pytest.mark.parametrize("kind", ["plain", "json"])
def test_exceptions_keep_their_words(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Kind and place of an exception are written, its words are not."""
    set_up({"PIPEDRIVE_LOG": kind})
    try:
        int(CANARY)
    except ValueError:
        LOG.exception("it failed")
    [line] = written(capsys)
    assert "ValueError in test_exceptions_keep_their_words:" in line
    assert CANARY not in line


def test_secrets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A credential of the environment is taken out of any line, also of one that another library writes."""
    monkeypatch.setenv("PIPEDRIVE_API_TOKEN", CANARY)
    set_up({"PIPEDRIVE_LOG": "json"}, hide=without_secrets)
    logging.getLogger("elsewhere").error("sent with %s", CANARY, extra={"more": CANARY})
    [line] = written(capsys)
    assert json.loads(line)["message"] == "sent with ***"
    assert CANARY not in line


def test_set_up_again(capsys: pytest.CaptureFixture[str]) -> None:
    """The last set-up counts; nothing is written twice, DBOS's lines included."""
    set_up({})
    set_up({"PIPEDRIVE_LOG": "json"})
    logging.getLogger("dbos").setLevel(logging.ERROR)
    LOG.warning("once")
    logging.getLogger("dbos").error("once, too")
    assert [json.loads(line)["message"] for line in written(capsys)] == ["once", "once, too"]


@pytest.mark.parametrize("name", ["PIPEDRIVE_LOG", "PIPEDRIVE_LOG_LEVEL"])
def test_words_that_we_do_not_know(name: str) -> None:
    """Another word is refused with those that there are."""
    with pytest.raises(SettingsError, match=f"{name} is 'loud'; set it to .*plain or json|.*error"):
        set_up({name: "loud"})
