"""The clients of both frameworks against a server that speaks as each provider does."""

import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from sales_follow_up.model import langchain, llamaindex
from sales_follow_up.model.name import ModelName, ModelSetupError
from sales_follow_up.model.port import Answer, Model, ModelError, Request

from tests.model_server import TOKENS, Asked, ModelServer, Said, serving
from tests.servers import free_port

REQUEST = Request(
    instructions="You draft.",
    facts="<crm-data 0>\ntitle: {curly} braces\n</crm-data 0>",
    shape={
        "title": "FollowUp",
        "description": "The next step.",
        "type": "object",
        "properties": {"subject": {"type": "string"}},
        "required": ["subject"],
        "additionalProperties": False,
    },
)
ANSWER = '{"subject": "Call them"}'
CLIENTS = (langchain, llamaindex)
PROVIDERS = ("openai", "anthropic", "ollama")


def schema_in(asked: Asked) -> Any:
    """The shape that the server was told to keep to, wherever this provider has it."""
    body = asked.body
    if "response_format" in body:
        return body["response_format"]["json_schema"]["schema"]
    return body["format"] if "format" in body else body["output_config"]["format"]["schema"]


def named(server: ModelServer, provider: str) -> ModelName:
    """A model there; LlamaIndex's client for Anthropic takes only names that it knows."""
    name = server.name(provider)
    return ModelName.parse(name.replace("scripted", "claude-haiku-4-5") if provider == "anthropic" else name)


def connected(client: ModuleType, server: ModelServer, provider: str, *, seconds: float = 10) -> Model:
    model: Model = client.connect(named(server, provider), seconds=seconds, tokens=450)
    return model


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda each: each.__name__.rpartition(".")[2])
def test_an_answer(client: ModuleType, provider: str) -> None:
    """The model is asked just that, is offered no tool, and its words come back with the count of tokens."""
    with serving(lambda _: ANSWER) as server:
        answer = connected(client, server, provider).answer(REQUEST)
    (asked,) = server.asked

    assert answer == Answer(ANSWER, sum(TOKENS))
    assert (asked.system, asked.user) == (REQUEST.instructions, REQUEST.facts)
    assert not asked.body.get("tools")
    assert schema_in(asked)["properties"] == REQUEST.shape["properties"]
    assert "450" in str(asked.body)


def refuses(status: int) -> Callable[[Asked], Said]:
    return lambda _: Said(status=status)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda each: each.__name__.rpartition(".")[2])
@pytest.mark.parametrize(
    ("script", "why", "lasts"),
    [
        (refuses(401), "it did not accept the key (HTTP 401)", True),
        (refuses(404), "its address or name is not known there (HTTP 404)", True),
        (lambda _: Said(after_seconds=60), "it did not answer in time", False),
    ],
    ids=["wrong key", "wrong name", "late"],
)
def test_no_answer(
    client: ModuleType, provider: str, script: Callable[[Asked], Said], why: str, lasts: bool
) -> None:
    """What goes wrong is told in words of our own, and whether the next question is as useless."""
    with serving(script) as server, pytest.raises(ModelError) as caught:
        connected(client, server, provider, seconds=10 if lasts else 0.2).answer(REQUEST)

    assert (str(caught.value), caught.value.lasts) == (why, lasts)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda each: each.__name__.rpartition(".")[2])
def test_nobody_there(client: ModuleType, provider: str) -> None:
    """A server that is down is told apart from a slow one."""
    server = ModelServer(f"http://127.0.0.1:{free_port()}")

    with pytest.raises(ModelError, match="nobody answers at its address"):
        connected(client, server, provider).answer(REQUEST)


def test_a_name_that_the_client_does_not_know() -> None:
    """LlamaIndex's client for Anthropic knows a list of models; another name is refused with a way out."""
    name = ModelName.parse("anthropic:brand-new@http://127.0.0.1:9")

    with pytest.raises(ModelSetupError, match="use --framework langchain"):
        llamaindex.connect(name, seconds=1, tokens=1)


WITHOUT = """
import sys
sys.path.insert(0, "agents")
for module in {modules!r}:
    sys.modules[module] = None
from pipedrive_tools.errors import SetupError
from sales_follow_up.model.name import ModelName
for name in ("openai:x@http://127.0.0.1:9", "anthropic:x@http://127.0.0.1:9", "ollama:x"):
    try:
        from sales_follow_up.model import {client}
        {client}.connect(ModelName.parse(name), seconds=1, tokens=1)
    except SetupError as error:
        print(error)
"""
AGENTS = "'pipedrive-tools[agents]'"


@pytest.mark.parametrize(
    ("client", "modules", "installs"),
    [
        ("langchain", ["langchain"], [AGENTS] * 3),
        ("llamaindex", ["llama_index"], [AGENTS] * 3),
        (
            "langchain",
            ["langchain_openai", "langchain_anthropic", "langchain_ollama"],
            ["langchain-openai", "langchain-anthropic", "langchain-ollama"],
        ),
        (
            "llamaindex",
            ["llama_index.llms.openai_like", "llama_index.llms.anthropic", "llama_index.llms.ollama"],
            [
                "llama-index-llms-openai-like",
                "llama-index-llms-anthropic 'anthropic<1'",
                "llama-index-llms-ollama",
            ],
        ),
    ],
    ids=["langchain", "llamaindex", "langchain's clients", "llamaindex's clients"],
)
def test_a_missing_package(client: str, modules: list[str], installs: list[str]) -> None:
    """Without its package, a model says in one line what to install."""
    program = WITHOUT.format(client=client, modules=modules)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    lines = told.stdout.splitlines()
    assert len(lines) == len(installs)
    assert all(line.endswith(f"run: pip install {what}") for line, what in zip(lines, installs, strict=True))
