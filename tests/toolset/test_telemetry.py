"""Spans and metrics of calls: what they tell, that they agree with the audit trail, and what they never tell."""

import logging
import subprocess
import sys
import textwrap
from contextlib import closing
from typing import Any, Final

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from pipedrive_tools import telemetry
from pipedrive_tools.gate.approval import Question, asking
from pipedrive_tools.sandbox import Sandbox, Switches
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import audit
from pipedrive_tools.state.store import Store
from pipedrive_tools.telemetry.logs import Objects
from pipedrive_tools.toolset import Toolset
from tests.canaries import Planted, plant
from tests.telling import Told
from tests.toolset.conftest import EVERYTHING, Open, policy
from tests.toolset.test_recovery import faults

ASKS: Final = EVERYTHING + '\n[.actions]\ncreate_activity = "ask"'
CALL: Final = {"subject": "Call", "type": "call"}


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_read(connect: Open, told: Told, sandbox: Sandbox) -> None:
    """A read has a span with its tool, agent, run, account, decision, outcome and tokens, and one below it for HTTP."""
    toolset = connect()
    result = toolset.call("get_deal", {"deal_id": 1})
    [span], [request] = told.named("execute_tool get_deal"), told.named("GET /api/v2/deals/{deal_id}")

    assert attributes(span) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_deal",
        "gen_ai.agent.name": "a",
        "pipedrive.run": toolset.run,
        "pipedrive.account": sandbox.url,
        "pipedrive.decision": "allow",
        "pipedrive.outcome": "ok",
        "pipedrive.tokens": result.cost,
        "pipedrive.audit_id": result.audit_id,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert request.kind is SpanKind.CLIENT
    assert request.parent is not None
    assert request.parent.span_id == span.context.span_id
    host, port = sandbox.url.removeprefix("http://").split(":")
    assert attributes(request) == {
        "http.request.method": "GET",
        "url.template": "/api/v2/deals/{deal_id}",
        "server.address": host,
        "server.port": int(port),
        "http.response.status_code": 200,
        "pipedrive.limiter.wait": 0.0,
    }


def test_write(connect: Open, told: Told) -> None:
    """A write tells the same; so does taking it back."""
    toolset = connect(EVERYTHING + '\n[.actions]\ndelete_activity = "allow"')
    result = toolset.call("create_activity", CALL)
    assert result.audit_id is not None
    assert toolset.undo(result.audit_id).ok

    [made], [back] = told.named("execute_tool create_activity"), told.named("execute_tool undo")
    assert (attributes(made)["pipedrive.decision"], attributes(made)["pipedrive.outcome"]) == ("allow", "ok")
    assert len(told.named("POST /api/v2/activities")) == 1
    [deleted] = told.named("DELETE /api/v2/activities/{activity_id}")
    assert deleted.parent is not None
    assert deleted.parent.span_id == back.context.span_id


async def test_async(connect: Open, told: Told) -> None:
    """The other colour tells the same."""
    toolset = connect()
    await toolset.acall("create_activity", CALL)
    [span], [request] = told.named("execute_tool create_activity"), told.named("POST /api/v2/activities")
    assert request.parent is not None
    assert request.parent.span_id == span.context.span_id
    assert attributes(span)["pipedrive.decision"] == "allow"
    await toolset.aclose()


def test_denial(connect: Open, told: Told) -> None:
    """A refusal is told with its decision and its rule, and sends nothing."""
    connect('deals = "read"').call("create_deal", {"title": "New"})
    [span] = told.spans
    assert (attributes(span)["pipedrive.decision"], attributes(span)["pipedrive.outcome"]) == (
        "deny",
        "denied",
    )
    assert told.metrics()["pipedrive.denials"] == [
        ({"gen_ai.tool.name": "create_deal", "gen_ai.agent.name": "a", "pipedrive.rule": "tools"}, 1)
    ]


