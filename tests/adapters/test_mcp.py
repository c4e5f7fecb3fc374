import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from pipedrive_tools.adapters.mcp import build_server
from pipedrive_tools.adapters.mcp.progress import accompanied
from pipedrive_tools.adapters.mcp.records import named, template
from pipedrive_tools.adapters.mcp.web import guarded
from pipedrive_tools.endpoint import Effect
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.errors import SettingsError, StoreError
from pipedrive_tools.gate.approval import queue
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import approvals
from pipedrive_tools.state.store import Store
from pipedrive_tools.toolset import ToolResult, Toolset
from tests.adapters.conftest import Connect
from tests.adapters.scripts import changes
from tests.calls import allow_everything

COMMAND = [sys.executable, "-c", "import sys; from pipedrive_tools.cli import main; sys.exit(main())", "mcp"]
API_TOKEN = "c0ffee" * 6 + "cafe"
BEARER = "bearer-of-these-tests"
CANARY = "someone's private number"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"},
    },
}
PATIENCE_SECONDS = 90
POLICY = """
[agents.clerk]
deals = "full"
persons = "read"

[agents.clerk.actions]
delete_deal = "ask"
"""


@asynccontextmanager
async def served(
    toolset: Toolset, *, data: bool = False, mode: Any = "auto", **options: Any
) -> AsyncIterator[Client]:
    """A client in this process; the toolset is closed after it."""
    async with aclosing(toolset), Client(build_server(toolset, data=data), mode=mode, **options) as client:
        yield client


def said(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_only_what_the_policy_gives(connect: Connect, mode: str) -> None:
    """A server offers the tools that the policy gives to the agent, as the catalogue describes them."""
    toolset = connect('deals = "read"\npersons = "full"')
    async with served(toolset, mode=mode) as client:
        offered = (await client.list_tools()).tools

    assert [(each.name, each.description, each.input_schema) for each in offered] == [
        (tool.name, tool.description, {"properties": {}, **tool.parameters}) for tool in toolset.tools()
    ]


async def test_the_client_is_told_good_calls(connect: Connect) -> None:
    """A client hears at the start how to go on, with examples of the tools that it is offered."""
    async with served(connect('deals = "read"')) as client:
        told = client.instructions or ""

    assert "list_deals" in told
    assert "create_person" not in told


async def test_annotations_follow_the_effect(connect: Connect) -> None:
    """What a tool may do to the account is told by its effect; only a create adds and replaces nothing."""
    toolset = connect(allow_everything())
    async with served(toolset) as client:
        offered = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}

    assert offered.keys() >= catalogue.keys()
    for tool in toolset.tools():
        effect, hints = tool.endpoint.effect, offered[tool.name]
        assert hints is not None
        assert hints.read_only_hint is (effect is Effect.READ)
        assert hints.destructive_hint is (effect in {Effect.UPDATE, Effect.DELETE, Effect.CONVERT})
        assert hints.idempotent_hint is tool.endpoint.idempotent
        assert hints.open_world_hint is True


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_answer(connect: Connect, deal_ids: list[int], mode: str) -> None:
    """Text and structured output say the same; what Pipedrive answered is left out of both."""
    async with served(connect('deals = "read"'), mode=mode) as client:
        result = await client.call_tool("get_deal", {"deal_id": deal_ids[0]})

    assert not result.is_error
    assert str(deal_ids[0]) in said(result)
    told = result.structured_content
    assert told is not None
    assert (told["text"], told["status"]) == (said(result), "ok")
    assert told["cost"] > 0
    assert told.keys() == {"text", "status", "next_page", "cost", "audit_id", "undo"}


