import pytest
from sales_follow_up.model.name import OWN_KEY, ModelName, ModelSetupError

NAMES = {
    "openai:gpt-5-mini": ModelName(provider="openai", name="gpt-5-mini"),
    "anthropic:claude-haiku-4-5": ModelName(provider="anthropic", name="claude-haiku-4-5"),
    "ollama:qwen3:0.6b": ModelName(provider="ollama", name="qwen3:0.6b"),
    "openai:mine@http://127.0.0.1:8080/v1": ModelName(
        provider="openai", name="mine", address="http://127.0.0.1:8080/v1"
    ),
    "openai:ft:base@org@https://models.example.net": ModelName(
        provider="openai", name="ft:base@org", address="https://models.example.net"
    ),
}


@pytest.mark.parametrize("text", NAMES)
def test_a_name(text: str) -> None:
    """Provider, name and address are told apart, and the name reads as it was written."""
    assert ModelName.parse(text) == NAMES[text]
    assert str(NAMES[text]) == text


@pytest.mark.parametrize("text", ["", "gpt-5", "openai:", "openai", "nobody:gpt-5", "openai:@http://x"])
def test_no_name(text: str) -> None:
    """What names no model is refused with the way to write one."""
    with pytest.raises(ModelSetupError, match="write PROVIDER:NAME"):
        ModelName.parse(text)


KEYS = {"OPENAI_API_KEY": "sk-openai", "ANTHROPIC_API_KEY": "sk-ant"}


@pytest.mark.parametrize(
    ("text", "more", "key"),
    [
        ("openai:gpt-5", {}, "sk-openai"),
        ("anthropic:claude-haiku-4-5", {}, "sk-ant"),
        ("ollama:qwen3", {}, None),
        ("openai:mine@https://models.example.net/v1", {}, "none"),
        ("openai:mine@https://models.example.net/v1", {OWN_KEY: "own"}, "own"),
        ("anthropic:mine@https://models.example.net", {OWN_KEY: "own"}, "own"),
    ],
)
def test_the_key(text: str, more: dict[str, str], key: str | None) -> None:
    """A provider's key goes to the provider only; another address gets the key that was named for it, or none."""
    assert ModelName.parse(text).key(KEYS | more) == key


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_no_key(provider: str) -> None:
    """Where the key is missing, one line says which variable holds it."""
    with pytest.raises(ModelSetupError, match=f"set {provider.upper()}_API_KEY$"):
        ModelName.parse(f"{provider}:any").key({})
