"""Who may deliver: Basic credentials of webhooks, read anew in time, and never compared but in constant time."""

import ast
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import pipedrive_tools.webhooks
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.hooks import Hooks, Live
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.credentials import MISS_SECONDS, REREAD_SECONDS, HookCredentials
from tests.logins import STATE_KEY

ADDRESS = "http://127.0.0.1:8765"
SETTINGS = Settings(base_url=ADDRESS, api_token="a" * 40)


def basic(secret: str | bytes) -> str:
    return "Basic " + b64encode(secret.encode() if isinstance(secret, str) else secret).decode()


@dataclass
class Kept:
    """Credentials that change, and a clock that is moved."""

    live: list[Live] = field(
        default_factory=lambda: [Live(name="a", secret=b"u1:p1"), Live(name="b", secret=b"u2:p2")]
    )
    reads: int = 0
    seconds: float = 100.0

    def __call__(self) -> Iterable[Live]:
        self.reads += 1
        return list(self.live)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def credentials(kept: Kept) -> HookCredentials:
    return HookCredentials(kept, monotonic=kept.monotonic)


def test_ours(credentials: HookCredentials) -> None:
    """A credential of ours tells which webhook shows it."""
    assert [credentials.check(basic(secret)) for secret in ("u1:p1", "u2:p2")] == ["a", "b"]
    assert credentials.check("basic  " + b64encode(b"u1:p1").decode()) == "a"


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Basic", "Basic ", "Basic !", "Basic \u00e4", basic(""), basic("u1"), basic("u1:"), basic("u1:p2"),
        basic("u1:p1\n"), basic("u1:p1 "), basic("u1:p1" * 200), basic(b"\xff\x00"), f"Bearer {'a' * 40}",
        basic("u1:p1") + "=", basic("u1:p1").replace("Basic", "Digest"), "\x00", "Basic u1:p1",
    ],
    ids=range(19),
)  # fmt: skip
def test_others(credentials: HookCredentials, header: str | None) -> None:
    """Nothing else is a credential of ours, whatever it looks like."""
    assert credentials.check(header) is None


def test_a_new_credential_counts_soon(credentials: HookCredentials, kept: Kept) -> None:
    """A webhook that another process made is known a second later, and at once where nobody guessed before."""
    assert credentials.check(basic("u1:p1")) == "a"
    kept.live.append(Live(name="c", secret=b"u3:p3"))
    kept.seconds += MISS_SECONDS + 0.1

    assert credentials.check(basic("u3:p3")) == "c"


def test_guessing_does_not_read(credentials: HookCredentials, kept: Kept) -> None:
    """A thousand guesses in a second make the store be read twice at most."""
    for guess in range(1000):
        kept.seconds += 0.001
        assert credentials.check(basic(f"u1:{guess}")) is None

    assert kept.reads <= 2


def test_a_withdrawn_credential_ends_soon(credentials: HookCredentials, kept: Kept) -> None:
    """What was withdrawn counts no more after a few seconds."""
    assert credentials.check(basic("u1:p1")) == "a"
    del kept.live[0]
    kept.seconds += REREAD_SECONDS + 0.1

    assert credentials.check(basic("u1:p1")) is None


def test_of_the_store(store: Store) -> None:
    """The credentials of an account are those of its webhooks in the store; another account's do not count."""
    mine, other = (Hooks(store, each, keys=STATE_KEY) for each in (ADDRESS, "https://acme.pipedrive.com"))
    for hooks in (mine, other):
        hooks.plan("deals", url="https://hooks.example/", action="*", object="deal")
    credentials = HookCredentials.of(replace(SETTINGS, state_key=STATE_KEY), store)

    assert credentials.check(basic(mine.live()[0].secret)) == "deals"
    assert credentials.check(basic(other.live()[0].secret)) is None


def test_nothing_secret_is_printed(credentials: HookCredentials) -> None:
    """What is printed of the checker shows no credential."""
    credentials.check(basic("u1:p1"))

    assert "p1" not in repr((credentials, Live(name="a", secret=b"u1:p1")))


def secret_comparisons(source: str) -> list[str]:
    """Comparisons by `==` or `!=` that have a secret on one side, by its name."""
    words = ("secret", "password", "digest", "given", "known", "authorization", "presented")
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for operator in node.ops)
        and any(word in ast.unparse(node).lower() for word in words)
    ]


def test_no_secret_is_compared_by_equality() -> None:
    """Where credentials are checked, no secret is compared with `==`, whose time depends on how much fits."""
    folder = Path(pipedrive_tools.webhooks.__path__[0])

    assert secret_comparisons("if given == known: pass") == ["given == known"]
    assert secret_comparisons((folder / "credentials.py").read_text(encoding="utf-8")) == []