async def test_an_answer_for_a_program(connect: Connect, deal_ids: list[int]) -> None:
    """A server that was asked to adds everything that Pipedrive answered."""
    async with served(connect('deals = "read"'), data=True) as client:
        result = await client.call_tool("get_deal", {"deal_id": deal_ids[0]})

    assert result.structured_content is not None
    assert result.structured_content["data"]["id"] == deal_ids[0]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("name", "arguments", "status"),
    [
        ("update_deal", {"deal_id": 1, "title": CANARY}, "denied"),
        ("no_such_tool", {"title": CANARY}, "denied"),
        ("get_deal", {"deal_id": CANARY}, "invalid"),
        ("get_deal", {"deal_id": 1, "force": CANARY}, "invalid"),
        ("get_deal", {}, "invalid"),
        ("get_deal", {"deal_id": 999_999}, "failed"),
    ],
    ids=str,
)
async def test_a_refusal(
    connect: Connect, sandbox: Sandbox, name: str, arguments: dict[str, Any], status: str, mode: str
) -> None:
    """What is not done is an error that the model reads; its own values are not quoted, nothing is changed."""
    async with served(connect('deals = "read"'), mode=mode) as client:
        result = await client.call_tool(name, arguments)

    assert result.is_error
    assert result.structured_content is not None
    assert (result.structured_content["status"], result.structured_content["text"]) == (status, said(result))
    assert CANARY not in result.model_dump_json()
    assert changes(sandbox) == []


async def test_an_argument_that_is_not_known_arrives(connect: Connect) -> None:
    """The core sees the arguments as they were sent, and refuses the one that it does not know."""
    async with served(connect('deals = "read"')) as client:
        result = await client.call_tool("get_deal", {"deal_id": 1, "ctx": 2, "self": 3})

    assert "ctx: Extra inputs are not permitted; self: Extra inputs are not permitted" in said(result)


async def test_a_person_approves_meanwhile(
    connect: Connect, sandbox: Sandbox, deal_ids: list[int], store_url: str
) -> None:
    """Where the policy asks, the question waits in the store; the same call goes through once it is approved."""
    store = Store(store_url)
    toolset = connect('deals = "full"\n[agents.tester.actions]\ndelete_deal = "ask"', approver=queue(store))
    async with served(toolset) as client:
        first = await client.call_tool("delete_deal", {"deal_id": deal_ids[0]})
        with store.transaction(durable=True) as connection:
            (waiting,) = approvals.listed(connection)
            approvals.decide(connection, waiting.id, approved=True, approver="Ada")
        second = await client.call_tool("delete_deal", {"deal_id": deal_ids[0]})
    store.close()

    assert first.is_error
    assert waiting.id in said(first)
    assert not second.is_error
    assert changes(sandbox) == [("DELETE", f"/api/v2/deals/{deal_ids[0]}")]


class Broken:
    """A toolset whose every call raises."""

    instructions = ""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def acall(self, _name: str, _arguments: dict[str, Any]) -> ToolResult:
        raise self.error


@pytest.mark.parametrize(
    ("error", "tells"),
    [(RuntimeError(CANARY), "this is a defect of pipedrive-tools"), (StoreError("it is away"), "it is away")],
    ids=["a defect", "an error of ours"],
)
async def test_an_error(error: Exception, tells: str) -> None:
    """An error of ours reaches the client with its text, any other one without."""
    async with Client(build_server(cast("Toolset", Broken(error)))) as client:
        result = await client.call_tool("get_deal", {"deal_id": 1})
        with pytest.raises(MCPError, match=tells) as caught:
            await client.read_resource("pipedrive://deals/1")

    assert (result.is_error, said(result)) == (True, tells)
    assert CANARY not in str(caught.value)


def test_addresses_of_records() -> None:
    """Every read that ends in the number of a record has an address of its own, which names it again."""
    found = {name: uri for name in catalogue if (uri := template(name))}

    assert found["get_deal"] == "pipedrive://deals/{id}"
    assert found["get_stage"] == "pipedrive://stages/{id}"
    assert len(set(found.values())) == len(found)
    assert all(name.startswith("get_") for name in found)
    for name, uri in found.items():
        (argument,) = catalogue[name].path_arguments
        assert named(uri.replace("{id}", "a%20b")) == (name, {argument: "a b"})
        assert named(uri.lower().replace("{id}", "7")) == (name, {argument: "7"})