def test_a_tool_that_a_model_made_up(connect: Open, told: Told, caplog: pytest.LogCaptureFixture) -> None:
    """The name of a tool that is none of ours is not repeated: anything may stand in it."""
    with caplog.at_level(logging.INFO, "pipedrive_tools"):
        connect().call("canary_of_a_model", {})
    [span] = told.spans
    assert attributes(span)["gen_ai.tool.name"] == "_OTHER"
    assert "canary_of_a_model" not in told
    assert "canary_of_a_model" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [(None, "needs_approval", "pending"), (True, "ok", "approved"), (False, "denied", "rejected")],
)
def test_approvals(answer: bool | None, outcome: str, said: str, connect: Open, told: Told) -> None:
    """Each question to a person is counted with what came of it, and without whoever said it."""

    def approver(_question: Question) -> bool:
        assert answer is not None
        return answer

    toolset = (
        connect(ASKS) if answer is None else connect(ASKS, approver=asking(approver, by="canary-person"))
    )
    assert toolset.call("create_activity", CALL).status == outcome
    [(found, count)] = told.metrics()["pipedrive.approvals"]
    assert (found["pipedrive.approval"], count) == (said, 1)
    assert "canary-person" not in told


def test_retry(connect: Open, told: Told, sandbox: Sandbox) -> None:
    """A request that is sent again after a 429 is counted, and both are seen."""
    faults(sandbox, "status", method="GET", status=429, retry_after=0)
    assert connect().call("get_deal", {"deal_id": 1}).ok
    first, second = told.named("GET /api/v2/deals/{deal_id}")
    assert attributes(first)["http.response.status_code"] == 429
    assert attributes(first)["error.type"] == "429"
    assert first.status.status_code is StatusCode.ERROR
    assert "http.request.resend_count" not in attributes(first)
    assert attributes(second)["http.request.resend_count"] == 1
    assert told.metrics()["pipedrive.retries"] == [
        ({"url.template": "/api/v2/deals/{deal_id}", "error.type": "BurstLimitError"}, 1)
    ]


def test_failure(connect: Open, told: Told) -> None:
    """A call that fails is an error of its span, without the words of the error."""
    connect().call("get_deal", {"deal_id": 987_654})
    [span] = told.named("execute_tool get_deal")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert attributes(span)["error.type"] == "failed"
    assert not span.events
    assert "987654" not in told


def test_limiter(settings: Settings, told: Told) -> None:
    """What a call waited for its place is told, in seconds."""
    with Sandbox.start(deals=1, switches=Switches(burst_limits=False)) as box:
        mine = Settings(base_url=box.url, api_token=box.token, state=settings.state, plan="lite")
        with closing(Toolset.connect("a", policy('deals = "read"'), settings=mine)) as toolset:
            for _ in range(21):
                assert toolset.call("get_deal", {"deal_id": 1}).ok
    [(_, waited)] = told.metrics()["pipedrive.limiter.wait"]
    waits = [attributes(span)["pipedrive.limiter.wait"] for span in told.named("GET /api/v2/deals/{deal_id}")]
    assert waited == pytest.approx(sum(waits))
    assert waited > 0
    assert waits[0] == 0


def test_metrics_agree_with_the_audit_trail(connect: Open, told: Told, settings: Settings) -> None:
    """Calls and tokens that are told are those of the audit trail, tool by tool; a part counts as a call."""
    toolset = connect(ASKS)
    toolset.call("list_deals", {"status": ["open"]})
    toolset.call("get_deal_overview", {"deal_id": 1})
    toolset.call("find", {"term": "a"})
    toolset.call("create_activity", CALL)
    toolset.call("create_note", {"content": "Hello", "deal_id": 1})
    toolset.call("create_note", {"content": "Hello", "deal_id": 1})
    toolset.call("update_deal", {"deal_id": 1, "title": "x", "overwrite": ["title"]})
    toolset.call("delete_deal", {"deal_id": 1})

    with closing(Store(settings.state)) as store, store.transaction(durable=False) as connection:
        rows = [row for row in audit.rows(connection) if row.step != "decision"]
    metrics = told.metrics()
    calls, tokens = {}, {}
    for row in rows:
        key = (row.tool, row.decision, row.status)
        calls[key] = calls.get(key, 0) + 1
        tokens[row.tool] = tokens.get(row.tool, 0) + row.cost
    assert {
        (found["gen_ai.tool.name"], found["pipedrive.decision"], found["pipedrive.outcome"]): count
        for found, count in metrics["pipedrive.calls"]
    } == calls
    assert {found["gen_ai.tool.name"]: count for found, count in metrics["pipedrive.tokens"]} == {
        tool: spent for tool, spent in tokens.items() if spent
    }
    assert len(rows) > 10


