"""What commands do around their work: telemetry by OpenTelemetry's own variables, the log, and a clean stop."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from pipedrive_tools.cli.service import asks_for_telemetry
from pipedrive_tools.sandbox import Sandbox
from tests.logins import STATE_KEY
from tests.servers import saying, serving

BIN: Final = Path(sys.executable).parent
GRACE_SECONDS: Final = 60
POLICY: Final = '[agents.a]\ndeals = "full"\n'
GREETING: Final = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "tests", "version": "1"},
}
MESSAGES: Final[list[dict[str, Any]]] = [
    {"id": 1, "method": "initialize", "params": GREETING},
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/call", "params": {"name": "get_deal", "arguments": {"deal_id": 1}}},
]
"""What a client says who calls one tool."""


@pytest.fixture
def environment(sandbox: Sandbox, tmp_path: Path, database_url: str) -> dict[str, str]:
    """The sandbox's account, a policy, and nothing of OpenTelemetry."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("OTEL_", "PIPEDRIVE_"))}
    return kept | {
        "PIPEDRIVE_AGENT": "a",
        "PIPEDRIVE_API_TOKEN": sandbox.token,
        "PIPEDRIVE_BASE_URL": sandbox.url,
        "PIPEDRIVE_POLICY": str(policy),
        "PIPEDRIVE_STATE": database_url,
        "PIPEDRIVE_STATE_KEY": STATE_KEY,
        "PIPEDRIVE_MCP_TOKEN": "a-long-random-text",
    }


def call(environment: dict[str, str], *before: str) -> subprocess.CompletedProcess[str]:
    line = [*(before or (str(BIN / "pipedrive-tools"),)), "call", "get_deal", "--args", '{"deal_id": 1}']
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=True)


def test_exported(environment: dict[str, str]) -> None:
    """With an OTLP endpoint a command tells spans and metrics there before it ends, without its credentials."""
    with serving(saying(b"")) as (url, heads):
        found = call(environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": url})
    assert found.stderr == ""
    assert sorted(head.split()[1] for head in heads) == [b"/v1/metrics", b"/v1/traces"]


@pytest.mark.sqlite_only("what is told is the same")
def test_to_the_console(environment: dict[str, str], sandbox: Sandbox) -> None:
    """Another exporter is chosen by its name, the service is called as the command unless it is named."""
    console = {"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none"}
    shown = call(environment | console).stdout
    assert '"name": "execute_tool get_deal"' in shown
    assert '"service.name": "pipedrive-tools"' in shown
    assert sandbox.token not in shown
    named = call(environment | console | {"OTEL_SERVICE_NAME": "mine"}).stdout
    assert '"service.name": "mine"' in named


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_SERVICE_NAME": "mine"},
    ],
)
def test_switched_off(variables: dict[str, str]) -> None:
    """Nothing is told unless a variable asks for it."""
    assert not asks_for_telemetry(variables)


@pytest.mark.sqlite_only("what is told is the same")
def test_without_the_extra(environment: dict[str, str]) -> None:
    """Variables that a platform sets for every container stop no command: one line says what is missing."""
    hidden = "import sys; sys.modules['opentelemetry.distro'] = None"
    hidden += "; from pipedrive_tools.cli import main; sys.exit(main())"
    found = call(environment | {"OTEL_TRACES_EXPORTER": "otlp"}, sys.executable, "-c", hidden)
    [line] = found.stderr.splitlines()
    assert "'opentelemetry.distro' is not installed; run: pip install 'pipedrive-tools[otel]'" in line


@pytest.mark.sqlite_only("what is told is the same")
def test_log(environment: dict[str, str], sandbox: Sandbox) -> None:
    """A command writes a JSON object for each call, with run, agent and account, to standard error."""
    found = call(environment | {"PIPEDRIVE_LOG": "json", "PIPEDRIVE_LOG_LEVEL": "info"})
    [line] = map(json.loads, found.stderr.splitlines())
    assert (line["logger"], line["tool"], line["outcome"]) == ("pipedrive_tools.calls", "get_deal", "ok")
    assert (line["agent"], line["account"], len(line["run"])) == ("a", sandbox.url, 32)


@contextmanager
def started(environment: dict[str, str], *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that serves, and the first line that it prints."""
    process = subprocess.Popen(
        [BIN / words[0], *words[1:]],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if words[1:] == ("mcp",):
            for message in MESSAGES:
                process.stdin.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
            process.stdin.flush()
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.sqlite_only("how it was told changes nothing there")),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ("pipedrive-tools", "webhooks", "serve", "--port", "0"),
        ("pipedrive-tools", "mcp", "--http", "--port", "0"),
        pytest.param(
            ("pipedrive-tools", "sandbox", "--port", "0"), marks=pytest.mark.sqlite_only("it keeps nothing")
        ),
        ("sales-follow-up", "watch", "--port", "0"),
        ("sales-follow-up", "fleet"),
    ],
    ids=" ".join,
)
def test_stopped(words: tuple[str, ...], number: signal.Signals, environment: dict[str, str]) -> None:
    """Whatever serves ends in order on SIGTERM and on Ctrl-C: status 0, and no traceback."""
    if words[0] == "sales-follow-up":
        del environment["PIPEDRIVE_POLICY"]  # it has its own
    with started(environment, *words) as (process, line):
        assert line, "it never began"
        process.send_signal(number)
        rest, _ = process.communicate(timeout=GRACE_SECONDS)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest


def test_mcp_over_stdio(environment: dict[str, str]) -> None:
    """A server that waits for its client on standard input ends on SIGTERM, and tells what it has gathered."""
    with serving(saying(b"")) as (url, heads):
        with started(environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": url}, "pipedrive-tools", "mcp") as (
            process,
            line,
        ):
            assert json.loads(line)["id"] == 1
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["result"]["isError"] is False
            process.send_signal(signal.SIGTERM)
            assert process.wait(GRACE_SECONDS) == 0
        assert b"/v1/traces" in {head.split()[1] for head in heads}