@pytest.mark.parametrize(
    "uri", ["pipedrive://deals", "pipedrive://deals/", "pipedrive://cats/1", "deals/1", ""]
)
def test_addresses_of_nothing(uri: str) -> None:
    """An address that names no record is none."""
    assert named(uri) is None


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_resources(connect: Connect, sandbox: Sandbox, deal_ids: list[int], mode: str) -> None:
    """A record is read by the tool that reads it, where the policy grants that tool; the gate decides."""
    person_id = sandbox.records("persons")[0]["id"]
    async with served(connect('deals = "read"'), mode=mode) as client:
        offered = (await client.list_resource_templates()).resource_templates
        read = await client.read_resource(f"pipedrive://deals/{deal_ids[0]}")
        for uri, says in [
            (f"pipedrive://persons/{person_id}", "'get_person' is not allowed here"),
            ("pipedrive://deals/seven", "deal_id"),
            ("pipedrive://deals/999999", "404"),
            ("pipedrive://cats/1", "list the resource templates"),
        ]:
            with pytest.raises(MCPError, match=says):
                await client.read_resource(uri)
        assert (await client.list_resources()).resources == []

    assert {each.uri_template for each in offered} == {
        "pipedrive://deals/{id}",
        "pipedrive://dealFields/{id}",
    }
    (content,) = read.contents
    assert f"{deal_ids[0]}" in content.text  # type: ignore[union-attr]  # a text it is
    asked = [each["path"] for each in sandbox.log() if "Fields" not in each["path"]]
    assert asked == [f"/api/v2/deals/{deal_ids[0]}", "/api/v2/deals/999999"]


async def test_progress_of_a_list(connect: Connect) -> None:
    """Who asks for progress hears how many records came and whether more follow."""
    heard: list[str | None] = []

    async def hear(_progress: float, _total: float | None, words: str | None) -> None:
        heard.append(words)

    async with served(connect('deals = "read"\npipelines = "read"')) as client:
        await client.call_tool("list_deals", {"limit": 5}, progress_callback=hear)
        await client.call_tool("list_pipelines", {}, progress_callback=hear)

    assert heard[0] == "5 records; more follow"
    assert str(heard[1]).endswith("; the list is complete")


async def test_progress_while_a_call_waits() -> None:
    """A call that waits says so again and again, with a number that grows."""
    heard: list[tuple[float, str | None]] = []

    enough = asyncio.Event()

    async def hear(progress: float, _total: float | None, words: str | None) -> None:
        heard.append((progress, words))
        if len(heard) == 3:
            enough.set()

    async def slow() -> ToolResult:
        await enough.wait()
        return ToolResult(text="", status="ok")

    await accompanied(slow(), hear, every_seconds=0.001)

    assert [words for _, words in heard[:3]] == ["still waiting"] * 3
    assert [progress for progress, _ in heard] == sorted({progress for progress, _ in heard})


async def test_a_client_that_went_away() -> None:
    """Progress that cannot be told does not touch the call."""

    async def gone(_progress: float, _total: float | None, _words: str | None) -> None:
        raise BrokenPipeError

    async def slow() -> ToolResult:
        await asyncio.sleep(0.01)
        return ToolResult(text="", status="ok", data=[1])

    assert (await accompanied(slow(), gone, every_seconds=0.001)).ok


