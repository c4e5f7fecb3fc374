"""What an MCP server tells OpenTelemetry: its calls, in the trace of its client, and nothing that is said in them."""

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from pipedrive_tools.sandbox import Sandbox
from tests.canaries import Planted, plant

PROGRAM: Final = """
import sys
from pathlib import Path
from mcp.server.mcpserver import MCPServer
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from pipedrive_tools import Settings, Toolset
from pipedrive_tools.adapters.mcp import build_server
from pipedrive_tools.telemetry import logs
from tests.calls import allow_everything

logs.set_up(hide=lambda text: text)
provider = TracerProvider()
spans = Path(sys.argv[1]).open("w", encoding="utf-8")
line = lambda span: span.to_json(indent=None) + chr(10)
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=spans, formatter=line)))
trace.set_tracer_provider(provider)
with Toolset.connect("tester", allow_everything(), settings=Settings.from_env()) as toolset:
    server = build_server(toolset)
    if sys.argv[2:] == ["--as-the-sdk-has-it"]:
        server.middleware.insert(0, MCPServer("another").middleware[0])
    server.run()
"""
TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
SPAN: Final = "b7ad6b7169203331"
META: Final[dict[str, Any]] = {
    "traceparent": f"00-{TRACE}-{SPAN}-01",
    "baggage": "said=canary-baggage",
}


@dataclass(frozen=True)
class Heard:
    """What became of the calls."""

    answers: str
    """All that the client was told."""
    spans: list[dict[str, Any]]
    log: str

    def names(self) -> list[str]:
        return [span["name"] for span in self.spans]


async def heard(sandbox: Sandbox, planted: Planted, state: str, folder: Path, *options: str) -> Heard:
    """Call, read and ask over stdio, with canaries wherever a model could put one."""
    spans, log = folder / "spans", folder / "log"
    ours = {name: text for name, text in os.environ.items() if not name.startswith("PIPEDRIVE_")}
    server = StdioServerParameters(
        command=sys.executable,
        args=["-c", PROGRAM, str(spans), *options],
        env=ours
        | {
            "PIPEDRIVE_BASE_URL": sandbox.url,
            "PIPEDRIVE_API_TOKEN": sandbox.token,
            "PIPEDRIVE_STATE": state,
            "PIPEDRIVE_LOG": "json",
            "PIPEDRIVE_LOG_LEVEL": "debug",
        },
    )
    answers: list[str] = []
    with log.open("w", encoding="utf-8") as said:
        async with Client(stdio_client(server, errlog=said), read_timeout_seconds=90) as client:
            for name, arguments in planted.calls():
                answers.append((await client.call_tool(name, arguments)).model_dump_json())
            for uri in (f"deals/{planted.deal_id}", "deals/canary-uri", "canary-kind/1"):
                with suppress(MCPError):
                    answers.append((await client.read_resource(f"pipedrive://{uri}")).model_dump_json())
            with suppress(MCPError):
                await client.get_prompt("canary-prompt")
            await client.call_tool("list_deals", {"limit": 1}, meta=META)
            await client.call_tool("list_deals", {"limit": 1}, meta={"traceparent": "canary-trace"})
    lines = spans.read_text(encoding="utf-8").splitlines()
    return Heard("".join(answers), [json.loads(line) for line in lines], log.read_text(encoding="utf-8"))


@pytest.fixture
def planted(sandbox: Sandbox) -> Planted:
    return plant(sandbox)


def test_canaries(sandbox: Sandbox, planted: Planted, store_url: str, tmp_path: Path) -> None:
    """What records, models and credentials say is in no span and no line of the log, whoever makes it."""
    found = asyncio.run(heard(sandbox, planted, store_url, tmp_path))

    for canary in planted.canaries:
        assert canary in found.answers, f"{canary} was never read: the test looks at nothing"
    assert {"execute_tool get_deal", "execute_tool _OTHER"} <= set(found.names())
    assert '"logger": "pipedrive_tools.calls"' in found.log
    for word in ("canary", sandbox.token):
        assert word not in json.dumps(found.spans)
        assert word not in found.log


@pytest.mark.sqlite_only("what is told is the same")
def test_the_canaries_can_be_seen(sandbox: Sandbox, planted: Planted, store_url: str, tmp_path: Path) -> None:
    """With the SDK's own tracing left in, the same look finds the tool that a model made up."""
    found = asyncio.run(heard(sandbox, planted, store_url, tmp_path, "--as-the-sdk-has-it"))

    assert {"tools/call canary-tool", "prompts/get canary-prompt"} <= set(found.names())
    assert "canary" in json.dumps(found.spans)


@pytest.mark.sqlite_only("what is told is the same")
def test_the_trace_of_the_client(sandbox: Sandbox, planted: Planted, store_url: str, tmp_path: Path) -> None:
    """A call is part of the trace that its client names, and of a new one where what it names is no trace."""
    found = asyncio.run(heard(sandbox, planted, store_url, tmp_path))

    told = [span for span in found.spans if span["name"] == "execute_tool list_deals"]
    parents = [(span["context"]["trace_id"], span["parent_id"]) for span in told]
    assert parents[0] == (f"0x{TRACE}", f"0x{SPAN}")
    assert parents[1][0] != f"0x{TRACE}"
    assert parents[1][1] is None