def work(toolset: Toolset, planted: Planted) -> list[str]:
    """Calls of every kind over what was planted, with canaries in arguments too; gives all that they showed."""
    shown = []
    for name, arguments in planted.calls():
        result = toolset.call(name, arguments)
        shown.append(f"{result.text} {result.data}")
    return shown


def test_canaries(connect: Open, told: Told, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """What records, callers and credentials say is in no span, no metric and no line of the log."""
    planted = plant(sandbox)
    caplog.handler.setFormatter(Objects(lambda line: line))
    with caplog.at_level(logging.DEBUG, "pipedrive_tools"):
        shown = work(connect(), planted)
    for canary in planted.canaries:
        assert any(canary in text for text in shown), f"{canary} was never read: the test looks at nothing"
    everything = told.everything() + caplog.text
    assert len(told.spans) > 20
    assert '"logger": "pipedrive_tools.calls"' in caplog.text
    for word in ("canary", sandbox.token):
        assert word not in everything


def test_the_canaries_can_be_seen(
    connect: Open, told: Told, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The harness sees a canary that somebody puts into a span, a metric or a line of the log."""
    title = connect().call("get_deal", {"deal_id": 1}).data["title"]
    found = telemetry.instruments()
    assert found is not None
    assert title not in told
    found.tracer.start_span("leak", attributes={"title": title}).end()
    assert title in told
    told.exporter.clear()
    assert title not in told
    found.retries.add(1, {"title": title})
    assert title in told
    caplog.handler.setFormatter(Objects(lambda line: line))
    with caplog.at_level(logging.INFO, "pipedrive_tools"):
        logging.getLogger("pipedrive_tools.calls").info("read", extra={"title": title})
    assert title in caplog.text


PROGRAM: Final = """
    import sys
    from pipedrive_tools import Policy, Settings, Toolset
    {setup}
    settings = Settings(base_url={url!r}, api_token={token!r}, state="sqlite://")
    with Toolset.connect("a", Policy.parse('[agents.a]\\ndeals = "full"'), settings=settings) as toolset:
        assert toolset.call("get_deal", {{"deal_id": 1}}).ok
        assert toolset.call("create_deal", {{"title": "x"}}).ok
    {end}
"""


def program(sandbox: Sandbox, setup: str, end: str) -> str:
    told = textwrap.dedent(PROGRAM)
    code = told.format(setup=textwrap.dedent(setup), url=sandbox.url, token=sandbox.token, end=end)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


LOADED: Final = "print(sorted(name for name in sys.modules if name.startswith('opentelemetry')))"


def test_nothing_of_opentelemetry_is_loaded(sandbox: Sandbox) -> None:
    """A program that does not use OpenTelemetry loads none of it, whatever it calls."""
    assert program(sandbox, "", LOADED) == "[]\n"
    assert program(sandbox, "import opentelemetry.trace", LOADED) != "[]\n"


PROVIDER: Final = """
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
    console = ConsoleSpanExporter(formatter=lambda span: span.name + chr(10))
    trace.set_tracer_provider(TracerProvider())
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(console))
"""


def test_the_provider_of_the_application(sandbox: Sandbox) -> None:
    """A provider that the application has set for everybody is found, without a word to this package."""
    names = program(sandbox, PROVIDER, "").splitlines()
    assert "execute_tool get_deal" in names
    assert "POST /api/v2/deals" in names