@pytest.fixture
def environment(sandbox: Sandbox, tmp_path: Path, store_url: str) -> dict[str, str]:
    """An account, a policy and a store of one's own, for a process."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    ours = {name: text for name, text in os.environ.items() if not name.startswith("PIPEDRIVE_")}
    return ours | {
        "PIPEDRIVE_BASE_URL": sandbox.url,
        "PIPEDRIVE_API_TOKEN": API_TOKEN,
        "PIPEDRIVE_POLICY": str(policy),
        "PIPEDRIVE_AGENT": "clerk",
        "PIPEDRIVE_STATE": store_url,
        "PIPEDRIVE_MCP_TOKEN": BEARER,
    }


async def exercised(client: Client, deal_id: int) -> str:
    """What a client is told by a list, calls of every kind and a resource, in one text."""
    told: list[Any] = [await client.list_tools(), await client.list_resource_templates()]
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("get_deal", {"deal_id": deal_id}, "ok"),
        ("list_deals", {"limit": 3}, "ok"),
        ("update_person", {"person_id": 1, "name": CANARY}, "denied"),
        ("get_deal", {"deal_id": CANARY}, "invalid"),
        ("delete_deal", {"deal_id": deal_id}, "needs_approval"),
    ]
    for name, arguments, status in calls:
        result = await client.call_tool(name, arguments)
        assert result.structured_content is not None
        assert result.structured_content["status"] == status
        assert result.is_error is (status != "ok")
        told.append(result)
    told.append(await client.read_resource(f"pipedrive://deals/{deal_id}"))
    text = "\n".join(each.model_dump_json() for each in told)
    assert CANARY not in text
    assert API_TOKEN not in text
    return text


async def test_over_stdio(sandbox: Sandbox, deal_ids: list[int], environment: dict[str, str]) -> None:
    """The command serves a client that starts it; a question to a person waits in the store."""
    command, *words = COMMAND
    server = StdioServerParameters(command=command, args=words, env=environment)
    async with Client(server, read_timeout_seconds=PATIENCE_SECONDS) as client:
        told = await exercised(client, deal_ids[0])

    with closing(Store(environment["PIPEDRIVE_STATE"])) as store, store.transaction(durable=False) as books:
        (waiting,) = approvals.listed(books)
    assert waiting.id in told
    assert changes(sandbox) == []


@pytest.mark.sqlite_only("nothing is kept")
def test_stdout_holds_messages_and_nothing_else(deal_ids: list[int], environment: dict[str, str]) -> None:
    """Every line on stdout is a message, stderr is empty, and the command ends when the client leaves."""
    sent: list[dict[str, Any]] = [
        HELLO,
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "get_deal", "arguments": {"deal_id": CANARY}}},
        {"id": 4, "method": "tools/call", "params": {"name": "get_deal", "arguments": [CANARY]}},
    ]
    with subprocess.Popen(
        COMMAND, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        heard: list[dict[str, Any]] = []
        for message in sent:
            process.stdin.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
            process.stdin.flush()
            if "id" in message:
                heard.append(json.loads(process.stdout.readline()))
        out, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert [each["id"] for each in heard] == [1, 2, 3, 4]
    assert heard[2]["result"]["isError"] is True
    assert heard[3]["error"]["code"] == -32602
    assert CANARY not in json.dumps(heard)
    assert API_TOKEN not in json.dumps(heard)
    assert (out, err, process.returncode) == ("", "", 0)


@pytest.mark.sqlite_only("nothing is kept")
def test_ctrl_c_ends_it(environment: dict[str, str]) -> None:
    """A person who started the command by hand gets out of it."""
    with subprocess.Popen(
        COMMAND, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(HELLO).encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()  # it serves
        process.send_signal(signal.SIGINT)

        assert process.wait(PATIENCE_SECONDS) == -signal.SIGINT
        assert process.stderr is not None
        assert process.stderr.read() == b""


@dataclass(frozen=True)
class Serving:
    """The command as it serves HTTP."""

    process: subprocess.Popen[str]
    url: str
    introduction: str


def _hear_ctrl_c() -> None:
    """A shell that runs the tests in the background has its children ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def serving(environment: dict[str, str]) -> Iterator[Serving]:
    """The command serving HTTP on a free port; it ends in order and prints no credential."""
    with subprocess.Popen(
        [*COMMAND, "--http", "--port", "0"], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=_hear_ctrl_c,  # noqa: PLW1509  # no thread of ours holds a lock that the child needs
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            introduction = process.stdout.readline()
            found = (
                word.rstrip(";") for word in introduction.split() if word.startswith("http://127.0.0.1:")
            )
            (url,) = found
            yield Serving(process, url, introduction)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
    assert (process.returncode, out) == (0, "")
    for credential in (API_TOKEN, BEARER):
        assert credential not in introduction + err


@pytest.mark.parametrize(
    "mode",
    ["auto", pytest.param("legacy", marks=pytest.mark.sqlite_only("how it speaks is not what it keeps"))],
)
async def test_over_http(sandbox: Sandbox, deal_ids: list[int], serving: Serving, mode: Any) -> None:
    """The command serves whoever brings the token, in every version of the protocol."""
    headers = {"authorization": f"Bearer {BEARER}"}
    async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE_SECONDS) as browser:
        transport = streamable_http_client(serving.url, http_client=browser)
        async with Client(transport, mode=mode) as client:
            told = await exercised(client, deal_ids[0])

    assert BEARER not in told
    assert changes(sandbox) == []


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
KNOWN = {"authorization": f"Bearer {BEARER}"}
AT_THE_DOOR = {
    "no token": ({}, 401),
    "a wrong token": ({"authorization": f"Bearer {BEARER}x"}, 401),
    "half a token": ({"authorization": f"Bearer {BEARER[:-1]}"}, 401),
    "an empty token": ({"authorization": "Bearer"}, 401),
    "another scheme": ({"authorization": f"Basic {BEARER}"}, 401),
    "the API token": ({"authorization": f"Bearer {API_TOKEN}"}, 401),
    "a foreign page": ({**KNOWN, "origin": "https://evil.example"}, 403),
    "a page that looks like ours": ({**KNOWN, "origin": "http://127.0.0.1.evil.example:8767"}, 403),
    "a page of no origin": ({**KNOWN, "origin": "null"}, 403),
    "a name bent to this machine": ({**KNOWN, "host": "evil.example:8767"}, 421),
}


