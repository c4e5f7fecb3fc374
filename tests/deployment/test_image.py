"""Dockerfile and compose.yaml: safe as they say, and what they start answers, and ends when it is told to."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.fernet import Fernet
from sales_follow_up.watch_demo import Company

from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.state import inbox
from pipedrive_tools.state.store import Store
from tests import postgres
from tests.deployment.conftest import COMPOSE, DOCKERFILE, ROOT, Image, compose, stages
from tests.receivers import until
from tests.servers import free_port

BIN: Final = Path(sys.executable).parent
SERVICES: Final = compose()["services"]
OURS: Final = {name: each for name, each in SERVICES.items() if "build" in each}
HEALTHY_SECONDS: Final = 60


def seconds(text: str) -> float:
    """A duration as compose writes it."""
    assert text.endswith("s")
    return float(text[:-1])


def test_dockerfile_is_clean() -> None:
    """Hadolint has nothing to say."""
    found = subprocess.run([BIN / "hadolint", DOCKERFILE], capture_output=True, text=True, check=False)
    assert (found.stdout, found.returncode) == ("", 0)


def test_compose_file_is_valid() -> None:
    """It holds what the compose specification's schema allows."""
    words = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_schema_can_refuse(tmp_path: Path) -> None:
    """The same check refuses a key that there is not."""
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text(encoding="utf-8").replace("read_only:", "readonly:"), encoding="utf-8")
    words = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", wrong]
    assert subprocess.run(words, capture_output=True, text=True, check=False).returncode == 1


@pytest.mark.parametrize("name", SERVICES)
def test_services_hold_little(name: str) -> None:
    """Each runs on a read-only root file system, without capabilities of its own, and tells how it is."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert not any(
        "password" in str(text).lower() for text in service["environment"].values() if "/run/" not in text
    )
    if name in OURS:
        assert service["depends_on"]["postgres"]["condition"] == "service_healthy"
        assert seconds(service["stop_grace_period"]) >= 40
        assert "cap_add" not in service


def test_nothing_names_a_registry() -> None:
    """Images and packages come from wherever the machine has them."""
    text = DOCKERFILE.read_text(encoding="utf-8") + COMPOSE.read_text(encoding="utf-8")
    assert not re.search(r"index-url|https?://(?!127\.0\.0\.1)", text)


@pytest.fixture
def settings(postgres_server: str, tmp_path: Path, image: Image) -> Iterator[dict[str, str]]:
    """The secrets of compose.yaml in files, for a database of this test."""
    with postgres.database(postgres_server) as url:
        secrets = image.state / tmp_path.name
        secrets.mkdir(mode=0o755)
        (secrets / "state_url").write_text(url, encoding="utf-8")
        (secrets / "state_key").write_text(Fernet.generate_key().decode(), encoding="utf-8")
        yield {"/run/secrets": str(secrets)}


def filled(text: str, places: dict[str, str]) -> str:
    """A text of compose.yaml with its defaults, and with our places instead of the container's."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    for place, ours in places.items():
        text = text.replace(place, ours)
    return text


def until_well(image: Image, words: list[str], environment: dict[str, str], *running: Any) -> None:
    """Ask after the health as the engine would, until it is good."""
    until = time.monotonic() + HEALTHY_SECONDS
    while True:
        asked = image.run(words, environment)
        said, _ = asked.communicate(timeout=30)
        if asked.returncode == 0:
            return
        for each in running:
            assert each.poll() is None, each.communicate()[0]
        assert time.monotonic() < until, said
        time.sleep(0.2)


def ended(process: "subprocess.Popen[str]", grace: float) -> str:
    """What it printed, once it ended in time with status 0."""
    said, _ = process.communicate(timeout=grace)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    return said