@pytest.mark.sqlite_only("nothing is kept")
def test_at_the_door(sandbox: Sandbox, serving: Serving) -> None:
    """No token is 401, a foreign Origin is 403, a foreign Host is 421, and nothing is called."""
    accept = {"accept": "application/json, text/event-stream"}
    modern = {"mcp-protocol-version": "2026-07-28", "mcp-method": "ping"}
    for extra in ({}, modern):
        for case, (headers, status) in AT_THE_DOOR.items():
            for method in ("POST", "GET", "DELETE"):
                answer = httpx2.request(method, serving.url, headers=accept | extra | headers, json=PING)
                assert answer.status_code == status, (case, method, extra)
                assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)
                assert BEARER not in answer.text
    ours = {**KNOWN, "origin": serving.url.removesuffix("/mcp")}
    greeted = httpx2.post(serving.url, headers=accept | ours, json=PING)

    assert greeted.status_code not in {401, 403, 421}
    assert httpx2.get(serving.url.removesuffix("/mcp")).status_code == 401
    assert sandbox.log() == []


@pytest.mark.sqlite_only("nothing is kept")
@pytest.mark.parametrize("token", ["", "  "])
def test_no_token_no_server(environment: dict[str, str], token: str) -> None:
    """Over HTTP the command does not start without a bearer token, and says which variable lacks."""
    ran = subprocess.run(
        [*COMMAND, "--http", "--port", "0", "--token-env", "MY_TOKEN"],
        env=environment | {"MY_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert "MY_TOKEN is empty" in ran.stderr


@pytest.mark.sqlite_only("nothing is kept")
def test_no_policy_no_server(environment: dict[str, str]) -> None:
    """Without a policy the command does not start."""
    ran = subprocess.run(
        COMMAND,
        env=environment | {"PIPEDRIVE_POLICY": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (3, "", 1)


def test_a_program_needs_a_token_too() -> None:
    """The application cannot be had without a token that a header can carry."""
    settings = Settings(base_url="http://127.0.0.1:9", api_token="x" * 40, state="sqlite://")
    with Toolset.connect("tester", allow_everything(), settings=settings) as toolset:
        for token in ("", " ", "tökën"):
            with pytest.raises(SettingsError, match="needs a bearer token"):
                guarded(build_server(toolset), token=token)