@dataclass
class Stack:
    """Our services as compose.yaml would start them, with our places in place of the container's."""

    image: Image
    places: dict[str, str]
    more: dict[str, str]
    """Variables that a person has set."""
    running: dict[str, list["subprocess.Popen[str]"]] = field(default_factory=dict)

    def environment(self, name: str) -> dict[str, str]:
        found = OURS[name]["environment"].items()
        return {key: filled(str(text), self.places) for key, text in found} | self.more

    def start(self) -> None:
        """Start all, and wait until all are healthy."""
        for name, service in OURS.items():
            words = [filled(word, self.places) for word in service["command"]]
            count = service.get("deploy", {}).get("replicas", 1)
            environment = self.environment(name)
            self.running[name] = [self.image.run(words, environment) for _ in range(count)]
        for name, service in OURS.items():
            test = [filled(word, self.places) for word in service["healthcheck"]["test"][1:]]
            until_well(self.image, test, self.environment(name), *self.running[name])

    def run(self, *words: str) -> str:
        """What a command says that a person runs in a container of `worker`; it must do its work."""
        process = self.image.run(list(words), self.environment("worker"))
        return ended(process, 60)

    def stop(self) -> dict[str, str]:
        """Ask all to end, and wait for it; gives what each service printed."""
        for each in chain(*self.running.values()):
            each.send_signal(signal.SIGTERM)
        return {
            name: "".join(ended(each, seconds(OURS[name]["stop_grace_period"])) for each in several)
            for name, several in self.running.items()
        }

    def kill(self) -> None:
        for each in chain(*self.running.values()):
            each.kill()
            each.communicate()


@pytest.fixture
def stack(settings: dict[str, str], image: Image) -> Iterator[Stack]:
    """The services, not started yet; whatever is left of them is killed in the end."""
    ports = {"8977": str(free_port()), "8978": str(free_port())}
    made = Stack(image, settings | ports, {})
    yield made
    made.kill()


def test_every_service(stack: Stack) -> None:
    """All services run as somebody else on read-only programs, are healthy, and end on SIGTERM within their grace."""
    stack.start()
    assert {name: len(each) for name, each in stack.running.items()} == {
        "receiver": 1,
        "watch": 1,
        "worker": 2,
    }
    stack.stop()


def test_a_webhook_leads_to_something(stack: Stack, sandbox: Sandbox) -> None:
    """What Pipedrive tells the receiver is worked on by `watch`, which proposes a step for a deal that has none."""
    stack.more = {"PIPEDRIVE_BASE_URL": sandbox.url, "PIPEDRIVE_API_TOKEN": sandbox.token}
    stack.start()
    url = f"http://127.0.0.1:{stack.places['8977']}/webhooks"
    stack.run("pipedrive-tools", "webhooks", "add", "deals", "change.deal", url)
    company = Company(sandbox)
    deal = company.neglected()
    company.call("PATCH", f"v2/deals/{deal['id']}", value=deal["value"] + 1)
    url = (Path(stack.places["/run/secrets"]) / "state_url").read_text(encoding="utf-8")
    with closing(Store(url)) as store:

        def outcomes() -> list[str | None]:
            with store.reading() as connection:
                known = inbox.listed(connection, sandbox.url, "done")
            return [item.outcome for item in known if item.source == "webhook"]

        until(lambda: bool(outcomes()))
        assert outcomes() == ["proposed"]
    assert f"deal:{deal['id']}" in stack.stop()["watch"]


def test_the_image_alone(image: Image) -> None:
    """What the image starts unless told otherwise works on its volume, and writes its log for programs."""
    [words] = [json.loads(rest) for word, rest in stages()[-1] if word == "CMD"]
    port = str(free_port())
    process = image.run([*words, "--port", port], {})
    try:
        [test] = [each["healthcheck"]["test"][1:] for name, each in OURS.items() if name == "receiver"]
        until_well(image, [word.replace("8977", port) for word in test], {}, process)
        assert (image.state / "state.db").is_file()
        assert image.settings()["PIPEDRIVE_LOG"] == "json"
        process.send_signal(signal.SIGTERM)
        ended(process, 45)
    finally:
        process.kill()
        process.communicate()


def test_what_is_left_out() -> None:
    """Neither tests nor anybody's state or secrets are sent to a build."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    assert not any(each in lines for each in ("!tests", "!secrets", "!.git", "!.venv"))
